//! Claims a send in the log, writes it to the wire once, and records how it ended.

use crate::Parts;
use crate::append::ChangeError;
use domain::content::Words;
use domain::decision::{Route, Tag as RuleTag};
use domain::evaluate::Facts;
use domain::event::{Event, Grounds, Outcome, SendingKind};
use domain::id::{PageId, SendId, StreamId};
use domain::send::{Claim, Refusal, Step, claim, plan, settle};
use domain::time::{Span, Timestamp};
use event_log::LoadedPage;
use messenger::client::{ApiError, ErrorClass, MessagingType, Recipient, SendAnswer, SendRequest, Tag};
use messenger::metadata;
use secrecy::SecretString;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a conversation rests after something failed that has nothing to do with it.
const REST: Span = Span::from_secs(1);
/// How long a conversation rests when its Page has no access token.
const REST_WITHOUT_TOKEN: Span = Span::from_secs(30);
/// The longest pause between two attempts.
const LONGEST_PAUSE_MS: i64 = 60_000;

/// A claim that is in the log.
struct Claimed {
    attempt: u32,
    route: Route,
    /// The last moment of the machine's uptime at which the first byte may leave.
    leave_by: Duration,
}

impl Parts {
    /// Does all there is to do for one conversation now. Answers when to look again, if not before something happens.
    /// Of a log that was `restored_at` some time, what is older is doubted first.
    pub(crate) async fn work(
        &self,
        stream: &StreamId,
        restored_at: Option<Timestamp>,
        stop: &CancellationToken,
    ) -> Option<Timestamp> {
        if let Some(restored_at) = restored_at
            && let Err(error) = self.doubt(stream, restored_at).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "a send could not be doubted; it is tried again");
            return Some(self.clock.now().plus(REST));
        }
        loop {
            let done = match self.next_step(stream).await {
                Ok(Step::Idle) => return None,
                Ok(Step::WaitUntil(at)) => return Some(at),
                Ok(Step::Settle(send, attempt, outcome)) => self.settle(stream, &send, attempt, outcome).await,
                // What is claimed now could not be finished any more.
                Ok(Step::Dispatch(_)) if stop.is_cancelled() => return None,
                Ok(Step::Dispatch(send)) => {
                    let Some(token) = self.config.pages.get(send.page()) else {
                        tracing::error!(page = %send.page(), "a send waits for the access token of its Page");
                        return Some(self.clock.now().plus(REST_WITHOUT_TOKEN));
                    };
                    self.dispatch(stream, &send, token).await
                }
                Err(error) => Err(ChangeError::Read(error)),
            };
            if let Err(error) = done {
                tracing::error!(error = &error as &dyn std::error::Error, "a send could not go on; it is tried again");
                return Some(self.clock.now().plus(REST));
            }
        }
    }

    async fn next_step(&self, stream: &StreamId) -> Result<Step, event_log::LogError> {
        let loaded = self.conversations.load(stream).await?;
        let Some(page_id) = stream.page() else { return Ok(Step::Idle) };
        let page = self.judged_by.page_lately(page_id).await?.state;
        let packs = self.judged_by.packs_lately().await?;
        let facts = Facts::new(page_id, &page, &loaded.state);
        Ok(plan(&facts, &packs, self.clock.now(), self.config.patience))
    }

    async fn dispatch(&self, stream: &StreamId, send: &SendId, token: &SecretString) -> Result<(), ChangeError> {
        let Some(claimed) = self.claim(stream, send).await? else { return Ok(()) };
        let loaded = self.conversations.load(stream).await.map_err(ChangeError::Read)?;
        let Some(open) = loaded.state.send(send) else { return Ok(()) };
        // An echo may have settled it between the claim and here; then there is nothing left to say.
        let Some(content) = open.content.clone() else { return Ok(()) };
        let Some(messaging_type) = messaging_type(claimed.route) else {
            tracing::error!(%send, route = claimed.route.as_str(), "a send was allowed by a way that cannot be taken yet");
            let outcome = Outcome::NotSent { not_before: self.clock.now().plus(REST_WITHOUT_TOKEN) };
            return self.settle(stream, send, claimed.attempt, outcome).await;
        };
        let request = SendRequest {
            recipient: Recipient::Person(open.recipient.clone()),
            messaging_type,
            metadata: metadata::write(send, content.metadata.as_ref().map(Words::as_str)),
            content,
        };
        // Else the next fold would copy the state, which is in use until the platform has answered.
        drop(loaded);
        let outcome = if self.clock.uptime() >= claimed.leave_by {
            tracing::warn!(%send, "a claim was held too long; nothing is sent by it");
            Some(Outcome::NotSent { not_before: self.clock.now() })
        } else {
            self.write(send.page(), token, &request, claimed.attempt).await
        };
        match outcome {
            Some(outcome) => self.settle(stream, send, claimed.attempt, outcome).await,
            // It may be out. The plan gives the echo its time, and calls it unknown when that has passed.
            None => Ok(()),
        }
    }

    /// Claims the send, judged once more at the claim's own revision. None: the rules now forbid it, or somebody else
    /// has it.
    async fn claim(&self, stream: &StreamId, send: &SendId) -> Result<Option<Claimed>, ChangeError> {
        let started = self.clock.uptime();
        let begun = self.clock.now();
        let id = self.ids.uuid_v7(begun);
        // One moment for the whole claim: time spent on conflicts is taken off the time to leave.
        let LoadedPage { state: page, revision } =
            self.judged_by.page_lately(send.page()).await.map_err(ChangeError::Read)?;
        let grounds = Grounds { page_revision: revision, epoch: 0 };
        let command = Claim { send: send.clone(), claim: id, grounds, margin: Span::default() };
        let packs = self.judged_by.packs_lately().await.map_err(ChangeError::Read)?;
        let decide = |state: &_, now| claim(&Facts::new(send.page(), &page, state), &packs, &command, now);
        let events = match self.change(stream, || begun, decide).await {
            Ok(events) => events,
            Err(ChangeError::Refused(
                Refusal::NotWaiting(_) | Refusal::NotDue { .. } | Refusal::NoSuchSend | Refusal::Held,
            )) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(claimed(&events, begun, started))
    }

    /// Writes one message to the wire. None: whether it went out is not known.
    async fn write(&self, page: &PageId, token: &SecretString, request: &SendRequest, attempt: u32) -> Option<Outcome> {
        let answer = self.client.send(page, token, request).await.answer;
        let outcome = match answer {
            SendAnswer::Accepted { mid, .. } => Some(Outcome::Sent { mid }),
            SendAnswer::Refused(error) => self.refused(request, &error, attempt),
            SendAnswer::NotSent(reason) => {
                tracing::warn!(reason = reason.as_str(), "a message could not leave; it is tried again");
                Some(Outcome::NotSent { not_before: self.pause(attempt) })
            }
            SendAnswer::Ambiguous(reason) => {
                let reason = reason.as_str();
                tracing::warn!(reason, "it is not known whether a message went out; its echo will tell");
                None
            }
        };
        let word = outcome.as_ref().map_or("ambiguous", Outcome::as_str);
        self.outcomes.add(1, &[("outcome", word)]);
        outcome
    }

    fn refused(&self, request: &SendRequest, error: &ApiError, attempt: u32) -> Option<Outcome> {
        let (code, subcode) = (error.code, error.subcode);
        tracing::warn!(code, subcode, "the platform refused a message");
        let retry = Outcome::Retrying { not_before: self.pause(attempt), code };
        match request.class_of(error) {
            ErrorClass::Ambiguous => None,
            ErrorClass::Rate(_) => Some(retry),
            ErrorClass::Transient if attempt <= error.treatment().tries => Some(retry),
            ErrorClass::Transient
            | ErrorClass::Message
            | ErrorClass::Attachment
            | ErrorClass::Token
            | ErrorClass::Person
            | ErrorClass::Thread
            | ErrorClass::Feature
            | ErrorClass::Page => Some(Outcome::Rejected { code, subcode }),
        }
    }

    /// When to try again: twice as long after each attempt, and never all at once.
    fn pause(&self, attempt: u32) -> Timestamp {
        let longest = 1_000_i64.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE_MS);
        let jitter = 0.5 + self.ids.fraction() / 2.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most a minute")]
        let pause_ms = (longest as f64 * jitter) as i64;
        self.clock.now().plus(Span::from_millis(pause_ms))
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

fn claimed(events: &[Event], begun: Timestamp, started: Duration) -> Option<Claimed> {
    events.iter().find_map(|event| {
        let Event::Sending(step) = event else { return None };
        let SendingKind::Dispatched { attempt, leave_by, decision, .. } = &step.kind else { return None };
        let left_ms = u64::try_from(leave_by.since(begun).as_millis()).unwrap_or(0);
        let route = decision.route()?;
        Some(Claimed { attempt: *attempt, route, leave_by: started + Duration::from_millis(left_ms) })
    })
}

/// How a route is written to the wire; none for those that need another recipient than a person, which are not asked for.
const fn messaging_type(route: Route) -> Option<MessagingType> {
    Some(match route {
        Route::Response => MessagingType::Response,
        Route::Update => MessagingType::Update,
        Route::HumanAgent => MessagingType::MessageTag(Tag::HumanAgent),
        Route::Tag(RuleTag::ConfirmedEventUpdate) => MessagingType::MessageTag(Tag::ConfirmedEventUpdate),
        Route::Tag(RuleTag::PostPurchaseUpdate) => MessagingType::MessageTag(Tag::PostPurchaseUpdate),
        Route::Tag(RuleTag::AccountUpdate) => MessagingType::MessageTag(Tag::AccountUpdate),
        Route::Tag(RuleTag::CustomerFeedback) => MessagingType::MessageTag(Tag::CustomerFeedback),
        Route::Utility => MessagingType::Utility,
        Route::OneTime
        | Route::Recurring
        | Route::Marketing
        | Route::PrivateReply
        | Route::Sponsored
        | Route::CustomerMatching
        | Route::GroupChat => return None,
    })
}
