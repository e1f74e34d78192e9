//! Receipts of erasures, kept beside the log: a log that was brought back from an older backup has forgotten what was erased
//! since, and what it holds of it again is erased again.

use crate::graves::Graves;
use domain::event::{Erasing, ErasingKind, Event};
use domain::id::StreamId;
use domain::time::Timestamp;
use event_log::{LogError, Stored};
use sql::receipts::{self, Erased};
use sql::{Database, SqlError};
use std::collections::HashMap;

/// How many are read at a time.
const PAGE: usize = 1_000;

/// The receipts of one log, as far as they are known here.
#[derive(Debug)]
pub(crate) struct Receipts {
    database: Database,
    /// The log's lineage.
    log: String,
    known: HashMap<StreamId, Known>,
}

/// What is noted of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    until: Timestamp,
    is_completed: bool,
}

impl Receipts {
    /// Reads all that were written so far.
    pub(crate) async fn load(database: &Database, log: String) -> Result<Self, LogError> {
        let mut known = HashMap::new();
        let mut last = 0;
        loop {
            let page = receipts::after(database, &log, last, PAGE).await.map_err(unavailable)?;
            let Some(end) = page.last() else { break };
            last = end.sequence;
            for receipt in page {
                let is_completed = receipt.completed_at.is_some();
                known.insert(receipt.stream, Known { until: receipt.until, is_completed });
            }
        }
        Ok(Self { database: database.clone(), log, known })
    }

    /// Notes what a record says of an erasure, before anything is removed for it.
    pub(crate) async fn see(&mut self, stored: &Stored) -> Result<(), LogError> {
        for event in &stored.record.events {
            let Event::Erasing(Erasing { at, kind }) = event else { continue };
            let (until, completed_at) = match kind {
                ErasingKind::Begun { until } => (*until, None),
                ErasingKind::Completed { until, .. } => (*until, Some(*at)),
            };
            self.note(&stored.record.stream, until, completed_at).await?;
        }
        Ok(())
    }

    async fn note(
        &mut self,
        stream: &StreamId,
        until: Timestamp,
        completed_at: Option<Timestamp>,
    ) -> Result<(), LogError> {
        let seen = Known { until, is_completed: completed_at.is_some() };
        let is_new = self.known.get(stream).is_none_or(|known| {
            known.until < until || (known.until == until && seen.is_completed && !known.is_completed)
        });
        if is_new {
            let erased = Erased { log: &self.log, stream, until, completed_at };
            receipts::note(&self.database, erased).await.map_err(unavailable)?;
            self.known.insert(stream.clone(), seen);
        }
        Ok(())
    }

    /// The erasures of which the log, as far as it was followed, knows nothing.
    pub(crate) fn forgotten(&self, graves: &Graves) -> Vec<(StreamId, Timestamp)> {
        let is_forgotten =
            |stream: &StreamId, known: &Known| graves.until.get(stream).is_none_or(|until| *until < known.until);
        let forgotten = self.known.iter().filter(|(stream, known)| is_forgotten(stream, known));
        forgotten.map(|(stream, known)| (stream.clone(), known.until)).collect()
    }
}

/// Erasures wait for the database: what is removed without a receipt would come back with the next restore.
fn unavailable(error: SqlError) -> LogError {
    LogError::Unavailable(error.into())
}
