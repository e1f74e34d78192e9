//! A change of rules, tried on the past: every decision in the log is made once more by another pack, at its own moment
//! and on what was known then.

use crate::conversation::Conversation;
use crate::decision::{Decision, Intent, Purpose, Verdict};
use crate::evaluate::{Facts, evaluate};
use crate::event::{Event, Recorded, SendingKind};
use crate::id::{PageId, SendId};
use crate::pack::{Pack, Rule};
use crate::page::Page;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What another pack makes of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The same: allowed, or blocked.
    Same,
    /// It was allowed and would be blocked, for this rule first of all.
    ToBlock(Rule),
    /// It was blocked, for this rule first of all, and would be allowed.
    ToAllow(Rule),
}

/// One decision, made once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejudged {
    /// The send that was judged.
    pub send: SendId,
    /// What was wanted.
    pub purpose: Purpose,
    /// The broadcast that it belonged to.
    pub broadcast: Option<String>,
    /// When it was judged.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// The decision as the other pack makes it.
    pub decision: Decision,
}

/// One conversation's past, as it is gone through once more.
#[derive(Clone, Debug)]
pub struct Rehearsal<'a> {
    proposed: &'a Pack,
    page_id: PageId,
    state: Conversation,
}

impl<'a> Rehearsal<'a> {
    /// The past of one stream of this Page, from its beginning.
    pub fn new(proposed: &'a Pack, page_id: PageId) -> Self {
        Self { proposed, page_id, state: Conversation::default() }
    }

    /// The past from a state on.
    pub const fn from(proposed: &'a Pack, page_id: PageId, state: Conversation) -> Self {
        Self { proposed, page_id, state }
    }

    /// Goes one event further, and judges once more what was judged there. `page` is the Page's state at that moment.
    pub fn step(&mut self, recorded: Recorded<'_>, page: &Page) -> Option<Rejudged> {
        let rejudged = self.rejudge(recorded.event, page);
        self.state.evolve(recorded);
        rejudged
    }

    /// What is known after everything so far.
    pub const fn state(&self) -> &Conversation {
        &self.state
    }

    fn rejudge(&self, event: &Event, page: &Page) -> Option<Rejudged> {
        let Event::Sending(step) = event else { return None };
        let before = match &step.kind {
            SendingKind::Accepted { decision }
            | SendingKind::Blocked { decision }
            | SendingKind::Deferred { decision, .. }
            | SendingKind::Dispatched { decision, .. } => decision,
            SendingKind::Requested { .. }
            | SendingKind::Cancelled
            | SendingKind::Expired { .. }
            | SendingKind::Settled { .. }
            | SendingKind::Doubted => return None,
        };
        let intent: &Intent = &self.state.send(&step.send)?.intent;
        let facts = Facts::new(&self.page_id, page, &self.state).of_send(&step.send);
        let decision = evaluate(self.proposed, &facts, intent, before.at);
        Some(Rejudged {
            send: step.send.clone(),
            purpose: intent.purpose,
            broadcast: intent.broadcast.clone(),
            at: before.at,
            outcome: compare(before, &decision),
            decision,
        })
    }
}

fn compare(before: &Decision, after: &Decision) -> Outcome {
    let reason = |decision: &Decision| decision.reason().unwrap_or(Rule::WindowClosed);
    match (before.verdict, after.verdict) {
        (Verdict::Allowed(_), Verdict::Blocked) => Outcome::ToBlock(reason(after)),
        (Verdict::Blocked, Verdict::Allowed(_)) => Outcome::ToAllow(reason(before)),
        (Verdict::Allowed(_), Verdict::Allowed(_)) | (Verdict::Blocked, Verdict::Blocked) => Outcome::Same,
    }
}

/// How often each outcome was met, apart by Page, purpose and broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<(PageId, Purpose, Option<String>, Outcome), u64>,
}

impl Tally {
    /// Takes in one more.
    pub fn count(&mut self, rejudged: &Rejudged) {
        let page = rejudged.send.page().clone();
        let key = (page, rejudged.purpose, rejudged.broadcast.clone(), rejudged.outcome);
        *self.counts.entry(key).or_default() += 1;
    }

    /// Takes in all that another one counted.
    pub fn add(&mut self, other: Self) {
        for (key, n) in other.counts {
            *self.counts.entry(key).or_default() += n;
        }
    }

    /// Every count: Page, purpose, broadcast, outcome, and how often.
    pub fn all(&self) -> impl Iterator<Item = (&PageId, Purpose, Option<&str>, Outcome, u64)> {
        let counts = self.counts.iter();
        counts.map(|((page, purpose, broadcast, outcome), n)| (page, *purpose, broadcast.as_deref(), *outcome, *n))
    }

    /// How many decisions were looked at, would be blocked, and would be allowed.
    pub fn totals(&self) -> (u64, u64, u64) {
        let of = |is: fn(Outcome) -> bool| self.counts.iter().filter(|(key, _)| is(key.3)).map(|(_, n)| n).sum();
        let to_block = of(|outcome| matches!(outcome, Outcome::ToBlock(_)));
        let to_allow = of(|outcome| matches!(outcome, Outcome::ToAllow(_)));
        (of(|_| true), to_block, to_allow)
    }
}

#[cfg(test)]
mod tests;
