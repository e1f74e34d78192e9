//! Whether a person can and wants to be reached: by whom, since when not, and what they were asked.

use super::{Fact, Opening};
use crate::decision::ContentKind;
use crate::event::{Concern, Consent, ConsentKind, ControlStep, Inbound, InboundKind, Outcome};
use crate::id::{AppId, SendId};
use crate::send::{Send, Status};
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The platform's code for a person who does not receive from the Page: most have blocked it (error reference). It spoke
/// of the person before outcomes said what they speak of.
pub(crate) const BLOCKED: i64 = 551;
/// How long a request is remembered: packs cannot cap requests over a longer span.
const ASK_KEPT: Span = Span::from_hours(31 * 24);

/// Who has the thread, by the latest word on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    stated_at: Timestamp,
    /// The app that has it; none: nobody.
    pub owner: Option<AppId>,
    /// What says so.
    pub fact: Fact,
}

/// How the person's latest action came: to the app that has the thread, or to one that stands by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Heard {
    stated_at: Timestamp,
    /// Whether another app had the thread then.
    standby: bool,
    /// What says so.
    fact: Fact,
}

/// What the Page asked of the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    kind: ContentKind,
    at: Timestamp,
}

/// Whether a person can and wants to be reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    opted_out: Option<Timestamp>,
    opted_in: Option<Timestamp>,
    unavailable: Option<Timestamp>,
    control: Option<Control>,
    heard: Option<Heard>,
    asked: BTreeMap<SendId, Asked>,
}

impl Reach {
    /// When the person asked for no more messages, unless they asked for them again later.
    pub fn opted_out(&self) -> Option<Timestamp> {
        self.opted_out.filter(|out| Some(*out) >= self.opted_in)
    }

    /// When the platform last said that the person cannot be reached.
    pub const fn unavailable(&self) -> Option<Timestamp> {
        self.unavailable
    }

    /// Whether another app than ours had the thread, by the latest word on it, and what says so. A change of control at the
    /// same moment counts more than how an action came.
    pub fn had_by_another(&self, ours: Option<&AppId>) -> Option<Fact> {
        let control = self.control.as_ref();
        let heard = self.heard.as_ref().filter(|heard| control.is_none_or(|told| told.stated_at < heard.stated_at));
        match (heard, control) {
            (Some(heard), _) => heard.standby.then_some(heard.fact),
            (None, Some(told)) => {
                told.owner.as_ref().zip(ours).filter(|(owner, ours)| owner != ours).map(|_| told.fact)
            }
            (None, None) => None,
        }
    }

    /// When the person was last asked for this, by a send other than this one.
    pub fn asked(&self, kind: &ContentKind, except: Option<&SendId>) -> Option<Timestamp> {
        let others = self.asked.iter().filter(|(send, asked)| asked.kind == *kind && Some(*send) != except);
        others.map(|(_, asked)| asked.at).max()
    }

    pub(super) fn hear(&mut self, fact: Fact, inbound: &Inbound) {
        // Opt-ins come to every app, whoever has the thread.
        if Opening::all_of(&inbound.kind).any(|opening| opening != Opening::OptIn) {
            self.hear_action(Heard { stated_at: inbound.stated_at, standby: inbound.standby, fact });
        }
        let InboundKind::ThreadControl(told) = &inbound.kind else { return };
        match told.step {
            ControlStep::Passed | ControlStep::Taken => (),
            ControlStep::Requested => return,
        }
        let new = Control { stated_at: inbound.stated_at, owner: told.to.clone(), fact };
        let Some(known) = &mut self.control else {
            self.control = Some(new);
            return;
        };
        let (latest, before) = ((new.stated_at, &new.owner), (known.stated_at, &known.owner));
        if latest > before {
            *known = new;
        } else if latest == before {
            known.fact = known.fact.earlier(fact);
        }
    }

    fn hear_action(&mut self, new: Heard) {
        let Some(known) = &mut self.heard else {
            self.heard = Some(new);
            return;
        };
        // What came both ways came to whoever has the thread.
        let (latest, before) = ((new.stated_at, !new.standby), (known.stated_at, !known.standby));
        if latest > before {
            *known = new;
        } else if latest == before {
            known.fact = known.fact.earlier(new.fact);
        }
    }

    pub(super) fn consent(&mut self, consent: Consent) {
        let latest = match consent.kind {
            ConsentKind::OptedOut => &mut self.opted_out,
            ConsentKind::OptedIn => &mut self.opted_in,
        };
        *latest = (*latest).max(Some(consent.at));
    }

    /// Whether this word of the person's, or a later one of its kind, is known.
    pub fn knows(&self, consent: Consent) -> bool {
        let latest = match consent.kind {
            ConsentKind::OptedOut => self.opted_out,
            ConsentKind::OptedIn => self.opted_in,
        };
        latest >= Some(consent.at)
    }

    /// Takes in that a send has come to another status.
    pub(super) fn step(&mut self, id: &SendId, send: &Send, at: Timestamp) {
        if send.intent.kind.ask().is_none() {
            return;
        }
        let asked = |at| Asked { kind: send.intent.kind.clone(), at };
        match send.status {
            // It counts from when it was promised: of two that wait, one is too many.
            Status::Accepted { .. } => {
                self.asked.entry(id.clone()).or_insert_with(|| asked(at));
            }
            Status::Sent { at, .. } => drop(self.asked.insert(id.clone(), asked(at))),
            Status::Blocked | Status::Cancelled | Status::Expired { .. } | Status::Rejected { .. } => {
                drop(self.asked.remove(id));
            }
            Status::Requested
            | Status::Retrying { .. }
            | Status::Deferred { .. }
            | Status::Dispatched { .. }
            | Status::Unknown { .. }
            | Status::Unresolved => (),
        }
    }

    /// Takes in that the platform said no, where that speaks of the person.
    pub(super) fn refused(&mut self, outcome: &Outcome, at: Timestamp) {
        let Outcome::Rejected { code, concern, .. } = outcome else { return };
        let is_of_the_person = match concern {
            Concern::Person => true,
            Concern::Message => *code == BLOCKED,
            Concern::Right => false,
        };
        if is_of_the_person {
            self.unavailable = self.unavailable.max(Some(at));
        }
    }

    /// Forgets requests that no cap looks at any more.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.asked.retain(|_, asked| asked.at.plus(ASK_KEPT) > now);
    }

    /// What is left of it when all that the person ever said is erased: their wish, which says nothing else of them.
    pub(super) fn erased(&self) -> Self {
        let (opted_out, opted_in) = (self.opted_out, self.opted_in);
        Self { opted_out, opted_in, ..Self::default() }
    }
}
