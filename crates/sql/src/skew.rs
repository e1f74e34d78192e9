//! How far a process's clock is off the database's.

use domain::time::{Span, Timestamp};

/// How far this process's clock runs ahead of the database's, as far as one question can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// The least it can be, in milliseconds; below zero when we are behind.
    least_ms: i64,
    /// The most it can be.
    most_ms: i64,
}

impl Skew {
    /// What follows from a database that said `database` between our `asked` and `answered`. The database's clock is
    /// read in whole milliseconds, rounded down, and so is ours.
    pub const fn between(asked: Timestamp, database: Timestamp, answered: Timestamp) -> Self {
        let least = asked.since(database).as_millis().saturating_sub(1);
        let most = answered.since(database).as_millis().saturating_add(1);
        Self { least_ms: least, most_ms: most }
    }

    /// Whether the clocks are further apart than `limit` for certain. A slow answer proves nothing: ask again.
    pub const fn is_beyond(self, limit: Span) -> bool {
        self.least_ms > limit.as_millis() || self.most_ms < -limit.as_millis()
    }

    /// Whether the clocks are within `limit` for certain.
    pub const fn is_within(self, limit: Span) -> bool {
        self.most_ms <= limit.as_millis() && self.least_ms >= -limit.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: Span = Span::from_millis(250);

    fn skew(asked: i64, database: i64, answered: i64) -> Skew {
        let [asked, database, answered] = [asked, database, answered].map(Timestamp::from_millis);
        Skew::between(asked, database, answered)
    }

    #[test]
    fn a_quick_answer_tells_which_side_of_the_limit_it_is() {
        assert!(skew(10_000, 10_001, 10_002).is_within(LIMIT));
        assert!(skew(10_300, 10_001, 10_302).is_beyond(LIMIT));
        assert!(skew(10_000, 10_301, 10_002).is_beyond(LIMIT));
    }

    #[test]
    fn a_slow_answer_proves_neither() {
        let slow = skew(10_000, 10_500, 11_000);
        assert!(!slow.is_beyond(LIMIT) && !slow.is_within(LIMIT));
    }

    proptest! {
        #[test]
        fn what_is_said_of_the_clocks_is_true(
            offset in -1_000_i64..1_000, there_us in 0_i64..600_000, back_us in 0_i64..600_000, start_us in 0_i64..1_000_000
        ) {
            // Ours is ahead by `offset`; all clocks are read in whole milliseconds.
            let ms = |us: i64| us.div_euclid(1_000);
            let asked = ms(start_us) + offset;
            let database = ms(start_us + there_us);
            let answered = ms(start_us + there_us + back_us) + offset;
            let skew = skew(asked, database, answered);
            prop_assert!(!skew.is_beyond(LIMIT) || offset.abs() > LIMIT.as_millis());
            prop_assert!(!skew.is_within(LIMIT) || offset.abs() <= LIMIT.as_millis());
        }
    }
}
