//! The outbox: sends that have not ended, read one Page at a time in the order in which they are to leave.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::{rows, value};
use domain::id::{PageId, SendId, StreamId};
use domain::send::Class;
use domain::time::Timestamp;
use std::collections::HashSet;

/// A send that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The send.
    pub send: SendId,
    /// The Page it leaves from, at whose pace.
    pub page: PageId,
    /// Whose turn it is in.
    pub class: Class,
    /// From when on it may not leave any more.
    pub deadline: Timestamp,
    /// When it is to be looked at next: it may leave then, or is to be settled.
    pub not_before: Timestamp,
    /// Whether it is held while the rules forbid it.
    pub is_held: bool,
    /// The stream that holds it.
    pub stream: StreamId,
    /// The position of its request, by which those of one conversation keep their order.
    pub position: u64,
}

/// What is known anew of a send.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// From when on it may not leave any more.
    pub deadline: Option<Timestamp>,
    /// When it is to be looked at next.
    pub not_before: Option<Timestamp>,
    /// Whether it is held from now on.
    pub is_held: bool,
}

const fn number(class: Class) -> i32 {
    match class {
        Class::Person => 0,
        Class::Automation => 1,
        Class::Broadcast => 2,
    }
}

fn class_of(number: i32) -> Result<Class, SqlError> {
    match number {
        0 => Ok(Class::Person),
        1 => Ok(Class::Automation),
        2 => Ok(Class::Broadcast),
        _ => Err(SqlError::unreadable(format!("there is no class {number}"))),
    }
}

