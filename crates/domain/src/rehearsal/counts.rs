//! What came out of a rehearsal: counts, and a few sends to look at. Both are the same however the past was divided.

use super::{Outcome, Rejudged};
use crate::decision::Purpose;
use crate::id::{PageId, SendId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many sends are kept to look at, of each outcome that is not the same.
pub const MOST_SAMPLES: usize = 5;

/// How often each outcome was met, apart by Page, purpose and broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Key, u64)>", into = "Vec<(Key, u64)>")]
pub struct Tally {
    counts: BTreeMap<Key, u64>,
}

type Key = (PageId, Purpose, Option<String>, Outcome);

impl From<Vec<(Key, u64)>> for Tally {
    fn from(rows: Vec<(Key, u64)>) -> Self {
        Self { counts: rows.into_iter().collect() }
    }
}

impl From<Tally> for Vec<(Key, u64)> {
    fn from(tally: Tally) -> Self {
        tally.counts.into_iter().collect()
    }
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

    /// How many sends were looked at, would be blocked, and would be allowed.
    pub fn totals(&self) -> (u64, u64, u64) {
        let of = |is: fn(Outcome) -> bool| self.counts.iter().filter(|(key, _)| is(key.3)).map(|(_, n)| n).sum();
        let to_block = of(|outcome| matches!(outcome, Outcome::ToBlock(_)));
        let to_allow = of(|outcome| matches!(outcome, Outcome::ToAllow(_)));
        (of(|_| true), to_block, to_allow)
    }
}

/// For each outcome that is not the same, the earliest sends by moment and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    kept: BTreeMap<Outcome, BTreeSet<Sample>>,
}

/// Ordered by moment, then by id.
type Sample = (Timestamp, SendId, Purpose, Option<String>);

impl Samples {
    /// Keeps this one if it is among the earliest of its outcome. Nothing when it is not; otherwise the one, if any, that
    /// is kept no longer for it.
    pub fn see(&mut self, rejudged: &Rejudged) -> Option<Option<SendId>> {
        if rejudged.outcome == Outcome::Same {
            return None;
        }
        let kept = self.kept.entry(rejudged.outcome).or_default();
        let is_early = kept.len() < MOST_SAMPLES
            || kept.last().is_some_and(|(at, send, ..)| (rejudged.at, &rejudged.send) < (*at, send));
        if !is_early {
            return None;
        }
        let Rejudged { send, purpose, broadcast, at, outcome: _ } = rejudged.clone();
        kept.insert((at, send, purpose, broadcast));
        let late = (kept.len() > MOST_SAMPLES).then(|| kept.pop_last()).flatten();
        Some(late.map(|(_, send, ..)| send))
    }

    /// Every one kept, by outcome, earliest first.
    pub fn all(&self) -> impl Iterator<Item = Rejudged> {
        self.kept.iter().flat_map(|(outcome, kept)| {
            kept.iter().map(|(at, send, purpose, broadcast)| Rejudged {
                send: send.clone(),
                purpose: *purpose,
                broadcast: broadcast.clone(),
                at: *at,
                outcome: *outcome,
            })
        })
    }
}
