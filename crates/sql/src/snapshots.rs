//! Snapshots: a stream's state as the fold saw it at a position. Only a cache, which every reader may find empty.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::StreamId;

/// A state and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The position of the last record folded into it.
    pub position: u64,
    /// The version of the fold that made it. Another version's is not read.
    pub reducer: u32,
    /// The encoded state.
    pub state: Vec<u8>,
}

/// A newer fold wins; within one, the later position does. So an older process cannot undo a newer one's.
const WRITE: &str = "INSERT INTO snapshots (stream, incarnation, position, reducer, state)
    SELECT $1, $2, $3, $4, $5
    WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE stream = $1 AND incarnation = $2 AND position >= $3)
    ON CONFLICT (stream, incarnation) DO UPDATE
    SET position = excluded.position, reducer = excluded.reducer, state = excluded.state
    WHERE excluded.reducer > snapshots.reducer
        OR (excluded.reducer = snapshots.reducer AND excluded.position > snapshots.position)";

/// Keeps a snapshot unless there is a later one or its stream was erased at or above its position. Answers whether it
/// is kept.
///
/// # Errors
/// When the database does not answer.
pub async fn write(
    to: &mut Transaction,
    incarnation: &str,
    stream: &StreamId,
    snapshot: &Snapshot,
) -> Result<bool, SqlError> {
    let written = on!(to.connection(), connection => {
        let query = sqlx::query(WRITE).bind(stream.to_string()).bind(incarnation);
        let query = query.bind(value::integer(snapshot.position)).bind(i64::from(snapshot.reducer));
        query.bind(&snapshot.state).execute(connection).await.map(|done| done.rows_affected())
    });
    Ok(written.map_err(SqlError::statement)? == 1)
}

/// The snapshot that this version of the fold can go on from.
///
/// # Errors
/// When the database does not answer.
pub async fn read(
    database: &Database,
    incarnation: &str,
    stream: &StreamId,
    reducer: u32,
) -> Result<Option<Snapshot>, SqlError> {
    let text = "SELECT position, state FROM snapshots WHERE stream = $1 AND incarnation = $2 AND reducer = $3";
    let row: Option<(i64, Vec<u8>)> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(stream.to_string()).bind(incarnation).bind(i64::from(reducer));
        query.fetch_optional(pool).await
    })
    .map_err(SqlError::statement)?;
    let Some((position, state)) = row else { return Ok(None) };
    Ok(Some(Snapshot { position: value::number(position)?, reducer, state }))
}

/// Forgets one stream's snapshot.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(from: &mut Transaction, incarnation: &str, stream: &StreamId) -> Result<(), SqlError> {
    let text = "DELETE FROM snapshots WHERE stream = $1 AND incarnation = $2";
    on!(from.connection(), connection =>
        sqlx::query(text).bind(stream.to_string()).bind(incarnation).execute(connection).await.map(drop))
    .map_err(SqlError::statement)
}
