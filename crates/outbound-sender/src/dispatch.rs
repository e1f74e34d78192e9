//! Claims a send in the log, writes it to the wire once, and records how it ended.

use crate::Parts;
use crate::append::ChangeError;
use crate::holder::Held;
use crate::look_up::Wanted;
use crate::pace::{Limits, Permit};
use crate::pause::Pause;
use crate::prepare::Prepared;
use crate::queue::{Next, Worked};
use crate::quota::{Reply, Reserved};
use crate::wire::Writing;
use domain::conversation::Conversation;
use domain::decision::{Decision, Route};
use domain::evaluate::Facts;
use domain::event::{Concern, Event, Grounds, Outcome, SendingKind};
use domain::id::{PageId, SendId, StreamId};
use domain::page::Page;
use domain::send::{Claim, Class, Refusal, Step, claim, plan, settle};
use domain::time::{Span, Timestamp};
use event_log::{Loaded, LoadedPage, LogError};
use messenger::client::{As, Recipient, SendRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a conversation rests after something failed that has nothing to do with it.
const REST: Span = Span::from_secs(1);
/// How long a conversation rests when its Page has no access token.
const REST_WITHOUT_TOKEN: Span = Span::from_secs(30);
/// How long is waited for the lease to be renewed, before it is looked at again.
const UNTIL_RENEWED: Duration = Duration::from_millis(20);

/// What one piece of work is done with.
pub(crate) struct Work {
    /// The lease of the Page's messages.
    pub(crate) held: Held,
    /// Of a log that was brought back then, what is older is doubted first.
    pub(crate) restored_at: Option<Timestamp>,
    /// Leave for one message.
    pub(crate) permit: Permit,
    pub(crate) limits: Limits,
    /// How long the Page pauses.
    pub(crate) pause: Arc<Pause>,
    pub(crate) stop: CancellationToken,
}

impl Parts {
    /// Leave by the limits of its own kind, audio and video or private replies; else when to try again.
    fn of_its_kind(&self, request: &SendRequest, page: &PageId, work: &Work) -> Result<Option<Reply>, Timestamp> {
        let now = self.clock.uptime();
        if request.content.is_media() {
            let later = |until: Duration| self.clock.now().plus(span(until.saturating_sub(now)));
            work.permit.for_media(work.limits, now).map_err(later)?;
        }
        let is_reply = self.config.is_shaped && matches!(request.recipient, Recipient::Comment(_));
        is_reply.then(|| self.calls.reply(page, work.limits.private_replies)).transpose()
    }
}

/// A claim that is in the log.
struct Claimed {
    attempt: u32,
    decision: Box<Decision>,
    /// The last moment of the machine's uptime at which the first byte may leave.
    leave_by: Duration,
}

/// What became of a claim that was wanted.
enum Claiming {
    Claimed(Claimed),
    /// Not yet: when to try again.
    NotDue(Timestamp),
    /// The rules now forbid it, or somebody else has it.
    Nothing,
}

/// The conversation as it was looked at, and what is to be done there.
struct Looked {
    step: Step,
    revision: u64,
}

impl Parts {
    /// Does what there is to do for one conversation now, up to one message.
    pub(crate) async fn work(&self, stream: &StreamId, work: &Work) -> Worked {
        let mut worked = Worked { next: Next::Nothing, handled: None, moved: None, revision: 0 };
        if let Some(restored_at) = work.restored_at
            && let Err(error) = self.doubt(stream, restored_at).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "a send could not be doubted; it is tried again");
            return Worked { next: self.after(REST), ..worked };
        }
        // What happens after this first look is told, and looked at again; in between only our own steps count.
        let mut loaded = self.conversations.load(stream).await;
        loop {
            let looked = match loaded {
                Ok(loaded) => self.look(stream, &loaded).await,
                Err(error) => Err(error),
            };
            let done = match looked {
                Ok(looked) => {
                    worked.revision = looked.revision;
                    match looked.step {
                        Step::Idle => return worked,
                        Step::WaitUntil(at) => return Worked { next: Next::At(at), ..worked },
                        Step::Settle(send, attempt, outcome) => self.settle(stream, &send, attempt, outcome).await,
                        Step::LookUp { send, attempt, since, until } => {
                            let wanted = Wanted { send, attempt, since };
                            match self.ask_for(stream, &wanted, work).await {
                                Ok(None) => Ok(()),
                                Ok(Some(at)) => {
                                    let at = until.map_or(at, |until| until.min(at));
                                    return Worked { next: Next::At(at), ..worked };
                                }
                                Err(error) => Err(error),
                            }
                        }
                        // What is claimed now could not be finished any more.
                        Step::Dispatch(_) if work.stop.is_cancelled() => return worked,
                        // One message for one leave.
                        Step::Dispatch(_) if worked.handled.is_some() => return Worked { next: Next::Now, ..worked },
                        Step::Dispatch(send) => match self.dispatch(stream, &send, work).await {
                            Ok(None) => {
                                worked.handled = Some(send);
                                Ok(())
                            }
                            Ok(Some(at)) => return Worked { next: Next::At(at), ..worked },
                            Err(error) => Err(error),
                        },
                    }
                }
                Err(error) => Err(ChangeError::Read(error)),
            };
            if let Err(error) = done {
                tracing::error!(error = &error as &dyn std::error::Error, "a send could not go on; it is tried again");
                return Worked { next: self.after(REST), ..worked };
            }
            loaded = self.at_hand(stream).await;
        }
    }

    /// The conversation with all that was done to it from here; what others did may be missing.
    pub(crate) async fn at_hand(&self, stream: &StreamId) -> Result<Loaded, LogError> {
        match self.conversations.at_hand(stream) {
            Some(loaded) => Ok(loaded),
            None => self.conversations.load(stream).await,
        }
    }

    fn after(&self, pause: Span) -> Next {
        Next::At(self.clock.now().plus(pause))
    }

    async fn look(&self, stream: &StreamId, loaded: &Loaded) -> Result<Looked, LogError> {
        let Some(page_id) = stream.page() else { return Ok(Looked { step: Step::Idle, revision: 0 }) };
        let page = self.judged_by.page_lately(page_id).await?.state;
        let packs = self.judged_by.packs_lately().await?;
        let home = self.home(stream).await?;
        let facts = facts(page_id, &page, &loaded.state, home.as_deref());
        let step = plan(&facts, &packs, self.clock.now(), self.config.patience);
        Ok(Looked { step, revision: loaded.revision })
    }

    /// The person's own conversation, for a stream that is another.
    pub(crate) async fn home(&self, stream: &StreamId) -> Result<Option<Arc<Conversation>>, LogError> {
        let StreamId::Comment(page, _, person) = stream else { return Ok(None) };
        let home = StreamId::Conversation(page.clone(), *person);
        Ok(Some(self.conversations.load(&home).await?.state))
    }

    /// Sends one message. Answers when to try again if nothing was done yet.
    async fn dispatch(&self, stream: &StreamId, send: &SendId, work: &Work) -> Result<Option<Timestamp>, ChangeError> {
        // Held until the call was made.
        let mut call = match self.call_of(stream, send).await? {
            Ok(call) => call,
            Err(free) => return Ok(Some(free)),
        };
        let token = match self.tokens.of(send.page()).await {
            Ok(Some(token)) => token,
            Ok(None) => {
                tracing::error!(page = %send.page(), "a send waits for the access token of its Page");
                return Ok(Some(self.clock.now().plus(REST_WITHOUT_TOKEN)));
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a send waits for the registry of Pages");
                return Ok(Some(self.clock.now().plus(REST)));
            }
        };
        let prepared = self.prepare(stream, send, &token, work).await?;
        if let Prepared::NotYet(at) = prepared {
            return Ok(Some(at));
        }
        // Between two renewals of a process that was stopped: what is claimed now could not leave.
        if !work.held.lease().is_held(self.clock.uptime()) {
            tokio::time::sleep(UNTIL_RENEWED).await;
            return Ok(Some(self.clock.now()));
        }
        // Told to somebody else while this one had its leave: what is written now would lengthen it.
        let uptime = self.clock.uptime();
        if let Some(until) = self.app_pause.until(uptime).max(work.pause.until(uptime)) {
            return Ok(Some(self.clock.now().plus(span(until - uptime))));
        }
        let claimed = match self.claim(stream, send, work).await? {
            Claiming::Claimed(claimed) => claimed,
            Claiming::NotDue(at) => return Ok(Some(at)),
            Claiming::Nothing => return Ok(None),
        };
        let mut ready = match prepared {
            Prepared::Ready(ready) => ready,
            Prepared::Refused { code, subcode } => {
                let outcome = Outcome::Rejected { code, subcode, concern: Concern::Message };
                return self.settle(stream, send, claimed.attempt, outcome).await.map(|()| None);
            }
            Prepared::NotYet(at) => return Ok(Some(at)),
        };
        let loaded = self.at_hand(stream).await.map_err(ChangeError::Read)?;
        let Some(open) = loaded.state.send(send) else { return Ok(None) };
        // An echo may have settled it between the claim and here; then there is nothing left to say.
        let Some(content) = open.content.clone().map(|asked| ready.instead_of(asked)) else { return Ok(None) };
        let person = open.recipient.clone();
        // Else the next fold would copy the state, which is in use until the platform has answered.
        drop(loaded);
        let Some(request) = self.request_for(send, person, content, &claimed.decision).await? else {
            let route = claimed.decision.route().map(Route::as_str).unwrap_or_default();
            tracing::error!(%send, route, "a send was allowed by a way that cannot be taken yet");
            let outcome = Outcome::NotSent { not_before: self.clock.now().plus(REST_WITHOUT_TOKEN) };
            return self.settle(stream, send, claimed.attempt, outcome).await.map(|()| None);
        };
        let reply = match self.of_its_kind(&request, send.page(), work) {
            Ok(reply) => reply,
            Err(not_before) => {
                let outcome = Outcome::NotSent { not_before };
                return self.settle(stream, send, claimed.attempt, outcome).await.map(|()| None);
            }
        };
        let by = As { page: send.page(), token: &token };
        if ready.is_by_staff {
            self.type_first(by, &request).await;
        }
        let uptime = self.comes(work.permit.from()).await;
        let outcome = if uptime >= claimed.leave_by || !work.held.lease().is_held(uptime) {
            tracing::warn!(%send, "a claim was held too long; nothing is sent by it");
            Some(Outcome::NotSent { not_before: self.clock.now() })
        } else {
            work.permit.wrote(uptime);
            call.as_mut().into_iter().for_each(Reserved::begins);
            let writing = Writing { request, ready, attempt: claimed.attempt };
            let outcome = self.write(by, &writing, work).await;
            work.permit.answered(uptime, self.clock.uptime());
            let never_left = matches!(outcome, Some(Outcome::NotSent { .. }));
            reply.filter(|_| !never_left).into_iter().for_each(Reply::left);
            outcome
        };
        // Without an outcome it may be out: the plan gives the echo its time, and calls it unknown when that has passed.
        if let Some(outcome) = outcome {
            self.settle(stream, send, claimed.attempt, outcome).await?;
        }
        Ok(None)
    }

    /// Waits until the machine's uptime has come to this moment, and answers what it is then.
    async fn comes(&self, moment: Duration) -> Duration {
        loop {
            let uptime = self.clock.uptime();
            if uptime >= moment {
                return uptime;
            }
            tokio::time::sleep(moment - uptime).await;
        }
    }

    /// Leave for the call that sends it, or when to look again: who writes to many stops first.
    async fn call_of(
        &self,
        stream: &StreamId,
        send: &SendId,
    ) -> Result<Result<Option<Reserved>, Timestamp>, ChangeError> {
        let loaded = self.at_hand(stream).await.map_err(ChangeError::Read)?;
        let Some(open) = loaded.state.send(send) else { return Ok(Ok(None)) };
        Ok(self.call_or_rest(send.page(), Class::of(&open.intent.actor)))
    }

    /// Claims the send, judged once more at the claim's own revision.
    async fn claim(&self, stream: &StreamId, send: &SendId, work: &Work) -> Result<Claiming, ChangeError> {
        let started = self.clock.uptime();
        let begun = self.clock.now();
        let id = self.ids.uuid_v7(begun);
        // One moment for the whole claim: time spent on conflicts is taken off the time to leave.
        let LoadedPage { state: page, revision } =
            self.judged_by.page_lately(send.page()).await.map_err(ChangeError::Read)?;
        let grounds = Grounds { page_revision: revision, epoch: work.held.lease().epoch() };
        let command = Claim { send: send.clone(), claim: id, grounds, margin: self.config.margin };
        let packs = self.judged_by.packs_lately().await.map_err(ChangeError::Read)?;
        let home = self.home(stream).await.map_err(ChangeError::Read)?;
        let decide = |state: &_, now| claim(&facts(send.page(), &page, state, home.as_deref()), &packs, &command, now);
        match self.change(stream, || begun, decide).await {
            Ok(changed) => Ok(claimed(&changed.events, begun, started).map_or(Claiming::Nothing, Claiming::Claimed)),
            Err(ChangeError::Refused(Refusal::NotDue { at })) => Ok(Claiming::NotDue(at)),
            Err(ChangeError::Refused(
                Refusal::NotWaiting(_) | Refusal::NoSuchSend | Refusal::Held | Refusal::Paused,
            )) => Ok(Claiming::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Records how an attempt ended, unless that tells nothing new.
    async fn settle(
        &self,
        stream: &StreamId,
        send: &SendId,
        attempt: u32,
        outcome: Outcome,
    ) -> Result<(), ChangeError> {
        loop {
            let decide = |state: &_, now| settle(state, send, attempt, outcome.clone(), now);
            match self.change(stream, || self.clock.now(), decide).await {
                // What became of a message must be told, however busy the conversation is.
                Err(ChangeError::Contended) => (),
                Ok(_) | Err(ChangeError::Refused(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

fn claimed(events: &[Event], begun: Timestamp, started: Duration) -> Option<Claimed> {
    events.iter().find_map(|event| {
        let Event::Sending(step) = event else { return None };
        let SendingKind::Dispatched { attempt, leave_by, decision, .. } = &step.kind else { return None };
        let left_ms = u64::try_from(leave_by.since(begun).as_millis()).unwrap_or(0);
        let decision = decision.clone();
        Some(Claimed { attempt: *attempt, decision, leave_by: started + Duration::from_millis(left_ms) })
    })
}

/// What is known where a send lives.
pub(crate) fn facts<'a>(
    page_id: &'a PageId,
    page: &'a Page,
    state: &'a Conversation,
    home: Option<&'a Conversation>,
) -> Facts<'a> {
    let facts = Facts::new(page_id, page, state);
    match home {
        Some(home) => facts.with_home(home),
        None => facts,
    }
}
