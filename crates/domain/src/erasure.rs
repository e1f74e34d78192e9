//! Commands that erase a conversation: each looks at the state and answers with what then has happened.

use crate::conversation::Conversation;
use crate::event::{Erasing, ErasingKind, Event};
use crate::time::Timestamp;

/// Begins to erase all that was stated up to `now`; nothing, when that much is being erased already.
pub fn begin(state: &Conversation, now: Timestamp) -> Vec<Event> {
    if state.erasure().is_some_and(|erasure| now <= erasure.until) {
        return Vec::new();
    }
    vec![step(now, ErasingKind::Begun { until: now })]
}

/// Begins an erasure again that the log has forgotten; nothing, when one that reaches as far is there.
pub fn again(state: &Conversation, until: Timestamp, now: Timestamp) -> Vec<Event> {
    if state.erasure().is_some_and(|erasure| until <= erasure.until) {
        return Vec::new();
    }
    vec![step(now, ErasingKind::Begun { until })]
}

/// Ends the erasure that reaches `until`, unless a later one is under way or it has ended before.
pub fn complete(state: &Conversation, until: Timestamp, n_removed: u64, now: Timestamp) -> Vec<Event> {
    let is_current = state.erasure().is_some_and(|erasure| erasure.until == until && erasure.n_removed.is_none());
    if is_current { vec![step(now, ErasingKind::Completed { until, n_removed })] } else { Vec::new() }
}

fn step(at: Timestamp, kind: ErasingKind) -> Event {
    Event::Erasing(Erasing { at, kind })
}

#[cfg(test)]
mod tests;
