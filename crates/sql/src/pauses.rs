//! Until when the platform wants no calls: of the whole app, or of a Page. Whoever is told tells the others here, and who
//! takes a Page over reads it here. By the database's clock, which all of them can compare theirs with.

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::time::Timestamp;
use std::time::Duration;

/// A pause that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Its end, by the database's clock.
    pub until: Timestamp,
    /// How long it still lasted when the database answered.
    pub left: Duration,
}

/// The one that ends last counts: none of those who were told may be forgotten.
const PUT: &str = "INSERT INTO pauses (scope, until_ms) VALUES ($1, {now_ms} + $2)
    ON CONFLICT (scope) DO UPDATE
    SET until_ms = CASE WHEN excluded.until_ms > pauses.until_ms THEN excluded.until_ms ELSE pauses.until_ms END
    RETURNING until_ms, until_ms - {now_ms}";

const GET: &str = "SELECT until_ms, until_ms - {now_ms} FROM pauses WHERE scope = $1 AND until_ms > {now_ms}";

/// Lets a scope pause for so long from now on, unless it pauses for longer. Answers what it then does.
///
/// # Errors
/// When the database does not answer: say it again.
pub async fn put(to: &Database, scope: &str, length: Duration) -> Result<Paused, SqlError> {
    let text = to.durable().text(PUT);
    let length_ms = i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    // All rows, since SQLite commits when the last was read.
    let rows: Vec<(i64, i64)> = on!(to.durable(), pool => {
        sqlx::query_as(text).bind(scope).bind(length_ms).fetch_all(pool).await
    })
    .map_err(SqlError::commit)?;
    let row = rows.first().copied().ok_or_else(|| SqlError::unreadable("a pause was put and not answered"))?;
    Ok(paused(row))
}

/// The pause of a scope; none when it may go on.
///
/// # Errors
/// When the database does not answer.
pub async fn get(from: &Database, scope: &str) -> Result<Option<Paused>, SqlError> {
    let text = from.pools().text(GET);
    let row: Option<(i64, i64)> = on!(from.pools(), pool => {
        sqlx::query_as(text).bind(scope).fetch_optional(pool).await
    })
    .map_err(SqlError::statement)?;
    Ok(row.map(paused))
}

fn paused((until_ms, left_ms): (i64, i64)) -> Paused {
    Paused { until: value::moment(until_ms), left: Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)) }
}
