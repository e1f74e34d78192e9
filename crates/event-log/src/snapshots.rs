//! Snapshots: where states of conversations may be kept, so that only what came after them is read from the log.

use crate::record::Revision;
use async_trait::async_trait;
use domain::conversation::Conversation;
use domain::id::{RecordId, StreamId};
use std::sync::Arc;

/// A conversation's state as it was with one of its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The state; shared, since whoever folded it goes on using it.
    pub state: Arc<Conversation>,
    /// The position of the last record folded into it.
    pub revision: Revision,
    /// That record. A log that has another one at this position, or none, has another past.
    pub last: RecordId,
}

/// A place for snapshots. It is only a cache: it may lose any of them at any time, and nobody waits for it to store.
#[async_trait]
pub trait Snapshots: Send + Sync + 'static {
    /// The snapshot of a stream, if there is one that this version can read. A place that does not answer soon has none.
    async fn read(&self, stream: &StreamId) -> Option<Snapshot>;

    /// Takes a snapshot to be stored later. Answers at once; false when there is too much to store already.
    fn keep(&self, stream: &StreamId, snapshot: Snapshot) -> bool;

    /// Lets a stream's snapshot be removed, which does not fit the log.
    fn forget(&self, stream: &StreamId);
}
