//! Whether the table of people has all of the log. While it is filled anew it has too few of them, and nothing may be held up
//! for that.

use super::known::People;
use crate::Parts;
use event_log::BoxError;
use sql::Derived;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// For how long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(5);
/// How long it may take to be found out.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many records it may be behind, and count as having all: a few seconds of a log that grows as fast as it can.
const FEW: u64 = 20_000;

/// The latest answer, of this process.
#[derive(Debug, Default)]
pub(crate) struct Whole(Mutex<Option<(Instant, People)>>);

impl Parts {
    /// Whether all people are known. If that cannot be found out, some may lack.
    pub(super) async fn people(&self) -> People {
        let known = *self.whole.0.lock().expect("nothing panics while it holds the lock");
        if let Some((_, people)) = known.filter(|(at, _)| at.elapsed() < BELIEVED) {
            return people;
        }
        let n_behind = timeout(PATIENCE, self.n_behind()).await;
        let people = match n_behind {
            Ok(Ok(n)) if n <= FEW => People::Known,
            Ok(Ok(_) | Err(_)) | Err(_) => People::MayLack,
        };
        *self.whole.0.lock().expect("nothing panics while it holds the lock") = Some((Instant::now(), people));
        people
    }

    /// How many records of the log the table has yet to take in.
    async fn n_behind(&self) -> Result<u64, BoxError> {
        let head = self.log.head().await?;
        let reached = self.database.reached(Derived::Outbox.name()).await?;
        // Positions of another incarnation say nothing of this one.
        let reached = reached.filter(|reached| reached.incarnation == self.log.identity().incarnation());
        let taken_in = |shard| reached.as_ref().and_then(|reached| reached.positions.get(&shard)).copied().unwrap_or(0);
        let shards = (0..).zip(&head.positions);
        Ok(shards.map(|(shard, position)| position.saturating_sub(taken_in(shard))).sum())
    }
}
