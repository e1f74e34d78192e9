//! The work: following the log from the table's checkpoint, and storing what comes.

use crate::batch::Batch;
use crate::{Projection, Runner};
use event_log::{Checkpoint, LogError};
use service_kit::Backoff;
use sql::{Advance, Reached, SqlError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// After a batch that was not full, as many times as long as it took is left to the next one to gather: a transaction costs
/// as much as many rows, and everything else here needs the time more.
const RESTS: u32 = 4;
/// How long that is at most, and so how much later than it could a row may be there.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// Why following began anew.
enum End {
    /// Somebody else filled the table or dropped it.
    Superseded,
    Sql(SqlError),
    Log(LogError),
}

impl From<LogError> for End {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<SqlError> for End {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Superseded { .. } => Self::Superseded,
            SqlError::Unavailable(_) | SqlError::Unknown(_) | SqlError::Broken(_) => Self::Sql(error),
        }
    }
}

/// Where the table stands while it is followed, and when that was last written or looked at.
struct Place {
    reached: Checkpoint,
    /// The table was empty, and this is since when it is filled.
    filling_since: Option<Instant>,
    wrote_at: Instant,
    looked_at: Instant,
}

impl<P: Projection> Runner<P> {
    /// Follows for as long as the log makes sense.
    pub(crate) async fn work(&self) -> LogError {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            match self.follow(&mut backoff).await {
                End::Superseded => tracing::debug!(table = self.table(), "somebody else moved the checkpoint"),
                End::Sql(error) => self.failed(&error),
                End::Log(error @ LogError::Broken(_)) => return error,
                End::Log(error @ LogError::Unavailable(_)) => self.trouble.passing(&error),
            }
            sleep(backoff.next(self.ids.fraction())).await;
        }
    }

    async fn follow(&self, backoff: &mut Backoff) -> End {
        match self.try_follow(backoff).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn try_follow(&self, backoff: &mut Backoff) -> Result<std::convert::Infallible, End> {
        let mut place = self.place().await?;
        let mut follower = self.log.follow(self.projection.filter(), place.reached.clone()).await?;
        let mut batch = Batch::new(place.reached.clone(), self.pace.together);
        loop {
            let mut is_caught_up = batch.take(follower.next().await?);
            while !batch.is_full()
                && let Some(told) = follower.try_next()?
            {
                is_caught_up |= batch.take(told);
            }
            let is_due = is_caught_up || place.wrote_at.elapsed() >= self.pace.idle;
            if !batch.records.is_empty() || (is_due && !batch.moved(&place.reached).is_empty()) {
                let begun = Instant::now();
                self.store(&mut place, &batch).await?;
                if !batch.is_full() {
                    sleep(LONGEST_REST.min(begun.elapsed() * RESTS)).await;
                }
                batch.clear();
            } else if place.looked_at.elapsed() >= self.pace.look {
                self.look(&mut place).await?;
            }
            self.trouble.over();
            backoff.reset();
            if is_caught_up && let Some(since) = place.filling_since.take() {
                let (table, took) = (self.table(), since.elapsed());
                tracing::info!(table, "the table {table} is filled again, after {:.1} s", took.as_secs_f64());
            }
        }
    }

    /// Where the table stands. What belongs to another incarnation of the log is dropped.
    async fn place(&self) -> Result<Place, End> {
        let (table, incarnation) = (self.table(), self.log.identity().incarnation());
        let reached = match self.database.reached(table).await? {
            Some(reached) if reached.incarnation != incarnation => {
                tracing::warn!(
                    table,
                    kept = reached.incarnation,
                    log = incarnation,
                    "the log was restored, or is another one: the table {table} is dropped and filled from the beginning"
                );
                self.database.drop_derived(self.projection.derived()).await?;
                None
            }
            reached => reached,
        };
        let filling_since = reached.is_none().then(Instant::now);
        if filling_since.is_some() {
            self.gauges.begun();
            tracing::info!(table, "the table {table} is filled from the beginning of the log");
        }
        let reached = checkpoint(reached.as_ref(), incarnation);
        self.note_reached(&reached);
        let now = Instant::now();
        Ok(Place { reached, filling_since, wrote_at: now, looked_at: now })
    }

    /// Stores the effects of a batch and how far it reaches, all of it or nothing.
    async fn store(&self, place: &mut Place, batch: &Batch) -> Result<(), SqlError> {
        let (name, incarnation) = (self.table(), self.log.identity().incarnation());
        let mut transaction = self.database.begin().await?;
        self.projection.apply_all(&mut transaction, incarnation, &batch.records).await?;
        for (shard, to) in batch.moved(&place.reached) {
            let from = place.reached.position(shard);
            transaction.advance(Advance { name, incarnation, shard, from, to }).await?;
        }
        transaction.commit().await?;
        place.reached.clone_from(&batch.to);
        (place.wrote_at, place.looked_at) = (Instant::now(), Instant::now());
        self.note_reached(&place.reached);
        self.gauges.stored(batch.records.len());
        Ok(())
    }

    /// Whether the table still stands where it was left. Nobody else would say that it was dropped while nothing comes.
    async fn look(&self, place: &mut Place) -> Result<(), End> {
        place.looked_at = Instant::now();
        let (table, incarnation) = (self.table(), self.log.identity().incarnation());
        let reached = self.database.reached(table).await?;
        let is_ours = reached.as_ref().is_none_or(|reached| reached.incarnation == incarnation);
        let found = checkpoint(reached.as_ref(), incarnation);
        let n_shards = found.positions.len().max(place.reached.positions.len());
        let known = &place.reached;
        // What was told without being wanted is not stored at once, so only what was stored is compared.
        let is_same = (0..).take(n_shards).all(|shard| found.position(shard) == known.position(shard));
        if is_ours && is_same { Ok(()) } else { Err(End::Superseded) }
    }
}

/// A table's checkpoint in the log's words; the beginning when there is none.
pub(crate) fn checkpoint(reached: Option<&Reached>, incarnation: &str) -> Checkpoint {
    let mut checkpoint = Checkpoint { incarnation: incarnation.to_owned(), positions: Vec::new() };
    for (shard, position) in reached.iter().flat_map(|reached| &reached.positions) {
        checkpoint.advance(*shard, *position);
    }
    checkpoint
}
