//! What is to be done next for a conversation's sends.

use super::{Class, Send, Status};
use crate::decision::Remedy;
use crate::evaluate::{Facts, judge};
use crate::event::Outcome;
use crate::id::SendId;
use crate::pack::Packs;
use crate::time::{Span, Timestamp};

/// How long a send that is tried again, or whose outcome nobody knows, holds back those behind it at most: it keeps the
/// order without stopping the conversation.
pub const HOLD: Span = Span::from_secs(10);

/// How long outcomes are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the platform may take to answer a call.
    pub answer: Span,
    /// What is added before an unanswered send is called unknown: clocks differ, and the writer may have been slow.
    pub margin: Span,
    /// How long an unknown send waits for its echo before it is called unresolved.
    pub echo: Span,
    /// How long it waits for its echo before the platform's list of messages is looked through for it; once more at the
    /// end. None: the list is never asked for.
    pub look: Option<Span>,
}

/// How long the last look through the platform's list is tried when the platform does not answer.
pub const LAST_LOOK: Span = Span::from_secs(180);

impl Patience {
    /// When a claim that nobody settled is called unknown.
    pub fn overdue(self, leave_by: Timestamp) -> Timestamp {
        leave_by.plus(self.answer).plus(self.margin)
    }

    /// When the echo of a send that is unknown since then is not waited for any longer.
    pub fn given_up(self, since: Timestamp) -> Timestamp {
        since.plus(self.echo)
    }

    /// When something is to be done about a send that is unknown since then: looking it up the first time, or giving it
    /// up. `looked_up_at` is when it was last looked up, in vain.
    pub fn look_at(self, since: Timestamp, looked_up_at: Option<Timestamp>) -> Timestamp {
        let first = self.look.filter(|_| looked_up_at.is_none()).map(|look| since.plus(look));
        first.into_iter().chain([self.given_up(since)]).min().unwrap_or(since)
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Claim this send, and write it to the wire.
    Dispatch(SendId),
    /// Record that an attempt ended so, since nobody else will.
    Settle(SendId, u32, Outcome),
    /// Look whether the platform lists what this attempt sent, since nobody tells. Nothing more urgent is to be done.
    LookUp {
        /// Which send.
        send: SendId,
        /// Its attempt.
        attempt: u32,
        /// Since when it is unknown.
        since: Timestamp,
        /// When there is something else to do, should the platform not answer.
        until: Option<Timestamp>,
    },
    /// Nothing now; look again then.
    WaitUntil(Timestamp),
    /// Nothing until something happens.
    Idle,
}

/// The next step. People's answers go before what programs say, and that before broadcasts; in each of these in the order
/// in which they were asked for, so that an earlier one that is under way holds back the later.
pub fn plan(facts: &Facts<'_>, packs: &Packs, now: Timestamp, patience: Patience) -> Step {
    let sends = facts.conversation.sends();
    let mut open: Vec<_> = sends.filter(|(_, send)| !send.status.is_final()).collect();
    open.sort_by_key(|(_, send)| (Class::of(&send.intent.actor), send.order));
    let mut wake = Wake(None);
    let mut ahead = Ahead::default();
    let mut to_look_up = None;
    for (id, send) in open {
        ahead.enter(Class::of(&send.intent.actor));
        match next(facts, packs, (id, send), now, patience) {
            Next::Do(outcome) => return Step::Settle(id.clone(), send.attempts, outcome),
            Next::End => return Step::Dispatch(id.clone()),
            // Resuming the Page is an event, after which its sends are looked at again.
            Next::Dispatch if facts.page.is_paused() => (),
            Next::Dispatch => match ahead.lets_pass(send, now) {
                None => return Step::Dispatch(id.clone()),
                Some(until) => wake.at(until),
            },
            Next::Busy(until) => {
                ahead.busy = ahead.busy.max(Some(until));
                wake.at(until);
            }
            Next::Doubtful { since, until } => {
                ahead.doubtful.push(since);
                wake.at(until);
            }
            Next::LookUp { since, until } => {
                ahead.doubtful.push(since);
                wake.at(until);
                to_look_up = to_look_up.or(Some((id, send.attempts, since)));
            }
            Next::Pass(until) => until.into_iter().for_each(|until| wake.at(until)),
        }
        // Whatever else is true of it, its time can come to an end.
        send.handling.expires_at.filter(|_| send.status.is_waiting()).into_iter().for_each(|end| wake.at(end));
    }
    match to_look_up {
        Some((id, attempt, since)) => Step::LookUp { send: id.clone(), attempt, since, until: wake.0 },
        None => wake.0.map_or(Step::Idle, Step::WaitUntil),
    }
}

/// When to look again: the earliest of all reasons.
struct Wake(Option<Timestamp>);

impl Wake {
    fn at(&mut self, at: Timestamp) {
        self.0 = Some(self.0.map_or(at, |wake| wake.min(at)));
    }
}

/// What goes before a send of the same class.
#[derive(Default)]
struct Ahead {
    class: Option<Class>,
    /// When a claim that somebody may be writing to the wire is called unknown at the latest.
    busy: Option<Timestamp>,
    /// Since when those wait that are tried again, or of which nobody knows.
    doubtful: Vec<Timestamp>,
}

impl Ahead {
    fn enter(&mut self, class: Class) {
        if self.class != Some(class) {
            *self = Self { class: Some(class), ..Self::default() };
        }
    }

