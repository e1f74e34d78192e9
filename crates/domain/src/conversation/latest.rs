//! The latest of a kind of fact, whatever the order and number of deliveries.

use crate::event::Inbound;
use crate::id::{FactId, RecordId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When something happened, and the record that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The time that counts.
    pub at: Timestamp,
    /// The record of the earliest delivery known.
    pub record: RecordId,
}

impl Fact {
    /// The earlier of two; of two at one moment, the one whose record was made first.
    pub fn earlier(self, other: Self) -> Self {
        if (other.at, other.record) < (self.at, self.record) { other } else { self }
    }

    /// The later of two; of two at one moment, the one whose record was made first, so that a second delivery of the
    /// same fact changes nothing.
    pub fn later(self, other: Self) -> Self {
        if (other.at, std::cmp::Reverse(other.record)) > (self.at, std::cmp::Reverse(self.record)) {
            other
        } else {
            self
        }
    }
}

/// The latest fact of a kind.
///
/// A fact that states a time ahead of ours counts from its receipt. Delivered again it would count from a later
/// receipt, and open more; so facts of that sort, rare as they are, are remembered one by one with their first time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    believed: Option<Fact>,
    ahead: BTreeMap<FactId, Fact>,
}

impl Latest {
    /// Takes in one delivery of a fact.
    pub fn see(&mut self, record: RecordId, inbound: &Inbound) {
        let fact = Fact { at: inbound.at(), record };
        if inbound.is_clamped() || self.ahead.contains_key(&inbound.fact) {
            let first = self.ahead.entry(inbound.fact).or_insert(fact);
            if (fact.at, fact.record) < (first.at, first.record) {
                *first = fact;
            }
        } else {
            self.believed = Some(self.believed.map_or(fact, |believed| believed.later(fact)));
        }
    }

    /// The latest fact seen.
    pub fn get(&self) -> Option<Fact> {
        self.believed.into_iter().chain(self.ahead.values().copied()).reduce(Fact::later)
    }
}
