//! The history: every record of the log once more, where one stream is read in a fraction of the time, with the hash
//! that tells an altered byte.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::{rows, value};
use domain::id::{RecordId, StreamId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in its shard.
    pub position: u64,
    /// The shard.
    pub shard: u16,
    /// Its id.
    pub record: RecordId,
    /// SHA-256 of the record as it was encoded when it was stored here.
    pub hash: [u8; 32],
    /// The encoded record.
    pub body: Vec<u8>,
}

impl Entry {
    /// Whether the body is what was stored.
    pub fn is_intact(&self) -> bool {
        sha256(&self.body) == self.hash
    }

    /// Whether these bytes are what was stored.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        sha256(bytes) == self.hash
    }
}

/// A record to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// The stream it belongs to.
    pub stream: &'a StreamId,
    /// Its place in its shard.
    pub position: u64,
    /// The shard.
    pub shard: u16,
    /// Its id.
    pub record: RecordId,
    /// The encoded record.
    pub body: &'a [u8],
}

/// What became of a record to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is stored.
    Stored,
    /// It was stored already.
    Known,
    /// It was erased, so it is not stored.
    Erased,
}

const INSERT: &str = "INSERT INTO history (stream, incarnation, position, shard, record, hash, body)
    SELECT $1, $2, $3, $4, $5, $6, $7
    WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE stream = $1 AND incarnation = $2 AND position >= $3)
    ON CONFLICT (stream, incarnation, position) DO NOTHING";

/// Keeps a record, unless its stream was erased at or above its position.
///
/// # Errors
/// [`SqlError::Broken`] when another record stands in its place: either the log or the history was altered.
pub async fn insert(to: &mut Transaction, incarnation: &str, entry: NewEntry<'_>) -> Result<Kept, SqlError> {
    let NewEntry { stream, position, shard, record, body } = entry;
    let (stream, hash) = (stream.to_string(), sha256(body));
    let stored = on!(to.connection(), connection => {
        let query = sqlx::query(INSERT).bind(&stream).bind(incarnation).bind(value::integer(position));
        let query = query.bind(i32::from(shard)).bind(record.to_string()).bind(&hash[..]).bind(body);
        query.execute(connection).await.map(|done| done.rows_affected())
    });
    if stored.map_err(SqlError::statement)? == 1 {
        return Ok(Kept::Stored);
    }
    let text = "SELECT hash FROM history WHERE stream = $1 AND incarnation = $2 AND position = $3";
    let known: Option<Vec<u8>> = on!(to.connection(), connection => {
        let query = sqlx::query_scalar(text).bind(&stream).bind(incarnation).bind(value::integer(position));
        query.fetch_optional(connection).await
    })
    .map_err(SqlError::statement)?;
    match known {
        None => Ok(Kept::Erased),
        Some(known) if known == hash => Ok(Kept::Known),
        Some(_) => Err(SqlError::unreadable(format!("the history holds another record at {shard}/{position}"))),
    }
}

