//! Echoes that came in another stream than the send that they name: each is kept until that send is settled at home.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::{Mid, PageId, SendId, StreamId};
use domain::time::Timestamp;

/// An echo, and the send that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The send, whose id says where its home is.
    pub send: SendId,
    /// The stream in which the echo came.
    pub echoed_in: StreamId,
    /// The message's id.
    pub mid: Mid,
    /// When it was sent, by the echo.
    pub at: Timestamp,
}

const PUT: &str = "INSERT INTO echoes (send, page, stream, echoed_in, mid, echoed_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (send) DO NOTHING";

/// Keeps an echo. Of several that name the same send the first is kept.
///
/// # Errors
/// When the database does not answer.
pub async fn put(to: &mut Transaction, echo: &Elsewhere) -> Result<(), SqlError> {
    let Elsewhere { send, echoed_in, mid, at } = echo;
    on!(to.connection(), connection => {
        let query = sqlx::query(PUT).bind(send.to_string()).bind(send.page().as_str());
        let query = query.bind(send.stream().to_string()).bind(echoed_in.to_string());
        query.bind(mid.as_str()).bind(at.as_millis()).execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Forgets the echo that names this send: it is settled.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(from: &mut Transaction, send: &SendId) -> Result<(), SqlError> {
    on!(from.connection(), connection => {
        let query = sqlx::query("DELETE FROM echoes WHERE send = $1").bind(send.to_string());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Forgets what came in a stream, or is at home there, because it was erased.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_stream(from: &mut Transaction, stream: &StreamId) -> Result<(), SqlError> {
    on!(from.connection(), connection => {
        let query = sqlx::query("DELETE FROM echoes WHERE stream = $1 OR echoed_in = $1").bind(stream.to_string());
        query.execute(connection).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// A Page's echoes of sends that may not be settled yet.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn of_page(database: &Database, page: &PageId, limit: usize) -> Result<Vec<Elsewhere>, SqlError> {
    let text = "SELECT send, echoed_in, mid, echoed_at_ms FROM echoes WHERE page = $1 ORDER BY send LIMIT $2";
    let rows: Vec<(String, String, String, i64)> = on!(database.pools(), pool =>
        sqlx::query_as(text).bind(page.as_str()).bind(value::limit(limit)).fetch_all(pool).await)
    .map_err(SqlError::statement)?;
    rows.into_iter().map(elsewhere).collect()
}

/// The Pages that have such echoes.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn pages(database: &Database) -> Result<Vec<PageId>, SqlError> {
    let text = "SELECT DISTINCT page FROM echoes ORDER BY page";
    let pages: Vec<String> =
        on!(database.pools(), pool => sqlx::query_scalar(text).fetch_all(pool).await).map_err(SqlError::statement)?;
    pages.iter().map(|page| PageId::parse(page).map_err(SqlError::unreadable)).collect()
}

fn elsewhere((send, echoed_in, mid, at): (String, String, String, i64)) -> Result<Elsewhere, SqlError> {
    Ok(Elsewhere {
        send: SendId::parse(&send).map_err(SqlError::unreadable)?,
        echoed_in: value::stream(&echoed_in)?,
        mid: Mid::parse(&mid).map_err(SqlError::unreadable)?,
        at: value::moment(at),
    })
}
