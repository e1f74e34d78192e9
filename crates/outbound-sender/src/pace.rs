//! How fast one Page writes: never more than so many messages in any second, on whatever moments they fall.
//!
//! A message counts from the moment at which its first byte leaves; until then it counts as if it left now. So whatever
//! a worker does between being let through and writing, no sliding second holds more than the limit.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The span that is looked at. A little longer than the second that is promised: what leaves evenly arrives unevenly.
const WINDOW: Duration = Duration::from_millis(1_025);

/// How many messages a Page may write in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Of all kinds.
    pub(crate) all: u32,
}

impl Limits {
    /// No limit at all.
    pub(crate) const NONE: Self = Self { all: u32::MAX };
}

/// One Page's pace. Clones are the same pace.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    all: Meter,
    /// Nothing leaves before this.
    paused_until: Duration,
    next: u64,
}

/// Counts what left in the last second, and what is about to.
#[derive(Debug, Default)]
struct Meter {
    written: VecDeque<Duration>,
    pending: HashSet<u64>,
}

impl Meter {
    /// When there is room for one more; none: now.
    fn full_until(&mut self, limit: u32, now: Duration) -> Option<Duration> {
        while self.written.front().is_some_and(|at| *at + WINDOW <= now) {
            self.written.pop_front();
        }
        let limit = limit.max(1) as usize;
        let n_used = self.written.len() + self.pending.len();
        if n_used < limit {
            return None;
        }
        // What is pending may be written now at the earliest, so it frees its room a whole window later.
        let freed = self.written.get(n_used - limit).copied().unwrap_or(now);
        Some(freed + WINDOW)
    }

    fn wrote(&mut self, permit: u64, at: Duration) {
        if self.pending.remove(&permit) {
            let place = self.written.partition_point(|known| *known <= at);
            self.written.insert(place, at);
        }
    }
}

/// The leave to write one message. Dropped without having been used, it leaves its room to another.
#[derive(Debug)]
pub(crate) struct Permit {
    pace: Pace,
    number: u64,
}

impl Pace {
    /// A pace that begins as if the whole limit had just been used: whoever wrote for the Page before may have.
    pub(crate) fn used_up(limits: Limits, now: Duration) -> Self {
        let all = Meter { written: (0..limits.all).map(|_| now).collect(), pending: HashSet::new() };
        Self::with(State { all, paused_until: Duration::ZERO, next: 0 })
    }

    /// A pace with the whole limit before it, where nobody wrote for a while.
    pub(crate) fn fresh() -> Self {
        Self::with(State { all: Meter::default(), paused_until: Duration::ZERO, next: 0 })
    }

    fn with(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Leave to write one message now, or when to ask again.
    pub(crate) fn permit(&self, limits: Limits, now: Duration) -> Result<Permit, Duration> {
        let mut state = self.state();
        if now < state.paused_until {
            return Err(state.paused_until);
        }
        if let Some(until) = state.all.full_until(limits.all, now) {
            return Err(until);
        }
        let number = state.next;
        state.next += 1;
        state.all.pending.insert(number);
        Ok(Permit { pace: self.clone(), number })
    }

    /// Nothing leaves before this moment: the platform said so.
    pub(crate) fn pause(&self, until: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl Permit {
    /// Nothing more leaves before this moment: the platform said so.
    pub(crate) fn pause(&self, until: Duration) {
        self.pace.pause(until);
    }

    /// The first byte leaves now.
    pub(crate) fn wrote(&self, at: Duration) {
        let mut state = self.pace.state();
        state.all.wrote(self.number, at);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.all.pending.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { all: 40 };

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// The most messages of any sliding second.
    fn most_in_a_second(written: &[Duration]) -> usize {
        let within = |from: &Duration| written.iter().filter(|at| (*from..*from + ms(1_000)).contains(*at)).count();
        written.iter().map(within).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_sliding_second_holds_more_than_the_limit_however_late_workers_write(
            steps in prop::collection::vec((0..30_u64, 0..400_u64, any::<bool>()), 1..400),
        ) {
            let pace = Pace::fresh();
            let (mut now, mut open, mut written): (_, Vec<(Duration, Permit)>, Vec<Duration>) =
                (ms(5_000), Vec::new(), Vec::new());
            for (pass, late, is_used) in steps {
                now += ms(pass);
                let due: Vec<_> = open.extract_if(.., |(at, _)| *at <= now).collect();
                for (at, permit) in due {
                    permit.wrote(at);
                    written.push(at);
                }
                if let Ok(permit) = pace.permit(LIMITS, now)
                    && is_used
                {
                    open.push((now + ms(late), permit));
                }
            }
            written.sort();
            prop_assert!(most_in_a_second(&written) <= 40);
        }
    }

    #[test]
    fn with_enough_to_do_nearly_the_whole_limit_is_used() {
        let pace = Pace::fresh();
        let mut written = Vec::new();
        let mut now = ms(0);
        while now < ms(60_000) {
            match pace.permit(LIMITS, now) {
                Ok(permit) => {
                    permit.wrote(now);
                    written.push(now);
                }
                Err(until) => now = until,
            }
        }
        assert!(written.len() * 100 > 60 * 40 * 95, "{} in a minute", written.len());
        assert!(most_in_a_second(&written) <= 40);
    }

    #[test]
    fn whoever_takes_a_page_over_waits_out_what_the_other_may_have_written() {
        let pace = Pace::used_up(LIMITS, ms(5_000));
        assert_eq!(pace.permit(LIMITS, ms(5_500)).unwrap_err(), ms(5_000) + WINDOW);
        assert!(pace.permit(LIMITS, ms(5_000) + WINDOW).is_ok());
    }

    #[test]
    fn nothing_leaves_while_the_platform_wants_a_pause() {
        let pace = Pace::fresh();
        pace.permit(LIMITS, ms(1)).unwrap().pause(ms(700));
        assert_eq!(pace.permit(LIMITS, ms(699)).unwrap_err(), ms(700));
        assert!(pace.permit(LIMITS, ms(700)).is_ok());
    }
}
