//! The personas of Pages, and who of the staff speaks under which. Not derived: the platform has the personas, and whoever
//! looks after a Page says who speaks under them; no log tells of either.

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::{AgentId, PageId, PersonaId, RequestId};
use domain::time::{Span, Timestamp};

/// How long whoever makes a persona has for it, before another may go on with it.
const BUSY: Span = Span::from_secs(60);

/// A persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The platform's id.
    pub id: PersonaId,
    /// Its name; empty for one that was not made here.
    pub name: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was deleted, or found to be.
    pub deleted_at: Option<Timestamp>,
}

/// What became of the wish to make a persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Make it now, and say so with [`made`].
    Ours {
        /// Whether somebody may have made it before, and could not say so.
        is_again: bool,
    },
    /// It was made.
    Made(Known),
    /// Somebody else is making it.
    Busy,
    /// The request id was used for another.
    Reused,
}

type Row = (String, String, i64, Option<i64>);
/// The same behind the digest of what was asked for.
type Wish = (Vec<u8>, String, String, i64, Option<i64>);

const BEGIN: &str = "INSERT INTO personas
    (page, origin, digest, persona, name, busy_until_ms, created_at_ms) VALUES ($1, $2, $3, '', $4, $5, $6)
    ON CONFLICT (page, origin) DO NOTHING";

const RESUME: &str = "UPDATE personas SET busy_until_ms = $4
    WHERE page = $1 AND origin = $2 AND digest = $3 AND persona = '' AND busy_until_ms <= $5";

const GONE: &str = "INSERT INTO personas
    (page, origin, digest, persona, name, busy_until_ms, created_at_ms, deleted_at_ms)
    VALUES ($1, $2, $3, $4, '', 0, $5, $5) ON CONFLICT (page, origin) DO NOTHING";

/// The row of a call, apart from that of a persona which was made elsewhere.
fn origin(request: &RequestId) -> String {
    format!("call/{}", request.as_str())
}

/// Takes on the making of a persona of this name; `digest` stands for all that was asked for.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(
    database: &Database,
    page: &PageId,
    request: &RequestId,
    (name, digest): (&str, &[u8]),
    now: Timestamp,
) -> Result<Begun, SqlError> {
    let (origin, busy) = (origin(request), now.plus(BUSY).as_millis());
    let begun = on!(database.durable(), pool => {
        let query = sqlx::query(BEGIN).bind(page.as_str()).bind(&origin).bind(digest).bind(name);
        query.bind(busy).bind(now.as_millis()).execute(pool).await.map(|done| done.rows_affected())
    });
    if begun.map_err(SqlError::commit)? > 0 {
        return Ok(Begun::Ours { is_again: false });
    }
    let resumed = on!(database.durable(), pool => {
        let query = sqlx::query(RESUME).bind(page.as_str()).bind(&origin).bind(digest).bind(busy);
        query.bind(now.as_millis()).execute(pool).await.map(|done| done.rows_affected())
    });
    if resumed.map_err(SqlError::commit)? > 0 {
        return Ok(Begun::Ours { is_again: true });
    }
    let text = "SELECT digest, persona, name, created_at_ms, deleted_at_ms FROM personas
        WHERE page = $1 AND origin = $2";
    let row: Option<Wish> = on!(database.pools(), pool => {
        sqlx::query_as(text).bind(page.as_str()).bind(&origin).fetch_optional(pool).await
    })
    .map_err(SqlError::statement)?;
    let Some((was, id, name, created_at, deleted_at)) = row else { return Ok(Begun::Busy) };
    if was != digest {
        return Ok(Begun::Reused);
    }
    if id.is_empty() { Ok(Begun::Busy) } else { known((id, name, created_at, deleted_at)).map(Begun::Made) }
}

