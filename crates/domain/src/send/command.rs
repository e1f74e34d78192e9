//! Commands on sends: each looks at the conversation as it stands and answers with what then has happened.

use super::{LEAVE_WITHIN, Status};
use crate::conversation::Conversation;
use crate::decision::{Intent, Verdict};
use crate::evaluate::{Facts, judge};
use crate::event::{Content, Event, Outcome, RightStep, RightStepKind, Sending, SendingKind};
use crate::id::{Psid, RequestId, SendId};
use crate::pack::Packs;
use crate::right::Right;
use crate::time::Timestamp;
use uuid::Uuid;

/// A caller wants something said.
#[derive(Clone, Debug)]
pub struct Request {
    /// The id that the send will have, unless the same request was made before.
    pub send: SendId,
    /// The person it speaks to.
    pub recipient: Psid,
    /// The caller's name for the call.
    pub request: RequestId,
    /// A digest of everything the caller asked for.
    pub request_digest: [u8; 16],
    /// Who speaks, and why.
    pub intent: Intent,
    /// What is to be said.
    pub content: Content,
}

/// A worker wants to write a send to the wire.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which send.
    pub send: SendId,
    /// A name for this claim that no other has.
    pub claim: Uuid,
}

/// Why a command changes nothing. A refusal is an answer, not a failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The same request was made before; this is the send it led to.
    #[error("the request was made before")]
    Repeated(SendId),
    /// The request id, or the send id, belongs to a request with other content.
    #[error("the request id was used before for another request")]
    RequestIdReused(SendId),
    /// There is no such send in this conversation.
    #[error("there is no such send")]
    NoSuchSend,
    /// The send is not waiting for a worker: it has ended, or another worker has it.
    #[error("the send is {0}, not waiting")]
    NotWaiting(&'static str),
    /// The send waits, but not yet for a worker.
    #[error("the send is not due yet")]
    NotDue {
        /// When it will be.
        at: Timestamp,
    },
    /// The outcome tells nothing new.
    #[error("the outcome changes nothing")]
    Settled,
}

/// A caller's request: judged at once, and either waiting or blocked from then on. A right that it takes up is its own from
/// the same moment on.
///
/// # Errors
/// When the request was made before, by its request id or its send id, with the same content or another.
pub fn request(facts: &Facts<'_>, packs: &Packs, command: &Request, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let state = facts.conversation;
    let same_id = || state.send(&command.send).map(|known| (&command.send, known));
    if let Some((send, known)) = state.send_of_request(&command.request).or_else(same_id) {
        let is_same = known.request_digest == command.request_digest;
        let refusal = if is_same { Refusal::Repeated } else { Refusal::RequestIdReused };
        return Err(refusal(send.clone()));
    }
    let decision = Box::new(judge(packs, &facts.of_send(&command.send), &command.intent, now));
    let reserved = decision.right.clone().map(|right| right_step(&command.send, right, now, RightStepKind::Reserved));
    let judged = match decision.verdict {
        Verdict::Allowed(_) => SendingKind::Accepted { decision },
        Verdict::Blocked => SendingKind::Blocked { decision },
    };
    let requested = SendingKind::Requested {
        page: command.send.page().clone(),
        recipient: command.recipient.clone(),
        request: command.request.clone(),
        request_digest: command.request_digest,
        intent: Box::new(command.intent.clone()),
        content: command.content.clone(),
    };
    let steps = [requested, judged].into_iter().map(|kind| step(&command.send, now, kind));
    Ok(steps.chain(reserved).collect())
}

/// A worker's claim: judged again at this very revision, and either the worker's from then on or blocked. The right that
/// it leaves by is reserved with it, and one that it does not need any more is given back.
///
/// # Errors
/// When the send is not there, not waiting, or not yet due.
pub fn claim(facts: &Facts<'_>, packs: &Packs, command: &Claim, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let state = facts.conversation;
    let send = state.send(&command.send).ok_or(Refusal::NoSuchSend)?;
    match send.status {
        Status::Accepted { not_before: Some(at) } if now < at => return Err(Refusal::NotDue { at }),
        Status::Accepted { .. } => (),
        Status::Requested
        | Status::Blocked
        | Status::Dispatched { .. }
        | Status::Unknown { .. }
        | Status::Sent { .. }
        | Status::Rejected { .. }
        | Status::Unresolved => return Err(Refusal::NotWaiting(send.status.as_str())),
    }
    let decision = Box::new(judge(packs, &facts.of_send(&command.send), &send.intent, now));
    let rights = change_of_rights(state, &command.send, decision.right.as_ref(), now);
    let kind = match decision.verdict {
        Verdict::Blocked => SendingKind::Blocked { decision },
        Verdict::Allowed(_) => {
            let latest = now.plus(LEAVE_WITHIN);
            let leave_by = decision.holds_until.map_or(latest, |end| end.min(latest));
            SendingKind::Dispatched { attempt: send.attempts + 1, claim: command.claim, leave_by, decision }
        }
    };
    Ok([step(&command.send, now, kind)].into_iter().chain(rights).collect())
}

