//! Who does what only one may do at a time.
//!
//! The database's clock decides when a lease ends; its holder counts the term from before it asked, by a clock that runs
//! on while the process is stopped, and so stops first. Each taking gets a greater epoch. A holder that overslept is
//! refused by [`crate::Transaction::hold`], in the transaction that would have written.

mod table;

use std::time::Duration;

/// The database counts whole milliseconds, rounded down, so a term may be short by that much.
const ROUNDING: Duration = Duration::from_millis(1);

/// A lease that was had. It is over by itself when its time is, and nothing here knows whether it was taken since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    name: String,
    owner: String,
    epoch: u64,
    ends: Duration,
    is_after_a_lapse: bool,
}

/// An answer to who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// We do.
    Ours(Lease),
    /// Somebody does, or did until just now.
    Taken,
}

/// How far the holder of a lease has come with what it is to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Nobody holds the lease.
    Nobody,
    /// The holder has come this far; 0 when it has said nothing yet.
    At(u64),
}

impl Lease {
    /// A lease of `term` asked for when the process's clock showed `asked`.
    fn new(name: &str, owner: &str, epoch: u64, asked: Duration, term: Duration) -> Self {
        Self { name: name.to_owned(), owner: owner.to_owned(), epoch, ends: ends(asked, term), is_after_a_lapse: false }
    }

    /// The same, of which the holder before was not heard again.
    fn after_a_lapse(self) -> Self {
        Self { is_after_a_lapse: true, ..self }
    }

    /// Whether the holder before never gave it back: what it began may still be under way.
    pub const fn is_after_a_lapse(&self) -> bool {
        self.is_after_a_lapse
    }

    /// What is leased.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Grows with every taking: of two who believe to hold the lease, the greater is right.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How long nobody else can have it, by the clock it was asked by; zero when somebody may.
    pub const fn left(&self, now: Duration) -> Duration {
        self.ends.saturating_sub(now)
    }

    /// Whether nobody else can have it.
    pub fn is_held(&self, now: Duration) -> bool {
        !self.left(now).is_zero()
    }

    /// The same lease for another term. An answer that comes late does not shorten what an earlier one gave.
    fn renewed(mut self, asked: Duration, term: Duration) -> Self {
        self.ends = self.ends.max(ends(asked, term));
        self
    }
}

fn ends(asked: Duration, term: Duration) -> Duration {
    asked.saturating_add(term).saturating_sub(ROUNDING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_lease_is_counted_from_before_it_was_asked_for() {
        let lease = Lease::new("page/1001", "a", 7, ms(1_000), ms(500));
        assert!(lease.is_held(ms(1_498)));
        assert!(!lease.is_held(ms(1_499)));
        assert_eq!(lease.left(ms(9_000)), Duration::ZERO);
    }

    #[test]
    fn a_renewal_never_shortens_a_lease() {
        let lease = Lease::new("page/1001", "a", 7, ms(1_000), ms(500)).renewed(ms(1_200), ms(500));
        assert_eq!(lease.left(ms(1_200)), ms(499));
        assert_eq!(lease.clone().renewed(ms(1_100), ms(500)), lease);
    }

    proptest! {
        /// The database's clock, read in whole milliseconds, starts anywhere against ours.
        #[test]
        fn a_holder_stops_before_anybody_else_can_begin(
            offset_us in 0_u64..1_000_000, asked_us in 0_u64..1_000_000, way_us in 0_u64..50_000, term_ms in 2_u64..1_000
        ) {
            let granted_us = asked_us + way_us;
            let until_ms = (granted_us + offset_us) / 1_000 + term_ms;
            // The first moment, by our clock, at which the database lets somebody else take it.
            let free_us = (until_ms * 1_000).saturating_sub(offset_us);
            let lease = Lease::new("x", "a", 1, Duration::from_micros(asked_us), ms(term_ms));
            prop_assert!(!lease.is_held(Duration::from_micros(free_us)));
        }
    }
}