/// Says that the persona was made, and has this id.
///
/// # Errors
/// When the database does not answer: repeating the call finds it again.
pub async fn made(database: &Database, page: &PageId, request: &RequestId, id: &PersonaId) -> Result<(), SqlError> {
    let text = "UPDATE personas SET persona = $3, busy_until_ms = 0 WHERE page = $1 AND origin = $2 AND persona = ''";
    on!(database.durable(), pool => {
        let query = sqlx::query(text).bind(page.as_str()).bind(origin(request)).bind(id.as_str());
        query.execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)
}

/// Says that no persona came of it: the next call begins anew, or where that is unclear looks first whether there is one.
///
/// # Errors
/// When the database does not answer: then the next call waits a minute, and looks.
pub async fn failed(database: &Database, page: &PageId, request: &RequestId, end: Failed) -> Result<(), SqlError> {
    let text = match end {
        Failed::NotMade => "DELETE FROM personas WHERE page = $1 AND origin = $2 AND persona = ''",
        Failed::Unclear => "UPDATE personas SET busy_until_ms = 0 WHERE page = $1 AND origin = $2 AND persona = ''",
    };
    on!(database.durable(), pool => {
        sqlx::query(text).bind(page.as_str()).bind(origin(request)).execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)
}

/// How the making of a persona failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It is not there.
    NotMade,
    /// It may be there.
    Unclear,
}

/// One persona, also a deleted one.
///
/// # Errors
/// When the database does not answer.
pub async fn get(database: &Database, page: &PageId, id: &PersonaId) -> Result<Option<Known>, SqlError> {
    let text = "SELECT persona, name, created_at_ms, deleted_at_ms FROM personas
        WHERE page = $1 AND persona = $2 ORDER BY origin LIMIT 1";
    let row: Option<Row> = on!(database.pools(), pool => {
        sqlx::query_as(text).bind(page.as_str()).bind(id.as_str()).fetch_optional(pool).await
    })
    .map_err(SqlError::statement)?;
    row.map(known).transpose()
}

/// The personas that were made here, oldest first, behind `after`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    database: &Database,
    page: &PageId,
    after: Option<(Timestamp, &str)>,
    (limit, with_deleted): (usize, bool),
) -> Result<Vec<Known>, SqlError> {
    let text = "SELECT persona, name, created_at_ms, deleted_at_ms FROM personas
        WHERE page = $1 AND persona <> '' AND name <> '' AND ($2 OR deleted_at_ms IS NULL)
            AND (created_at_ms > $3 OR (created_at_ms = $3 AND persona > $4))
        ORDER BY created_at_ms, persona LIMIT $5";
    let (at, id) = after.map_or((i64::MIN, ""), |(at, id)| (at.as_millis(), id));
    let rows: Vec<Row> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(page.as_str()).bind(with_deleted).bind(at).bind(id);
        query.bind(value::limit(limit)).fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    rows.into_iter().map(known).collect()
}

/// Says that a persona is gone, whether it was made here or not. Nobody speaks under it any more.
///
/// # Errors
/// When the database does not answer: repeat it.
pub async fn gone(database: &Database, page: &PageId, id: &PersonaId, now: Timestamp) -> Result<(), SqlError> {
    let mark = "UPDATE personas SET deleted_at_ms = $3 WHERE page = $1 AND persona = $2 AND deleted_at_ms IS NULL";
    let unassign = "DELETE FROM persona_agents WHERE page = $1 AND persona = $2";
    on!(database.durable(), pool => {
        sqlx::query(mark).bind(page.as_str()).bind(id.as_str()).bind(now.as_millis()).execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)?;
    on!(database.durable(), pool => {
        sqlx::query(unassign).bind(page.as_str()).bind(id.as_str()).execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)?;
    if get(database, page, id).await?.is_some() {
        return Ok(());
    }
    let origin = format!("platform/{}", id.as_str());
    on!(database.durable(), pool => {
        let query = sqlx::query(GONE).bind(page.as_str()).bind(&origin).bind(b"".as_slice()).bind(id.as_str());
        query.bind(now.as_millis()).execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)
}

/// Lets a person of the staff speak under this persona, or under none.
///
/// # Errors
/// When the database does not answer: repeat it.
pub async fn assign(
    database: &Database,
    page: &PageId,
    agent: &AgentId,
    persona: Option<&PersonaId>,
) -> Result<(), SqlError> {
    let text = match persona {
        Some(_) => {
            "INSERT INTO persona_agents (page, agent, persona) VALUES ($1, $2, $3)
                ON CONFLICT (page, agent) DO UPDATE SET persona = excluded.persona"
        }
        None => "DELETE FROM persona_agents WHERE page = $1 AND agent = $2 AND persona <> $3",
    };
    let id = persona.map_or("", PersonaId::as_str);
    on!(database.durable(), pool => {
        sqlx::query(text).bind(page.as_str()).bind(agent.as_str()).bind(id).execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)
}

/// Under which persona a person of the staff speaks.
///
/// # Errors
/// When the database does not answer.
pub async fn of_agent(database: &Database, page: &PageId, agent: &AgentId) -> Result<Option<PersonaId>, SqlError> {
    let text = "SELECT persona FROM persona_agents WHERE page = $1 AND agent = $2";
    let found: Option<String> = on!(database.pools(), pool => {
        sqlx::query_scalar(text).bind(page.as_str()).bind(agent.as_str()).fetch_optional(pool).await
    })
    .map_err(SqlError::statement)?;
    found.map(|id| PersonaId::parse(&id).map_err(SqlError::unreadable)).transpose()
}

/// Who speaks under a persona, by id.
///
/// # Errors
/// When the database does not answer.
pub async fn agents(database: &Database, page: &PageId, id: &PersonaId) -> Result<Vec<String>, SqlError> {
    let text = "SELECT agent FROM persona_agents WHERE page = $1 AND persona = $2 ORDER BY agent";
    on!(database.pools(), pool => {
        sqlx::query_scalar(text).bind(page.as_str()).bind(id.as_str()).fetch_all(pool).await
    })
    .map_err(SqlError::statement)
}

fn known((id, name, created_at, deleted_at): Row) -> Result<Known, SqlError> {
    let id = PersonaId::parse(&id).map_err(SqlError::unreadable)?;
    let created_at = value::moment(created_at);
    Ok(Known { id, name, created_at, deleted_at: deleted_at.map(value::moment) })
}
