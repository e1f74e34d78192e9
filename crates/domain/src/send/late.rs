//! Sends to which the Page's turn comes when they may not leave any more.

use super::command::{Refusal, Request, ended};
use super::{Handling, Send};
use crate::conversation::Conversation;
use crate::decision::{Decision, Intent};
use crate::evaluate::{Facts, judge};
use crate::event::{Event, SendingKind};
use crate::id::SendId;
use crate::pack::Packs;
use crate::time::Timestamp;

/// What becomes of a send to which the Page's turn comes at some moment, by what is known now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chance {
    /// It may leave then, and on until this moment. None: without end.
    Until(Option<Timestamp>),
    /// Its time is over by then.
    Late,
}

/// What becomes of a send that waits, when the Page's turn comes to it at `turn`. The end by which it was allowed is not the
/// last word: the person may have written since, or another way may be open after it.
pub fn chance(facts: &Facts<'_>, packs: &Packs, (id, send): (&SendId, &Send), turn: Timestamp) -> Chance {
    if send.deadline().is_none_or(|end| turn < end) {
        return Chance::Until(send.deadline());
    }
    judged_then(&facts.of_send(id), packs, (&send.intent, &send.handling), turn)
}

/// The Page's turn would come to a send at `turn`, after the end of what lets it leave; so its place is better given to
/// another. What it holds is free again.
///
/// # Errors
/// When it is not there, does not wait, or could make it.
pub fn shed(
    facts: &Facts<'_>,
    packs: &Packs,
    send: &SendId,
    turn: Timestamp,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let state: &Conversation = facts.conversation;
    let known = state.send(send).ok_or(Refusal::NoSuchSend)?;
    if !known.status.is_waiting() {
        return Err(Refusal::NotWaiting(known.status.as_str()));
    }
    match chance(facts, packs, (send, known), turn) {
        Chance::Late => Ok(ended(state, send, now, SendingKind::Expired { turn: Some(turn) })),
        Chance::Until(_) => Err(Refusal::Settled),
    }
}

/// Whether a turn at that moment comes after the end of what allows what is asked for, or of what its caller gave it.
pub(super) fn is_too_late(
    facts: &Facts<'_>,
    packs: &Packs,
    command: &Request,
    decision: &Decision,
    turn: Timestamp,
) -> bool {
    let end = decision.holds_until.into_iter().chain(command.handling.expires_at).min();
    let may_be = decision.route().is_some() && end.is_some_and(|end| end <= turn);
    let judged = || judged_then(&facts.of_send(&command.send), packs, (&command.intent, &command.handling), turn);
    may_be && judged() == Chance::Late
}

fn judged_then(facts: &Facts<'_>, packs: &Packs, (intent, handling): (&Intent, &Handling), turn: Timestamp) -> Chance {
    if handling.expires_at.is_some_and(|end| end <= turn) {
        return Chance::Late;
    }
    let decision = judge(packs, facts, intent, turn);
    if decision.route().is_some() {
        Chance::Until(decision.holds_until.into_iter().chain(handling.expires_at).min())
    } else if handling.is_held {
        // It waits on until it is allowed again.
        Chance::Until(handling.expires_at)
    } else {
        Chance::Late
    }
}
