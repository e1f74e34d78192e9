//! The time of day and the time since boot, from the system or from a test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::time::{Span, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// Runs on while the process is stopped and while the machine sleeps, so a lease measured by it cannot be outslept.
#[cfg(target_os = "linux")]
const UPTIME: ClockId = ClockId::Boottime;
/// Elsewhere (macOS) the monotonic clock is the one that counts sleep.
#[cfg(not(target_os = "linux"))]
const UPTIME: ClockId = ClockId::Monotonic;

/// Where a process takes the time from. Clones share one source.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(ManualClock),
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until the second value moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let hands = Hands { now: start, uptime: Duration::ZERO };
        let manual = ManualClock(Arc::new(Mutex::new(hands)));
        (Self(Source::Manual(manual.clone())), manual)
    }

    /// The time of day in UTC. It may jump either way when the machine's clock is corrected.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(manual) => manual.hands().now,
        }
    }

    /// Time since some fixed moment, never going back: for leases and deadlines, comparable within one boot of one
    /// machine only. A manual clock's uptime follows its time forwards and starts at zero.
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Source::System => system_uptime(),
            Source::Manual(manual) => manual.hands().uptime,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that may read the machine's clock")]
fn system_now() -> Timestamp {
    let now = SystemTime::now();
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

fn system_uptime() -> Duration {
    let time = clock_gettime(UPTIME);
    let seconds = u64::try_from(time.tv_sec).expect("uptime is never negative");
    let nanos = u32::try_from(time.tv_nsec).expect("nanoseconds are below a thousand million");
    Duration::new(seconds, nanos)
}

/// Moves the [`Clock`] it was made with. Clones move the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    uptime: Duration,
}

impl ManualClock {
    /// Moves the time of day by `span`, and the uptime with it unless `span` points back.
    pub fn advance(&self, span: Span) {
        let mut hands = self.hands();
        let at = hands.now.plus(span);
        hands.move_to(at);
    }

    /// Sets the time of day. The uptime follows a move forwards and stands still on a move back.
    pub fn set(&self, at: Timestamp) {
        self.hands().move_to(at);
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    fn move_to(&mut self, at: Timestamp) {
        let forward_ms = u64::try_from(at.since(self.now).as_millis()).unwrap_or(0);
        self.uptime = self.uptime.saturating_add(Duration::from_millis(forward_ms));
        self.now = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_takes_its_clones_along() {
        let (clock, manual) = Clock::manual(Timestamp::from_millis(1_000));
        let clone = clock.clone();
        assert_eq!((clock.now(), clock.uptime()), (Timestamp::from_millis(1_000), Duration::ZERO));

        manual.advance(Span::from_secs(2));
        assert_eq!((clone.now(), clone.uptime()), (Timestamp::from_millis(3_000), Duration::from_secs(2)));

        manual.set(Timestamp::from_millis(10_000));
        assert_eq!((clock.now(), clock.uptime()), (Timestamp::from_millis(10_000), Duration::from_secs(9)));
    }

    #[test]
    fn uptime_does_not_go_back_with_the_time_of_day() {
        let (clock, manual) = Clock::manual(Timestamp::from_millis(60_000));
        manual.advance(Span::from_secs(5));
        manual.set(Timestamp::from_millis(0));
        assert_eq!((clock.now(), clock.uptime()), (Timestamp::from_millis(0), Duration::from_secs(5)));
    }

    #[test]
    fn the_system_clock_shows_this_century_and_a_running_uptime() {
        let clock = Clock::system();
        assert!(clock.now() > Timestamp::from_millis(1_700_000_000_000));
        let earlier = clock.uptime();
        assert!(earlier > Duration::ZERO && clock.uptime() >= earlier);
    }
}
