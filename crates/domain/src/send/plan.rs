//! What is to be done next for a conversation's sends.

use super::{Send, Status};
use crate::conversation::Conversation;
use crate::event::Outcome;
use crate::id::SendId;
use crate::time::{Span, Timestamp};

/// How long a send whose outcome nobody knows holds back those behind it, which keeps the order without stopping the
/// conversation.
const HOLD: Span = Span::from_secs(10);

/// How long outcomes are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the platform may take to answer a call.
    pub answer: Span,
    /// What is added before an unanswered send is called unknown: clocks differ, and the writer may have been slow.
    pub margin: Span,
    /// How long an unknown send waits for its echo before it is called unresolved.
    pub echo: Span,
}

impl Patience {
    /// When a claim that nobody settled is called unknown.
    pub fn overdue(self, leave_by: Timestamp) -> Timestamp {
        leave_by.plus(self.answer).plus(self.margin)
    }

    /// When the echo of a send that is unknown since then is not waited for any longer.
    pub fn given_up(self, since: Timestamp) -> Timestamp {
        since.plus(self.echo)
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Claim this send, and write it to the wire.
    Dispatch(SendId),
    /// Record that an attempt ended so, since nobody else will.
    Settle(SendId, u32, Outcome),
    /// Nothing now; look again then.
    WaitUntil(Timestamp),
    /// Nothing until something happens.
    Idle,
}

/// The next step, in the order in which sends were asked for: an earlier one that is under way holds back the later.
pub fn plan(state: &Conversation, now: Timestamp, patience: Patience) -> Step {
    let mut open: Vec<_> = state.sends().filter(|(_, send)| !send.status.is_final()).collect();
    open.sort_by_key(|(_, send)| send.order);
    let mut wake: Option<Timestamp> = None;
    for (id, send) in open {
        match next(send, now, patience) {
            Next::Do(outcome) => return Step::Settle(id.clone(), send.attempts, outcome),
            Next::Dispatch => return Step::Dispatch(id.clone()),
            Next::Hold(until) => return Step::WaitUntil(wake.map_or(until, |wake| wake.min(until))),
            Next::Pass(until) => wake = Some(wake.map_or(until, |wake| wake.min(until))),
            Next::Nothing => (),
        }
    }
    wake.map_or(Step::Idle, Step::WaitUntil)
}

enum Next {
    Dispatch,
    Do(Outcome),
    /// Those behind wait, at least until then.
    Hold(Timestamp),
    /// Those behind need not wait; look at this one again then.
    Pass(Timestamp),
    Nothing,
}

fn next(send: &Send, now: Timestamp, patience: Patience) -> Next {
    match &send.status {
        Status::Accepted { not_before: Some(at) } if now < *at => Next::Hold(*at),
        Status::Accepted { .. } => Next::Dispatch,
        Status::Dispatched { leave_by, .. } => {
            let overdue = patience.overdue(*leave_by);
            if now < overdue { Next::Hold(overdue) } else { Next::Do(Outcome::Unknown) }
        }
        Status::Unknown { since } => {
            let given_up = patience.given_up(*since);
            let held = since.plus(HOLD).min(given_up);
            if now >= given_up {
                Next::Do(Outcome::Unresolved)
            } else if now < held {
                Next::Hold(held)
            } else {
                Next::Pass(given_up)
            }
        }
        Status::Requested | Status::Blocked | Status::Sent { .. } | Status::Rejected { .. } | Status::Unresolved => {
            Next::Nothing
        }
    }
}
