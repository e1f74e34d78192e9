//! An empty database for one test, on either system, and values to put into it.

use domain::id::{PageId, PersonKey, RecordId, SendId, StreamId};
use domain::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sql::{Create, Database, Options, SqlError, Transaction};
use sqlx::Executor;
use tempfile::TempDir;
use uuid::Uuid;

/// Makes a test of each function, for either database: `async fn name(sandbox: Sandbox)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::sandbox::Sandbox::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::sandbox::Sandbox::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// The log's incarnation in these tests.
pub(crate) const LOG: &str = "0011223344556677";

pub(crate) struct Sandbox {
    pub(crate) database: Database,
    pub(crate) url: SecretString,
    pub(crate) folder: Option<TempDir>,
}

impl Sandbox {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tables.sqlite").display());
        Self::open(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::open(testkit::postgres().database(), None).await
    }

    async fn open(url: String, folder: Option<TempDir>) -> Self {
        let url = SecretString::from(url);
        let database = Database::open(&url, &options()).await.unwrap();
        Self { database, url, folder }
    }

    /// With every table.
    pub(crate) async fn migrated(self) -> Self {
        self.database.migrate().await.unwrap();
        self
    }

    /// Another process's connections.
    pub(crate) async fn another(&self) -> Database {
        Database::open(&self.url, &options()).await.unwrap()
    }

    /// Changes the database behind the crate's back.
    pub(crate) async fn pretend(&self, statement: &'static str) {
        let url = self.url.expose_secret();
        if self.folder.is_some() {
            sqlx::SqlitePool::connect(url).await.unwrap().execute(statement).await.unwrap();
        } else {
            sqlx::PgPool::connect(url).await.unwrap().execute(statement).await.unwrap();
        }
    }

    /// Runs one write in a transaction of its own.
    pub(crate) async fn store<T>(
        &self,
        write: impl AsyncFnOnce(&mut Transaction) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut transaction = self.database.begin().await?;
        let answer = write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(answer)
    }
}

pub(crate) fn options() -> Options {
    Options { create: Create::IfMissing, ..Options::default() }
}

pub(crate) fn page(number: u64) -> PageId {
    PageId::parse(&number.to_string()).unwrap()
}

pub(crate) fn person(number: u8) -> PersonKey {
    PersonKey::from_bytes([number; 16])
}

/// A conversation on Page 1001.
pub(crate) fn stream(number: u8) -> StreamId {
    StreamId::Conversation(page(1001), person(number))
}

pub(crate) fn record(number: u64) -> RecordId {
    RecordId::new(Uuid::from_u128(u128::from(number)))
}

pub(crate) fn send(number: u64) -> SendId {
    SendId::new(page(1001), person(1), Uuid::from_u128(u128::from(number)))
}

pub(crate) const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}
