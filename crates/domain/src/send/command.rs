//! Commands on sends: each looks at the conversation as it stands and answers with what then has happened.

use super::late::is_too_late;
use super::{Handling, LEAVE_WITHIN, Send, Status};
use crate::conversation::Conversation;
use crate::decision::{Intent, Verdict};
use crate::evaluate::{Facts, judge};
use crate::event::{
    Concern, Content, Event, Grounds, Outcome, RightStep, RightStepKind, Sending, SendingKind, Witness,
};
use crate::id::{Psid, RequestId, SendId};
use crate::pack::Packs;
use crate::right::Right;
use crate::time::{Span, Timestamp};
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
    /// When and how it is to be sent.
    pub handling: Handling,
    /// When the Page's turn would come to it, with all that waits before it; none: at once.
    pub turn: Option<Timestamp>,
}

/// What was found, beside the state, of the sends that have left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The state's floor when it was looked: none of those before it is the request's by its request id or its send id.
    pub floor: u64,
    /// The latest of them that was to tell what the request tells, unless it came to nothing.
    pub key: Option<SendId>,
}

/// A worker wants to write a send to the wire.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which send.
    pub send: SendId,
    /// A name for this claim that no other has.
    pub claim: Uuid,
    /// What it is made by, besides the conversation.
    pub grounds: Grounds,
    /// How long before the end of what allows it nothing is claimed any more.
    pub margin: Span,
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
    /// What the request tells was told before, or is about to be, by this send.
    #[error("what this tells was asked for before")]
    KeyTaken(SendId),
    /// The request is not known to the state, which sends have left: look among those, and ask again with what is found.
    #[error("sends have left the state, and were not looked through")]
    Forgotten {
        /// The state's floor.
        floor: u64,
    },
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
    /// The send is held, and still forbidden.
    #[error("the send is held")]
    Held,
    /// The Page is paused: the send waits on.
    #[error("the Page is paused")]
    Paused,
    /// The outcome tells nothing new.
    #[error("the outcome changes nothing")]
    Settled,
}

/// A caller's request: judged at once, and either waiting or ended from then on. A right that it takes up is its own from
/// the same moment on.
///
/// # Errors
/// When the request was made before, by its request id or its send id, with the same content or another; when another send
/// has its business key, and has not come to nothing; or when sends have left the state, of which [`request_beside`] is to
/// be told.
pub fn request(facts: &Facts<'_>, packs: &Packs, command: &Request, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    request_beside(facts, packs, command, &Left::default(), now)
}

/// The same, with what was found of the sends that have left the state.
///
/// # Errors
/// As [`request`] has them: [`Refusal::Forgotten`] only if more sends have left than were looked through.
pub fn request_beside(
    facts: &Facts<'_>,
    packs: &Packs,
    command: &Request,
    left: &Left,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let state = facts.conversation;
    let same_id = || state.send(&command.send).map(|known| (&command.send, known));
    if let Some((send, known)) = state.send_of_request(&command.request).or_else(same_id) {
        let is_same = known.request_digest == command.request_digest;
        let refusal = if is_same { Refusal::Repeated } else { Refusal::RequestIdReused };
        return Err(refusal(send.clone()));
    }
    if state.floor() > left.floor {
        return Err(Refusal::Forgotten { floor: state.floor() });
    }
    let taken = command.handling.key.as_ref().and_then(|key| match state.send_of_key(key) {
        Some((send, known)) => (!known.status.came_to_nothing()).then_some(send),
        None => left.key.as_ref(),
    });
    if let Some(send) = taken {
        return Err(Refusal::KeyTaken(send.clone()));
    }
    let requested = SendingKind::Requested {
        page: command.send.page().clone(),
        recipient: command.recipient.clone(),
        request: command.request.clone(),
        request_digest: command.request_digest,
        intent: Box::new(command.intent.clone()),
        content: Box::new(command.content.clone()),
        handling: command.handling.clone(),
    };
    // What may not leave yet is judged as if it left when it may.
    let leaves = command.handling.not_before.map_or(now, |not_before| not_before.max(now));
    let decision = Box::new(judge(packs, &facts.of_send(&command.send), &command.intent, leaves));
    let reserved = decision.right.clone().map(|right| right_step(&command.send, right, now, RightStepKind::Reserved));
    let turn = command.turn.filter(|turn| is_too_late(facts, packs, command, &decision, *turn));
    let judged = match decision.verdict {
        Verdict::Allowed(_) => SendingKind::Accepted { decision },
        Verdict::Blocked if command.handling.is_held => {
            SendingKind::Deferred { decision, expires_at: command.handling.expires_at }
        }
        Verdict::Blocked => SendingKind::Blocked { decision },
    };
    let steps = [requested, judged].into_iter().map(|kind| step(&command.send, now, kind));
    match turn {
        None => Ok(steps.chain(reserved).collect()),
        // It takes up nothing, since it ends here.
        Some(turn) => {
            let expired = SendingKind::Expired { turn: Some(turn) };
            Ok(steps.chain([step(&command.send, now, expired)]).collect())
        }
    }
}

