//! Read, decide, append at the revision that was read: the one way in which this role changes anything.

use domain::event::Event;
use domain::id::{RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{AppendError, Appended, EventLog, Expected, Record, Revision};
use service_kit::{Backoff, Clock, Ids};
use std::sync::Arc;
use std::time::Duration;

/// How often a decision is made again because somebody else wrote first.
pub(crate) const MOST_TRIES: usize = 8;

/// Appends to the log.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl Writer {
    /// Appends events to a stream that still has this revision, and asks again with the very same record for as long as no
    /// answer comes: only so is it known whether the record is there.
    pub(crate) async fn append(
        &self,
        stream: StreamId,
        events: Vec<Event>,
        (now, revision): (Timestamp, Revision),
    ) -> Result<Appended, AppendError> {
        let id = RecordId::new(self.ids.uuid_v7(now));
        let record = Record { id, stream, recorded_at: now, fact: None, traceparent: None, events };
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            match self.log.append(&record, Expected::revision(revision)).await {
                Err(AppendError::Unknown(error)) => {
                    tracing::warn!(error = %error, "the log did not answer an append; asking again");
                    tokio::time::sleep(backoff.next(self.ids.fraction())).await;
                }
                answered => return answered,
            }
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
