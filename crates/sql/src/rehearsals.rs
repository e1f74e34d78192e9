//! Rehearsals of rule packs: what was asked for, how far each has come, and what came of the parts that are done.
//!
//! A log is named by its lineage here. Nothing says who a rehearsal looked at but the samples, whose streams are keyed
//! digests; they are kept apart, and go with an erasure.

mod parts;

pub use parts::{Part, Sample, keep, parts, samples};

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::time::Timestamp;

/// Where a rehearsal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for somebody who takes it up.
    Pending,
    /// Somebody works on it, or did until their process ended.
    Running,
    /// It is done.
    Succeeded,
    /// It cannot go on.
    Failed,
    /// It was ended before it was done.
    Cancelled,
}

impl State {
    const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nobody works on it any more, or will unless asked.
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// A rehearsal that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The id that it gets.
    pub id: &'a str,
    /// The log's lineage.
    pub log: &'a str,
    /// The caller's name for the call.
    pub request: &'a str,
    /// A digest of all that was asked for.
    pub request_digest: &'a [u8],
    /// What is to be done, in the service's own form.
    pub spec: &'a [u8],
    /// How many records the log has.
    pub total: u64,
    /// When.
    pub now: Timestamp,
}

/// A rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// Its id; later ones sort behind.
    pub id: String,
    /// A digest of all that was asked for.
    pub request_digest: Vec<u8>,
    /// What is to be done, in the service's own form.
    pub spec: Vec<u8>,
    /// Where it stands.
    pub state: State,
    /// Why it failed; empty when it did not.
    pub error: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When anything of this was written last.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a rehearsal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records passed.
    pub passed: u64,
    /// Of so many.
    pub total: u64,
    /// Sends judged.
    pub sends: u64,
}

type Row = (String, Vec<u8>, Vec<u8>, String, String, i64, i64, Option<i64>, i64, i64, i64);

const COLUMNS: &str = "SELECT id, request_digest, spec, state, error, created_at_ms, updated_at_ms, ended_at_ms,
    passed, total, sends FROM rehearsals";

fn rehearsal(row: Row) -> Result<Rehearsal, SqlError> {
    let (id, request_digest, spec, state, error, created_at, updated_at, ended_at, passed, total, sends) = row;
    let known = State::ALL.into_iter().find(|known| known.as_str() == state);
    let state = known.ok_or_else(|| SqlError::unreadable(format!("a rehearsal is {state:?}")))?;
    let progress =
        Progress { passed: value::number(passed)?, total: value::number(total)?, sends: value::number(sends)? };
    let (created_at, updated_at) = (value::moment(created_at), value::moment(updated_at));
    let ended_at = ended_at.map(value::moment);
    Ok(Rehearsal { id, request_digest, spec, state, error, created_at, updated_at, ended_at, progress })
}

const CREATE: &str = "INSERT INTO rehearsals (id, log, request, request_digest, spec, state, error, created_at_ms,
    updated_at_ms, ended_at_ms, passed, total, sends)
    VALUES ($1, $2, $3, $4, $5, 'pending', '', $6, $6, NULL, 0, $7, 0) ON CONFLICT (log, request) DO NOTHING";

/// Notes a rehearsal, unless the same request was made before: then the one that it led to is answered. Can be repeated.
///
/// # Errors
/// When the database does not answer: repeat it.
pub async fn create(database: &Database, asked: Asked<'_>) -> Result<Rehearsal, SqlError> {
    let Asked { id, log, request, request_digest, spec, total, now } = asked;
    let turn = database.turn().await?;
    on!(database.pools(), pool => {
        let query = sqlx::query(CREATE).bind(id).bind(log).bind(request).bind(request_digest).bind(spec);
        query.bind(now.as_millis()).bind(value::integer(total)).execute(pool).await.map(drop)
    })
    .map_err(SqlError::commit)?;
    drop(turn);
    let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE log = $1 AND request = $2"));
    let row: Row = on!(database.pools(), pool => sqlx::query_as(text).bind(log).bind(request).fetch_one(pool).await)
        .map_err(SqlError::statement)?;
    rehearsal(row)
}

