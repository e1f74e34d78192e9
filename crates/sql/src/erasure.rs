//! Tombstones: what was erased stays erased, whoever is still about to write of it.
//!
//! Every write about a stream's records asks, in its own transaction, whether a tombstone stands at or above its
//! position. An erasure runs when all such transactions have ended, so each either saw the tombstone or its rows are
//! seen and deleted.

use crate::database::Database;
use crate::dialect::{On, on};
use crate::error::SqlError;
use crate::value;
use domain::id::StreamId;

/// Everything kept here that says what a stream's records said.
const HOLDING: [&str; 3] = [
    "DELETE FROM history WHERE stream = $1 AND incarnation = $2 AND position <= $3",
    "DELETE FROM snapshots WHERE stream = $1 AND incarnation = $2 AND position <= $3",
    "DELETE FROM rehearsal_samples WHERE stream = $1 AND incarnation = $2 AND position <= $3",
];

const BURY: &str = "INSERT INTO tombstones (stream, incarnation, position) VALUES ($1, $2, $3)
    ON CONFLICT (stream, incarnation) DO UPDATE SET position = excluded.position
    WHERE tombstones.position < excluded.position";

/// Where a stream was erased up to.
#[derive(Clone, Copy, Debug)]
pub struct Tombstone<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// The log's incarnation.
    pub incarnation: &'a str,
    /// The position of the tombstone's own record.
    pub position: u64,
}

/// Deletes a stream's history and snapshots up to a tombstone and keeps any from being written again. Can be repeated.
///
/// # Errors
/// When the database does not answer: repeat it.
pub async fn bury(database: &Database, tombstone: Tombstone<'_>) -> Result<(), SqlError> {
    let Tombstone { stream, incarnation, position } = tombstone;
    let (stream, position) = (stream.to_string(), value::integer(position));
    let mut transaction = database.begin_alone().await?;
    for text in [BURY].into_iter().chain(HOLDING) {
        on!(transaction.connection(), connection => {
            let query = sqlx::query(text).bind(&stream).bind(incarnation).bind(position);
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    transaction.commit().await?;
    truncate_wal(database).await
}

/// The position of a stream's tombstone, if it was erased.
///
/// # Errors
/// When the database does not answer.
pub async fn tombstone(database: &Database, stream: &StreamId, incarnation: &str) -> Result<Option<u64>, SqlError> {
    let text = "SELECT position FROM tombstones WHERE stream = $1 AND incarnation = $2";
    let position: Option<i64> = on!(database.pools(), pool =>
        sqlx::query_scalar(text).bind(stream.to_string()).bind(incarnation).fetch_optional(pool).await)
    .map_err(SqlError::statement)?;
    position.map(value::number).transpose()
}

/// What was deleted still stands in SQLite's write-ahead log, until that is emptied. PostgreSQL's goes with its next
/// vacuum and with the age of its own.
async fn truncate_wal(database: &Database) -> Result<(), SqlError> {
    let On::Sqlite(pool) = database.pools() else { return Ok(()) };
    let text = "PRAGMA wal_checkpoint(TRUNCATE)";
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as(text).fetch_one(pool).await.map_err(SqlError::statement)?;
    if busy == 0 {
        return Ok(());
    }
    Err(SqlError::Unavailable("a reader keeps the write-ahead log from being emptied".into()))
}
