//! The embedded adapter: one SQLite file, for one machine.
//!
//! One thread owns the writing connection and commits what has gathered in one transaction, so many appends share one
//! sync to disk (`synchronous=FULL`: an answered append survives a power cut). Readers have connections of their own.
//! It uses `rusqlite`, not an async driver: group commit wants one synchronous loop, and reading in order is several
//! times faster without a task switch for each page.

mod feed;
mod read;
mod readers;
mod recent;
mod schema;
mod tails;
mod write;

use crate::follower::{BUFFER, Follower};
use crate::identity::LogIdentity;
use crate::port::{AppendError, Appended, EventLog, Expected, Filter, LogError};
use crate::raw::RawRead;
use crate::record::{Checkpoint, Position, Record, Revision, Stored};
use async_trait::async_trait;
use domain::id::StreamId;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How the embedded log behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// For how long a repeated fact is recognised and dropped. Only work is saved by it; correctness does not rest
    /// on it. Two minutes is also what NATS does by default.
    pub duplicate_window: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { duplicate_window: Duration::from_secs(120) }
    }
}

/// The log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process is writing to it.
    #[error("another process has the log {0} open: the embedded log serves one process; stop that one, or use NATS")]
    InUse(PathBuf),
    /// It was made by a version with another layout.
    #[error("the log {path} has layout {found}, and this version reads layout {wanted}")]
    Layout {
        /// Where it is.
        path: PathBuf,
        /// The layout found.
        found: i64,
        /// The layout this version has.
        wanted: i64,
    },
    /// There is no log to read.
    #[error("there is no log at {0}")]
    Missing(PathBuf),
    /// The file system or SQLite refused.
    #[error("cannot open the log {path}")]
    Storage {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: crate::port::BoxError,
    },
}

/// The event log in one SQLite file.
#[derive(Debug)]
pub struct SqliteLog {
    identity: LogIdentity,
    readers: readers::Readers,
    head: watch::Receiver<Position>,
    tails: tails::Tails,
    writer: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    commands: mpsc::Sender<write::Command>,
    thread: std::thread::JoinHandle<()>,
}

impl SqliteLog {
    /// Opens the log for reading and writing, and makes it if it is not there. Only one process at a time may.
    ///
    /// # Errors
    /// When another process has it, or the file cannot be opened.
    pub fn open(path: &Path, config: Config) -> Result<Self, OpenError> {
        let lock = schema::lock(path)?;
        let (connection, identity) = schema::open_or_create(path)?;
        let storage = |source: rusqlite::Error| OpenError::Storage { path: path.to_owned(), source: source.into() };
        let head = read::head(&connection).map_err(storage)?;
        let window_ms = i64::try_from(config.duplicate_window.as_millis()).unwrap_or(i64::MAX);
        let recent = recent::Recent::load(&connection, window_ms).map_err(storage)?;
        let (commands, inbox) = mpsc::channel(write::MOST_TOGETHER);
        let (head_sender, head) = watch::channel(head);
        let tails = tails::Tails::default();
        let work = write::Work { connection, recent, head: head_sender, tails: tails.clone() };
        let thread = spawn_writer(work, inbox, lock)
            .map_err(|source| OpenError::Storage { path: path.to_owned(), source: source.into() })?;
        let readers = readers::Readers::start(path)
            .map_err(|source| OpenError::Storage { path: path.to_owned(), source: source.into() })?;
        Ok(Self { identity, readers, head, tails, writer: Some(Writer { commands, thread }) })
    }

    /// Opens a log that exists for reading alone, beside the process that writes to it.
    ///
    /// # Errors
    /// When there is none.
    pub fn open_to_read(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        let (connection, identity) = schema::open_existing(path)?;
        let storage = |source: rusqlite::Error| OpenError::Storage { path: path.to_owned(), source: source.into() };
        let (_, head) = watch::channel(read::head(&connection).map_err(storage)?);
        let readers = readers::Readers::start(path)
            .map_err(|source| OpenError::Storage { path: path.to_owned(), source: source.into() })?;
        Ok(Self { identity, readers, head, tails: tails::Tails::default(), writer: None })
    }

    pub(crate) async fn read_raw(&self) -> Result<RawRead, LogError> {
        self.readers.run_long(|connection| Ok(read::raw(connection)?)).await
    }

    /// What contradicts itself in the log's file, in SQLite's words; nothing when all is well. It reads the whole file.
    ///
    /// # Errors
    /// When the file is too damaged to be looked at.
    pub async fn inspect(&self) -> Result<Vec<String>, LogError> {
        self.readers.run_long(|connection| Ok(read::contradictions(connection)?)).await
    }

    /// Begins another incarnation of the log, after it was brought back from a backup: positions and checkpoints given
    /// before mean nothing any more, since others may be given in their place. Answers the incarnation's name. The log
    /// is closed by this, so that nobody goes on under the old one.
    ///
    /// # Errors
    /// When the file cannot be written; nothing has changed then.
    pub async fn begin_incarnation(self) -> Result<String, LogError> {
        let restored = self.identity.restored();
        let text = serde_json::to_string(&restored).map_err(|error| LogError::Broken(error.into()))?;
        let answer = self.ask(|answer| write::Command::Identify(text, answer)).await;
        answer.unwrap_or_else(|| Err(LogError::Unavailable(NO_WRITER.into())))?;
        Ok(restored.incarnation().to_owned())
    }

