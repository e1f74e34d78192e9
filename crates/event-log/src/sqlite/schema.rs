//! The file's layout, made once with the log.

use super::OpenError;
use crate::identity::LogIdentity;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The layout that this version makes and reads.
const LAYOUT: i64 = 1;

/// After how many pages the write-ahead file is copied into the log: 16 MB. Pages that are written again and again, as those of
/// the index are, are copied once then.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Positions are `AUTOINCREMENT`: the place of an erased record is never given to another.
const TABLES: &str = "
    CREATE TABLE log (identity TEXT NOT NULL);
    CREATE TABLE records (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        stream TEXT NOT NULL,
        partition INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX records_by_stream ON records (stream, position);
";

/// Takes the log for this process, until the file is dropped.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let storage = |source: std::io::Error| OpenError::Storage { path: path.to_owned(), source: source.into() };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(storage)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(name).map_err(storage)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(storage(source)),
    }
}

/// Opens the file for writing, and makes the log in it if it is new.
pub(super) fn open_or_create(path: &Path) -> Result<(Connection, LogIdentity), OpenError> {
    let storage = |source: crate::port::BoxError| OpenError::Storage { path: path.to_owned(), source };
    // The file holds the log's key and what people wrote: it is for its owner alone, from the first moment.
    let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    drop(made.map_err(|source| storage(source.into()))?);
    let mut connection = connect(path).map_err(|source| storage(source.into()))?;
    let found = layout(&connection).map_err(|source| storage(source.into()))?;
    if found == 0 {
        create(&mut connection).map_err(storage)?;
    }
    let identity = identity(&connection, path)?;
    Ok((connection, identity))
}

/// Opens a file that holds a log already.
pub(super) fn open_existing(path: &Path) -> Result<(Connection, LogIdentity), OpenError> {
    let connection =
        reader(path).map_err(|source| OpenError::Storage { path: path.to_owned(), source: source.into() })?;
    let identity = identity(&connection, path)?;
    Ok((connection, identity))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Deleted bytes are overwritten with zeros, so that an erasure leaves nothing behind.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A connection that can only read. SQLite needs write access to the files beside the log for that.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", "ON")?;
    // Else a statement with a bound limit is planned anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn layout(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn create(connection: &mut Connection) -> Result<(), crate::port::BoxError> {
    let identity = serde_json::to_string(&LogIdentity::generate(1))?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO log (identity) VALUES (?1)", [identity])?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    transaction.commit()?;
    Ok(())
}

fn identity(connection: &Connection, path: &Path) -> Result<LogIdentity, OpenError> {
    let storage = |source: crate::port::BoxError| OpenError::Storage { path: path.to_owned(), source };
    let found = layout(connection).map_err(|source| storage(source.into()))?;
    if found != LAYOUT {
        return Err(OpenError::Layout { path: path.to_owned(), found, wanted: LAYOUT });
    }
    let text: String = connection
        .query_row("SELECT identity FROM log", [], |row| row.get(0))
        .map_err(|source| storage(source.into()))?;
    serde_json::from_str(&text).map_err(|source| storage(source.into()))
}
