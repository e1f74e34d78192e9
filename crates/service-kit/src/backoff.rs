//! How long to wait before the next try.

use std::time::Duration;

/// Waits that double from the first to the longest, spread by jitter. Pure: the caller brings the randomness.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    step: Duration,
}

impl Backoff {
    /// Starts at `first` and never passes `most`.
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, step: first.min(most) }
    }

    /// The wait before the next try: between half of the step and the whole of it, as `jitter` (0 to 1, see
    /// [`crate::Ids::fraction`]) says. Half of it always remains, so that many callers cannot all draw nearly nothing.
    pub fn next(&mut self, jitter: f64) -> Duration {
        let half = self.step / 2;
        let wait = half + (self.step - half).mul_f64(jitter.clamp(0.0, 1.0));
        self.step = self.step.saturating_mul(2).min(self.most);
        wait
    }

    /// Begins again at the first step; to be called after a success.
    pub fn reset(&mut self) {
        self.step = self.first.min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        let waits: Vec<_> = (0..4).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 350, 350]);
        backoff.reset();
        assert_eq!(backoff.next(1.0), Duration::from_millis(100));
    }

    #[test]
    fn jitter_keeps_at_least_half_of_the_step() {
        let wait = |jitter| Backoff::new(Duration::from_secs(2), Duration::from_secs(9)).next(jitter);
        for (jitter, wait_ms) in [(0.0, 1_000), (0.5, 1_500), (1.0, 2_000), (-3.0, 1_000), (7.0, 2_000)] {
            assert_eq!(wait(jitter), Duration::from_millis(wait_ms));
        }
    }

    #[test]
    fn endless_tries_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::MAX);
        for _ in 0..200 {
            backoff.next(0.5);
        }
        assert!(backoff.next(0.0) >= Duration::MAX / 2);
    }
}
