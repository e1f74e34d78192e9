//! A change of rules, tried on the past: every send in the log is judged once more by another pack, at its own moment and
//! on what was known then.
//!
//! A send is judged when it is asked for and again with each claim. What counts is its latest judgement in the range that is
//! asked about, once for each send: what finally became of it.

mod counts;

pub use counts::{MOST_SAMPLES, Samples, Tally};

use crate::conversation::Conversation;
use crate::decision::{Decision, Purpose, Verdict};
use crate::evaluate::{Facts, verdict};
use crate::event::{Event, InboundKind, Recorded, SendingKind};
use crate::id::{PageId, SendId};
use crate::pack::{Pack, Packs, Rule};
use crate::page::Page;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What another pack makes of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// The same: allowed, or blocked.
    Same,
    /// It was allowed and would be blocked, for this rule first of all.
    ToBlock(Rule),
    /// It was blocked, for this rule first of all, and would be allowed.
    ToAllow(Rule),
}

/// One send, judged once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejudged {
    /// The send.
    pub send: SendId,
    /// What was wanted.
    pub purpose: Purpose,
    /// The broadcast that it belonged to.
    pub broadcast: Option<String>,
    /// When it was judged, the latest time in the range.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// What the past is judged by.
#[derive(Clone, Debug)]
pub enum Proposed {
    /// One pack, whatever its dates.
    Pack(Box<Pack>),
    /// The packs that are in force, each at its own time, with the Pages' pins and own values.
    InForce(Box<Packs>),
}

impl Proposed {
    /// The pack by which something of this moment is judged.
    pub fn at(&self, page: &PageId, moment: Timestamp) -> &Pack {
        match self {
            Self::Pack(pack) => pack,
            Self::InForce(packs) => packs.in_force_for(page, moment),
        }
    }
}

/// Which judgements are gone through, by their moments: from the first, up to and without the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first moment; none: the beginning.
    pub from: Option<Timestamp>,
    /// The first moment that is not in it; none: there is no end.
    pub to: Option<Timestamp>,
}

impl Range {
    /// Whether a moment lies in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.to.is_none_or(|to| moment < to)
    }
}

/// A judgement, as an event tells it.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// Of which send.
    pub send: &'a SendId,
    /// What it said.
    pub decision: &'a Decision,
    /// The revision of the Page's stream that it names as judged by. None: it names none.
    pub page_revision: Option<u64>,
}

impl<'a> Judgement<'a> {
    /// The judgement that an event tells, if it tells one.
    pub fn of(event: &'a Event) -> Option<Self> {
        let Event::Sending(step) = event else { return None };
        match &step.kind {
            SendingKind::Accepted { decision }
            | SendingKind::Blocked { decision }
            | SendingKind::Deferred { decision, .. } => Some(Self { send: &step.send, decision, page_revision: None }),
            SendingKind::Dispatched { decision, grounds, .. } => {
                let page_revision = Some(grounds.page_revision).filter(|revision| *revision > 0);
                Some(Self { send: &step.send, decision, page_revision })
            }
            SendingKind::Requested { .. }
            | SendingKind::Cancelled
            | SendingKind::Expired { .. }
            | SendingKind::Settled { .. }
            | SendingKind::Doubted => None,
        }
    }
}

/// What a send is judged by besides its stream, as it was at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The Page.
    pub page: &'a Page,
    /// The person's conversation, where the send lives in another stream.
    pub home: Option<&'a Conversation>,
}

/// One stream's past, as it is gone through once more. Sends that have ended are let go of where nothing else is judged by
/// them, so that a long past takes no more memory than a short one.
#[derive(Clone, Debug, Default)]
pub struct Rehearsal {
    state: Conversation,
    /// The sends that may be judged again, as they were judged last.
    open: Vec<Rejudged>,
}

impl Rehearsal {
    /// What is known after everything so far.
    pub const fn state(&self) -> &Conversation {
        &self.state
    }

    /// Makes a judgement once more, before its own event is taken in. It replaces what was made of the send before.
    /// Nothing when the log does not tell what was wanted.
    pub fn rejudge(&mut self, judgement: Judgement<'_>, proposed: &Proposed, around: Around<'_>) {
        let Judgement { send, decision, page_revision: _ } = judgement;
        let Some(known) = self.state.send(send) else { return };
        let (page_id, at) = (send.page(), decision.at);
        let mut facts = Facts::new(page_id, around.page, &self.state).of_send(send);
        facts.home = around.home;
        let again = verdict(proposed.at(page_id, at), &facts, &known.intent, at);
        let outcome = compare(decision, again);
        if let Some(open) = self.open.iter_mut().find(|open| open.send == *send) {
            (open.at, open.outcome) = (at, outcome);
            return;
        }
        let (purpose, broadcast) = (known.intent.purpose, known.intent.broadcast.clone());
        self.open.push(Rejudged { send: send.clone(), purpose, broadcast, at, outcome });
    }

    /// Goes one event further. Answers the send that ended with it, if it was judged.
    pub fn evolve(&mut self, recorded: Recorded<'_>) -> Option<Rejudged> {
        self.state.evolve(recorded);
        if !can_end(recorded.event) {
            return None;
        }
        let has_ended = |open: &Rejudged| self.state.send(&open.send).is_none_or(|send| send.status.is_final());
        let place = self.open.iter().position(has_ended);
        if let Some(send) = send_of(recorded.event) {
            self.state.let_go_early(send);
        }
        place.map(|place| self.open.swap_remove(place))
    }

    /// The sends that have not ended, as they were judged last.
    pub fn finish(self) -> Vec<Rejudged> {
        self.open
    }
}

/// Whether a send may have ended with this event.
fn can_end(event: &Event) -> bool {
    match event {
        Event::Sending(step) => match &step.kind {
            SendingKind::Blocked { .. }
            | SendingKind::Cancelled
            | SendingKind::Expired { .. }
            | SendingKind::Settled { .. } => true,
            SendingKind::Requested { .. }
            | SendingKind::Accepted { .. }
            | SendingKind::Deferred { .. }
            | SendingKind::Dispatched { .. }
            | SendingKind::Doubted => false,
        },
        Event::Inbound(inbound) => matches!(&inbound.kind, InboundKind::Echo(_)),
        Event::Erasing(_) => true,
        Event::Quarantined(_) | Event::System(_) | Event::Right(_) | Event::Consent(_) | Event::Page(_) => false,
    }
}

/// The send that an event may have ended.
fn send_of(event: &Event) -> Option<&SendId> {
    match event {
        Event::Sending(step) => Some(&step.send),
        Event::Inbound(inbound) => inbound.kind.echo()?.send.as_ref(),
        Event::Quarantined(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}

fn compare(before: &Decision, (after, reason): (Verdict, Option<Rule>)) -> Outcome {
    match (before.verdict, after) {
        (Verdict::Allowed(_), Verdict::Blocked) => Outcome::ToBlock(reason.unwrap_or(Rule::WindowClosed)),
        (Verdict::Blocked, Verdict::Allowed(_)) => Outcome::ToAllow(before.reason().unwrap_or(Rule::WindowClosed)),
        (Verdict::Allowed(_), Verdict::Allowed(_)) | (Verdict::Blocked, Verdict::Blocked) => Outcome::Same,
    }
}

#[cfg(test)]
mod tests;
