//! A log read in order without understanding it: the limit that benchmarks hold following and rebuilding against.

use crate::jetstream::JetStreamLog;
use crate::port::LogError;
use crate::sqlite::SqliteLog;

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawRead {
    /// How many records.
    pub records: u64,
    /// How many bytes they have as they are stored.
    pub bytes: u64,
}

impl RawRead {
    pub(crate) const fn add(&mut self, record: &[u8]) {
        self.records += 1;
        self.bytes += record.len() as u64;
    }
}

/// Reads every record's bytes from one file, in order, with one statement.
///
/// # Errors
/// When the log does not answer.
pub async fn embedded(log: &SqliteLog) -> Result<RawRead, LogError> {
    log.read_raw().await
}

/// Reads every record's bytes by the client library's own ordered consumers, one shard after the other.
///
/// # Errors
/// When the log does not answer.
pub async fn jetstream(log: &JetStreamLog) -> Result<RawRead, LogError> {
    log.read_raw().await
}
