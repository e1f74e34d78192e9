//! Following a log: records as they come, and word of how far it has got.

use crate::codec;
use crate::port::LogError;
use crate::record::{Checkpoint, Position, Stored, Unreadable};
use bytes::Bytes;
use std::collections::VecDeque;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// How often a follower tells how far it has got when nothing matches.
pub(crate) const HEARTBEAT: std::time::Duration = std::time::Duration::from_millis(500);

/// The most items that a log hands over at a time: waking a follower for each would cost more than the item.
pub(crate) const TOGETHER: usize = 500;

/// How many times [`TOGETHER`] items wait between a log and a slow follower before the log waits too.
pub(crate) const BUFFER: usize = 3;

/// Items on their way to a follower, in order. After an error comes nothing more.
pub(crate) type Items = mpsc::Sender<Result<Batch, LogError>>;

/// One of them. What cannot be read stands in its place.
pub(crate) type Item = Result<Followed, Box<Unreadable>>;

/// What is handed over at a time: records as they are stored, then everything else.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) encoded: Encoded,
    pub(crate) told: Vec<Item>,
}

/// Records of one shard as they are stored. The follower decodes them: a record's many small parts, allocated by one
/// thread and dropped by another, would cost more than all the rest of the way.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub(crate) shard: u16,
    /// All of them, one behind the other.
    pub(crate) bytes: Bytes,
    /// The position of each, and where it ends.
    pub(crate) ends: VecDeque<(Position, usize)>,
    /// Where the next one begins.
    pub(crate) start: usize,
}

impl Encoded {
    fn take(&mut self) -> Option<Item> {
        let (position, end) = self.ends.pop_front()?;
        let start = std::mem::replace(&mut self.start, end);
        let bytes = self.bytes.slice(start..end);
        let stream = |bytes: &[u8]| codec::stream_of(bytes);
        Some(Stored::decode(self.shard, position, bytes, stream).map(|stored| Followed::Record(Box::new(stored))))
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
    items: mpsc::Receiver<Result<Batch, LogError>>,
    /// What has come and was not asked for yet: first these records, then the rest.
    encoded: Encoded,
    ready: VecDeque<Item>,
    // Ends the task that feeds `items` when the follower is dropped.
    _task: AbortOnDropHandle<()>,
}

impl Follower {
    pub(crate) fn new(items: mpsc::Receiver<Result<Batch, LogError>>, task: tokio::task::JoinHandle<()>) -> Self {
        Self { items, encoded: Encoded::default(), ready: VecDeque::new(), _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for what comes next. After an error the follower has ended: begin again from the last checkpoint.
    ///
    /// # Errors
    /// When the log stopped answering or ended, or the next record cannot be read: whoever decides by the log must not
    /// go on without it.
    pub async fn next(&mut self) -> Result<Followed, LogError> {
        let next = self.next_or_unreadable().await?;
        next.map_err(|unreadable| {
            self.end();
            LogError::from(unreadable)
        })
    }

    /// The same, and a record that cannot be read does not end it: for those who look at the log and decide nothing by
    /// it.
    ///
    /// # Errors
    /// When the log stopped answering or ended.
    pub async fn next_or_unreadable(&mut self) -> Result<Result<Followed, Box<Unreadable>>, LogError> {
        loop {
            if let Some(item) = self.encoded.take().or_else(|| self.ready.pop_front()) {
                return Ok(item);
            }
            let ended = || LogError::Unavailable("the follower has ended".into());
            let Batch { encoded, told } = self.items.recv().await.ok_or_else(ended)??;
            (self.encoded, self.ready) = (encoded, told.into());
        }
    }

    /// Nothing comes behind a record that cannot be read.
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
pub(crate) fn spawn(feed: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
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
