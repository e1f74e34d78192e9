//! The parts of a rehearsal that are done.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::StreamId;

/// A part that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub number: u16,
    /// What was counted, in the service's own form.
    pub counts: Vec<u8>,
}

/// A send to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The send.
    pub send: String,
    /// Its stream.
    pub stream: StreamId,
    /// The position of a record of it that told of the send.
    pub position: u64,
    /// What is told of it, in the service's own form.
    pub sample: Vec<u8>,
}

const KEEP: &str = "INSERT INTO rehearsal_parts (rehearsal, part, counts) VALUES ($1, $2, $3) ON CONFLICT (rehearsal, part) DO NOTHING";

/// What was erased meanwhile is not kept.
const KEEP_SAMPLE: &str = "INSERT INTO rehearsal_samples (rehearsal, part, send, stream, position, sample, incarnation)
    SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (
        SELECT 1 FROM tombstones WHERE stream = $4 AND incarnation = $7 AND position >= $5
    ) ON CONFLICT (rehearsal, send) DO NOTHING";

/// Keeps a part of a rehearsal of this incarnation of the log.
///
/// # Errors
/// When the database does not answer.
pub async fn keep(
    to: &mut Transaction,
    (rehearsal, incarnation): (&str, &str),
    part: &Part,
    samples: &[Sample],
) -> Result<(), SqlError> {
    let number = i32::from(part.number);
    let kept = on!(to.connection(), connection => {
        let query = sqlx::query(KEEP).bind(rehearsal).bind(number).bind(&part.counts);
        query.execute(connection).await.map(|done| done.rows_affected())
    });
    if kept.map_err(SqlError::statement)? == 0 {
        return Ok(());
    }
    for Sample { send, stream, position, sample } in samples {
        on!(to.connection(), connection => {
            let query = sqlx::query(KEEP_SAMPLE).bind(rehearsal).bind(number).bind(send).bind(stream.to_string());
            query.bind(value::integer(*position)).bind(sample).bind(incarnation).execute(connection).await.map(drop)
        })
        .map_err(SqlError::statement)?;
    }
    Ok(())
}

/// The parts of a rehearsal that are done.
///
/// # Errors
/// When the database does not answer.
pub async fn parts(database: &Database, rehearsal: &str) -> Result<Vec<Part>, SqlError> {
    let text = "SELECT part, counts FROM rehearsal_parts WHERE rehearsal = $1 ORDER BY part";
    let rows: Vec<(i32, Vec<u8>)> =
        on!(database.pools(), pool => sqlx::query_as(text).bind(rehearsal).fetch_all(pool).await)
            .map_err(SqlError::statement)?;
    rows.into_iter().map(|(number, counts)| Ok(Part { number: value::shard(number)?, counts })).collect()
}

/// The sends to look at, of all parts that are done.
///
/// # Errors
/// When the database does not answer.
pub async fn samples(database: &Database, rehearsal: &str) -> Result<Vec<Sample>, SqlError> {
    let text = "SELECT send, stream, position, sample FROM rehearsal_samples WHERE rehearsal = $1 ORDER BY send";
    let rows: Vec<(String, String, i64, Vec<u8>)> =
        on!(database.pools(), pool => sqlx::query_as(text).bind(rehearsal).fetch_all(pool).await)
            .map_err(SqlError::statement)?;
    let sample = |(send, stream, position, sample): (String, String, i64, Vec<u8>)| {
        Ok(Sample { send, stream: value::stream(&stream)?, position: value::number(position)?, sample })
    };
    rows.into_iter().map(sample).collect()
}