/// Keeps many records, as [`insert`] keeps each.
///
/// # Errors
/// As for one.
pub async fn insert_all(to: &mut Transaction, incarnation: &str, entries: &[NewEntry<'_>]) -> Result<(), SqlError> {
    for entries in rows::together(entries) {
        if insert_together(to, incarnation, entries).await? < entries.len() {
            // Some were known or erased, or another stands in the place of one: each is looked at.
            for entry in entries {
                insert(to, incarnation, *entry).await?;
            }
        }
    }
    Ok(())
}

/// Answers how many are stored now that were not.
async fn insert_together(to: &mut Transaction, incarnation: &str, entries: &[NewEntry<'_>]) -> Result<usize, SqlError> {
    let text = rows::statement(
        &to.connection(),
        "WITH given (stream, incarnation, position, shard, record, hash, body) AS (VALUES ",
        7,
        entries.len(),
        ") INSERT INTO history (stream, incarnation, position, shard, record, hash, body) SELECT * FROM given
        WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstones.stream = given.stream
            AND tombstones.incarnation = given.incarnation AND tombstones.position >= given.position)
        ON CONFLICT (stream, incarnation, position) DO NOTHING",
    );
    let hashes: Vec<_> = entries.iter().map(|entry| sha256(entry.body)).collect();
    let stored = on!(to.connection(), connection => {
        let mut query = sqlx::query(text);
        for (entry, hash) in entries.iter().zip(&hashes) {
            let NewEntry { stream, position, shard, record, body } = *entry;
            query = query.bind(stream.to_string()).bind(incarnation).bind(value::integer(position));
            query = query.bind(i32::from(shard)).bind(record.to_string()).bind(&hash[..]).bind(body);
        }
        query.execute(connection).await.map(|done| done.rows_affected())
    });
    Ok(usize::try_from(stored.map_err(SqlError::statement)?).unwrap_or(usize::MAX))
}

/// A stream's records behind `after`, oldest first.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn read(
    database: &Database,
    incarnation: &str,
    stream: &StreamId,
    after: u64,
) -> Result<Vec<Entry>, SqlError> {
    let text = "SELECT stream, position, shard, record, hash, body FROM history
        WHERE stream = $1 AND incarnation = $2 AND position > $3 ORDER BY position";
    let rows: Vec<Row> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(stream.to_string()).bind(incarnation).bind(value::integer(after));
        query.fetch_all(pool).await
    })
    .map_err(SqlError::statement)?;
    rows.into_iter().map(entry).collect()
}

/// Part of a shard, for reading all of it page by page.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The shard.
    pub shard: u16,
    /// Behind which position.
    pub after: u64,
    /// How many records at most.
    pub limit: usize,
}

/// A shard's records in the order of their places.
///
/// # Errors
/// When the database does not answer or holds something unreadable.
pub async fn read_shard(database: &Database, incarnation: &str, page: Page) -> Result<Vec<Entry>, SqlError> {
    shard_rows(database, incarnation, page).await?.into_iter().map(entry).collect()
}

/// A row that holds what nobody writes.
#[derive(Debug, thiserror::Error)]
#[error("the history's row of position {position} cannot be read")]
pub struct Damaged {
    /// The place of the record that it is about.
    pub position: u64,
    /// Why not.
    pub source: SqlError,
}

/// The same as [`read_shard`] for whoever looks for damage: a row that cannot be read takes no other with it.
///
/// # Errors
/// When the database does not answer.
pub async fn survey(
    database: &Database,
    incarnation: &str,
    page: Page,
) -> Result<Vec<Result<Entry, Damaged>>, SqlError> {
    let rows = shard_rows(database, incarnation, page).await?;
    let read = |row: Row| {
        let position = value::number(row.1)?;
        Ok(entry(row).map_err(|source| Damaged { position, source }))
    };
    rows.into_iter().map(read).collect()
}

async fn shard_rows(database: &Database, incarnation: &str, page: Page) -> Result<Vec<Row>, SqlError> {
    let Page { shard, after, limit } = page;
    let text = "SELECT stream, position, shard, record, hash, body FROM history
        WHERE incarnation = $1 AND shard = $2 AND position > $3 ORDER BY position LIMIT $4";
    on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(incarnation).bind(i32::from(shard));
        query.bind(value::integer(after)).bind(value::limit(limit)).fetch_all(pool).await
    })
    .map_err(SqlError::statement)
}

type Row = (String, i64, i32, String, Vec<u8>, Vec<u8>);

fn entry((stream, position, shard, record, hash, body): Row) -> Result<Entry, SqlError> {
    Ok(Entry {
        stream: value::stream(&stream)?,
        position: value::number(position)?,
        shard: value::shard(shard)?,
        record: RecordId::new(Uuid::try_parse(&record).map_err(SqlError::unreadable)?),
        hash: hash.try_into().map_err(|_| SqlError::unreadable("a hash has 32 bytes"))?,
        body,
    })
}

fn sha256(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}
