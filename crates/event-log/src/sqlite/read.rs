//! The reading side: connections of their own, on threads that may block.

use super::readers::Readers;
use crate::follower::{Batch, Encoded, Followed, HEARTBEAT, Items, Place, TOGETHER};
use crate::port::{Filter, LogError};
use crate::raw::RawRead;
use crate::record::{Checkpoint, Position, Revision, Stored, Unreadable};
use bytes::Bytes;
use domain::id::StreamId;
use rusqlite::{Connection, Row, params};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The one shard of an embedded log.
const SHARD: u16 = 0;

/// How many records a follower reads at a time.
const PAGE: usize = TOGETHER;

/// How many bytes a record has on average at most, as a rule: a page that grows is copied.
const USUAL_BYTES: usize = 512;

/// How many places are looked at for one page: what is wanted may be rare, and followers are told how far they are.
const SPAN: Position = 32 * TOGETHER as Position;

/// Records between two places.
const ALL: &str = "SELECT position, body, stream FROM records WHERE position > ?1 AND position <= ?2
    ORDER BY position LIMIT ?3";

/// The same of a range of partitions: what SQLite passes over by itself costs less than what it hands out first.
const OF_PARTITIONS: &str = "SELECT position, body, stream, partition FROM records
    WHERE position > ?1 AND position <= ?2 AND partition BETWEEN ?4 AND ?5 ORDER BY position LIMIT ?3";

/// How often a process that does not write looks for what another one wrote.
const POLL: Duration = Duration::from_millis(50);

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
fn body<'a>(row: &'a Row<'_>) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(1)?.as_bytes().unwrap_or_default())
}

/// Where a follower begins, and what it wants.
pub(super) struct Start {
    pub(super) filter: Filter,
    pub(super) from: Position,
    pub(super) head: Checkpoint,
    pub(super) is_writer: bool,
}

struct Page {
    matching: Encoded,
    last: Position,
    is_full: bool,
}

fn page(connection: &Connection, filter: &Filter, position: Position) -> Result<Page, LogError> {
    let end = last(connection)?.max(position);
    let to = end.min(position + SPAN);
    let (lowest, highest) = filter.partition_range();
    let mut statement = connection.prepare_cached(if filter.partitions.is_empty() { ALL } else { OF_PARTITIONS })?;
    let (after, limit) = (position.cast_signed(), PAGE as i64);
    let mut rows = if filter.partitions.is_empty() {
        statement.query(params![after, to.cast_signed(), limit])?
    } else {
        statement.query(params![after, to.cast_signed(), limit, lowest, highest])?
    };
    let most = usize::try_from(end - position).map_or(PAGE, |places| places.min(PAGE));
    let (mut bytes, mut places) = (Vec::with_capacity(most * USUAL_BYTES), VecDeque::with_capacity(most));
    let mut reached = position;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        let position: i64 = row.get(0)?;
        reached = position.cast_unsigned();
        if is_wanted(row, filter)? {
            bytes.extend_from_slice(body(row)?);
            let end = bytes.len();
            bytes.extend_from_slice(row.get_ref(2)?.as_bytes().unwrap_or_default());
            places.push_back(Place { position: reached, end, name_end: bytes.len() });
        }
    }
    let matching = Encoded::new(SHARD, bytes.into(), places);
    let last = if count == PAGE { reached } else { to };
    Ok(Page { matching, last, is_full: last < end })
}

/// The position of the last record that is there.
fn last(connection: &Connection) -> rusqlite::Result<Position> {
    let mut statement = connection.prepare_cached("SELECT max(position) FROM records")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

/// Whether a filter wants a record, by what stands beside its body.
fn is_wanted(row: &Row<'_>, filter: &Filter) -> Result<bool, LogError> {
    if *filter == Filter::default() {
        return Ok(true);
    }
    if !filter.partitions.is_empty() && !filter.wants_partition(row.get(3)?) {
        return Ok(false);
    }
    // Damage can change what kind of value it is.
    let name = row.get_ref(2)?.as_bytes().map_err(|error| LogError::Broken(error.into()))?;
    filter.wants_name(name).map_err(|error| LogError::Broken(error.into()))
}

/// How long a follower leaves to what comes at once: every page is a journey to a thread and back, and what is done with
/// it costs by the page as well. What comes after silence is told at once.
const GATHERED: Duration = Duration::from_millis(5);

/// Tells everything that matches until nobody listens any more.
pub(super) async fn feed(readers: Readers, mut head: watch::Receiver<Position>, start: Start, items: Items) {
    let Start { filter, from, head: start_head, is_writer } = start;
    let filter = Arc::new(filter);
    let mut at = Checkpoint { incarnation: start_head.incarnation.clone(), positions: vec![from] };
    let mut told = Instant::now();
    let mut is_caught_up = false;
    loop {
        head.mark_unchanged();
        let (wanted, after) = (Arc::clone(&filter), at.position(0));
        let page = match readers.run(move |connection| page(connection, &wanted, after)).await {
            Ok(page) => page,
            Err(error) => return drop(items.send(Err(error)).await),
        };
        let mut batch = Batch { encoded: page.matching, told: Vec::new() };
        at.advance(0, page.last);
        let mut word = None;
        if !is_caught_up && !page.is_full {
            is_caught_up = true;
            word = Some(Followed::CaughtUp(at.clone()));
        } else if told.elapsed() >= HEARTBEAT {
            word = Some(Followed::Checkpoint(at.clone()));
        }
        if let Some(word) = word {
            told = Instant::now();
            batch.told.push(Ok(word));
        }
        let is_empty = batch.encoded.is_empty() && batch.told.is_empty();
        if !is_empty && items.send(Ok(batch)).await.is_err() {
            return;
        }
        if !page.is_full {
            let pause = if is_writer { HEARTBEAT } else { POLL };
            let looked = Instant::now();
            // A change, the end of the writer, or the pause: each is a reason to look again.
            if let Ok(Err(_)) = tokio::time::timeout(pause, head.changed()).await {
                tokio::time::sleep(pause).await;
            }
            if is_writer && !is_empty {
                tokio::time::sleep_until(looked + GATHERED).await;
            }
        }
        if items.is_closed() {
            return;
        }
    }
}
