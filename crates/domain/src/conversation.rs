//! The state of one person's conversation with one Page, folded from its stream.
//!
//! The effect of every inbound fact is a maximum or the settling of a known send, so neither the order in which facts
//! arrive nor how often they come changes where the fold ends.

mod latest;
mod letting_go;
mod opening;
mod reach;
mod rights;
#[cfg(test)]
mod tests;

pub(crate) use reach::UNAVAILABLE;
pub use reach::{Control, Reach};
pub use rights::{OneTime, Repeated, Reply, Rights};

pub use latest::{Fact, Latest};
pub use opening::Opening;

use crate::event::{Consent, Erasing, ErasingKind, Event, Inbound, InboundKind, Outcome, Recorded};
use crate::event::{RightStepKind, SendingKind};
use crate::id::{BusinessKey, Psid, RequestId, SendId};
use crate::send::{Send, Status};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the fold and of the state's form: what was kept of a state is only read by the version that made it.
///
/// Raise it whenever the same history folds to another state than before, or the state is written in other bytes: a field
/// more, less, renamed or moved, also in what the state is made of. Every state is then folded from the log once more.
pub const REDUCER: u32 = 6;

/// How far an erasure of the conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Everything stated up to this moment is erased, or is being erased.
    pub until: Timestamp,
    /// How many records were removed, once all of them are.
    pub n_removed: Option<u64>,
}

/// What is known of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    person: Option<Psid>,
    openings: BTreeMap<Opening, Latest>,
    delivered_to: Option<Timestamp>,
    read_to: Option<Timestamp>,
    sends: BTreeMap<SendId, Send>,
    requests: BTreeMap<RequestId, SendId>,
    /// The latest send that was to tell something, by its caller's name for that.
    keys: BTreeMap<BusinessKey, SendId>,
    /// How often anything was asked for: clocks may stand still or go back, the log's order does not.
    n_requested: u64,
    erasure: Option<Erasure>,
    rights: Rights,
    reach: Reach,
}

impl Conversation {
    /// The state after one more event. Total: it accepts every event ever written and checks nothing.
    pub fn evolve(&mut self, recorded: Recorded<'_>) {
        match recorded.event {
            Event::Inbound(inbound) => self.heard(recorded, inbound),
            Event::Sending(step) => self.step(step),
            Event::Erasing(step) => self.erase(step),
            Event::Right(step) => self.rights.step(&step.right, &step.send, step.at, step.kind),
            Event::Consent(consent) => self.reach.consent(*consent),
            // Bodies that nobody understood belong to no conversation, and what concerns a whole Page or the whole log
            // to none alone.
            Event::Quarantined(_) | Event::System(_) | Event::Page(_) => (),
        }
    }

