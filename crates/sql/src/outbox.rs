//! The outbox: sends that have not ended, read one Page at a time in the order in which they are to leave.

use crate::checkpoint::{Reached, gathered};
use crate::database::{Database, Transaction};
use crate::derived::Derived;
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

/// Says anew when a send's window ends. One that is not there is not put in.
///
/// # Errors
/// When the database does not answer.
pub async fn set_deadline(to: &mut Transaction, send: &SendId, deadline: Timestamp) -> Result<(), SqlError> {
    set(to, "UPDATE outbox SET deadline_ms = $2 WHERE send = $1", send, deadline).await
}

/// Says anew when a send may leave. One that is not there is not put in.
///
/// # Errors
/// When the database does not answer.
pub async fn set_not_before(to: &mut Transaction, send: &SendId, not_before: Timestamp) -> Result<(), SqlError> {
    set(to, "UPDATE outbox SET not_before_ms = $2 WHERE send = $1", send, not_before).await
}

async fn set(to: &mut Transaction, text: &'static str, send: &SendId, moment: Timestamp) -> Result<(), SqlError> {
    on!(to.connection(), connection => {
        let query = sqlx::query(text).bind(send.to_string()).bind(moment.as_millis());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Takes every send of a stream out, because its conversation was erased.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_stream(from: &mut Transaction, stream: &StreamId) -> Result<(), SqlError> {
    on!(from.connection(), connection => {
        let query = sqlx::query("DELETE FROM outbox WHERE stream = $1").bind(stream.to_string());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Every send that waits, and how far the outbox has come, both as they were at one moment; none when nothing was taken
/// in since the outbox was made or dropped.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn all(database: &Database) -> Result<Option<(Reached, Vec<SendId>)>, SqlError> {
    // Not two statements: what is stored between them would be counted by one and missed by the other.
    let text = "SELECT shard, incarnation, position, NULL AS send FROM checkpoints WHERE name = $1
        UNION ALL SELECT NULL, NULL, NULL, send FROM outbox";
    type Either = (Option<i32>, Option<String>, Option<i64>, Option<String>);
    let name = Derived::Outbox.name();
    let rows: Vec<Either> = on!(database.pools(), pool => sqlx::query_as(text).bind(name).fetch_all(pool).await)
        .map_err(SqlError::statement)?;
    let (mut places, mut sends) = (Vec::new(), Vec::new());
    for (shard, incarnation, position, send) in rows {
        if let (Some(shard), Some(incarnation), Some(position)) = (shard, incarnation, position) {
            places.push((shard, incarnation, position));
        }
        if let Some(send) = send {
            sends.push(SendId::parse(&send).map_err(SqlError::unreadable)?);
        }
    }
    Ok(gathered(name, places)?.map(|reached| (reached, sends)))
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
