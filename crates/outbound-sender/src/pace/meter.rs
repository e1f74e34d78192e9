//! Counts what left in the last while and what is about to: by when it was written, and by when it may have arrived.

use super::{LATEST, WINDOW};
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

/// The part of a limit by which a second of arrivals may pass it: the way may push messages together that left apart.
const TOLERATED: u32 = 20;

/// How many may arrive in a second in which so many may be written: a twentieth more, 42 for 40.
const fn tolerated(limit: u32) -> u32 {
    limit.saturating_add(limit / TOLERATED)
}

/// What counts for one limit.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// By when its first byte left.
    written: Moments,
    /// By the last moment at which it may have arrived, all ways being as much longer as the quickest takes.
    arrived: Moments,
    /// What may be written any moment.
    pending: HashSet<u64>,
}

impl Meter {
    /// One whose whole limit was used just now.
    pub(super) fn full(limit: u32, now: Duration) -> Self {
        Self { written: Moments::full(limit, now), arrived: Moments::full(tolerated(limit), now), ..Self::default() }
    }

    /// From when on there is room for one more, if what is pending is written before.
    pub(super) fn next(&mut self, limit: u32, now: Duration) -> Duration {
        let limit = limit.max(1);
        self.written.forget(now);
        self.arrived.forget(now);
        let from = self.written.turn(self.pending.len(), limit, now);
        from.max(self.arrived.turn(self.pending.len(), tolerated(limit), now))
    }

    /// When one more could be written that so many others go before, if each is written as soon as it may be. That some
    /// may arrive late can only put it off.
    pub(super) fn turn(&self, n_ahead: usize, limit: u32, now: Duration) -> Duration {
        self.written.turn(self.pending.len().saturating_add(n_ahead), limit.max(1), now)
    }

    /// Until when anything counts.
    pub(super) fn counts_until(&self) -> Duration {
        [&self.written, &self.arrived]
            .into_iter()
            .filter_map(Moments::last)
            .max()
            .map_or(Duration::ZERO, |at| at + WINDOW)
    }

    pub(super) fn begin(&mut self, permit: u64) {
        self.pending.insert(permit);
    }

    /// Until it is answered, it may arrive as late as is thought possible.
    pub(super) fn wrote(&mut self, permit: u64, at: Duration) {
        if self.pending.remove(&permit) {
            self.written.count(at);
            self.arrived.count(at + LATEST);
        }
    }

    /// What was written then has arrived at most so much later than by the quickest way, if it is counted at all.
    pub(super) fn answered(&mut self, at: Duration, late: Duration) {
        self.arrived.advance(at + LATEST, at + late);
    }

    /// What was not written leaves its room to another.
    pub(super) fn end(&mut self, permit: u64) {
        self.pending.remove(&permit);
    }
}

/// Moments in order, of which a window of time may hold so many.
#[derive(Debug, Default)]
struct Moments(VecDeque<Duration>);

impl Moments {
    fn full(limit: u32, now: Duration) -> Self {
        Self((0..limit).map(|_| now).collect())
    }

    /// Drops those that count no more.
    fn forget(&mut self, now: Duration) {
        while self.0.front().is_some_and(|at| *at + WINDOW <= now) {
            self.0.pop_front();
        }
    }

    /// When there is room for one more behind so many others, if each of them comes as soon as there is room for it.
    fn turn(&self, n_before: usize, limit: u32, now: Duration) -> Duration {
        let limit = limit as usize;
        // Each takes the room of the one that is a whole limit before it, a window after that one.
        let n_windows = u32::try_from(n_before / limit).unwrap_or(u32::MAX);
        let freed = (self.0.len() + n_before % limit).checked_sub(limit).and_then(|place| self.0.get(place));
        let first = freed.map_or(now, |at| now.max(*at + WINDOW));
        first.saturating_add(WINDOW.saturating_mul(n_windows))
    }

    fn last(&self) -> Option<Duration> {
        self.0.back().copied()
    }

    fn count(&mut self, at: Duration) {
        let place = self.0.partition_point(|known| *known <= at);
        self.0.insert(place, at);
    }

    /// One of the moments was an earlier one.
    fn advance(&mut self, from: Duration, to: Duration) {
        if let Ok(place) = self.0.binary_search(&from) {
            self.0.remove(place);
            self.count(to);
        }
    }
}
