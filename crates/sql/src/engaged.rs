//! To whom a Page can write, filled from the log: by what, and since when or until when that counts. Whether it still counts
//! is said by whoever counts, so that a table filled anew is the same whatever rule packs say by then.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::{rows, value};
use domain::id::{PageId, StreamId};
use domain::quota::Means;
use domain::time::Timestamp;

/// A person to whom a Page can write by one means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engaged<'a> {
    /// The person's conversation.
    pub stream: &'a StreamId,
    /// Its Page.
    pub page: &'a PageId,
    /// By what.
    pub means: Means,
    /// Since when, or until when.
    pub at: Timestamp,
}

/// Puts people in, each of whom stands there once for a means. What is known with a later moment stays as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn put(to: &mut Transaction, engaged: &[Engaged<'_>]) -> Result<(), SqlError> {
    for group in rows::together(engaged) {
        let text = rows::statement(
            &to.connection(),
            "INSERT INTO engaged (stream, means, page, at_ms) VALUES ",
            4,
            group.len(),
            " ON CONFLICT (stream, means) DO UPDATE SET at_ms = excluded.at_ms WHERE engaged.at_ms < excluded.at_ms",
        );
        on!(to.connection(), connection => {
            let query = group.iter().fold(sqlx::query(text), |query, Engaged { stream, page, means, at }| {
                query.bind(stream.to_string()).bind(means.as_str()).bind(page.as_str()).bind(at.as_millis())
            });
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    Ok(())
}

/// Takes conversations out, whatever their people can be written to by.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(from: &mut Transaction, streams: &[&StreamId]) -> Result<(), SqlError> {
    for group in rows::together(streams) {
        let before = "WITH given (stream) AS (VALUES ";
        let after = ") DELETE FROM engaged WHERE stream IN (SELECT stream FROM given)";
        let text = rows::statement(&from.connection(), before, 1, group.len(), after);
        on!(from.connection(), connection => {
            let query = group.iter().fold(sqlx::query(text), |query, stream| query.bind(stream.to_string()));
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    Ok(())
}

/// Takes out that somebody can be written to by this.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_means(from: &mut Transaction, stream: &StreamId, means: Means) -> Result<(), SqlError> {
    on!(from.connection(), connection => {
        let query = sqlx::query("DELETE FROM engaged WHERE stream = $1 AND means = $2");
        query.bind(stream.to_string()).bind(means.as_str()).execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// How many people of a Page there are for whom one of these moments, each of a means of its own, is passed. Never answers
/// more than `most`, so that counting ends.
///
/// # Errors
/// When the database does not answer.
pub async fn count(
    database: &Database,
    page: &PageId,
    after: &[(Means, Timestamp)],
    most: u64,
) -> Result<u64, SqlError> {
    // Each is one stretch of the index.
    let text = rows::statement(
        database.pools(),
        "WITH given (page, means, after_ms, most) AS (VALUES ",
        4,
        after.len(),
        ") SELECT COUNT(*) FROM (SELECT DISTINCT engaged.stream FROM given JOIN engaged
            ON engaged.page = given.page AND engaged.means = given.means AND engaged.at_ms > given.after_ms
            LIMIT (SELECT MAX(most) FROM given)) AS people",
    );
    let n: i64 = on!(database.pools(), pool => {
        let query = after.iter().fold(sqlx::query_scalar(text), |query, (means, after)| {
            query.bind(page.as_str()).bind(means.as_str()).bind(after.as_millis()).bind(value::integer(most))
        });
        query.fetch_one(pool).await
    })
    .map_err(SqlError::statement)?;
    value::number(n)
}

/// Everything in the table, in the order of its key: conversations, means and moments, for comparing tables.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn all(database: &Database) -> Result<Vec<(StreamId, String, Timestamp)>, SqlError> {
    let text = "SELECT stream, means, at_ms FROM engaged ORDER BY stream, means";
    let rows: Vec<(String, String, i64)> =
        on!(database.pools(), pool => sqlx::query_as(text).fetch_all(pool).await).map_err(SqlError::statement)?;
    rows.into_iter().map(|(stream, means, at)| Ok((value::stream(&stream)?, means, value::moment(at)))).collect()
}
