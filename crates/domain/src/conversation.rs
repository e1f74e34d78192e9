//! The state of one person's conversation with one Page, folded from its stream.
//!
//! The effect of every inbound fact is a maximum or the settling of a known send, so neither the order in which facts
//! arrive nor how often they come changes where the fold ends.
//!
//! The state is bounded: it forgets by rule, never by count.
//!
//! | what | how much of it | what lets it go |
//! | --- | --- | --- |
//! | person, watermarks, erasure, opt-outs, thread control | one of each | a later word replaces it; an erasure |
//! | openings | one fact a kind, and each fact stated ahead of its receipt | an erasure: told again, such a fact would open more |
//! | sends, and with each its request id and business key | those that have not ended, and those of the last days | the rule in `past` |
//! | moments of counted messages | those of 31 days | the longest span of a cap |
//! | one-time tokens, comments | those that any pack can let live | two years; 31 days |
//! | tokens for repeated messages | one for each that the person gave | an erasure: not all have an end that is told |
//! | requests to agree to something | those of 31 days | the longest span of a cap |

mod latest;
mod letting_go;
mod opening;
mod past;
mod reach;
mod rights;
#[cfg(test)]
mod tests;

pub(crate) use reach::BLOCKED;
pub use reach::{Control, Reach};
pub use rights::{OneTime, Repeated, Reply, Rights};

pub use latest::{Fact, Latest};
pub use opening::Opening;

use crate::event::{Consent, Echo, Erasing, ErasingKind, Event, Inbound, InboundKind, Outcome, Recorded};
use crate::event::{RightStepKind, SendingKind, Witness};
use crate::id::{BusinessKey, Mid, Psid, RequestId, SendId};
use crate::send::{Send, SettledBy, Status};
use crate::time::Timestamp;
use past::Past;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the fold and of the state's form: what was kept of a state is only read by the version that made it.
///
/// Raise it whenever the same history folds to another state than before, or the state is written in other bytes: a field
/// more, less, renamed or moved, also in what the state is made of. Every state is then folded from the log once more.
pub const REDUCER: u32 = 9;

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
    /// Each by itself: a map's smallest piece has room for eleven, and most conversations have one.
    sends: BTreeMap<SendId, Box<Send>>,
    requests: BTreeMap<RequestId, SendId>,
    /// The latest send that was to tell something, by its caller's name for that.
    keys: BTreeMap<BusinessKey, SendId>,
    /// The sends that were found in the platform's list of messages, by the message that each was found to be.
    found: BTreeMap<Mid, SendId>,
    /// How often anything was asked for: clocks may stand still or go back, the log's order does not.
    n_requested: u64,
    past: Past,
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
        if let Some(echo) = inbound.kind.echo() {
            self.echoed(echo, inbound.at());
        }
    }

    /// An echo settles the send that it names, and tells that its message is no other's.
    fn echoed(&mut self, echo: &Echo, at: Timestamp) {
        if let Some(mistaken) = self.found.get(&echo.mid).filter(|found| Some(*found) != echo.send.as_ref())
            && let Some(send) = self.sends.get_mut(mistaken)
        {
            send.was_mistaken(&echo.mid);
        }
        let Some(id) = &echo.send else { return };
        let Some(send) = self.sends.get_mut(id) else {
            self.past.echoed(id, at);
            self.rights.echoed(id, at);
            return;
        };
        send.went_out(&echo.mid, at, SettledBy::Echo);
        self.spend(id);
        self.let_go(id);
    }

    fn step(&mut self, step: &crate::event::Sending) {
        if let SendingKind::Requested { recipient, request, handling, .. } = &step.kind {
            self.rights.reach(step.at);
            self.reach.forget(step.at);
            if self.past.reach(step.at) {
                self.let_all_go();
            }
            if self.person.is_none() {
                self.person = Some(recipient.clone());
            }
            self.requests.entry(request.clone()).or_insert_with(|| step.send.clone());
            // The first request counts: a send that is under way or out must not begin anew.
            if let Some(send) = Send::requested(step, self.n_requested) {
                self.sends.entry(step.send.clone()).or_insert_with(|| Box::new(send));
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
            SendingKind::Settled { outcome: Outcome::Sent { mid }, .. } => {
                send.went_out(mid, step.at, SettledBy::Answer)
            }
            SendingKind::Settled { outcome: Outcome::Found { mid, at, by }, .. } => match by {
                Witness::Echo(_) => send.went_out(mid, *at, SettledBy::Echo),
                Witness::Listing => {
                    send.was_found(mid, *at);
                    self.found.insert(mid.clone(), step.send.clone());
                }
            },
            SendingKind::Settled { attempt, outcome } => send.settled(*attempt, outcome, step.at),
            SendingKind::Doubted => send.doubted(step.at),
        }
        if send.status != was {
            send.ended_at = (send.status.is_final() && send.status.sent().is_none()).then_some(step.at);
            self.reach.step(&step.send, send, step.at);
            if let SendingKind::Settled { outcome, .. } = &step.kind {
                self.reach.refused(outcome, step.at);
            }
        }
        self.spend(&step.send);
        self.let_go(&step.send);
    }

    /// Every send leaves that is not needed any more.
    fn let_all_go(&mut self) {
        let leaving: Vec<_> =
            self.sends.iter().filter(|(_, send)| self.past.lets_go(send)).map(|(id, _)| id.clone()).collect();
        if leaving.is_empty() {
            return;
        }
        for id in &leaving {
            if let Some(send) = self.sends.remove(id) {
                self.past.left(id, &send);
            }
        }
        self.requests.retain(|_, id| self.sends.contains_key(id));
        self.keys.retain(|_, id| self.sends.contains_key(id));
        self.found.retain(|_, id| self.sends.contains_key(id));
    }

    /// The send leaves, if it is not needed any more.
    fn let_go(&mut self, id: &SendId) {
        if self.sends.get(id).is_some_and(|send| self.past.lets_go(send)) {
            self.let_all_go();
        }
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

    /// Of the requests before this place, in the order in which they were made, sends may have left the state; 0 when
    /// none has.
    pub const fn floor(&self) -> u64 {
        self.past.floor()
    }

    /// When the messages of automation and broadcasts went out whose sends have left the state.
    pub(crate) fn counted(&self) -> impl Iterator<Item = Timestamp> {
        self.past.counted()
    }

    /// One send, unless it has left.
    pub fn send(&self, id: &SendId) -> Option<&Send> {
        self.sends.get(id).map(Box::as_ref)
    }

    /// Every send that has not left, by id.
    pub fn sends(&self) -> impl Iterator<Item = (&SendId, &Send)> {
        self.sends.iter().map(|(id, send)| (id, &**send))
    }

    /// How many sends have not left.
    pub fn n_sends(&self) -> usize {
        self.sends.len()
    }

    /// The send that was found to be this message in the platform's list.
    pub fn found_as(&self, mid: &Mid) -> Option<&SendId> {
        self.found.get(mid)
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