/// A worker's claim: judged again at this very revision, and either the worker's from then on or ended, or held. The right
/// that it leaves by is reserved with it, and one that it does not need any more is given back.
///
/// Shortly before the end of what allows it, nothing is claimed: what could be answered late could also arrive late. What
/// may leave by another way afterwards waits for that; anything else is blocked as it would be then.
///
/// # Errors
/// When the send is not there, not waiting, not yet due, or held and still forbidden, or when its Page is paused.
pub fn claim(facts: &Facts<'_>, packs: &Packs, command: &Claim, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let state = facts.conversation;
    let send = state.send(&command.send).ok_or(Refusal::NoSuchSend)?;
    let due = due(send)?;
    if send.handling.expires_at.is_some_and(|end| end <= now) {
        return Ok(ended(state, &command.send, now, SendingKind::Expired { turn: None }));
    }
    if let Some(at) = due.filter(|at| now < *at) {
        return Err(Refusal::NotDue { at });
    }
    if facts.page.is_paused() {
        return Err(Refusal::Paused);
    }
    let facts = facts.of_send(&command.send);
    let mut decision = Box::new(judge(packs, &facts, &send.intent, now));
    if let Some(end) = decision.holds_until.filter(|end| decision.route().is_some() && *end <= now.plus(command.margin))
    {
        let later = Box::new(judge(packs, &facts, &send.intent, end));
        if later.route().is_some() {
            return Err(Refusal::NotDue { at: end });
        }
        decision = later;
    }
    let rights = change_of_rights(state, &command.send, decision.right.as_ref(), now);
    let kind = match decision.verdict {
        Verdict::Blocked if send.handling.is_held && matches!(send.status, Status::Deferred { .. }) => {
            return Err(Refusal::Held);
        }
        Verdict::Blocked if send.handling.is_held => {
            SendingKind::Deferred { decision, expires_at: send.handling.expires_at }
        }
        Verdict::Blocked => SendingKind::Blocked { decision },
        Verdict::Allowed(_) => {
            let ends = decision.holds_until.into_iter().chain(send.handling.expires_at);
            let leave_by = ends.fold(now.plus(LEAVE_WITHIN), Timestamp::min);
            let (attempt, claim, grounds) = (send.attempts + 1, command.claim, command.grounds);
            SendingKind::Dispatched { attempt, claim, leave_by, decision, grounds }
        }
    };
    Ok([step(&command.send, now, kind)].into_iter().chain(rights).collect())
}

/// When a send that waits may be claimed; none: at once.
fn due(send: &Send) -> Result<Option<Timestamp>, Refusal> {
    match send.status {
        Status::Accepted { not_before } => Ok(not_before),
        Status::Retrying { not_before, .. } => Ok(Some(not_before)),
        // It may be allowed by now; judging it tells.
        Status::Deferred { .. } => Ok(send.handling.not_before),
        Status::Requested
        | Status::Blocked
        | Status::Cancelled
        | Status::Expired { .. }
        | Status::Dispatched { .. }
        | Status::Unknown { .. }
        | Status::Sent { .. }
        | Status::Rejected { .. }
        | Status::Unresolved => Err(Refusal::NotWaiting(send.status.as_str())),
    }
}

/// Its caller does not want a send any more. What it holds is free again.
///
/// # Errors
/// When it is not there, or does not wait: [`Refusal::Settled`] if it was cancelled before.
pub fn cancel(state: &Conversation, send: &SendId, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let known = state.send(send).ok_or(Refusal::NoSuchSend)?;
    if known.status == Status::Cancelled {
        return Err(Refusal::Settled);
    }
    if !known.status.is_waiting() {
        return Err(Refusal::NotWaiting(known.status.as_str()));
    }
    Ok(ended(state, send, now, SendingKind::Cancelled))
}

/// A send ends before anything left; the rights that it holds are free again.
pub(super) fn ended(state: &Conversation, send: &SendId, now: Timestamp, kind: SendingKind) -> Vec<Event> {
    [step(send, now, kind)].into_iter().chain(change_of_rights(state, send, None, now)).collect()
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
/// when the platform refused the message, and dropped when it refused the right. An attempt that is repeated keeps it.
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
        Outcome::Sent { .. } | Outcome::Found { by: Witness::Echo(_), .. } => {
            send.is_guess() || !matches!(send.status, Status::Sent { .. })
        }
        Outcome::Found { by: Witness::Listing, .. } | Outcome::NotFound { .. } => is_unknown,
        Outcome::Unknown | Outcome::Retrying { .. } | Outcome::NotSent { .. } => is_dispatched,
        Outcome::Again { .. } => is_unknown && send.may_be_repeated(),
        Outcome::Rejected { .. } | Outcome::Unresolved => is_dispatched || is_unknown,
    };
    if !changes {
        return Err(Refusal::Settled);
    }
    let becomes = match &outcome {
        Outcome::Sent { .. } | Outcome::Found { .. } | Outcome::Unresolved => Some(RightStepKind::Spent),
        Outcome::Rejected { concern: Concern::Right, .. } => Some(RightStepKind::Dropped),
        Outcome::Rejected { concern: Concern::Message | Concern::Person, .. } => Some(RightStepKind::Released),
        Outcome::Unknown
        | Outcome::Retrying { .. }
        | Outcome::NotSent { .. }
        | Outcome::NotFound { .. }
        | Outcome::Again { .. } => None,
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
    // One that was never judged was never claimed either: both stand in one record.
    let is_open = |status: &Status| status.is_waiting() || matches!(status, Status::Dispatched { .. });
    let open = state.sends().filter(|(_, send)| is_open(&send.status) && send.requested_at <= restored_at);
    let doubted: Vec<_> = open.map(|(id, _)| step(id, now, SendingKind::Doubted)).collect();
    if doubted.is_empty() { Err(Refusal::Settled) } else { Ok(doubted) }
}

fn step(send: &SendId, at: Timestamp, kind: SendingKind) -> Event {
    Event::Sending(Box::new(Sending { send: send.clone(), at, kind }))
}

fn right_step(send: &SendId, right: Right, at: Timestamp, kind: RightStepKind) -> Event {
    Event::Right(Box::new(RightStep { right, send: send.clone(), at, kind }))
}
