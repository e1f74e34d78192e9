//! Following a log: records as they come, and word of how far it has got.

use crate::codec::Extent;
use crate::port::LogError;
use crate::record::{Checkpoint, Position, Stored, Unreadable};
use bytes::Bytes;
use domain::id::StreamId;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

/// How often a follower tells how far it has got when nothing matches.
pub(crate) const HEARTBEAT: std::time::Duration = std::time::Duration::from_millis(500);

/// The most items that a log hands over at a time: waking a follower for each would cost more than the item.
pub(crate) const TOGETHER: usize = 500;

/// How many times [`TOGETHER`] items wait between a log and a slow follower before the log waits too.
pub(crate) const BUFFER: usize = 3;

/// Items on their way to a follower, in order. After an error comes nothing more.
pub(crate) type Items = mpsc::Sender<Result<Batch, LogError>>;

/// Where they arrive.
pub(crate) type Inbox = mpsc::Receiver<Result<Batch, LogError>>;

/// One of them: what whoever passes over nothing cannot pass over is in its place in the order.
pub(crate) type Item = Result<Followed, Box<Unreadable>>;

/// What is handed over at a time: records as they are stored, then everything else.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) encoded: Encoded,
    pub(crate) told: Vec<Item>,
}

/// Records of one shard as they are stored. The follower decodes them: a record's many small parts, allocated by one
/// thread and dropped by another, would cost more than all the rest of the way.
#[derive(Debug)]
pub(crate) struct Encoded {
    shard: u16,
    /// All of them, one behind the other, each followed by its stream's name.
    bytes: Bytes,
    places: VecDeque<Place>,
    /// Where the next one begins.
    start: usize,
}

/// Where a record stands among the others.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) position: Position,
    /// Where it ends, and its stream's name begins.
    pub(crate) end: usize,
    /// Where that ends.
    pub(crate) name_end: usize,
}

impl Encoded {
    pub(crate) fn new(shard: u16, bytes: Bytes, places: VecDeque<Place>) -> Self {
        Self { shard, bytes, places, start: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn take(&mut self, extent: Extent) -> Option<Item> {
        let Place { position, end, name_end } = self.places.pop_front()?;
        let start = std::mem::replace(&mut self.start, name_end);
        let stream = || StreamId::parse(std::str::from_utf8(&self.bytes[end..name_end]).ok()?).ok();
        let stored = Stored::read((self.shard, position), self.bytes.slice(start..end), stream, extent);
        Some(stored.map(|stored| Followed::Record(Box::new(stored))))
    }
}

impl Default for Encoded {
    fn default() -> Self {
        Self::new(0, Bytes::new(), VecDeque::new())
    }
}

/// What a follower hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// One record.
    Record(Box<Stored>),
    /// Everything that was there when following began has been told. It comes once.
    CaughtUp(Checkpoint),
    /// Everything up to here has been told; comes at least every second, also when nothing matched.
    Checkpoint(Checkpoint),
}

/// A running subscription; dropping it ends it.
#[derive(Debug)]
pub struct Follower {
    items: Inbox,
    /// What has come and was not asked for yet: first these records, then the rest.
    encoded: Encoded,
    ready: VecDeque<Item>,
    extent: Extent,
    // Ends the task that feeds `items` when all followers that it feeds are dropped.
    _task: Arc<AbortOnDropHandle<()>>,
}

impl Follower {
    pub(crate) fn new(items: Inbox, task: JoinHandle<()>) -> Self {
        Self::sharing(items, Arc::new(AbortOnDropHandle::new(task)))
    }

    /// Several that one task feeds, which ends with the last of them.
    pub(crate) fn of_one_feed(inboxes: Vec<Inbox>, task: JoinHandle<()>) -> Vec<Self> {
        let task = Arc::new(AbortOnDropHandle::new(task));
        inboxes.into_iter().map(|items| Self::sharing(items, Arc::clone(&task))).collect()
    }

    fn sharing(items: Inbox, task: Arc<AbortOnDropHandle<()>>) -> Self {
        let (encoded, ready, extent) = (Encoded::default(), VecDeque::new(), Extent::Whole);
        Self { items, encoded, ready, extent, _task: task }
    }

