//! Receipts: what was erased stays erased when the log is brought back from an older backup, and what comes of it again
//! can be left out before it is stored.
//!
//! A log is named by its lineage here, which it keeps when it is restored. Nothing in a receipt says who it is about but the
//! stream's name, a keyed digest.

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::StreamId;
use domain::time::Timestamp;

/// An erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The stream.
    pub stream: StreamId,
    /// All that was stated up to here is erased.
    pub until: Timestamp,
    /// When all of it was gone; none while it is not.
    pub completed_at: Option<Timestamp>,
    /// Its place among the log's receipts: greater than that of every one written before.
    pub sequence: u64,
}

/// What is to be noted of an erasure.
#[derive(Clone, Copy, Debug)]
pub struct Erased<'a> {
    /// The log's lineage.
    pub log: &'a str,
    /// The stream.
    pub stream: &'a StreamId,
    /// All that was stated up to here is erased.
    pub until: Timestamp,
    /// When all of it was gone; none while it is not.
    pub completed_at: Option<Timestamp>,
}

/// Only a later erasure, or the completion of the same, is anything new.
const NOTE: &str = "INSERT INTO receipts (log, stream, until_ms, completed_at_ms, sequence)
    SELECT $1, $2, $3, $4, COALESCE(MAX(sequence), 0) + 1 FROM receipts WHERE log = $1
    ON CONFLICT (log, stream) DO UPDATE
    SET until_ms = excluded.until_ms, completed_at_ms = excluded.completed_at_ms, sequence = excluded.sequence
    WHERE receipts.until_ms < excluded.until_ms
    OR (receipts.until_ms = excluded.until_ms AND receipts.completed_at_ms IS NULL
        AND excluded.completed_at_ms IS NOT NULL)";

/// Notes an erasure. Can be repeated, in any order.
///
/// # Errors
/// When the database does not answer: repeat it.
pub async fn note(database: &Database, erased: Erased<'_>) -> Result<(), SqlError> {
    let Erased { log, stream, until, completed_at } = erased;
    // Alone, so that sequences become visible in their order; and synced, since nothing else tells it again.
    let mut transaction = database.begin_durably_alone().await?;
    on!(transaction.connection(), connection => {
        let query = sqlx::query(NOTE).bind(log).bind(stream.to_string()).bind(until.as_millis());
        query.bind(completed_at.map(Timestamp::as_millis)).execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)?;
    transaction.commit().await
}

/// A log's receipts behind a sequence, in their order.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn after(database: &Database, log: &str, sequence: u64, limit: usize) -> Result<Vec<Receipt>, SqlError> {
    let text = "SELECT stream, until_ms, completed_at_ms, sequence FROM receipts
        WHERE log = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
    let rows: Vec<(String, i64, Option<i64>, i64)> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(log).bind(value::integer(sequence)).bind(value::limit(limit));
        query.fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    let receipt = |(stream, until, completed_at, sequence): (String, i64, Option<i64>, i64)| {
        Ok(Receipt {
            stream: value::stream(&stream)?,
            until: value::moment(until),
            completed_at: completed_at.map(value::moment),
            sequence: value::number(sequence)?,
        })
    };
    rows.into_iter().map(receipt).collect()
}
