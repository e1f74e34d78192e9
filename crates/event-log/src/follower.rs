//! Following a log: records as they come, and word of how far it has got.

use crate::port::LogError;
use crate::record::{Checkpoint, Stored};
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
pub(crate) type Items = mpsc::Sender<Result<Vec<Followed>, LogError>>;

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
    items: mpsc::Receiver<Result<Vec<Followed>, LogError>>,
    /// What has come and was not asked for yet.
    ready: VecDeque<Followed>,
    // Ends the task that feeds `items` when the follower is dropped.
    _task: AbortOnDropHandle<()>,
}

impl Follower {
    pub(crate) fn new(
        items: mpsc::Receiver<Result<Vec<Followed>, LogError>>,
        task: tokio::task::JoinHandle<()>,
    ) -> Self {
        Self { items, ready: VecDeque::new(), _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for what comes next. After an error the follower has ended: begin again from the last checkpoint.
    ///
    /// # Errors
    /// When the log stopped answering or ended.
    pub async fn next(&mut self) -> Result<Followed, LogError> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(item);
            }
            let ended = || LogError::Unavailable("the follower has ended".into());
            self.ready = self.items.recv().await.ok_or_else(ended)??.into();
        }
    }

    /// What has come already; none when nothing has, or when following has ended, which [`Self::next`] tells.
    ///
    /// # Errors
    /// As for [`Self::next`].
    pub fn try_next(&mut self) -> Result<Option<Followed>, LogError> {
        while self.ready.is_empty() {
            let Ok(items) = self.items.try_recv() else { return Ok(None) };
            self.ready = items?.into();
        }
        Ok(self.ready.pop_front())
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
