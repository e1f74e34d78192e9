//! How fast one Page writes: never more than so many messages in any second, on whatever moments they fall.
//!
//! A message counts from the moment at which its first byte leaves; until then it counts as if it left now. So whatever
//! a worker does between being let through and writing, no sliding second holds more than the limit.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The span that is looked at. A little longer than the second that is promised: what leaves evenly arrives unevenly.
const WINDOW: Duration = Duration::from_millis(1_025);
/// The least part of its limit to which a Page is slowed, in hundredths.
const SLOWEST: u32 = 10;

/// How many messages a Page may write in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Of all kinds.
    pub(crate) all: u32,
    /// With audio or video.
    pub(crate) media: u32,
}

impl Limits {
    /// No limit at all.
    pub(crate) const NONE: Self = Self { all: u32::MAX, media: u32::MAX };
}

/// One Page's pace. Clones are the same pace.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    all: Meter,
    media: Meter,
    /// Nothing leaves before this.
    paused_until: Duration,
    media_paused_until: Duration,
    /// The part of the limit that is used, in hundredths.
    percent: u32,
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
        let full = |limit: u32| Meter { written: (0..limit).map(|_| now).collect(), pending: HashSet::new() };
        let (all, media) = (full(limits.all), full(limits.media));
        Self::with(State {
            all,
            media,
            paused_until: Duration::ZERO,
            media_paused_until: Duration::ZERO,
            percent: 100,
            next: 0,
        })
    }

    /// A pace with the whole limit before it, where nobody wrote for a while.
    pub(crate) fn fresh() -> Self {
        let (all, media) = (Meter::default(), Meter::default());
        Self::with(State {
            all,
            media,
            paused_until: Duration::ZERO,
            media_paused_until: Duration::ZERO,
            percent: 100,
            next: 0,
        })
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
        let limit = (limits.all.saturating_mul(state.percent) / 100).max(1);
        if let Some(until) = state.all.full_until(limit, now) {
            return Err(until);
        }
        let number = state.next;
        state.next += 1;
        state.all.pending.insert(number);
        Ok(Permit { pace: self.clone(), number })
    }

    fn pause(&self, until: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl Permit {
    /// Makes it a leave for audio or video as well, or says when to ask again.
    pub(crate) fn for_media(&self, limits: Limits, now: Duration) -> Result<(), Duration> {
        let mut state = self.pace.state();
        if now < state.media_paused_until {
            return Err(state.media_paused_until);
        }
        if let Some(until) = state.media.full_until(limits.media, now) {
            return Err(until);
        }
        state.media.pending.insert(self.number);
        Ok(())
    }

    /// Nothing more leaves before this moment: the platform said so.
    pub(crate) fn pause(&self, until: Duration) {
        self.pace.pause(until);
    }

    /// Audio and video leave no more before this moment.
    pub(crate) fn pause_media(&self, until: Duration) {
        let mut state = self.pace.state();
        state.media_paused_until = state.media_paused_until.max(until);
    }

    /// Uses this part of the Page's limit from now on, in hundredths.
    pub(crate) fn slow_to(&self, percent: u32) {
        self.pace.state().percent = percent.clamp(SLOWEST, 100);
    }

    /// The first byte leaves now.
    pub(crate) fn wrote(&self, at: Duration) {
        let mut state = self.pace.state();
        state.all.wrote(self.number, at);
        state.media.wrote(self.number, at);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.all.pending.remove(&self.number);
        state.media.pending.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { all: 40, media: 10 };

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
    fn audio_and_video_have_a_limit_of_their_own() {
        let pace = Pace::fresh();
        let media: Vec<_> = (0..10).map(|_| pace.permit(LIMITS, ms(1)).unwrap()).collect();
        assert!(media.iter().all(|permit| permit.for_media(LIMITS, ms(1)).is_ok()));
        let eleventh = pace.permit(LIMITS, ms(1)).unwrap();
        assert_eq!(eleventh.for_media(LIMITS, ms(1)), Err(ms(1) + WINDOW));
        drop(media);
        assert!(eleventh.for_media(LIMITS, ms(1)).is_ok());
    }

    #[test]
    fn a_page_that_is_slowed_uses_a_part_of_its_limit_and_a_paused_one_nothing() {
        let pace = Pace::fresh();
        pace.permit(LIMITS, ms(0)).unwrap().slow_to(50);
        let permits: Vec<_> = (0..40).filter_map(|_| pace.permit(LIMITS, ms(1)).ok()).collect();
        assert_eq!(permits.len(), 20);
        permits[0].slow_to(100);
        permits[0].pause(ms(700));
        assert_eq!(pace.permit(LIMITS, ms(699)).unwrap_err(), ms(700));
        assert!(pace.permit(LIMITS, ms(700)).is_ok());
    }
}