    /// Folds a whole history.
    pub fn fold<'a>(history: impl IntoIterator<Item = Recorded<'a>>) -> Self {
        let mut state = Self::default();
        for recorded in history {
            state.evolve(recorded);
        }
        state
    }

    fn heard(&mut self, recorded: Recorded<'_>, inbound: &Inbound) {
        // What was erased stays erased, however late it is delivered again.
        if self.erasure.is_some_and(|erasure| inbound.at() <= erasure.until) {
            return;
        }
        if self.person.is_none() {
            self.person.clone_from(&inbound.person);
        }
        for opening in Opening::all_of(&inbound.kind) {
            self.openings.entry(opening).or_default().see(recorded.record, inbound);
        }
        let fact = Fact { at: inbound.at(), record: recorded.record };
        self.rights.hear(fact, inbound);
        self.reach.hear(fact, inbound);
        if let InboundKind::Delivered { watermark, .. } = &inbound.kind {
            self.delivered_to = self.delivered_to.max(Some(*watermark));
        }
        if let InboundKind::Read { watermark } = &inbound.kind {
            self.read_to = self.read_to.max(Some(*watermark));
        }
        if let Some(echo) = inbound.kind.echo()
            && let Some((id, send)) = echo.send.as_ref().and_then(|id| Some((id, self.sends.get_mut(id)?)))
        {
            send.went_out(&echo.mid, inbound.at());
            self.spend(&id.clone());
        }
    }

    fn step(&mut self, step: &crate::event::Sending) {
        if let SendingKind::Requested { recipient, request, handling, .. } = &step.kind {
            self.rights.reach(step.at);
            self.reach.forget(step.at);
            if self.person.is_none() {
                self.person = Some(recipient.clone());
            }
            self.requests.entry(request.clone()).or_insert_with(|| step.send.clone());
            // The first request counts: a send that is under way or out must not begin anew.
            if let Some(send) = Send::requested(step, self.n_requested) {
                self.sends.entry(step.send.clone()).or_insert(send);
            }
            if let Some(key) = &handling.key {
                self.keys.insert(key.clone(), step.send.clone());
            }
            self.n_requested += 1;
            return;
        }
        let Some(send) = self.sends.get_mut(&step.send) else { return };
        let was = send.status.clone();
        match &step.kind {
            SendingKind::Requested { .. } => (),
            SendingKind::Accepted { decision } => send.accepted(decision),
            SendingKind::Blocked { decision } => send.blocked(decision),
            SendingKind::Deferred { decision, expires_at: _ } => send.deferred(decision),
            SendingKind::Cancelled => send.dropped(Status::Cancelled),
            SendingKind::Expired { turn } => send.dropped(Status::Expired { turn: *turn }),
            SendingKind::Dispatched { attempt, claim, leave_by, decision, grounds: _ } => {
                send.dispatched(*attempt, *claim, *leave_by, decision);
            }
            SendingKind::Settled { outcome: Outcome::Sent { mid }, .. } => send.went_out(mid, step.at),
            SendingKind::Settled { attempt, outcome } => send.settled(*attempt, outcome, step.at),
            SendingKind::Doubted => send.doubted(step.at),
        }
        if send.status != was {
            self.reach.step(&step.send, send, step.at);
        }
        self.spend(&step.send);
    }

    /// A send that is out, or may be for ever, has used its right, whoever told of it.
    fn spend(&mut self, id: &SendId) {
        let Some(send) = self.sends.get(id) else { return };
        let Some(right) = send.decision.as_ref().and_then(|decision| decision.right.clone()) else { return };
        match &send.status {
            Status::Sent { at, .. } => self.rights.step(&right, id, *at, RightStepKind::Spent),
            Status::Unresolved => self.rights.step(&right, id, send.requested_at, RightStepKind::Spent),
            Status::Requested
            | Status::Accepted { .. }
            | Status::Retrying { .. }
            | Status::Deferred { .. }
            | Status::Blocked
            | Status::Cancelled
            | Status::Expired { .. }
            | Status::Dispatched { .. }
            | Status::Unknown { .. }
            | Status::Rejected { .. } => (),
        }
    }

    fn erase(&mut self, step: &Erasing) {
        match step.kind {
            ErasingKind::Begun { until } => {
                let until = self.erasure.map_or(until, |earlier| earlier.until.max(until));
                let reach = self.reach.erased();
                *self = Self { erasure: Some(Erasure { until, n_removed: None }), reach, ..Self::default() };
            }
            ErasingKind::Completed { until, n_removed } => {
                if let Some(erasure) = self.erasure.as_mut().filter(|erasure| erasure.until == until) {
                    erasure.n_removed = Some(n_removed);
                }
            }
        }
    }

    /// Whether this word of the person's says something new. One that was erased says nothing.
    pub fn is_news(&self, consent: Consent) -> bool {
        let is_erased = self.erasure.is_some_and(|erasure| consent.at <= erasure.until);
        !is_erased && !self.reach.knows(consent)
    }

    /// The latest erasure, if there was one.
    pub const fn erasure(&self) -> Option<Erasure> {
        self.erasure
    }

    /// Whether the person was erased and has not written since: nothing may be said to them.
    pub fn is_suppressed(&self) -> bool {
        self.erasure.is_some() && !self.openings.contains_key(&Opening::Message)
    }

    /// The person's PSID, once a fact or a send has named it.
    pub const fn person(&self) -> Option<&Psid> {
        self.person.as_ref()
    }

    /// The latest fact among these actions.
    pub fn last_opening(&self, openings: &[Opening]) -> Option<Fact> {
        let latest = openings.iter().filter_map(|opening| self.openings.get(opening)?.get());
        latest.reduce(Fact::later)
    }

    /// The rights that the person gave.
    pub const fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Whether the person can and wants to be reached, and by whom.
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Everything of the Page sent up to this moment has reached the person.
    pub const fn delivered_to(&self) -> Option<Timestamp> {
        self.delivered_to
    }

    /// The person has read everything of the Page up to this moment.
    pub const fn read_to(&self) -> Option<Timestamp> {
        self.read_to
    }

    /// One send.
    pub fn send(&self, id: &SendId) -> Option<&Send> {
        self.sends.get(id)
    }

    /// Every send, by id.
    pub fn sends(&self) -> impl Iterator<Item = (&SendId, &Send)> {
        self.sends.iter()
    }

    /// The latest send that was to tell what the caller calls so.
    pub fn send_of_key(&self, key: &BusinessKey) -> Option<(&SendId, &Send)> {
        let id = self.keys.get(key)?;
        Some((id, self.sends.get(id)?))
    }

    /// The send that a caller's request led to.
    pub fn send_of_request(&self, request: &RequestId) -> Option<(&SendId, &Send)> {
        let id = self.requests.get(request)?;
        Some((id, self.sends.get(id)?))
    }
}
