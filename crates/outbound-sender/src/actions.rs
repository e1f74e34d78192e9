//! `nuncio.outbound.v1.Actions`: what a Page does in a thread without saying anything. Nothing of it is claimed, recorded or
//! tried again, but for a change of the thread's control, by which messages are judged.

pub(crate) mod control;
mod pace;

use crate::quota::Reserved;
use crate::{Parts, Sender};
use api::convert;
use api::name;
use api::proto::compliance::v1::Purpose;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::actions_server::{Actions, ActionsServer};
use api::status::{self, Violations};
use domain::content::Words;
use domain::conversation::Conversation;
use domain::decision::{Decision, Intent, Verdict};
use domain::evaluate::{self, Facts};
use domain::event::{Event, InboundKind};
use domain::id::{Mid, PageId, Psid, StreamId};
use domain::pack::Packs;
use domain::send::Class;
use messenger::client::{Action, As, CallError, Recipient, SendRequest};
use pb::send_action_request::Kind;
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(crate) use pace::Paces;

/// The simulator's and our own limit for a reaction; the platform names none.
const REACTION_CHARS: usize = 32;

/// The gRPC service.
#[derive(Debug)]
pub struct ActionsService(Sender);

impl ActionsService {
    /// The service on this sender, ready for a server.
    pub fn server(sender: Sender) -> ActionsServer<Self> {
        ActionsServer::new(Self(sender))
    }
}

#[tonic::async_trait]
impl Actions for ActionsService {
    async fn send_action(
        &self,
        request: Request<pb::SendActionRequest>,
    ) -> Result<Response<pb::SendActionResponse>, Status> {
        let request = request.into_inner();
        let validate_only = request.validate_only;
        let asked = parse(request)?;
        self.0.0.act(&asked, validate_only).await?;
        Ok(Response::new(pb::SendActionResponse {}))
    }

    async fn control_thread(
        &self,
        request: Request<pb::ControlThreadRequest>,
    ) -> Result<Response<pb::ControlThreadResponse>, Status> {
        self.0.0.control_thread(request.into_inner()).await.map(Response::new)
    }

    async fn get_thread_owner(
        &self,
        request: Request<pb::GetThreadOwnerRequest>,
    ) -> Result<Response<pb::ThreadOwner>, Status> {
        self.0.0.thread_owner(&request.into_inner().parent).await.map(Response::new)
    }
}

/// A request whose every field is as it must be.
struct Asked {
    page: PageId,
    person: Psid,
    intent: Intent,
    action: Action,
}

fn parse(asked: pb::SendActionRequest) -> Result<Asked, Status> {
    let mut violations = Violations::default();
    let parent = violations.take("parent", name::parse_conversation(&asked.parent));
    let intent = convert::intent(asked.actor, Purpose::Conversation.into(), &mut violations);
    let action = match asked.kind {
        Some(Kind::TypingOn(_)) => Some(Action::TypingOn),
        Some(Kind::TypingOff(_)) => Some(Action::TypingOff),
        Some(Kind::MarkSeen(_)) => Some(Action::MarkSeen),
        Some(Kind::React(pb::React { mid, reaction })) => {
            let n_chars = reaction.chars().count();
            if !(1..=REACTION_CHARS).contains(&n_chars) {
                violations.add("react.reaction", format!("is an emoji or its name, 1 to {REACTION_CHARS} characters"));
            }
            let mid = violations.take("react.mid", Mid::parse(&mid));
            mid.map(|mid| Action::React { mid, reaction: Words::from(reaction) })
        }
        Some(Kind::Unreact(pb::Unreact { mid })) => {
            violations.take("unreact.mid", Mid::parse(&mid)).map(|mid| Action::Unreact { mid })
        }
        None => {
            violations.add("kind", "is required: typing_on, typing_off, mark_seen, react or unreact");
            None
        }
    };
    match (parent, intent, action) {
        (Some((page, person)), Some(intent), Some(action)) if violations.is_empty() => {
            Ok(Asked { page, person, intent, action })
        }
        _ => Err(violations.into_status()),
    }
}

/// A conversation, and what the rules say of acting in it.
struct Judged {
    stream: StreamId,
    state: Arc<Conversation>,
    packs: Arc<Packs>,
    decision: Decision,
}

impl Judged {
    fn refused(&self) -> Status {
        let packs = &self.packs;
        let pack = packs.find(&self.decision.pack).unwrap_or_else(|| packs.in_force(self.decision.at));
        status::blocked(&self.decision, pack, "")
    }
}

