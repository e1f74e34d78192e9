//! Every send there ever was, by its request id and by its caller's name for what it tells: for what has left the state
//! of its conversation.

use crate::database::{Database, Transaction};
use crate::derived::Derived;
use crate::dialect::on;
use crate::error::SqlError;
use crate::{rows, value};
use domain::id::{SendId, StreamId};
use std::collections::HashSet;

/// A caller's request id or name for something, as a keyed digest.
pub type Digest = [u8; 16];

/// A send that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The send.
    pub send: &'a SendId,
    /// The stream that holds it.
    pub stream: &'a StreamId,
    /// The request that led to it.
    pub request: Digest,
    /// Its caller's name for what it tells.
    pub key: Option<Digest>,
    /// The position of its request.
    pub position: u64,
}

/// What is looked for in a stream.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// The send that this request led to.
    pub request: Digest,
    /// The send of this id.
    pub send: &'a SendId,
    /// The latest send that was to tell this.
    pub key: Option<Digest>,
}

/// What the table knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many requests of the stream it has taken in: what is not found is not among those. 0 when the table is of another
    /// incarnation of the log.
    pub reached: u64,
    /// The send that the request led to, or that has the id.
    pub same: Option<SendId>,
    /// The latest send of that key.
    pub of_key: Option<SendId>,
}

/// Where a send is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// How many requests of the stream the table has taken in; 0 when it is of another incarnation of the log.
    pub reached: u64,
    /// The position of the request for the send; none when it is not there, or not yet.
    pub position: Option<u64>,
}

/// Puts sends in, in their order, each behind those of its stream. One that is asked for again takes a further place.
///
/// # Errors
/// When the database does not answer.
pub async fn put(to: &mut Transaction, asked: &[Asked<'_>]) -> Result<(), SqlError> {
    // A statement touches a row once, so one that is asked for again begins another.
    let mut rest = asked;
    while !rest.is_empty() {
        let mut seen = HashSet::new();
        let n = rest.iter().take_while(|asked| seen.insert(asked.send)).count();
        let (once, behind) = rest.split_at(n);
        for group in rows::together(once) {
            put_together(to, group).await?;
        }
        rest = behind;
    }
    Ok(())
}

async fn put_together(to: &mut Transaction, asked: &[Asked<'_>]) -> Result<(), SqlError> {
    let text = rows::statement(
        &to.connection(),
        "WITH given (nth, send, stream, request, business_key, position) AS (VALUES ",
        6,
        asked.len(),
        ") INSERT INTO sends (send, stream, place, request, business_key, position)
        SELECT given.send, given.stream,
            (SELECT COALESCE(MAX(sends.place), -1) FROM sends WHERE sends.stream = given.stream)
                + ROW_NUMBER() OVER (PARTITION BY given.stream ORDER BY given.nth),
            given.request, given.business_key, given.position
        FROM given WHERE true
        ON CONFLICT (send) DO UPDATE SET place = excluded.place",
    );
    on!(to.connection(), connection => {
        let mut query = sqlx::query(text);
        for (nth, Asked { send, stream, request, key, position }) in (0_i64..).zip(asked) {
            query = query.bind(nth).bind(send.to_string()).bind(stream.to_string()).bind(request.to_vec());
            query = query.bind(key.map(|key| key.to_vec())).bind(value::integer(*position));
        }
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
        let query = sqlx::query("DELETE FROM sends WHERE stream = $1").bind(stream.to_string());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Looks for what is wanted, and how far the table has come, in one look: between two it could be dropped and filled.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn look(database: &Database, incarnation: &str, wanted: Wanted<'_>) -> Result<Found, SqlError> {
    let text = "SELECT
        (SELECT MAX(place) FROM sends WHERE stream = $1
            AND EXISTS (SELECT 1 FROM checkpoints WHERE name = $5 AND incarnation = $6)),
        (SELECT send FROM sends WHERE stream = $1 AND request = $2 ORDER BY place LIMIT 1),
        (SELECT send FROM sends WHERE send = $3),
        (SELECT send FROM sends WHERE stream = $1 AND business_key = $4 ORDER BY place DESC LIMIT 1)";
    let Wanted { stream, request, send, key } = wanted;
    let key = key.map(|key| key.to_vec());
    let row: (Option<i64>, Option<String>, Option<String>, Option<String>) = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(stream.to_string()).bind(request.to_vec()).bind(send.to_string());
        query.bind(key).bind(Derived::Outbox.name()).bind(incarnation).fetch_one(pool).await
    })
    .map_err(SqlError::statement)?;
    let (place, of_request, of_id, of_key) = row;
    let Some(place) = place else { return Ok(Found::default()) };
    let read = |send: Option<String>| send.map(|send| SendId::parse(&send).map_err(SqlError::unreadable)).transpose();
    Ok(Found { reached: value::number(place)? + 1, same: read(of_request.or(of_id))?, of_key: read(of_key)? })
}

/// Where a send begins, and how far the table has come.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn position(
    database: &Database,
    incarnation: &str,
    stream: &StreamId,
    send: &SendId,
) -> Result<Known, SqlError> {
    let text = "SELECT
        (SELECT MAX(place) FROM sends WHERE stream = $1
            AND EXISTS (SELECT 1 FROM checkpoints WHERE name = $3 AND incarnation = $4)),
        (SELECT position FROM sends WHERE send = $2)";
    let (place, position): (Option<i64>, Option<i64>) = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(stream.to_string()).bind(send.to_string());
        query.bind(Derived::Outbox.name()).bind(incarnation).fetch_one(pool).await
    })
    .map_err(SqlError::statement)?;
    let Some(place) = place else { return Ok(Known::default()) };
    Ok(Known { reached: value::number(place)? + 1, position: position.map(value::number).transpose()? })
}