    /// So many followers of what is read once.
    async fn feed(&self, wanted: feed::Wanted, n: usize, from: Checkpoint) -> Result<Vec<Follower>, LogError> {
        let head = self.head().await?;
        crate::follower::check_start(&from, &head)?;
        let is_writer = self.writer.is_some();
        let start = feed::Start { wanted, from: from.position(0), head, is_writer };
        let (items, inboxes): (Vec<_>, Vec<_>) =
            (0..n).map(|_| mpsc::channel(if n > 1 { feed::APART } else { BUFFER })).unzip();
        let feed = feed::feed(self.readers.clone(), self.head.clone(), start, items);
        Ok(Follower::of_one_feed(inboxes, crate::follower::spawn(feed)))
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> write::Command) -> Option<T> {
        let (answer, wait) = oneshot::channel();
        self.writer.as_ref()?.commands.send(command(answer)).await.ok()?;
        wait.await.ok()
    }
}

fn spawn_writer(
    mut work: write::Work,
    mut inbox: mpsc::Receiver<write::Command>,
    lock: File,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("log-writer".to_owned()).spawn(move || {
        work.run(&mut inbox);
        // The file must be closed before another process may open it.
        work.close();
        drop(lock);
    })
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        if let Some(Writer { commands, thread }) = self.writer.take() {
            drop(commands);
            if thread.join().is_err() {
                tracing::error!("the log's writer ended in a panic");
            }
        }
    }
}

const NO_WRITER: &str = "the log is open for reading only, or its writer has ended";

#[async_trait]
impl EventLog for SqliteLog {
    fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    async fn append(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
        let append = write::Append::new(record, expected);
        let mut outcomes = self.ask(|answer| write::Command::Append(vec![append], answer)).await.unwrap_or_default();
        outcomes.pop().unwrap_or_else(|| Err(AppendError::Refused(NO_WRITER.into())))
    }

    async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        let appends = records.iter().map(|record| write::Append::new(record, Expected::Any)).collect();
        let outcomes = self.ask(|answer| write::Command::Append(appends, answer)).await;
        outcomes.ok_or_else(|| AppendError::Refused(NO_WRITER.into()))?.into_iter().collect()
    }

    async fn read(&self, stream: &StreamId, after: Revision) -> Result<Vec<Stored>, LogError> {
        let name = stream.to_string();
        // Whoever only reads learns of nothing that another process writes.
        if self.writer.is_none() {
            return self.readers.run(move |connection| read::stream(connection, &name, after)).await;
        }
        if self.tails.has_nothing(&name, after) {
            return Ok(Vec::new());
        }
        let (tails, since) = (self.tails.clone(), self.tails.looking());
        let query = move |connection: &_| {
            let records = read::stream(connection, &name, after)?;
            tails.found(since, &name, records.last().map_or(after, |last| last.position));
            Ok(records)
        };
        self.readers.run(query).await
    }

    async fn read_last(&self, stream: &StreamId, most: usize) -> Result<Option<Vec<Stored>>, LogError> {
        let name = stream.to_string();
        let (tails, since) = (self.tails.clone(), self.tails.looking());
        let query = move |connection: &_| {
            let records = read::last_of(connection, &name, most)?;
            tails.found(since, &name, records.last().map_or(0, |last| last.position));
            Ok(Some(records))
        };
        self.readers.run(query).await
    }

    async fn follow(&self, filter: Filter, from: Checkpoint) -> Result<Follower, LogError> {
        let mut followers = self.feed(feed::Wanted::one(filter), 1, from).await?;
        followers.pop().ok_or_else(|| LogError::Broken("nobody follows".into()))
    }

    async fn follow_parts(
        &self,
        filter: Filter,
        parts: Vec<Vec<u16>>,
        from: Checkpoint,
    ) -> Result<Vec<Follower>, LogError> {
        self.feed(feed::Wanted::parts(filter, &parts), parts.len(), from).await
    }

    async fn head(&self) -> Result<Checkpoint, LogError> {
        let position = self.readers.run(|connection| Ok(read::head(connection)?)).await?;
        Ok(Checkpoint { incarnation: self.identity.incarnation().to_owned(), positions: vec![position] })
    }

    async fn erase(&self, stream: &StreamId, positions: &[Position]) -> Result<(), LogError> {
        let (stream, positions) = (stream.to_string(), positions.to_vec());
        let answer = self.ask(|answer| write::Command::Erase(stream, positions, answer)).await;
        answer.unwrap_or_else(|| Err(LogError::Unavailable(NO_WRITER.into())))
    }

    async fn check(&self) -> Result<(), LogError> {
        self.ask(write::Command::Check).await.unwrap_or_else(|| Err(LogError::Unavailable(NO_WRITER.into())))
    }
}
