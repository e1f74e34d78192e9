//! A conversation's records: those that the history table has, and from the log what came after them.
//!
//! The table is never needed for an answer. It may be empty, behind, away or damaged: then the log is read, and the
//! answer is the same.

use crate::graves;
use domain::id::StreamId;
use event_log::{EventLog, LogError, Stored, decode};
use service_kit::{Counter, Metrics};
use sql::history::Entry;
use sql::{Database, SqlError, erasure, history};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the table may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long a table that did not answer is not asked again, so that few callers wait for it in vain.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is said at most that the table does not answer.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// Reads streams.
pub(crate) struct Records {
    log: Arc<dyn EventLog>,
    database: Database,
    fallbacks: Counter,
    absence: Mutex<Absence>,
}

/// When the table was missed last.
#[derive(Debug, Default)]
struct Absence {
    missed_at: Option<Instant>,
    said_at: Option<Instant>,
}

/// Why the table is of no use.
enum Useless {
    /// It does not answer, or refuses to.
    Away(String),
    /// It answers what was never stored.
    Altered(String),
}

impl Records {
    pub(crate) fn new(log: Arc<dyn EventLog>, database: Database, metrics: &Metrics) -> Self {
        let help = "histories that were read from the log alone, because the table was away or altered";
        let fallbacks = metrics.counter("nuncio.history.fallbacks", "{read}", help);
        for reason in ["away", "altered"] {
            fallbacks.add(0, &[("reason", reason)]);
        }
        Self { log, database, fallbacks, absence: Mutex::default() }
    }

    /// Every record of a stream that may be shown, oldest first, as of now.
    pub(crate) async fn read(&self, stream: &StreamId) -> Result<Vec<Stored>, LogError> {
        let mut records = self.kept(stream).await;
        let after = records.last().map_or(0, |stored| stored.position);
        records.extend(self.log.read(stream, after).await?);
        Ok(graves::shown(records))
    }

    /// The stream's first records, as many as the table has.
    async fn kept(&self, stream: &StreamId) -> Vec<Stored> {
        let missed_at = self.absence.lock().expect("nothing panics while it holds the lock").missed_at;
        let found = if missed_at.is_some_and(|at| at.elapsed() < PAUSE) {
            Err(Useless::Away("it did not answer a moment ago".to_owned()))
        } else {
            let found = timeout(PATIENCE, self.find(stream)).await;
            found.unwrap_or_else(|late| Err(Useless::Away(late.to_string())))
        };
        found.unwrap_or_else(|useless| {
            self.tell(useless);
            Vec::new()
        })
    }

    async fn find(&self, stream: &StreamId) -> Result<Vec<Stored>, Useless> {
        let incarnation = self.log.identity().incarnation();
        let entries = history::read(&self.database, incarnation, stream, 0).await?;
        // Asked after the rows, so that an erasure between the two is seen by one of them. Of an erased stream the table
        // has not even the tombstones, which the log keeps.
        if !entries.is_empty() && erasure::tombstone(&self.database, stream, incarnation).await?.is_some() {
            return Ok(Vec::new());
        }
        entries.into_iter().map(|entry| stored(entry, stream)).collect()
    }

    fn tell(&self, useless: Useless) {
        let now = Instant::now();
        match useless {
            Useless::Away(why) => {
                self.fallbacks.add(1, &[("reason", "away")]);
                let mut absence = self.absence.lock().expect("nothing panics while it holds the lock");
                absence.missed_at = absence.missed_at.filter(|at| at.elapsed() < PAUSE).or(Some(now));
                if absence.said_at.is_none_or(|at| at.elapsed() >= SAID_EVERY) {
                    absence.said_at = Some(now);
                    tracing::warn!(
                        "the history table does not answer, so histories are read from the log alone: {why}"
                    );
                }
            }
            Useless::Altered(what) => {
                self.fallbacks.add(1, &[("reason", "altered")]);
                tracing::error!(
                    "the history table is damaged: {what}; the log is read instead, and `nuncio rebuild history` fills \
                     the table anew"
                );
            }
        }
    }
}

impl From<SqlError> for Useless {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Unavailable(source) | SqlError::Unknown(source) | SqlError::Broken(source) => {
                Self::Away(source.to_string())
            }
            superseded @ SqlError::Superseded { .. } => Self::Away(superseded.to_string()),
        }
    }
}

/// A row as the log has it, if it is what was stored.
fn stored(entry: Entry, stream: &StreamId) -> Result<Stored, Useless> {
    let Entry { shard, position, .. } = entry;
    let altered = |what: &str| Useless::Altered(format!("its record at {shard}/{position} {what}"));
    if !entry.is_intact() {
        return Err(altered("is not the one that was stored"));
    }
    let record = decode(&entry.body).map_err(|error| altered(&format!("cannot be read: {error}")))?;
    if record.stream != *stream || record.id != entry.record {
        return Err(altered("belongs elsewhere"));
    }
    Ok(Stored { shard, position, record, bytes: entry.body.into() })
}
