//! The one source of random numbers: ids that sort by time, and jitter.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::{Builder, Uuid};

/// Makes ids. Clones draw from the same source; any thread may draw.
#[derive(Clone)]
pub struct Ids(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Ids {
    /// Ids nobody can foretell.
    pub fn random() -> Self {
        Self(Source::System)
    }

    /// The same ids in the same order for the same seed and the same times. For tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// A UUID of version 7: `now` in milliseconds, then random bits. Ids of different milliseconds sort by time; ids of
    /// the same millisecond in any order. A time before 1970 counts as 1970.
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let random_bytes: [u8; 10] = self.draw();
        Builder::from_unix_timestamp_millis(millis, &random_bytes).into_uuid()
    }

    /// A number from 0 up to, not including, 1: for jitter.
    pub fn fraction(&self) -> f64 {
        self.draw()
    }

    fn draw<T>(&self) -> T
    where
        rand::distr::StandardUniform: rand::distr::Distribution<T>,
    {
        match &self.0 {
            Source::System => rand::rng().random(),
            Source::Seeded(generator) => generator.lock().unwrap_or_else(PoisonError::into_inner).random(),
        }
    }
}

/// Shows which kind it is and nothing of its state, from which later ids could be foretold.
impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Ids::random",
            Source::Seeded(_) => "Ids::seeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw_three(ids: &Ids) -> Vec<Uuid> {
        (1..=3).map(|ms| ids.uuid_v7(Timestamp::from_millis(1_700_000_000_000 + ms))).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(draw_three(&Ids::seeded(7)), draw_three(&Ids::seeded(7)));
        assert_ne!(draw_three(&Ids::seeded(7)), draw_three(&Ids::seeded(8)));
        assert_ne!(draw_three(&Ids::random()), draw_three(&Ids::random()));
    }

    #[test]
    fn ids_are_version_seven_and_sort_by_time() {
        for ids in [Ids::seeded(1), Ids::random()] {
            let drawn = draw_three(&ids);
            assert!(drawn.is_sorted());
            assert!(drawn.iter().all(|id| id.get_version_num() == 7));
        }
    }

    #[test]
    fn ids_of_one_millisecond_differ_also_across_clones() {
        let ids = Ids::seeded(1);
        let now = Timestamp::from_millis(5);
        assert_ne!(ids.uuid_v7(now), ids.clone().uuid_v7(now));
    }

    #[test]
    fn a_fraction_lies_between_zero_and_one() {
        let ids = Ids::seeded(3);
        assert!((0..1_000).map(|_| ids.fraction()).all(|fraction| (0.0..1.0).contains(&fraction)));
    }
}