/// One rehearsal of a log.
///
/// # Errors
/// When the database does not answer.
pub async fn get(database: &Database, log: &str, id: &str) -> Result<Option<Rehearsal>, SqlError> {
    let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE log = $1 AND id = $2"));
    let row: Option<Row> =
        on!(database.pools(), pool => sqlx::query_as(text).bind(log).bind(id).fetch_optional(pool).await)
            .map_err(SqlError::statement)?;
    row.map(rehearsal).transpose()
}

/// A log's rehearsals, the latest first, behind this id; the empty one is before all.
///
/// # Errors
/// When the database does not answer.
pub async fn list(database: &Database, log: &str, behind: &str, limit: usize) -> Result<Vec<Rehearsal>, SqlError> {
    let text =
        sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE log = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3"));
    let rows: Vec<Row> = on!(database.pools(), pool => {
        sqlx::query_as(text).bind(log).bind(behind).bind(value::limit(limit)).fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    rows.into_iter().map(rehearsal).collect()
}

/// A log's rehearsals that have not ended, the earliest first.
///
/// # Errors
/// When the database does not answer.
pub async fn open(database: &Database, log: &str) -> Result<Vec<Rehearsal>, SqlError> {
    let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE log = $1 AND state IN ('pending', 'running') ORDER BY id"));
    let rows: Vec<Row> = on!(database.pools(), pool => sqlx::query_as(text).bind(log).fetch_all(pool).await)
        .map_err(SqlError::statement)?;
    rows.into_iter().map(rehearsal).collect()
}

/// A step from one state to another.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Only from one of these two.
    pub from: [State; 2],
    /// To this one.
    pub to: State,
    /// Why, when it failed.
    pub error: &'a str,
    /// When.
    pub now: Timestamp,
}

const MOVE: &str = "UPDATE rehearsals SET state = $4, error = $5, updated_at_ms = $6, ended_at_ms = $7
    WHERE id = $1 AND state IN ($2, $3)";

/// Moves a rehearsal from one state to another. Answers whether it stood in one that it could be moved from.
///
/// # Errors
/// When the database does not answer: it may have been moved.
pub async fn step(database: &Database, id: &str, step: Step<'_>) -> Result<bool, SqlError> {
    let Step { from: [one, other], to, error, now } = step;
    let ended_at = to.has_ended().then_some(now.as_millis());
    let _turn = database.turn().await?;
    let moved = on!(database.pools(), pool => {
        let query = sqlx::query(MOVE).bind(id).bind(one.as_str()).bind(other.as_str()).bind(to.as_str());
        query.bind(error).bind(now.as_millis()).bind(ended_at).execute(pool).await.map(|done| done.rows_affected())
    });
    Ok(moved.map_err(SqlError::commit)? > 0)
}

/// Notes how far a rehearsal that runs has come. Answers whether it still runs.
///
/// # Errors
/// When the database does not answer.
pub async fn note(database: &Database, id: &str, progress: Progress, now: Timestamp) -> Result<bool, SqlError> {
    let text = "UPDATE rehearsals SET passed = $2, sends = $3, updated_at_ms = $4 WHERE id = $1 AND state = 'running'";
    let (passed, sends) = (value::integer(progress.passed), value::integer(progress.sends));
    let _turn = database.turn().await?;
    let noted = on!(database.pools(), pool => {
        let query = sqlx::query(text).bind(id).bind(passed).bind(sends).bind(now.as_millis());
        query.execute(pool).await.map(|done| done.rows_affected())
    });
    Ok(noted.map_err(SqlError::commit)? > 0)
}

/// What is deleted of a rehearsal, the rehearsal itself last: cut short, it can be done again.
const FORGET: [&str; 3] = [
    "DELETE FROM rehearsal_samples WHERE rehearsal IN (SELECT id FROM rehearsals WHERE ended_at_ms < $1)",
    "DELETE FROM rehearsal_parts WHERE rehearsal IN (SELECT id FROM rehearsals WHERE ended_at_ms < $1)",
    "DELETE FROM rehearsals WHERE ended_at_ms < $1",
];

/// Forgets every rehearsal that ended before a moment, of whichever log.
///
/// # Errors
/// When the database does not answer: repeat it.
pub async fn forget(database: &Database, before: Timestamp) -> Result<(), SqlError> {
    let mut transaction = database.begin().await?;
    for text in FORGET {
        on!(transaction.connection(), connection =>
            sqlx::query(text).bind(before.as_millis()).execute(connection).await.map(drop))
        .map_err(SqlError::statement)?;
    }
    transaction.commit().await
}