impl Parts {
    async fn judge_action(&self, page: &PageId, person: &Psid, intent: &Intent) -> Result<Judged, Status> {
        let stream = StreamId::Conversation(page.clone(), self.conversations.person_key(page, person));
        let unread = |error| status::unavailable(&error);
        // As it is now: of a Page that was paused nothing leaves any more.
        let known = self.judged_by.page(page).await.map_err(unread)?.state;
        if known.is_paused() {
            return Err(status::page_paused(&name::page(page)));
        }
        let packs = self.judged_by.packs_lately().await.map_err(unread)?;
        let state = self.conversations.load(&stream).await.map_err(unread)?.state;
        let decision = evaluate::action(&packs, &Facts::new(page, &known, &state), intent, self.clock.now());
        Ok(Judged { stream, state, packs, decision })
    }

    async fn act(&self, asked: &Asked, validate_only: bool) -> Result<(), Status> {
        let Asked { page, person, intent, action } = asked;
        let token = self.token_for_call(page).await?;
        let judged = self.judge_action(page, person, intent).await?;
        if judged.decision.verdict == Verdict::Blocked {
            return Err(judged.refused());
        }
        match action {
            Action::React { mid, .. } | Action::Unreact { mid } => self.knows_message(&judged, mid).await?,
            Action::TypingOn | Action::TypingOff | Action::MarkSeen => (),
        }
        if validate_only {
            return Ok(());
        }
        // Held until the call was made.
        let _call = self.takes_action(page, Class::of(&intent.actor)).await?;
        let by = As { page, token: &token };
        let answered = self.client.act(by, person, action).await;
        self.acted.add(1, &[("action", action.as_str()), ("result", word(&answered.answer))]);
        match answered.answer {
            Ok(()) => Ok(()),
            Err(error) => {
                Err(self.told_of(by, &error, "it is never tried again by itself; doing it twice does no harm").await)
            }
        }
    }

    /// Leave for one action. Messages are paced apart, and go first.
    pub(crate) async fn takes_action(&self, page: &PageId, class: Class) -> Result<Option<Reserved>, Status> {
        let call = self.call_for_caller(page, class).await?;
        let now = self.clock.uptime();
        let waits = match self.app_pause.until(self.clock.uptime()) {
            Some(until) => Err(until.saturating_sub(now)),
            None => self.actions.take(page, now),
        };
        waits.map(|()| call).map_err(|wait| status::too_many_actions(&name::page(page), wait))
    }

    /// Whether the person wrote this message. The state keeps no ids of what people write, so the log is read; what was
    /// erased is not known any more.
    async fn knows_message(&self, judged: &Judged, wanted: &Mid) -> Result<(), Status> {
        let records = self.log.read(&judged.stream, 0).await.map_err(|error| status::unavailable(&error))?;
        let erased_until = judged.state.erasure().map(|erasure| erasure.until);
        let mut events = records.iter().flat_map(|stored| &stored.record.events);
        let is_known = events.any(|event| {
            let Event::Inbound(inbound) = event else { return false };
            let InboundKind::Message(message) = &inbound.kind else { return false };
            message.mid.as_ref() == Some(wanted) && erased_until.is_none_or(|until| inbound.at() > until)
        });
        if is_known { Ok(()) } else { Err(status::no_such_message_of_person(wanted.as_str())) }
    }

    /// Shows that somebody types before a person of the staff answers, if that is wanted. It never holds the message up for
    /// longer than is configured, and whatever becomes of it, the message leaves.
    pub(crate) async fn type_first(&self, by: As<'_>, request: &SendRequest) {
        let (Some(most), Recipient::Person(person)) = (self.config.typing, &request.recipient) else { return };
        if self.app_pause.until(self.clock.uptime()).is_some()
            || self.actions.take(by.page, self.clock.uptime()).is_err()
        {
            return;
        }
        // The last calls are for messages. Held until the call was made.
        let Ok(_call) = self.call(by.page, Class::Automation) else { return };
        let acted = tokio::time::timeout(most, self.client.act(by, person, &Action::TypingOn)).await;
        let result = acted.as_ref().map_or("late", |answered| word(&answered.answer));
        self.acted.add(1, &[("action", "typing_before"), ("result", result)]);
    }
}

/// What came of an action, for metrics.
const fn word(answer: &Result<(), CallError>) -> &'static str {
    match answer {
        Ok(()) => "done",
        Err(CallError::Refused(_)) => "refused",
        Err(CallError::NotSent(_)) => "not_sent",
        Err(CallError::Ambiguous(_)) => "unclear",
    }
}
