//! One shard's feed: a consumer that is made anew, from the last position told, whenever anything is doubtful.
//!
//! A consumer may live on a replica that lags, so its word that nothing is pending is not taken. That nothing wanted
//! lies before a position is confirmed by the stream's leader, and the same question finds a consumer that stalls.

use super::Told;
use crate::follower::HEARTBEAT;
use crate::jetstream::shard::{Delivery, PAGE, Raw, Shard, delivery, may_be_settling};
use crate::jetstream::unavailable;
use crate::partition::partition_of;
use crate::port::{BoxError, Filter, LogError};
use crate::record::Position;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::Consumer;
use async_nats::jetstream::consumer::pull::{Batch, Config};
use futures_util::{FutureExt as _, StreamExt as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

/// How long the server holds a request for records open. Short, since the client notices only some seconds after its
/// end that a request was lost.
const REQUEST_LIFE: Duration = Duration::from_secs(3);

/// How long a record may wait at the leader without reaching us before the consumer is made anew.
const STALL: Duration = Duration::from_secs(2);

/// For how long a shard that does not answer is tried again. Electing a leader takes some six seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// One shard's feed.
pub(super) struct Feed {
    pub(super) shard: Shard,
    /// They hold at least all that is wanted.
    pub(super) subjects: Vec<String>,
    pub(super) filter: Arc<Filter>,
    /// Everything wanted up to here has been told.
    pub(super) reached: Position,
    /// Where the shard ended when following began.
    pub(super) head: Position,
    pub(super) told: mpsc::Sender<Vec<Told>>,
}

/// Why a consumer was given up.
enum End {
    /// Nobody listens any more.
    Unheard,
    /// Going on with a new one repairs it.
    Doubtful(&'static str),
    Failed(LogError),
}

impl From<LogError> for End {
    fn from(error: LogError) -> Self {
        Self::Failed(error)
    }
}

/// How far gathering got.
enum Gathered {
    /// Everything that one request brings.
    All,
    /// All that the consumer had to hand out.
    Last,
    /// All that has come so far.
    Some,
}

/// A record that the leader holds and that has not reached us.
struct Awaited {
    position: Position,
    since: Instant,
}

impl Feed {
    /// Feeds until nobody listens, or the shard has not answered for too long.
    pub(super) async fn run(mut self) -> Result<(), LogError> {
        let mut failing_since = None;
        loop {
            let (began, before) = (Instant::now(), self.reached);
            // The server looks every message up by its subject if it has to filter, also by what they all fall under.
            let filtered = if self.filter.wants_every_subject() { Vec::new() } else { self.subjects.clone() };
            let end = match self.shard.consumer(filtered, self.reached).await {
                Ok(consumer) => self.consume(&consumer).await,
                Err(error) => End::Failed(error),
            };
            if self.reached > before || began.elapsed() >= PATIENCE {
                failing_since = None;
            }
            let failed_for = failing_since.get_or_insert_with(Instant::now).elapsed();
            let name = &self.shard.name;
            match end {
                End::Unheard => return Ok(()),
                End::Failed(error @ LogError::Broken(_)) => return Err(error),
                End::Failed(error @ LogError::Unavailable(_)) if failed_for >= PATIENCE => return Err(error),
                End::Failed(error @ LogError::Unavailable(_)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "following {name} is interrupted");
                }
                End::Doubtful(reason) => tracing::warn!("following {name} begins anew: {reason}"),
            }
            if self.reached == before {
                sleep(PAUSE).await;
            }
        }
    }

    async fn consume(&mut self, consumer: &Consumer<Config>) -> End {
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let made_at = Instant::now();
        let mut delivered = 0;
        let mut awaited = None;
        loop {
            let batch = consumer.batch().max_messages(PAGE).expires(REQUEST_LIFE).messages().await;
            let outcome = match batch {
                Ok(batch) => self.batch(batch, &mut beat, &mut delivered, &mut awaited).await,
                Err(error) => Err(unavailable(error).into()),
            };
            match outcome {
                Ok(()) => (),
                Err(End::Failed(LogError::Unavailable(_))) if may_be_settling(made_at, delivered).await => (),
                Err(end) => return end,
            }
        }
    }

    /// Tells what one request brings, until it has ended.
    async fn batch(
        &mut self,
        mut batch: Batch,
        beat: &mut Interval,
        delivered: &mut u64,
        awaited: &mut Option<Awaited>,
    ) -> Result<(), End> {
        let mut told_at_beat = self.reached;
        loop {
            tokio::select! {
                message = batch.next() => {
                    let mut told = Vec::new();
                    let gathered = self.gather(message, &mut batch, delivered, &mut told);
                    // Also before an error: what was gathered counts as reached.
                    if !told.is_empty() {
                        self.told.send(told).await.map_err(|_| End::Unheard)?;
                    }
                    match gathered? {
                        Gathered::All => return Ok(()),
                        // The first to have everything needs no beat to say so.
                        Gathered::Last if self.reached < self.head => self.confirm(awaited).await?,
                        Gathered::Last | Gathered::Some => (),
                    }
                }
                _ = beat.tick() => {
                    // Records that come move the position by themselves.
                    if self.reached == told_at_beat {
                        self.confirm(awaited).await?;
                    }
                    told_at_beat = self.reached;
                }
            }
        }
    }

    /// Takes a message and those behind it that have come already.
    fn gather(
        &mut self,
        first: Option<Result<Message, BoxError>>,
        batch: &mut Batch,
        delivered: &mut u64,
        told: &mut Vec<Told>,
    ) -> Result<Gathered, End> {
        let mut next = first;
        loop {
            let Some(message) = next else { return Ok(Gathered::All) };
            let Delivery { raw, sequence, is_last } = delivery(&message.map_err(unavailable)?)?;
            *delivered += 1;
            if sequence != *delivered {
                return Err(End::Doubtful("a record was lost on the way"));
            }
            told.extend(self.take(&raw));
            if is_last {
                return Ok(Gathered::Last);
            }
            if told.len() >= PAGE {
                return Ok(Gathered::Some);
            }
            match batch.next().now_or_never() {
                Some(ready) => next = ready,
                None => return Ok(Gathered::Some),
            }
        }
    }

    fn take(&mut self, raw: &Raw) -> Option<Told> {
        if raw.position <= self.reached {
            return None;
        }
        self.reached = raw.position;
        Some(match self.shard.stored(raw) {
            Err(unreadable) => Told::Unreadable(unreadable),
            Ok(stored) => {
                let stream = &stored.record.stream;
                if self.filter.matches(stream, partition_of(stream)) {
                    Told::Record(Box::new(stored))
                } else {
                    Told::Reached(self.shard.number, raw.position)
                }
            }
        })
    }

    /// Moves on to the shard's end if the leader holds nothing wanted before it that has not been told.
    async fn confirm(&mut self, awaited: &mut Option<Awaited>) -> Result<(), End> {
        // The end first: what comes after it is for the next time.
        let head = self.shard.head().await?;
        if head <= self.reached {
            return Ok(());
        }
        let mut next = None;
        for subject in &self.subjects {
            let found = self.shard.next_of(subject, self.reached + 1).await?.map(|raw| raw.position);
            next = [next, found].into_iter().flatten().min();
        }
        let Some(position) = next else {
            *awaited = None;
            self.reached = head;
            let told = vec![Told::Reached(self.shard.number, head)];
            return self.told.send(told).await.map_err(|_| End::Unheard);
        };
        match awaited {
            Some(waiting) if waiting.position == position && waiting.since.elapsed() >= STALL => {
                Err(End::Doubtful("records are pending and none came for two seconds"))
            }
            Some(waiting) if waiting.position == position => Ok(()),
            _ => {
                *awaited = Some(Awaited { position, since: Instant::now() });
                Ok(())
            }
        }
    }
}