/// What a send does with rights when it needs this one from now on, or none.
fn change_of_rights(state: &Conversation, send: &SendId, needed: Option<&Right>, now: Timestamp) -> Vec<Event> {
    let held = state.rights().held_by(send);
    let missing = needed.filter(|right| !held.contains(right)).cloned();
    let superfluous = held.into_iter().filter(|right| Some(right) != needed);
    let released = superfluous.map(|right| right_step(send, right, now, RightStepKind::Released));
    released.chain(missing.map(|right| right_step(send, right, now, RightStepKind::Reserved))).collect()
}

/// How an attempt ended. The right that the send held is used up when it went out, or may have for ever; it is free again
/// when the platform refused it. An attempt that is repeated keeps it.
///
/// # Errors
/// When that changes nothing: the send has ended, or the attempt is an older one.
pub fn settle(
    state: &Conversation,
    send_id: &SendId,
    attempt: u32,
    outcome: Outcome,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let send = state.send(send_id).ok_or(Refusal::NoSuchSend)?;
    let is_latest = attempt == send.attempts;
    let is_dispatched = is_latest && matches!(send.status, Status::Dispatched { .. });
    let is_unknown = is_latest && matches!(send.status, Status::Unknown { .. });
    let changes = match outcome {
        Outcome::Sent { .. } => !matches!(send.status, Status::Sent { .. }),
        Outcome::Unknown | Outcome::Retrying { .. } | Outcome::NotSent { .. } => is_dispatched,
        Outcome::Rejected { .. } | Outcome::Unresolved => is_dispatched || is_unknown,
    };
    if !changes {
        return Err(Refusal::Settled);
    }
    let becomes = match &outcome {
        Outcome::Sent { .. } | Outcome::Unresolved => Some(RightStepKind::Spent),
        Outcome::Rejected { .. } => Some(RightStepKind::Released),
        Outcome::Unknown | Outcome::Retrying { .. } | Outcome::NotSent { .. } => None,
    };
    let held = becomes.map(|becomes| (state.rights().held_by(send_id), becomes));
    let rights = held
        .into_iter()
        .flat_map(|(held, becomes)| held.into_iter().map(move |right| right_step(send_id, right, now, becomes)));
    Ok([step(send_id, now, SendingKind::Settled { attempt, outcome })].into_iter().chain(rights).collect())
}

/// What a log that was brought back at `restored_at`, without its end, leaves open: every send asked for before, that
/// waits or is under way, may have gone out in what was lost.
///
/// # Errors
/// When that is none.
pub fn doubt(state: &Conversation, restored_at: Timestamp, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let open = state.sends().filter(|(_, send)| match send.status {
        Status::Accepted { .. } | Status::Dispatched { .. } => send.requested_at <= restored_at,
        // One that was never judged was never claimed either: both stand in one record.
        Status::Requested
        | Status::Blocked
        | Status::Unknown { .. }
        | Status::Sent { .. }
        | Status::Rejected { .. }
        | Status::Unresolved => false,
    });
    let doubted: Vec<_> = open.map(|(id, _)| step(id, now, SendingKind::Doubted)).collect();
    if doubted.is_empty() { Err(Refusal::Settled) } else { Ok(doubted) }
}

fn step(send: &SendId, at: Timestamp, kind: SendingKind) -> Event {
    Event::Sending(Box::new(Sending { send: send.clone(), at, kind }))
}

fn right_step(send: &SendId, right: Right, at: Timestamp, kind: RightStepKind) -> Event {
    Event::Right(Box::new(RightStep { right, send: send.clone(), at, kind }))
}
