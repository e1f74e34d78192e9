//! Which sends a conversation's state still needs, and what stays of those that have left it.
//!
//! A send leaves once it has ended and a request of the same conversation is made a span later: requests are what makes
//! the state grow, and they are written once and in order, so that what is forgotten does not depend on how often or when a
//! fact was told. A send that ends when its span is over already leaves with the event that ends it.

use crate::evaluate::counts;
use crate::id::SendId;
use crate::send::{Send, Status};
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How long a send stays of which nothing more can be told that changes anything: callers repeat a call within minutes,
/// and the platform tells a webhook again for 36 hours at most (Graph webhooks reference), which can move the moment at
/// which a message went out.
const KEPT: Span = Span::from_hours(2 * 24);
/// How long a send stays that an echo would still make another: one that was tried and is not known to have gone out. A
/// body in quarantine, which may hold the echo, can be taken up again for 30 days.
const KEPT_OPEN: Span = Span::from_hours(31 * 24);
/// How long the moment of a message stays that is counted: packs cannot cap messages over a longer span.
const COUNTED: Span = Span::from_hours(31 * 24);
/// How far apart it is looked what may leave, so that looking costs next to nothing for each request.
const EVERY: Span = Span::from_hours(1);

/// What a conversation's state knows of the sends that have left it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Past {
    /// The moment, by the requests, that spans are measured to.
    reached: Option<Timestamp>,
    /// The place behind the latest of those that left.
    floor: u64,
    /// When the messages went out that caps on automation count.
    counted: BTreeMap<Uuid, Timestamp>,
    /// The reference that tests compare with: it forgets nothing.
    #[cfg(test)]
    #[serde(skip)]
    pub(super) keeps_all: bool,
}

impl Past {
    /// Takes in the moment of a request. Answers whether it is worth looking what may leave.
    pub(super) fn reach(&mut self, now: Timestamp) -> bool {
        #[cfg(test)]
        if self.keeps_all {
            return false;
        }
        if self.reached.is_some_and(|reached| now < reached.plus(EVERY)) {
            return false;
        }
        self.reached = Some(now);
        self.counted.retain(|_, at| at.plus(COUNTED) > now);
        true
    }

    /// Whether the state needs a send no more.
    pub(super) fn lets_go(&self, send: &Send) -> bool {
        let end = match &send.status {
            Status::Sent { at, .. } => Some(at.plus(KEPT)),
            Status::Blocked | Status::Cancelled | Status::Expired { .. } if send.attempts == 0 => {
                send.ended_at.map(|at| at.plus(KEPT))
            }
            Status::Blocked
            | Status::Cancelled
            | Status::Expired { .. }
            | Status::Rejected { .. }
            | Status::Unresolved => send.ended_at.map(|at| at.plus(KEPT_OPEN)),
            Status::Requested
            | Status::Accepted { .. }
            | Status::Retrying { .. }
            | Status::Deferred { .. }
            | Status::Dispatched { .. }
            | Status::Unknown { .. } => None,
        };
        self.reached.zip(end).is_some_and(|(reached, end)| end <= reached)
    }

    /// A send leaves.
    pub(super) fn left(&mut self, id: &SendId, send: &Send) {
        self.floor = self.floor.max(send.order + 1);
        // One that may have gone out stays as long as anything is counted.
        if let Some((_, at)) = send.status.sent().filter(|_| counts(&send.intent.actor)) {
            self.counted.insert(id.uuid(), at);
            self.forget_if_old(id.uuid());
        }
    }

    /// An echo of a send that has left: a message went out at that moment, which may be earlier than was known.
    pub(super) fn echoed(&mut self, id: &SendId, at: Timestamp) {
        if let Some(known) = self.counted.get_mut(&id.uuid()) {
            *known = (*known).min(at);
            self.forget_if_old(id.uuid());
        }
    }

    fn forget_if_old(&mut self, id: Uuid) {
        let is_old = |at: &Timestamp| self.reached.is_some_and(|reached| at.plus(COUNTED) <= reached);
        if self.counted.get(&id).is_some_and(is_old) {
            self.counted.remove(&id);
        }
    }

    /// Of the requests before this place, in the order in which they were made, sends may be missing.
    pub(super) const fn floor(&self) -> u64 {
        self.floor
    }

    /// When the messages went out, of those that left, that caps on automation count.
    pub(super) fn counted(&self) -> impl Iterator<Item = Timestamp> {
        self.counted.values().copied()
    }
}