    /// Until when a send waits for those before it; none: it waits no longer.
    fn lets_pass(&self, send: &Send, now: Timestamp) -> Option<Timestamp> {
        let held = self.doubtful.iter().map(|since| {
            let window = send.deadline().map(|end| end.since(*since).as_millis() / 2);
            let most = window.map_or(HOLD, |half| HOLD.min(Span::from_millis(half.max(0))));
            since.plus(most)
        });
        held.chain(self.busy).max().filter(|until| now < *until)
    }
}

enum Next {
    /// It can be claimed.
    Dispatch,
    /// Its time is over, which whoever claims it records.
    End,
    Do(Outcome),
    /// Somebody may be writing it to the wire, until then.
    Busy(Timestamp),
    /// Those behind wait a while from `since` on; look at this one again at `until`.
    Doubtful {
        since: Timestamp,
        until: Timestamp,
    },
    /// The same for one that is to be looked up: it is tried until then.
    LookUp {
        since: Timestamp,
        until: Timestamp,
    },
    /// Those behind need not wait; look at this one again then.
    Pass(Option<Timestamp>),
}

fn next(facts: &Facts<'_>, packs: &Packs, (id, send): (&SendId, &Send), now: Timestamp, patience: Patience) -> Next {
    if send.status.is_waiting() && send.handling.expires_at.is_some_and(|end| end <= now) {
        return Next::End;
    }
    match &send.status {
        Status::Accepted { not_before: Some(at) } if now < *at => Next::Pass(Some(*at)),
        Status::Accepted { .. } => Next::Dispatch,
        Status::Retrying { not_before, since } if now < *not_before => {
            Next::Doubtful { since: *since, until: *not_before }
        }
        Status::Retrying { .. } => Next::Dispatch,
        Status::Deferred { .. } => held(facts, packs, (id, send), now),
        Status::Dispatched { leave_by, .. } => {
            let overdue = patience.overdue(*leave_by);
            if now < overdue { Next::Busy(overdue) } else { Next::Do(Outcome::Unknown) }
        }
        Status::Unknown { since } => unknown(send, *since, now, patience),
        Status::Requested
        | Status::Blocked
        | Status::Cancelled
        | Status::Expired { .. }
        | Status::Sent { .. }
        | Status::Rejected { .. }
        | Status::Unresolved => Next::Pass(None),
    }
}

/// Nobody knows whether it is out. It is looked up soon after that, and once more before it is given up; tried again only
/// when it was looked up in vain.
fn unknown(send: &Send, since: Timestamp, now: Timestamp, patience: Patience) -> Next {
    let (look_at, end) = (patience.look_at(since, send.looked_up_at), patience.given_up(since));
    if now < look_at {
        return Next::Doubtful { since, until: look_at };
    }
    let last = if patience.look.is_some() { end.plus(LAST_LOOK) } else { end };
    let is_looked_up = send.looked_up_at.is_some_and(|at| now < end || end <= at);
    if !is_looked_up && now < last {
        return Next::LookUp { since, until: if now < end { end } else { last } };
    }
    if send.may_be_repeated() && (patience.look.is_none() || send.looked_up_at.is_some()) {
        Next::Do(Outcome::Again { not_before: now })
    } else {
        Next::Do(Outcome::Unresolved)
    }
}

/// What is held goes out as soon as it is allowed. When time alone allows it, the rules say.
fn held(facts: &Facts<'_>, packs: &Packs, (id, send): (&SendId, &Send), now: Timestamp) -> Next {
    if let Some(at) = send.handling.not_before.filter(|at| now < *at) {
        return Next::Pass(Some(at));
    }
    let decision = judge(packs, &facts.of_send(id), &send.intent, now);
    if decision.route().is_some() {
        return Next::Dispatch;
    }
    let after = |remedy: &Remedy| if let Remedy::After(at) = remedy { Some(*at) } else { None };
    Next::Pass(decision.remedies.iter().filter_map(after).filter(|at| now < *at).min())
}