/// Puts sends in, each of which stands there once.
///
/// # Errors
/// When the database does not answer.
pub async fn put(to: &mut Transaction, waiting: &[Waiting]) -> Result<(), SqlError> {
    for group in rows::together(waiting) {
        let text = rows::statement(
            &to.connection(),
            "INSERT INTO outbox (send, page, class, deadline_ms, not_before_ms, stream, position, held) VALUES ",
            8,
            group.len(),
            " ON CONFLICT (send) DO UPDATE SET page = excluded.page, class = excluded.class,
                deadline_ms = excluded.deadline_ms, not_before_ms = excluded.not_before_ms, stream = excluded.stream,
                position = excluded.position, held = excluded.held",
        );
        on!(to.connection(), connection => {
            let mut query = sqlx::query(text);
            for Waiting { send, page, class, deadline, not_before, is_held, stream, position } in group {
                query = query.bind(send.to_string()).bind(page.as_str()).bind(number(*class));
                query = query.bind(deadline.as_millis()).bind(not_before.as_millis());
                query = query.bind(stream.to_string()).bind(value::integer(*position)).bind(i32::from(*is_held));
            }
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    Ok(())
}

/// Takes sends out, because they have ended.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(from: &mut Transaction, sends: &[&SendId]) -> Result<(), SqlError> {
    for group in rows::together(sends) {
        let before = "WITH given (send) AS (VALUES ";
        let after = ") DELETE FROM outbox WHERE send IN (SELECT send FROM given)";
        let text = rows::statement(&from.connection(), before, 1, group.len(), after);
        on!(from.connection(), connection => {
            let query = group.iter().fold(sqlx::query(text), |query, send| query.bind(send.to_string()));
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    Ok(())
}

/// Says anew what is known of sends. One that is not there is not put in.
///
/// # Errors
/// When the database does not answer.
pub async fn change(to: &mut Transaction, changes: &[(&SendId, Change)]) -> Result<(), SqlError> {
    for group in rows::together(changes) {
        let text = rows::statement(
            &to.connection(),
            "WITH given (send, deadline_ms, not_before_ms, held) AS (VALUES ",
            4,
            group.len(),
            ") UPDATE outbox SET deadline_ms = COALESCE(given.deadline_ms, outbox.deadline_ms),
                not_before_ms = COALESCE(given.not_before_ms, outbox.not_before_ms), held = given.held
            FROM given WHERE outbox.send = given.send",
        );
        on!(to.connection(), connection => {
            let mut query = sqlx::query(text);
            for (send, Change { deadline, not_before, is_held }) in group {
                query = query.bind(send.to_string()).bind(deadline.map(Timestamp::as_millis));
                query = query.bind(not_before.map(Timestamp::as_millis)).bind(i32::from(*is_held));
            }
            query.execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    Ok(())
}

/// Those of these streams that hold sends which the rules forbid for now.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn holding(from: &mut Transaction, streams: &[&StreamId]) -> Result<HashSet<StreamId>, SqlError> {
    let mut holding = HashSet::new();
    for group in rows::together(streams) {
        let before = "WITH given (stream) AS (VALUES ";
        let after = ") SELECT DISTINCT outbox.stream FROM given JOIN outbox ON outbox.stream = given.stream
            WHERE outbox.held = 1";
        let text = rows::statement(&from.connection(), before, 1, group.len(), after);
        let found: Vec<String> = on!(from.connection(), connection => {
            let query = group.iter().fold(sqlx::query_scalar(text), |query, stream| query.bind(stream.to_string()));
            query.fetch_all(connection).await
        })
        .map_err(SqlError::statement)?;
        for stream in &found {
            holding.insert(value::stream(stream)?);
        }
    }
    Ok(holding)
}

/// Lets what is held in a stream be looked at from `at` on, since something happened there.
///
/// # Errors
/// When the database does not answer.
pub async fn stir(to: &mut Transaction, stream: &StreamId, at: Timestamp) -> Result<(), SqlError> {
    let text = "UPDATE outbox SET not_before_ms = $2 WHERE stream = $1 AND held = 1 AND not_before_ms > $2";
    on!(to.connection(), connection => {
        let query = sqlx::query(text).bind(stream.to_string()).bind(at.as_millis());
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

/// A Page's sends that may leave now, of this class and of those that go before it: people before automation before
/// broadcasts, in each those whose window ends first, then in the order requested.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn ready(
    database: &Database,
    (page, last): (&PageId, Class),
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Waiting>, SqlError> {
    let text = "SELECT send, class, deadline_ms, not_before_ms, stream, position, held FROM outbox
        WHERE page = $1 AND not_before_ms <= $2 AND class <= $4 ORDER BY class, deadline_ms, position LIMIT $3";
    let rows: Vec<Row> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(page.as_str()).bind(now.as_millis()).bind(value::limit(limit));
        query.bind(number(last)).fetch_all(pool).await
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

/// How many of a Page's sends that may leave now would leave before one of this class and deadline.
///
/// # Errors
/// When the database does not answer.
pub async fn ahead(
    database: &Database,
    page: &PageId,
    (class, deadline): (Class, Timestamp),
    now: Timestamp,
) -> Result<u64, SqlError> {
    let text = "SELECT COUNT(*) FROM outbox WHERE page = $1 AND not_before_ms <= $4
        AND (class < $2 OR (class = $2 AND deadline_ms <= $3))";
    let ahead: i64 = on!(database.pools(), pool => {
        let query = sqlx::query_scalar(text).bind(page.as_str()).bind(number(class)).bind(deadline.as_millis());
        query.bind(now.as_millis()).fetch_one(pool).await
    })
    .map_err(SqlError::statement)?;
    value::number(ahead)
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

type Row = (String, i32, i64, i64, String, i64, i32);

fn waiting(
    page: &PageId,
    (send, class, deadline, not_before, stream, position, held): Row,
) -> Result<Waiting, SqlError> {
    Ok(Waiting {
        send: SendId::parse(&send).map_err(SqlError::unreadable)?,
        page: page.clone(),
        class: class_of(class)?,
        deadline: value::moment(deadline),
        not_before: value::moment(not_before),
        is_held: held != 0,
        stream: value::stream(&stream)?,
        position: value::number(position)?,
    })
}
