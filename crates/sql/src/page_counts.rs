//! How many sends of a Page ended, and how many of them in a block, by the minute.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::PageId;
use domain::time::{Span, Timestamp};

/// How long minutes are kept behind the newest of their Page: as long as anybody counts, and an hour more.
const KEPT_MINUTES: i64 = 25 * 60;
const MINUTE_MS: i64 = 60_000;

/// The sends of a Page that ended in some span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub sends: u64,
    /// How many of them because the person blocked the Page.
    pub blocks: u64,
}

impl Counted {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { sends: self.sends + other.sends, blocks: self.blocks + other.blocks }
    }
}

/// The minute that a moment is in.
pub const fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(MINUTE_MS)
}

/// Counts sends that ended in the minute of this moment. Minutes of the Page that are long past by it are forgotten.
///
/// # Errors
/// When the database does not answer.
pub async fn count(to: &mut Transaction, page: &PageId, at: Timestamp, ended: Counted) -> Result<(), SqlError> {
    let add = "INSERT INTO page_counts (page, minute, sends, blocks) VALUES ($1, $2, $3, $4)
        ON CONFLICT (page, minute) DO UPDATE SET sends = page_counts.sends + excluded.sends,
            blocks = page_counts.blocks + excluded.blocks";
    let (sends, blocks) = (value::integer(ended.sends), value::integer(ended.blocks));
    on!(to.connection(), connection => {
        let query = sqlx::query(add).bind(page.as_str()).bind(minute(at)).bind(sends).bind(blocks);
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)?;
    let forget = "DELETE FROM page_counts WHERE page = $1 AND minute < $2";
    on!(to.connection(), connection => {
        let query = sqlx::query(forget).bind(page.as_str()).bind(minute(at) - KEPT_MINUTES);
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// What ended within the span before `now`, exact to the minute.
///
/// # Errors
/// When the database does not answer.
pub async fn within(database: &Database, page: &PageId, span: Span, now: Timestamp) -> Result<Counted, SqlError> {
    let text = "SELECT CAST(COALESCE(SUM(sends), 0) AS BIGINT), CAST(COALESCE(SUM(blocks), 0) AS BIGINT)
        FROM page_counts WHERE page = $1 AND minute > $2 AND minute <= $3";
    let from = minute(now) - span.as_millis() / MINUTE_MS;
    let (sends, blocks): (i64, i64) = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(page.as_str()).bind(from).bind(minute(now));
        query.fetch_one(pool).await
    })
    .map_err(SqlError::statement)?;
    Ok(Counted { sends: value::number(sends)?, blocks: value::number(blocks)? })
}

/// The Pages of which anything is counted.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn pages(database: &Database) -> Result<Vec<PageId>, SqlError> {
    let text = "SELECT DISTINCT page FROM page_counts ORDER BY page";
    let pages: Vec<String> =
        on!(database.pools(), pool => sqlx::query_scalar(text).fetch_all(pool).await).map_err(SqlError::statement)?;
    pages.iter().map(|page| PageId::parse(page).map_err(SqlError::unreadable)).collect()
}
