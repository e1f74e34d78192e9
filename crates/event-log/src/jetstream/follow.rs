//! Following: one feed per shard, merged into one sequence with checkpoints over all.

mod feed;

use super::{JetStreamLog, subject};
use crate::follower::{BUFFER, Batch, Encoded, Followed, HEARTBEAT, Item, Items};
use crate::port::{Filter, LogError};
use crate::record::{Checkpoint, Position, Stored, Unreadable};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// What a shard's feed tells.
enum Told {
    Record(Box<Stored>),
    /// It stands there and cannot be read.
    Unreadable(Box<Unreadable>),
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
    items: Items,
) -> impl Future<Output = ()> + Send + 'static {
    let subjects = subject::wanted(&log.subject, &filter);
    let filter = Arc::new(filter);
    let mut reached = Checkpoint { incarnation: head.incarnation.clone(), positions: vec![0; log.shards.len()] };
    let (told, inbox) = mpsc::channel(BUFFER);
    let mut feeds = Vec::new();
    for shard in &log.shards {
        let from = from.position(shard.number);
        reached.advance(shard.number, from);
        let mut partitions = (0..log.identity.partitions()).filter(|it| log.identity.shard_of(*it) == shard.number);
        if !partitions.any(|partition| filter.wants_partition(partition)) {
            // Nothing in it is wanted, now or later.
            reached.advance(shard.number, head.position(shard.number));
            continue;
        }
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
    items: Items,
}

/// The follower is gone.
struct NobodyListens;

impl Merge {
    async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Vec<Told>>,
        mut feeds: JoinSet<Result<(), LogError>>,
    ) -> Result<(), NobodyListens> {
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut word = Vec::new();
        self.note_caught_up(&mut word);
        loop {
            if !word.is_empty() {
                self.tell(Ok(std::mem::take(&mut word))).await?;
            }
            tokio::select! {
                Some(told) = inbox.recv() => {
                    word.reserve(told.len());
                    for one in told {
                        self.take(one, &mut word);
                    }
                }
                _ = beat.tick() => word.push(Ok(Followed::Checkpoint(self.reached.clone()))),
                Some(ended) = feeds.join_next() => {
                    let outcome = ended.unwrap_or_else(|panic| Err(LogError::Broken(panic.into())));
                    let Err(error) = outcome else { return Ok(()) };
                    return self.tell(Err(error)).await;
                }
            }
        }
    }

    fn take(&mut self, told: Told, word: &mut Vec<Item>) {
        match told {
            Told::Record(stored) => {
                self.reached.advance(stored.shard, stored.position);
                word.push(Ok(Followed::Record(stored)));
            }
            Told::Unreadable(unreadable) => {
                self.reached.advance(unreadable.shard, unreadable.position);
                word.push(Err(unreadable));
            }
            Told::Reached(shard, position) => self.reached.advance(shard, position),
        }
        self.note_caught_up(word);
    }

    fn note_caught_up(&mut self, word: &mut Vec<Item>) {
        if self.has_caught_up {
            return;
        }
        if self.reached.positions.iter().zip(&self.head.positions).all(|(at, head)| at >= head) {
            self.has_caught_up = true;
            word.push(Ok(Followed::CaughtUp(self.reached.clone())));
        }
    }

    async fn tell(&self, items: Result<Vec<Item>, LogError>) -> Result<(), NobodyListens> {
        let batch = items.map(|told| Batch { encoded: Encoded::default(), told });
        self.items.send(batch).await.map_err(|_| NobodyListens)
    }
}
