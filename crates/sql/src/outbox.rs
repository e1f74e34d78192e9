//! The outbox: sends that have not ended, read one Page at a time in the order in which they are to leave.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::{PageId, SendId, StreamId};
use domain::time::Timestamp;

/// A send that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The send.
    pub send: SendId,
    /// The Page it leaves from, at whose pace.
    pub page: PageId,
    /// Whose turn it is in.
    pub class: Class,
    /// When its window ends.
    pub deadline: Timestamp,
    /// Not to leave before this.
    pub not_before: Timestamp,
    /// The stream that holds it.
    pub stream: StreamId,
    /// The position of its request, by which those of one conversation keep their order.
    pub position: u64,
}

/// What kind of sender waits. Earlier ones go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody waits for a person's answer.
    Person,
    /// A program answers.
    Automation,
    /// One of many alike.
    Broadcast,
}

impl Class {
    const fn number(self) -> i32 {
        match self {
            Self::Person => 0,
            Self::Automation => 1,
            Self::Broadcast => 2,
        }
    }

    fn of(number: i32) -> Result<Self, SqlError> {
        match number {
            0 => Ok(Self::Person),
            1 => Ok(Self::Automation),
            2 => Ok(Self::Broadcast),
            _ => Err(SqlError::unreadable(format!("there is no class {number}"))),
        }
    }
}

const PUT: &str = "INSERT INTO outbox (send, page, class, deadline_ms, not_before_ms, stream, position)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (send) DO UPDATE SET page = excluded.page, class = excluded.class, deadline_ms = excluded.deadline_ms,
        not_before_ms = excluded.not_before_ms, stream = excluded.stream, position = excluded.position";

/// Puts a send in, or says anew what is known of it.
///
/// # Errors
/// When the database does not answer.
pub async fn put(to: &mut Transaction, waiting: &Waiting) -> Result<(), SqlError> {
    let Waiting { send, page, class, deadline, not_before, stream, position } = waiting;
    on!(to.connection(), connection => {
        let query = sqlx::query(PUT).bind(send.to_string()).bind(page.as_str()).bind(class.number());
        let query = query.bind(deadline.as_millis()).bind(not_before.as_millis());
        query.bind(stream.to_string()).bind(value::integer(*position)).execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Takes a send out, because it has ended.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(from: &mut Transaction, send: &SendId) -> Result<(), SqlError> {
    on!(from.connection(), connection => {
        let query = sqlx::query("DELETE FROM outbox WHERE send = $1").bind(send.to_string());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// A Page's sends that may leave now: people before automation before broadcasts, in each those whose window ends
/// first, then in the order requested.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn ready(database: &Database, page: &PageId, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, SqlError> {
    let text = "SELECT send, class, deadline_ms, not_before_ms, stream, position FROM outbox
        WHERE page = $1 AND not_before_ms <= $2 ORDER BY class, deadline_ms, position LIMIT $3";
    let rows: Vec<Row> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(page.as_str()).bind(now.as_millis()).bind(value::limit(limit));
        query.fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    rows.into_iter().map(|row| waiting(page, row)).collect()
}

/// When the next of a Page's sends may leave that may not yet.
///
/// # Errors
/// When the database does not answer.
pub async fn next_start(database: &Database, page: &PageId, now: Timestamp) -> Result<Option<Timestamp>, SqlError> {
    let text = "SELECT MIN(not_before_ms) FROM outbox WHERE page = $1 AND not_before_ms > $2";
    let next: Option<i64> = on!(database.pools(), pool =>
        sqlx::query_scalar(text).bind(page.as_str()).bind(now.as_millis()).fetch_one(pool).await)
    .map_err(SqlError::statement)?;
    Ok(next.map(value::moment))
}

/// The Pages that have sends waiting.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn pages(database: &Database) -> Result<Vec<PageId>, SqlError> {
    // One step along the index a Page, however many sends each has.
    let text = "SELECT MIN(page) FROM outbox WHERE page > $1";
    let mut pages: Vec<PageId> = Vec::new();
    loop {
        let last = pages.last().map_or("", PageId::as_str);
        let next: Option<String> =
            on!(database.pools(), pool => sqlx::query_scalar(text).bind(last).fetch_one(pool).await)
                .map_err(SqlError::statement)?;
        let Some(next) = next else { return Ok(pages) };
        pages.push(PageId::parse(&next).map_err(SqlError::unreadable)?);
    }
}

type Row = (String, i32, i64, i64, String, i64);

fn waiting(page: &PageId, (send, class, deadline, not_before, stream, position): Row) -> Result<Waiting, SqlError> {
    Ok(Waiting {
        send: SendId::parse(&send).map_err(SqlError::unreadable)?,
        page: page.clone(),
        class: Class::of(class)?,
        deadline: value::moment(deadline),
        not_before: value::moment(not_before),
        stream: value::stream(&stream)?,
        position: value::number(position)?,
    })
}
