//! Following: one feed per shard, merged into one sequence with checkpoints over all.

mod feed;

use super::{JetStreamLog, subject};
use crate::follower::{BUFFER, Followed, HEARTBEAT};
use crate::port::{Filter, LogError};
use crate::record::{Checkpoint, Position, Stored};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// What a shard's feed tells.
enum Told {
    Record(Box<Stored>),
    /// Nothing that is wanted lies between what was told before and here.
    Reached(u16, Position),
}

/// Tells `items` everything behind `from`, until it ends in an error or nobody listens. `head` is where the log
/// ended when following began.
pub(super) fn feed(
    log: &JetStreamLog,
    filter: Filter,
    from: Checkpoint,
    head: Checkpoint,
    items: mpsc::Sender<Result<Followed, LogError>>,
) -> impl Future<Output = ()> + Send + 'static {
    let subjects = subject::wanted(&log.subject, &filter);
    let filter = Arc::new(filter);
    let mut reached = Checkpoint { incarnation: head.incarnation.clone(), positions: vec![0; log.shards.len()] };
    let (told, inbox) = mpsc::channel(BUFFER);
    let mut feeds = Vec::new();
    for shard in &log.shards {
        let from = from.position(shard.number);
        reached.advance(shard.number, from);
        feeds.push(feed::Feed {
            shard: shard.clone(),
            subjects: subjects.clone(),
            filter: Arc::clone(&filter),
            reached: from,
            head: head.position(shard.number),
            told: told.clone(),
        });
    }
    async move {
        // Dropped with this future, which ends them all.
        let mut running = JoinSet::new();
        for feed in feeds {
            running.spawn(feed.run());
        }
        let merge = Merge { reached, head, has_caught_up: false, items };
        // When nobody listens any more there is nobody to tell.
        merge.run(inbox, running).await.ok();
    }
}

struct Merge {
    reached: Checkpoint,
    head: Checkpoint,
    has_caught_up: bool,
    items: mpsc::Sender<Result<Followed, LogError>>,
}

/// The follower is gone.
struct NobodyListens;

impl Merge {
    async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Told>,
        mut feeds: JoinSet<Result<(), LogError>>,
    ) -> Result<(), NobodyListens> {
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.note_caught_up().await?;
        loop {
            tokio::select! {
                Some(told) = inbox.recv() => {
                    match told {
                        Told::Record(stored) => {
                            self.reached.advance(stored.shard, stored.position);
                            self.tell(Ok(Followed::Record(stored))).await?;
                        }
                        Told::Reached(shard, position) => self.reached.advance(shard, position),
                    }
                    self.note_caught_up().await?;
                }
                _ = beat.tick() => self.tell(Ok(Followed::Checkpoint(self.reached.clone()))).await?,
                Some(ended) = feeds.join_next() => {
                    let outcome = ended.unwrap_or_else(|panic| Err(LogError::Broken(panic.into())));
                    let Err(error) = outcome else { return Ok(()) };
                    return self.tell(Err(error)).await;
                }
            }
        }
    }

    async fn note_caught_up(&mut self) -> Result<(), NobodyListens> {
        let is_there = self.reached.positions.iter().zip(&self.head.positions).all(|(at, head)| at >= head);
        if is_there && !self.has_caught_up {
            self.has_caught_up = true;
            self.tell(Ok(Followed::CaughtUp(self.reached.clone()))).await?;
        }
        Ok(())
    }

    async fn tell(&self, item: Result<Followed, LogError>) -> Result<(), NobodyListens> {
        self.items.send(item).await.map_err(|_| NobodyListens)
    }
}
