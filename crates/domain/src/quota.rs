//! How many calls a Page has left: what counts, for how long, who may use how much of it, and when more is free. The
//! platform gives a Page so many calls in 24 hours for each person to whom it can write (its page on rate limits).
//!
//! Calls are counted in buckets, and a bucket counts until the last call that it may hold would not count any more. So a
//! Page is never thought to have more left than it has.

mod engaged;
#[cfg(test)]
mod tests;

pub use engaged::{Engaged, Means, engaged};

use crate::send::Class;
use crate::time::{Span, Timestamp};
use std::collections::BTreeMap;

/// How finely something is counted, and for how long it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    bucket: Span,
    counted: Span,
}

/// Calls of a Page. They count for half an hour longer than the 24 hours that the platform names: it does not say in which
/// steps it forgets, and what it refuses costs a pause.
pub const CALLS: Steps = Steps { bucket: Span::from_secs(600), counted: Span::from_secs(24 * 3_600 + 1_800) };

/// Answers to comments in private. The platform counts an hour, whose moments it may round.
pub const REPLIES: Steps = Steps { bucket: Span::from_secs(60), counted: Span::from_secs(3_601) };

impl Steps {
    /// The first moment of the bucket that a moment is in.
    pub const fn bucket(self, at: Timestamp) -> Timestamp {
        let (at_ms, bucket_ms) = (at.as_millis(), self.bucket.as_millis());
        Timestamp::from_millis(at_ms.saturating_sub(at_ms.rem_euclid(bucket_ms)))
    }

    /// The first moment at which nothing counts any more that is in the bucket which begins at this moment.
    pub const fn end(self, bucket: Timestamp) -> Timestamp {
        bucket.plus(Span::from_millis(self.bucket.as_millis() - 1)).plus(self.counted)
    }

    /// Whether a bucket ends at this moment. A moment of anything else does so once in as many milliseconds as a bucket has.
    pub const fn is_end(self, at: Timestamp) -> bool {
        let begun_ms = at.as_millis().saturating_sub(self.counted.as_millis()).saturating_add(1);
        begun_ms.rem_euclid(self.bucket.as_millis()) == 0
    }

    /// The first moment of the oldest bucket that may still count.
    pub const fn oldest(self, now: Timestamp) -> Timestamp {
        self.bucket(now.plus(Span::from_millis(-self.counted.as_millis())))
    }
}

/// What was used, by the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    steps: Steps,
    buckets: BTreeMap<Timestamp, u64>,
}

impl Used {
    /// Nothing yet.
    pub const fn new(steps: Steps) -> Self {
        Self { steps, buckets: BTreeMap::new() }
    }

    /// So much more was used at this moment.
    pub fn add(&mut self, at: Timestamp, n: u64) {
        *self.buckets.entry(self.steps.bucket(at)).or_default() += n;
    }

    /// One that was added with this moment was not used after all.
    pub fn take_back(&mut self, at: Timestamp) {
        if let Some(n) = self.buckets.get_mut(&self.steps.bucket(at)) {
            *n = n.saturating_sub(1);
        }
    }

    /// Forgets what does not count any more.
    pub fn forget(&mut self, now: Timestamp) {
        let steps = self.steps;
        self.buckets.retain(|bucket, _| now < steps.end(*bucket));
    }

    /// How much counts now.
    pub fn count(&self, now: Timestamp) -> u64 {
        self.counting(now).map(|(_, n)| n).sum()
    }

    /// What the bucket of this moment holds.
    pub fn at(&self, at: Timestamp) -> u64 {
        self.buckets.get(&self.steps.bucket(at)).copied().unwrap_or(0)
    }

    /// Whether nothing is known at all.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (bucket, n) in &other.buckets {
            both.add(*bucket, *n);
        }
        both
    }

    /// When `n` more fit into `most`, if nobody uses anything until then. What is more than all of it takes further turns.
    pub fn frees(&self, most: u64, n: u64, now: Timestamp) -> Timestamp {
        let most = most.max(1);
        let before = n.max(1) - 1;
        let (n_turns, n) = (before / most, before % most + 1);
        let mut left = self.count(now);
        let mut at = now;
        let mut counting = self.counting(now);
        while left.saturating_add(n) > most {
            let Some((bucket, gone)) = counting.next() else { break };
            left -= gone;
            at = self.steps.end(bucket);
        }
        let turns_ms = self.steps.counted.as_millis().saturating_mul(i64::try_from(n_turns).unwrap_or(i64::MAX));
        Timestamp::from_millis(at.as_millis().saturating_add(turns_ms))
    }

    fn counting(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, u64)> {
        let steps = self.steps;
        self.buckets.iter().map(|(bucket, n)| (*bucket, *n)).filter(move |(bucket, _)| now < steps.end(*bucket))
    }
}

/// What a Page has in 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The calls for each person.
    pub per_person: u32,
    /// To how many people the Page can write.
    pub people: u64,
}

/// A Page that can write to nobody has the calls of one person: it is still to be looked after, and to tell who wrote that
/// nobody could answer in time. With anybody there the number is the platform's.
const LEAST_PEOPLE: u64 = 1;

impl Quota {
    /// All calls.
    pub fn calls(self) -> u64 {
        u64::from(self.per_person.max(1)).saturating_mul(self.people.max(LEAST_PEOPLE))
    }

    /// How many of them may be used when this class has its turn. Who writes to many stops first, so that what is left goes
    /// to whoever answers: broadcasts at four fifths, since a fifth carries a day of answers at most Pages, and programs at
    /// nineteen twentieths, so that a person of the staff can always answer.
    pub fn share(self, class: Class) -> u64 {
        let percent = match class {
            Class::Person => 100,
            Class::Automation => 95,
            Class::Broadcast => 80,
        };
        let all = self.calls();
        // Split, so that nothing overflows.
        (all / 100 * percent + all % 100 * percent / 100).max(1)
    }
}