    /// Lets what no judgement of a past needs be left out of the records that come: see [`crate::decode_to_judge`]. Their
    /// bytes are whole. A log that reads records before they are asked for leaves nothing out.
    #[must_use]
    pub fn for_judging(self) -> Self {
        Self { extent: Extent::ToJudge, ..self }
    }

    /// Waits for what comes next. After an error the follower has ended: begin again from the last checkpoint.
    ///
    /// # Errors
    /// When the log stopped answering or ended, or the next record cannot be read: whoever decides by the log must not
    /// go on without it.
    pub async fn next(&mut self) -> Result<Followed, LogError> {
        let next = self.next_or_unreadable().await?;
        self.readable(next)
    }

    /// The same, and a record that cannot be read does not end it: for those who look at the log and decide nothing by
    /// it.
    ///
    /// # Errors
    /// When the log stopped answering or ended.
    pub async fn next_or_unreadable(&mut self) -> Result<Result<Followed, Box<Unreadable>>, LogError> {
        loop {
            if let Some(item) = self.take() {
                return Ok(item);
            }
            let ended = || LogError::Unavailable("the follower has ended".into());
            let batch = self.items.recv().await.ok_or_else(ended)??;
            self.receive(batch);
        }
    }

    /// What has come already; none when nothing has, or when following has ended, which [`Self::next`] tells.
    ///
    /// # Errors
    /// As for [`Self::next`].
    pub fn try_next(&mut self) -> Result<Option<Followed>, LogError> {
        loop {
            if let Some(item) = self.take() {
                return self.readable(item).map(Some);
            }
            let Ok(batch) = self.items.try_recv() else { return Ok(None) };
            self.receive(batch?);
        }
    }

    fn take(&mut self) -> Option<Item> {
        self.encoded.take(self.extent).or_else(|| self.ready.pop_front())
    }

    fn receive(&mut self, batch: Batch) {
        (self.encoded, self.ready) = (batch.encoded, batch.told.into());
    }

    fn readable(&mut self, item: Item) -> Result<Followed, LogError> {
        item.map_err(|unreadable| {
            self.end();
            LogError::from(unreadable)
        })
    }

    /// Nothing comes behind a record that was not passed over.
    fn end(&mut self) {
        self.items.close();
        while self.items.try_recv().is_ok() {}
        (self.encoded, self.ready) = (Encoded::default(), VecDeque::new());
    }
}

/// Whether following can begin at `from` in a log whose head is `head`.
///
/// # Errors
/// When the checkpoint belongs to another incarnation, or lies ahead of the log's end.
pub(crate) fn check_start(from: &Checkpoint, head: &Checkpoint) -> Result<(), LogError> {
    if from.incarnation.is_empty() {
        return Ok(());
    }
    if from.incarnation != head.incarnation {
        let words = "the checkpoint belongs to another incarnation of the log, before it was restored, or to another log: \
                     begin anew without it";
        return Err(LogError::Broken(words.into()));
    }
    // Callers write checkpoints too, so there may be more positions than there can be shards.
    let reached = |shard: usize| head.positions.get(shard).copied().unwrap_or(0);
    let is_ahead = from.positions.iter().enumerate().any(|(shard, position)| *position > reached(shard));
    if is_ahead {
        let words = "the checkpoint lies ahead of the log, so the log has lost its end, as by being restored from a \
                     backup: stop every role, run `nuncio log restored --lost-after TIME`, and start again";
        return Err(LogError::Broken(words.into()));
    }
    Ok(())
}

/// Starts the task that feeds a follower, which ends it when it is dropped.
#[expect(clippy::disallowed_methods, reason = "the follower owns the task and ends it; no tracker could outlive it")]
pub(crate) fn spawn(feed: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(feed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_may_name_more_shards_than_there_can_be() {
        let head = Checkpoint { incarnation: "a1".to_owned(), positions: vec![7] };
        let mut from = Checkpoint { incarnation: "a1".to_owned(), positions: vec![0; 70_000] };
        assert!(check_start(&from, &head).is_ok());
        from.positions[69_999] = 1;
        assert!(matches!(check_start(&from, &head), Err(LogError::Broken(_))));
    }
}
