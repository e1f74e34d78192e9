//! Read, decide, append at the revision that was read: the one way in which this role changes anything.

use domain::event::Event;
use domain::id::{RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{AppendError, Appended, EventLog, Expected, Record, Revision, append_until_answered};
use service_kit::{Clock, Ids};
use std::sync::Arc;

/// Appends to the log.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl Writer {
    /// Appends events to a stream that still has this revision, as [`append_until_answered`] does.
    pub(crate) async fn append(
        &self,
        stream: StreamId,
        events: Vec<Event>,
        (now, revision): (Timestamp, Revision),
    ) -> Result<Appended, AppendError> {
        let id = RecordId::new(self.ids.uuid_v7(now));
        let record = Record { id, stream, recorded_at: now, fact: None, traceparent: None, events };
        append_until_answered(&*self.log, &record, Expected::revision(revision)).await
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
