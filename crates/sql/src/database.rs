//! Connections: one pool a database, and transactions that write.

use crate::dialect::{On, on};
use crate::error::{BoxError, SqlError};
use crate::value;
use domain::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgConnection, Postgres, Row, Sqlite, SqliteConnection};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// How long a SQLite connection waits for the one that writes.
const BUSY: Duration = Duration::from_secs(5);

/// After how many pages SQLite copies its write-ahead file into the database: 16 MB. Rows that come and go in the meantime are
/// never copied.
const CHECKPOINT_PAGES: &str = "4000";

/// How long PostgreSQL lets a transaction wait for its client. A client that was stopped in the middle would otherwise
/// hold up every erasure for ever.
const IDLE_IN_TRANSACTION: &str = "30s";

/// The advisory lock that every writing transaction holds: shared, or alone for what must see all others ended. The
/// number is "nuncio" in ASCII.
const WRITERS: i64 = 0x6e_75_6e_63_69_6f;

/// A database, SQLite or PostgreSQL. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Database {
    pools: Pools,
    /// For what cannot be derived again. Tables that can may lose their last transactions with the power, checkpoint
    /// and all, but a lease's epoch must not be given twice.
    durable: Pools,
    /// Whose turn it is to write, of all in this process.
    turns: Arc<Mutex<()>>,
}

/// Somebody's turn to write, which lasts until it is dropped.
pub(crate) type Turn = Option<OwnedMutexGuard<()>>;

type Pools = On<SqlitePool, PgPool>;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many connections there are at most.
    pub max_connections: u32,
    /// How long to wait for one of them, and for the first to be made.
    pub acquire_timeout: Duration,
    /// Whether a SQLite file is made. PostgreSQL's database must be there.
    pub create: Create,
}

/// Whether a missing SQLite file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// It must be there.
    Never,
    /// It is made, empty, for its owner alone.
    IfMissing,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_connections: 8, acquire_timeout: Duration::from_secs(5), create: Create::Never }
    }
}

/// The database could not be opened. Nothing here shows the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database of a kind we use.
    #[error("the database's URL is wrong: it looks like sqlite:tables.sqlite or postgres://user@host/database")]
    Url,
    /// There is no such file.
    #[error("there is no database at {}: run `nuncio migrate`", .0.display())]
    Missing(PathBuf),
    /// The file cannot be made.
    #[error("cannot make the database {}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database does not answer: it may later.
    #[error("the database does not answer")]
    Unavailable(#[source] BoxError),
    /// The database refuses us, such as for a wrong password.
    #[error("the database refuses the connection")]
    Refused(#[source] BoxError),
}

impl Database {
    /// Opens `sqlite:path` or `postgres://user:password@host/database`. The schema is not looked at: see
    /// [`Database::check`].
    ///
    /// # Errors
    /// See [`OpenError`]; only [`OpenError::Unavailable`] may pass by itself.
    pub async fn open(url: &SecretString, options: &Options) -> Result<Self, OpenError> {
        let url = url.expose_secret();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url, options).await
        } else if url.starts_with("sqlite:") {
            open_sqlite(url, options).await
        } else {
            Err(OpenError::Url)
        }
    }

    pub(crate) const fn pools(&self) -> &Pools {
        &self.pools
    }

    pub(crate) const fn durable(&self) -> &Pools {
        &self.durable
    }

    /// Begins a transaction that writes. SQLite has one at a time; PostgreSQL's run beside each other.
    ///
    /// # Errors
    /// When no connection is free in time or the database does not answer.
    pub async fn begin(&self) -> Result<Transaction, SqlError> {
        self.begin_beside(&self.pools, Beside::Others).await
    }

    /// Begins a transaction that waits until every other has ended, and keeps new ones waiting.
    pub(crate) async fn begin_alone(&self) -> Result<Transaction, SqlError> {
        self.begin_beside(&self.pools, Beside::Nobody).await
    }

    /// The same, and what it stores is synced to the disk.
    pub(crate) async fn begin_durably_alone(&self) -> Result<Transaction, SqlError> {
        self.begin_beside(&self.durable, Beside::Nobody).await
    }

    /// Waits for one's turn to write to SQLite, in the order of asking. SQLite itself lets whoever comes while another
    /// writes ask again after ever longer pauses, so that a lease would not be renewed beside tables that are filled.
    /// PostgreSQL needs no turns.
    ///
    /// # Errors
    /// When it does not come in time.
    pub(crate) async fn turn(&self) -> Result<Turn, SqlError> {
        if let On::Postgres(_) = self.pools {
            return Ok(None);
        }
        let turn = timeout(BUSY, Arc::clone(&self.turns).lock_owned()).await;
        turn.map(Some).map_err(|late| SqlError::Unavailable(late.into()))
    }

    async fn begin_beside(&self, pools: &Pools, beside: Beside) -> Result<Transaction, SqlError> {
        let turn = self.turn().await?;
        let inner = match pools {
            // Not a deferred one, which fails at once when it turns to writing while another does.
            On::Sqlite(pool) => On::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.map_err(SqlError::statement)?),
            On::Postgres(pool) => {
                let mut transaction = pool.begin().await.map_err(SqlError::statement)?;
                let lock = match beside {
                    Beside::Others => "SELECT pg_advisory_xact_lock_shared($1)",
                    Beside::Nobody => "SELECT pg_advisory_xact_lock($1)",
                };
                sqlx::query(lock).bind(WRITERS).execute(&mut *transaction).await.map_err(SqlError::statement)?;
                On::Postgres(transaction)
            }
        };
        Ok(Transaction { inner, _turn: turn })
    }

    /// The time by the database's clock, which all who share the database share.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(&self) -> Result<Timestamp, SqlError> {
        let text = self.pools.text("SELECT {now_ms}");
        let now = on!(&self.pools, pool => sqlx::query_scalar(text).fetch_one(pool).await);
        now.map(value::moment).map_err(SqlError::statement)
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        on!(&self.pools, pool => pool.close().await);
        on!(&self.durable, pool => pool.close().await);
    }
}

