//! Registered Pages and their sealed access tokens. Not derived: a token is in no log.

use crate::database::Database;
use crate::dialect::on;
use crate::error::SqlError;
use crate::sealed::{KeyId, Keys, OpenError, Place, Sealed};
use crate::value;
use domain::id::PageId;
use domain::time::Timestamp;
use secrecy::SecretString;
use std::sync::Arc;

/// What a sealed token is sealed for.
const PURPOSE: &str = "page_token";

/// A Page that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The Page.
    pub page: PageId,
    /// Its sealed access token.
    pub token: Sealed,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its token was set last.
    pub updated_at: Timestamp,
}

/// The registry cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nobody configured a key.
    #[error(
        "there is no key to seal access tokens with: set secrets.key_file to the path of a file with what \
         `openssl rand -hex 32` prints"
    )]
    NoKey,
    /// A token cannot be opened.
    #[error("the access token of page {page} cannot be opened")]
    Open {
        /// Whose.
        page: PageId,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The database does not answer.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The table together with the keys that its tokens are sealed under. Clones are the same.
#[derive(Clone, Debug)]
pub struct Registry {
    database: Database,
    keys: Option<Arc<Keys>>,
}

type Row = (String, String, Vec<u8>, i64, i64);

const PUT: &str = "INSERT INTO pages (page, sealed_by, token, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (page) DO UPDATE
    SET sealed_by = excluded.sealed_by, token = excluded.token, updated_at_ms = excluded.updated_at_ms";

/// Nobody may have set another token meanwhile.
const RESEAL: &str = "UPDATE pages SET sealed_by = $2, token = $3 WHERE page = $1 AND token = $4";

impl Registry {
    /// The registry in this database; without keys, nothing can be sealed or opened.
    pub const fn new(database: Database, keys: Option<Arc<Keys>>) -> Self {
        Self { database, keys }
    }

    /// Whether a token could be sealed.
    ///
    /// # Errors
    /// When no key is configured.
    pub fn can_seal(&self) -> Result<(), RegistryError> {
        self.keys().map(drop)
    }

    fn keys(&self) -> Result<&Keys, RegistryError> {
        self.keys.as_deref().ok_or(RegistryError::NoKey)
    }

    /// Sets a Page's token, and registers it if it is not. Stored for good when it answers.
    ///
    /// # Errors
    /// When there is no key, or the database does not answer: repeat it.
    pub async fn put(&self, page: &PageId, token: &SecretString, now: Timestamp) -> Result<(), RegistryError> {
        let Sealed { by, bytes } = self.keys()?.seal(place(page), token);
        let _turn = self.database.turn().await?;
        on!(self.database.durable(), pool => {
            let query = sqlx::query(PUT).bind(page.as_str()).bind(by.as_str()).bind(bytes);
            query.bind(now.as_millis()).execute(pool).await.map(drop)
        })
        .map_err(SqlError::commit)?;
        Ok(())
    }

    /// A Page, if it is registered.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn get(&self, page: &PageId) -> Result<Option<Registered>, SqlError> {
        let text = "SELECT page, sealed_by, token, created_at_ms, updated_at_ms FROM pages WHERE page = $1";
        let row: Option<Row> = on!(self.database.pools(), pool => {
            sqlx::query_as(text).bind(page.as_str()).fetch_optional(pool).await
        })
        .map_err(SqlError::statement)?;
        row.map(registered).transpose()
    }

    /// Registered Pages behind one, by id; from the first if none is given.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, after: Option<&PageId>, limit: usize) -> Result<Vec<Registered>, SqlError> {
        let text = "SELECT page, sealed_by, token, created_at_ms, updated_at_ms FROM pages
            WHERE page > $1 ORDER BY page LIMIT $2";
        let rows: Vec<Row> = on!(self.database.pools(), pool => {
            let query = sqlx::query_as(text).bind(after.map_or("", PageId::as_str)).bind(value::limit(limit));
            query.fetch_all(pool).await
        })
        .map_err(SqlError::statement)?;
        rows.into_iter().map(registered).collect()
    }

    /// A Page's token; none if it is not registered.
    ///
    /// # Errors
    /// When the token cannot be opened, or the database does not answer.
    pub async fn token(&self, page: &PageId) -> Result<Option<SecretString>, RegistryError> {
        match self.get(page).await? {
            Some(found) => self.open(&found).map(Some),
            None => Ok(None),
        }
    }

    /// The token of a Page that was found.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self, found: &Registered) -> Result<SecretString, RegistryError> {
        let opened = self.keys()?.open(place(&found.page), &found.token);
        opened.map_err(|source| RegistryError::Open { page: found.page.clone(), source })
    }

    /// Opens every token, so that a wrong or missing key is found out at the start and not by a send.
    ///
    /// # Errors
    /// Names the first token that cannot be opened.
    pub async fn check(&self) -> Result<(), RegistryError> {
        let mut after = None;
        while let Some(found) = self.list(after.as_ref(), 1).await?.pop() {
            self.open(&found)?;
            after = Some(found.page);
        }
        Ok(())
    }

    /// Seals every token under the first key that is sealed under another. Answers how many those were. It can run
    /// while the system does, and be repeated.
    ///
    /// # Errors
    /// When one cannot be opened; those before it stay sealed anew.
    pub async fn reseal(&self) -> Result<usize, RegistryError> {
        let keys = self.keys()?;
        let (mut after, mut n_resealed) = (None, 0);
        while let Some(found) = self.list(after.as_ref(), 1).await?.pop() {
            if found.token.by != *keys.first() {
                let Sealed { by, bytes } = keys.seal(place(&found.page), &self.open(&found)?);
                let turn = self.database.turn().await?;
                let resealed = on!(self.database.durable(), pool => {
                    let query = sqlx::query(RESEAL).bind(found.page.as_str()).bind(by.as_str()).bind(bytes);
                    query.bind(&found.token.bytes).execute(pool).await.map(|done| done.rows_affected())
                })
                .map_err(SqlError::commit)?;
                drop(turn);
                if resealed == 0 {
                    // Another token was set meanwhile, perhaps under the old key: it is looked at again.
                    continue;
                }
                n_resealed += 1;
            }
            after = Some(found.page);
        }
        Ok(n_resealed)
    }
}

fn place(page: &PageId) -> Place<'_> {
    Place { purpose: PURPOSE, row: page.as_str() }
}

fn registered((page, by, bytes, created_at, updated_at): Row) -> Result<Registered, SqlError> {
    Ok(Registered {
        page: PageId::parse(&page).map_err(SqlError::unreadable)?,
        token: Sealed { by: KeyId::stored(by), bytes },
        created_at: value::moment(created_at),
        updated_at: value::moment(updated_at),
    })
}
