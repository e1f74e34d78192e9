//! What was used of a Page's quotas, by the process. Each process says how much it used in a bucket of time, and says it
//! again when it used more: what is told twice counts once, and several processes add up.

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::{rows, value};
use domain::id::PageId;
use domain::time::Timestamp;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Calls of the platform.
    Call,
    /// Answers to comments in private.
    Reply,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Call, Self::Reply];

    const fn number(self) -> i32 {
        match self {
            Self::Call => 0,
            Self::Reply => 1,
        }
    }
}

/// How much was used of one kind in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// For which Page.
    pub page: PageId,
    /// Of what.
    pub kind: Kind,
    /// The first moment of the bucket.
    pub bucket: Timestamp,
    /// How much.
    pub n: u64,
}

/// Says how much a process used by now in buckets, each of which stands there once.
///
/// # Errors
/// When the database does not answer: say it again.
pub async fn put(to: &Database, process: &str, counts: &[Count]) -> Result<(), SqlError> {
    let mut transaction = to.begin().await?;
    for group in rows::together(counts) {
        let text = rows::statement(
            &transaction.connection(),
            "INSERT INTO calls (page, kind, bucket_ms, process, n) VALUES ",
            5,
            group.len(),
            " ON CONFLICT (page, kind, bucket_ms, process) DO UPDATE SET n = excluded.n",
        );
        on!(transaction.connection(), connection => {
            let query = group.iter().fold(sqlx::query(text), |query, Count { page, kind, bucket, n }| {
                let query = query.bind(page.as_str()).bind(kind.number()).bind(bucket.as_millis());
                query.bind(process).bind(value::integer(*n))
            });
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    transaction.commit().await
}

/// What all processes but this one used of a Page, bucket by bucket, in those that begin at these moments or later.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn of_others(
    database: &Database,
    page: &PageId,
    process: &str,
    (calls_from, replies_from): (Timestamp, Timestamp),
) -> Result<Vec<Count>, SqlError> {
    let text = "SELECT kind, bucket_ms, CAST(SUM(n) AS BIGINT) FROM calls
        WHERE page = $1 AND process <> $2 AND ((kind = 0 AND bucket_ms >= $3) OR (kind = 1 AND bucket_ms >= $4))
        GROUP BY kind, bucket_ms ORDER BY kind, bucket_ms";
    let rows: Vec<(i32, i64, i64)> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(page.as_str()).bind(process);
        query.bind(calls_from.as_millis()).bind(replies_from.as_millis()).fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    let count = |(kind, bucket, n): (i32, i64, i64)| {
        let kind = Kind::ALL.into_iter().find(|known| known.number() == kind);
        let kind = kind.ok_or_else(|| SqlError::unreadable("there is no such kind of call"))?;
        Ok(Count { page: page.clone(), kind, bucket: value::moment(bucket), n: value::number(n)? })
    };
    rows.into_iter().map(count).collect()
}

/// Forgets the buckets of a kind that begin before this moment, of whichever Page and process.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(from: &Database, kind: Kind, before: Timestamp) -> Result<(), SqlError> {
    let mut transaction = from.begin().await?;
    on!(transaction.connection(), connection => {
        let query = sqlx::query("DELETE FROM calls WHERE kind = $1 AND bucket_ms < $2");
        query.bind(kind.number()).bind(before.as_millis()).execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)?;
    transaction.commit().await
}