/// Whom a transaction runs beside.
#[derive(Clone, Copy, Debug)]
enum Beside {
    Others,
    Nobody,
}

/// A transaction that writes. Dropping it undoes everything; after an error it must be dropped.
#[derive(Debug)]
pub struct Transaction {
    inner: On<sqlx::Transaction<'static, Sqlite>, sqlx::Transaction<'static, Postgres>>,
    // Given up after the transaction, whose fields are dropped in this order.
    _turn: Turn,
}

impl Transaction {
    pub(crate) fn connection(&mut self) -> On<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.inner {
            On::Sqlite(transaction) => On::Sqlite(transaction),
            On::Postgres(transaction) => On::Postgres(transaction),
        }
    }

    /// Stores all of it.
    ///
    /// # Errors
    /// [`SqlError::Unknown`] when no answer came: it may be stored.
    pub async fn commit(self) -> Result<(), SqlError> {
        on!(self.inner, transaction => transaction.commit().await).map_err(SqlError::commit)
    }
}

async fn open_postgres(url: &str, options: &Options) -> Result<Database, OpenError> {
    let connect = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    let connect =
        connect.application_name("nuncio").options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]);
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        // The question below tells as well whether the server is there.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_outside_transactions(connection)));
    let pool = pool.connect_with(connect).await.map_err(refused)?;
    Ok(Database { pools: On::Postgres(pool.clone()), durable: On::Postgres(pool), turns: Arc::default() })
}

/// Whether a connection can be used again. The driver gives one back inside its transaction when a `begin` is given up
/// before it was answered, and whatever came next would end with that transaction. Inside one, `now()` stands still.
async fn is_outside_transactions(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::raw_sql("SELECT now() = statement_timestamp()").fetch_one(connection).await?;
    row.try_get(0)
}

async fn open_sqlite(url: &str, options: &Options) -> Result<Database, OpenError> {
    let connect = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    if url.contains(":memory:") || url.contains("mode=memory") {
        // Every connection would have one of its own.
        return Err(OpenError::Url);
    }
    let path = connect.get_filename().to_owned();
    match options.create {
        Create::IfMissing => make_file(&path)?,
        Create::Never if !path.exists() => return Err(OpenError::Missing(path)),
        Create::Never => (),
    }
    let connect = connect
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY)
        // Deleted bytes are overwritten with zeros, so that an erasure leaves nothing behind.
        .pragma("secure_delete", "ON")
        // What a statement of many rows may have to take back need not go through a file.
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    let pool = |connections: u32, synchronous: SqliteSynchronous| {
        let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(options.acquire_timeout);
        pool.connect_with(connect.clone().synchronous(synchronous))
    };
    let pools = pool(options.max_connections, SqliteSynchronous::Normal).await.map_err(refused)?;
    let durable = pool(1, SqliteSynchronous::Full).await.map_err(refused)?;
    Ok(Database { pools: On::Sqlite(pools), durable: On::Sqlite(durable), turns: Arc::default() })
}

/// Makes the file if it is missing. It will say who talks with whom, so it is for its owner alone from the first moment.
fn make_file(path: &Path) -> Result<(), OpenError> {
    let file = |source| OpenError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(file)?;
    }
    let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(file)?;
    drop(made);
    Ok(())
}

fn refused(error: sqlx::Error) -> OpenError {
    match SqlError::statement(error) {
        SqlError::Unavailable(source) | SqlError::Unknown(source) => OpenError::Unavailable(source),
        SqlError::Broken(source) => OpenError::Refused(source),
        superseded @ SqlError::Superseded { .. } => OpenError::Refused(superseded.into()),
    }
}
