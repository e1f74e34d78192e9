//! Files that the platform keeps for a Page, by a digest of their kind and address. Not derived: no log tells of uploads,
//! and dropping the table only costs them.

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use domain::id::{AttachmentId, PageId};
use domain::time::Timestamp;
use sha2::{Digest, Sha256};

/// Names a file without telling its address, which may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

/// A file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The platform's id.
    pub id: AttachmentId,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
}

const PUT: &str = "INSERT INTO attachments (page, digest, attachment, request, uploaded_at_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (page, digest) DO UPDATE SET attachment = excluded.attachment,
        request = excluded.request, uploaded_at_ms = excluded.uploaded_at_ms";

impl Key {
    /// The key of a file of this kind, in the platform's word for it, at this address.
    pub fn of(kind: &str, url: &str) -> Self {
        let digest = Sha256::new().chain_update(b"nuncio file 1\0").chain_update(kind).chain_update(b"\0");
        Self(digest.chain_update(url).finalize().into())
    }
}

/// The file of this key, if it was uploaded after `since`.
///
/// # Errors
/// When the database does not answer.
pub async fn get(database: &Database, page: &PageId, key: Key, since: Timestamp) -> Result<Option<Kept>, SqlError> {
    let text = "SELECT attachment, uploaded_at_ms FROM attachments
        WHERE page = $1 AND digest = $2 AND uploaded_at_ms > $3";
    let row: Option<(String, i64)> = on!(database.pools(), pool => {
        let query = sqlx::query_as(text).bind(page.as_str()).bind(key.0.as_slice()).bind(since.as_millis());
        query.fetch_optional(pool).await
    })
    .map_err(SqlError::statement)?;
    let kept = |(id, at): (String, i64)| {
        let id = AttachmentId::parse(&id).map_err(SqlError::unreadable)?;
        Ok(Kept { id, uploaded_at: value::moment(at) })
    };
    row.map(kept).transpose()
}

/// Notes a file, in the place of an older one, and the request that asked for it, if a call did. Files of the Page that
/// were uploaded up to `forgotten` are gone on the platform, and are forgotten here.
///
/// # Errors
/// When the database does not answer: then the file is uploaded once more some time.
pub async fn put(
    database: &Database,
    page: &PageId,
    key: Key,
    (kept, request): (&Kept, Option<&str>),
    forgotten: Timestamp,
) -> Result<(), SqlError> {
    let old = "DELETE FROM attachments WHERE page = $1 AND uploaded_at_ms <= $2";
    on!(database.pools(), pool => {
        sqlx::query(old).bind(page.as_str()).bind(forgotten.as_millis()).execute(pool).await.map(drop)
    })
    .map_err(SqlError::statement)?;
    on!(database.pools(), pool => {
        let query = sqlx::query(PUT).bind(page.as_str()).bind(key.0.as_slice()).bind(kept.id.as_str());
        query.bind(request.unwrap_or_default()).bind(kept.uploaded_at.as_millis()).execute(pool).await.map(drop)
    })
    .map_err(SqlError::statement)
}

/// Forgets the file that the platform does not know by this id. Answers whether there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(database: &Database, page: &PageId, id: &AttachmentId) -> Result<bool, SqlError> {
    let text = "DELETE FROM attachments WHERE page = $1 AND attachment = $2";
    let gone = on!(database.pools(), pool => {
        sqlx::query(text).bind(page.as_str()).bind(id.as_str()).execute(pool).await.map(|done| done.rows_affected())
    })
    .map_err(SqlError::statement)?;
    Ok(gone > 0)
}

/// Whether this request asked for another file than that of the key.
///
/// # Errors
/// When the database does not answer.
pub async fn is_of_another(database: &Database, page: &PageId, request: &str, key: Key) -> Result<bool, SqlError> {
    let text = "SELECT COUNT(*) FROM attachments WHERE page = $1 AND request = $2 AND digest <> $3";
    let others: i64 = on!(database.pools(), pool => {
        let query = sqlx::query_scalar(text).bind(page.as_str()).bind(request).bind(key.0.as_slice());
        query.fetch_one(pool).await
    })
    .map_err(SqlError::statement)?;
    Ok(others > 0)
}
