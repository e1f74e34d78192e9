//! Control of threads. What the platform did is recorded as if it had been told by a webhook: it tells the app that lost or
//! got a thread, and never the one that acted, but our messages are judged by who has it.

use crate::Parts;
use crate::append::ChangeError;
use api::convert::timestamp;
use api::name;
use api::proto::outbound::v1 as pb;
use api::status::{self, Violations};
use domain::content::Words;
use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose, Verdict};
use domain::event::{ControlStep, Event, Inbound, InboundKind, Recorded, ThreadControl};
use domain::id::{AppId, FactId, PageId, Psid, RecordId, StreamId};
use domain::pack::Rule;
use domain::send::Class;
use domain::time::Timestamp;
use messenger::client::{As, Control, Owner};
use pb::control_thread_request::Kind;
use tonic::Status;
use uuid::Uuid;

/// The limit of `metadata` of messages; the platform names none of its own for notes.
const NOTE_CHARS: usize = 1_000;

/// A request whose every field is as it must be.
struct Asked {
    page: PageId,
    person: Psid,
    control: Control,
}

fn parse(asked: pb::ControlThreadRequest) -> Result<Asked, Status> {
    let mut violations = Violations::default();
    let parent = violations.take("parent", name::parse_conversation(&asked.parent));
    if asked.note.chars().count() > NOTE_CHARS {
        violations.add("note", format!("has at most {NOTE_CHARS} characters"));
    }
    let (is_noted, note) = (!asked.note.is_empty(), Words::unless_empty(asked.note));
    let control = match asked.kind {
        Some(Kind::Pass(pb::PassThread { app_id })) => {
            violations.take("pass.app_id", AppId::parse(&app_id)).map(|app| Control::Pass(app, note))
        }
        Some(Kind::Take(_)) => Some(Control::Take(note)),
        Some(Kind::Request(_)) => Some(Control::Request(note)),
        Some(Kind::Release(_)) => {
            if is_noted {
                violations.add("note", "reaches nobody when a thread is released; leave it out");
            }
            Some(Control::Release)
        }
        None => {
            violations.add("kind", "is required: pass, take, request or release");
            None
        }
    };
    match (parent, control) {
        (Some((page, person)), Some(control)) if violations.is_empty() => Ok(Asked { page, person, control }),
        _ => Err(violations.into_status()),
    }
}

impl Parts {
    pub(super) async fn control_thread(
        &self,
        asked: pb::ControlThreadRequest,
    ) -> Result<pb::ControlThreadResponse, Status> {
        let Asked { page, person, control } = parse(asked)?;
        let token = self.token_for_call(&page).await?;
        let stream = self.may_control(&page, &person).await?;
        // Held until the call was made.
        let _call = self.takes_action(&page, Class::Person).await?;
        let by = As { page: &page, token: &token };
        match self.client.control(by, &person, &control).await.answer {
            Ok(()) => (),
            Err(error) => return Err(self.told_of(by, &error, "GetThreadOwner tells who has the thread").await),
        }
        self.note_control(&stream, &page, &person, &control).await?;
        Ok(pb::ControlThreadResponse {})
    }

    /// The thread's stream. Its person must be there; whatever else bars messages does not bar this.
    async fn may_control(&self, page: &PageId, person: &Psid) -> Result<StreamId, Status> {
        let intent = Intent::new(Actor::Bot, Purpose::Conversation);
        let mut judged = self.judge_action(page, person, &intent).await?;
        let is_theirs = |rule| matches!(rule, Rule::RecipientSuppressed | Rule::NoUserInitiation);
        judged.decision.findings.retain(|finding| is_theirs(finding.rule));
        if judged.decision.verdict == Verdict::Blocked && !judged.decision.findings.is_empty() {
            return Err(judged.refused());
        }
        Ok(judged.stream)
    }

    /// Records who has the thread now. What was only asked for is told by whoever grants it.
    pub(crate) async fn note_control(
        &self,
        stream: &StreamId,
        page: &PageId,
        person: &Psid,
        control: &Control,
    ) -> Result<(), Status> {
        let known = self.judged_by.page_lately(page).await.map_err(|error| status::unavailable(&error))?.state;
        let Some(kind) = who_has_it(control, known.app()) else { return Ok(()) };
        let fact = FactId::of(&[b"control", self.ids.uuid_v7(self.clock.now()).as_bytes()]);
        let decide = |_: &_, at| Ok(vec![told(fact, page, person, kind.clone(), at)]);
        match self.change(stream, || self.clock.now(), decide).await {
            Ok(_) => Ok(()),
            Err(ChangeError::Contended) => Err(status::contended()),
            Err(error) => Err(status::unavailable(&error)),
        }
    }

    pub(super) async fn thread_owner(&self, parent: &str) -> Result<pb::ThreadOwner, Status> {
        let mut violations = Violations::default();
        let Some((page, person)) = violations.take("parent", name::parse_conversation(parent)) else {
            return Err(violations.into_status());
        };
        let token = self.token_for_call(&page).await?;
        let by = As { page: &page, token: &token };
        match self.client.thread_owner(by, &person).await.answer {
            Ok(None) => Ok(pb::ThreadOwner::default()),
            Ok(Some(Owner { app, until })) => Ok(pb::ThreadOwner {
                app_id: app.map(|app| app.as_str().to_owned()).unwrap_or_default(),
                expire_time: until.map(timestamp),
                owned: true,
            }),
            Err(error) => Err(self.told_of(by, &error, "repeat the call").await),
        }
    }
}

/// Who has a thread after this was done to it; none: whoever had it before.
fn who_has_it(control: &Control, ours: Option<&AppId>) -> Option<ThreadControl> {
    let ours = ours.cloned();
    let (step, from, to) = match control {
        Control::Pass(app, _) => (ControlStep::Passed, ours, Some(app.clone())),
        Control::Take(_) => (ControlStep::Taken, None, ours),
        // Idle: nobody has it.
        Control::Release => (ControlStep::Passed, ours, None),
        Control::Request(_) | Control::Extend(_) => return None,
    };
    Some(ThreadControl { step, from, to, metadata: None })
}

fn told(fact: FactId, page: &PageId, person: &Psid, kind: ThreadControl, at: Timestamp) -> Event {
    Event::Inbound(Box::new(Inbound {
        fact,
        page: page.clone(),
        person: Some(person.clone()),
        stated_at: at,
        received_at: at,
        standby: false,
        kind: InboundKind::ThreadControl(kind),
    }))
}

/// The conversation as it would be if this app took its thread now.
pub(crate) fn as_if_taken(
    state: &Conversation,
    (page, person): (&PageId, &Psid),
    ours: Option<&AppId>,
    at: Timestamp,
) -> Conversation {
    let mut state = state.clone();
    if let Some(kind) = who_has_it(&Control::Take(None), ours) {
        let event = told(FactId::of(&[b"as if"]), page, person, kind, at);
        state.evolve(Recorded { record: RecordId::new(Uuid::nil()), event: &event });
    }
    state
}
