//! Snapshots of conversations in SQL: states as the fold had them, written behind, so that a conversation that is long
//! and not in memory costs one row and the log's tail.
//!
//! They are only a cache. Dropping them changes no answer, also while everything runs; one that cannot be read, or that
//! another version wrote, is not there; and a database that does not answer costs a load at most [`ANSWERED_WITHIN`].

mod codec;
mod complaint;
mod writer;

use async_trait::async_trait;
use complaint::Complaint;
use domain::conversation::REDUCER;
use domain::id::StreamId;
use event_log::{Snapshot, Snapshots};
use service_kit::{Counter, Metrics};
use sql::{Database, snapshots};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub use writer::Writer;

/// The longest that a load waits for its snapshot: folding a long conversation from the log takes about as long.
const ANSWERED_WITHIN: Duration = Duration::from_millis(250);

/// How many snapshots wait to be stored; what comes then is offered again with the conversation's next record.
const MOST_WAITING: usize = 256;

/// The snapshots of one log in a database.
pub struct SqlSnapshots {
    database: Database,
    incarnation: String,
    waiting: mpsc::Sender<writer::Work>,
    reads: Counter,
    writes: Counter,
    complaint: Complaint,
}

impl SqlSnapshots {
    /// Keeps the snapshots of this incarnation of a log in `database`. Nothing is stored unless the writer runs.
    pub fn new(database: Database, incarnation: &str, metrics: &Metrics) -> (Self, Writer) {
        let (waiting, work) = mpsc::channel(MOST_WAITING);
        let reads = metrics.counter("nuncio.snapshot.reads", "{read}", "snapshots asked for, by what was found");
        let writes = metrics.counter("nuncio.snapshot.writes", "{write}", "snapshots to store, by what became of them");
        let writer = Writer::new(database.clone(), incarnation, work, writes.clone());
        let incarnation = incarnation.to_owned();
        let complaint = Complaint::new("snapshots are not read; conversations are folded from the log");
        (Self { database, incarnation, waiting, reads, writes, complaint }, writer)
    }

    fn not_read(&self, found: &'static str, error: &(dyn std::error::Error + 'static)) -> Option<Snapshot> {
        self.reads.add(1, &[("found", found)]);
        self.complaint.about(error);
        None
    }

    fn pass_on(&self, work: writer::Work) -> bool {
        let is_taken = self.waiting.try_send(work).is_ok();
        if !is_taken {
            self.writes.add(1, &[("outcome", "crowded_out")]);
        }
        is_taken
    }
}

#[async_trait]
impl Snapshots for SqlSnapshots {
    async fn read(&self, stream: &StreamId) -> Option<Snapshot> {
        let asked = snapshots::read(&self.database, &self.incarnation, stream, REDUCER);
        let row = match timeout(ANSWERED_WITHIN, asked).await {
            Ok(Ok(Some(row))) => row,
            Ok(Ok(None)) => {
                self.reads.add(1, &[("found", "none")]);
                return None;
            }
            Ok(Err(error)) => return self.not_read("error", &error),
            Err(late) => return self.not_read("error", &late),
        };
        match codec::decode(stream, row.position, &row.state) {
            Ok(snapshot) => {
                self.reads.add(1, &[("found", "one")]);
                Some(snapshot)
            }
            Err(error) => {
                // Else it would stand in the way of every later one until those are further.
                self.forget(stream);
                self.not_read("unreadable", &error)
            }
        }
    }

    fn keep(&self, stream: &StreamId, snapshot: Snapshot) -> bool {
        self.pass_on(writer::Work::Keep(stream.clone(), snapshot))
    }

    fn forget(&self, stream: &StreamId) {
        // Crowded out, it is found unfit again by whoever reads it next.
        self.pass_on(writer::Work::Forget(stream.clone()));
    }
}

impl std::fmt::Debug for SqlSnapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlSnapshots").finish_non_exhaustive()
    }
}
