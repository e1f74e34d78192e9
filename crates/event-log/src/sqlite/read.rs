//! What is asked of the file: one stream, its end, the log as a whole.

use crate::port::LogError;
use crate::raw::RawRead;
use crate::record::{Position, Revision, Stored, Unreadable};
use bytes::Bytes;
use domain::id::StreamId;
use rusqlite::{Connection, Row, params};

/// The one shard of an embedded log.
pub(super) const SHARD: u16 = 0;

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

/// The last position given, also when its record was erased.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<Position> {
    let mut statement = connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'records'")?;
    let mut rows = statement.query([])?;
    let last: i64 = rows.next()?.map_or(Ok(0), |row| row.get(0))?;
    Ok(last.cast_unsigned())
}

/// Every record's bytes, in order.
pub(super) fn raw(connection: &Connection) -> rusqlite::Result<RawRead> {
    let mut statement = connection.prepare_cached("SELECT position, stream, body FROM records ORDER BY position")?;
    let mut rows = statement.query([])?;
    let mut read = RawRead::default();
    while let Some(row) = rows.next()? {
        read.add(row.get_ref(2)?.as_blob()?);
    }
    Ok(read)
}

/// What SQLite finds wrong in the file: pages, and whether table and index say the same.
pub(super) fn contradictions(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let words = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(words.into_iter().filter(|words| words != "ok").collect())
}

/// Every record of a stream behind `after`.
pub(super) fn stream(connection: &Connection, name: &str, after: Revision) -> Result<Vec<Stored>, LogError> {
    let mut statement = connection.prepare_cached(
        "SELECT position, body, stream FROM records WHERE stream = ?1 AND position > ?2 ORDER BY position",
    )?;
    let mut rows = statement.query(params![name, after.cast_signed()])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(stored(row)??);
    }
    Ok(records)
}

/// The last records of a stream, oldest first.
pub(super) fn last_of(connection: &Connection, name: &str, most: usize) -> Result<Vec<Stored>, LogError> {
    let mut statement = connection.prepare_cached(
        "SELECT position, body, stream FROM records WHERE stream = ?1 ORDER BY position DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![name, i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(stored(row)??);
    }
    records.reverse();
    Ok(records)
}

/// The record in a row of position, body and stream.
fn stored(row: &Row<'_>) -> rusqlite::Result<Result<Stored, Box<Unreadable>>> {
    let position: i64 = row.get(0)?;
    let name = row.get_ref(2)?;
    let stream = || StreamId::parse(name.as_str().ok()?).ok();
    Ok(Stored::decode(SHARD, position.cast_unsigned(), Bytes::copy_from_slice(body(row)?), stream))
}

/// The bytes of a record in a row of position, body and stream. Damage can change what kind of value they are.
pub(super) fn body<'a>(row: &'a Row<'_>) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(1)?.as_bytes().unwrap_or_default())
}

/// The position of the last record that is there.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Position> {
    let mut statement = connection.prepare_cached("SELECT max(position) FROM records")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or(0).cast_unsigned())
}
