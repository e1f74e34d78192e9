//! Stores snapshots behind the backs of those who fold: several in one transaction, and none of them for sure.

use crate::codec;
use crate::complaint::Complaint;
use domain::id::StreamId;
use event_log::Snapshot;
use service_kit::Counter;
use sql::{Database, SqlError, snapshots};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many changes share a transaction: short ones, since SQLite has one writer at a time.
const TOGETHER: usize = 32;

/// One change to be stored.
#[derive(Debug)]
pub(crate) enum Work {
    /// A later state.
    Keep(StreamId, Snapshot),
    /// The stream's snapshot does not fit the log.
    Forget(StreamId),
}

/// Stores what the readers of conversations hand over.
pub struct Writer {
    database: Database,
    incarnation: String,
    work: mpsc::Receiver<Work>,
    writes: Counter,
    complaint: Complaint,
}

impl Writer {
    pub(crate) fn new(database: Database, incarnation: &str, work: mpsc::Receiver<Work>, writes: Counter) -> Self {
        let complaint = Complaint::new("snapshots are not stored; conversations are folded from further back");
        Self { database, incarnation: incarnation.to_owned(), work, writes, complaint }
    }

    /// Stores until `stop` is cancelled; what waits then is lost, which costs a few reads later. A failure is counted,
    /// told once a minute, and otherwise passed over.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                taken = self.work.recv_many(&mut batch, TOGETHER) => if taken == 0 { return },
            }
            let n_writes = batch.len() as u64;
            match self.store(&mut batch).await {
                Ok(n_kept) => {
                    self.writes.add(n_kept, &[("outcome", "kept")]);
                    self.writes.add(n_writes - n_kept, &[("outcome", "left_out")]);
                }
                Err(error) => {
                    self.writes.add(n_writes, &[("outcome", "failed")]);
                    self.complaint.about(&error);
                }
            }
        }
    }

    /// Answers how many snapshots were kept; others were removed, overtaken by a later one, or of erased conversations.
    async fn store(&self, batch: &mut Vec<Work>) -> Result<u64, StoreError> {
        let mut n_kept = 0;
        // The states are let go of at once, so that their next fold need not copy them.
        let changes: Result<Vec<_>, _> = batch.drain(..).map(Change::of).collect();
        let mut transaction = self.database.begin().await?;
        for change in changes? {
            match change {
                Change::Put(stream, row) => {
                    let is_kept = snapshots::write(&mut transaction, &self.incarnation, &stream, &row).await?;
                    n_kept += u64::from(is_kept);
                }
                Change::Remove(stream) => snapshots::delete(&mut transaction, &self.incarnation, &stream).await?,
            }
        }
        transaction.commit().await?;
        Ok(n_kept)
    }
}

/// Work as rows.
enum Change {
    Put(StreamId, snapshots::Snapshot),
    Remove(StreamId),
}

impl Change {
    fn of(work: Work) -> Result<Self, codec::Unwritable> {
        Ok(match work {
            Work::Keep(stream, snapshot) => {
                let row = codec::encode(&stream, &snapshot)?;
                Self::Put(stream, row)
            }
            Work::Forget(stream) => Self::Remove(stream),
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error(transparent)]
    Encode(#[from] codec::Unwritable),
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
