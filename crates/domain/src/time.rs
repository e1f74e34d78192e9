//! Moments and spans, in whole milliseconds.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `ms` milliseconds after the epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `span`, stopping at the ends of time instead of overflowing.
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to here; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in milliseconds; negative when it points back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// A span of `ms` milliseconds.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// A span of `seconds` seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// A span of `hours` hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self(hours.saturating_mul(3_600_000))
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

/// How far a sender's clock may run ahead of ours before its time is not believed.
pub const CLOCK_TOLERANCE: Span = Span::from_secs(5);

/// The time by which the rules count an event: the one the platform gave, unless that lies more than
/// [`CLOCK_TOLERANCE`] after we received it; then the time of receipt.
pub fn effective(stated: Timestamp, received: Timestamp) -> Timestamp {
    if is_ahead(stated, received) { received } else { stated }
}

/// Whether a stated time lies too far ahead of the time of receipt to be believed.
pub fn is_ahead(stated: Timestamp, received: Timestamp) -> bool {
    stated > received.plus(CLOCK_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_more_than_five_seconds_ahead_is_replaced_by_the_time_of_receipt() {
        let received = Timestamp::from_millis(1_000_000);
        for (stated_ms, counted_ms) in [(999_000, 999_000), (1_005_000, 1_005_000), (1_005_001, 1_000_000)] {
            let counted = effective(Timestamp::from_millis(stated_ms), received);
            assert_eq!(counted, Timestamp::from_millis(counted_ms));
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_time() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus(Span::from_hours(1)), end);
        assert_eq!(Timestamp::from_millis(i64::MIN).since(end), Span::from_millis(i64::MIN));
    }
}
