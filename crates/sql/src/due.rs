//! What is due when: instants derived from the log, scanned by whoever holds the lease for their kind.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::StreamId;
use domain::time::Timestamp;

/// Something to be done about a stream at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What is to be done, such as `token.warning`.
    pub kind: String,
    /// The stream it is about.
    pub stream: StreamId,
    /// Which of the stream's things of this kind, such as a send or a token.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

const PUT: &str = "INSERT INTO due (kind, stream, name, due_at_ms) VALUES ($1, $2, $3, $4)
    ON CONFLICT (kind, stream, name) DO UPDATE SET due_at_ms = excluded.due_at_ms";

/// Puts an instant in, or moves it.
///
/// # Errors
/// When the database does not answer.
pub async fn put(to: &mut Transaction, due: &Due) -> Result<(), SqlError> {
    let Due { kind, stream, name, at } = due;
    on!(to.connection(), connection => {
        let query = sqlx::query(PUT).bind(kind).bind(stream.to_string()).bind(name).bind(at.as_millis());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Takes an instant out, because its thing was done or fell away.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(from: &mut Transaction, kind: &str, stream: &StreamId, name: &str) -> Result<(), SqlError> {
    let text = "DELETE FROM due WHERE kind = $1 AND stream = $2 AND name = $3";
    on!(from.connection(), connection =>
        sqlx::query(text).bind(kind).bind(stream.to_string()).bind(name).execute(connection).await.map(drop))
    .map_err(SqlError::statement)
}

/// Takes every instant of this kind out that is about a stream, because nothing is to be done about it any more.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_stream(from: &mut Transaction, kind: &str, stream: &StreamId) -> Result<(), SqlError> {
    let text = "DELETE FROM due WHERE kind = $1 AND stream = $2";
    on!(from.connection(), connection =>
        sqlx::query(text).bind(kind).bind(stream.to_string()).execute(connection).await.map(drop))
    .map_err(SqlError::statement)
}

/// What is due by now, earliest first.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn ready(database: &Database, kind: &str, now: Timestamp, limit: usize) -> Result<Vec<Due>, SqlError> {
    let text = "SELECT stream, name, due_at_ms FROM due WHERE kind = $1 AND due_at_ms <= $2
        ORDER BY due_at_ms, stream, name LIMIT $3";
    let rows: Vec<(String, String, i64)> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(kind).bind(now.as_millis()).bind(value::limit(limit));
        query.fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    let due = |(stream, name, at): (String, String, i64)| {
        Ok(Due { kind: kind.to_owned(), stream: value::stream(&stream)?, name, at: value::moment(at) })
    };
    rows.into_iter().map(due).collect()
}

/// When the next thing of this kind is due, or was.
///
/// # Errors
/// When the database does not answer.
pub async fn next(database: &Database, kind: &str) -> Result<Option<Timestamp>, SqlError> {
    let text = "SELECT MIN(due_at_ms) FROM due WHERE kind = $1";
    let next: Option<i64> = on!(database.pools(), pool => sqlx::query_scalar(text).bind(kind).fetch_one(pool).await)
        .map_err(SqlError::statement)?;
    Ok(next.map(value::moment))
}
