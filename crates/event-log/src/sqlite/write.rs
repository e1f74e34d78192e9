//! The writing side: one thread, one connection, one transaction for all that has gathered.

use super::recent::{Key, Recent, Seen};
use super::tails::Tails;
use crate::codec;
use crate::port::{AppendError, Appended, Expected, LogError};
use crate::record::{Position, Record, Revision};
use domain::id::{FactId, RecordId};
use domain::time::Timestamp;
use rusqlite::{Connection, Transaction, params};
use tokio::sync::{mpsc, oneshot, watch};

/// The most appends that share one transaction; more would make the first of them wait for no gain. As many commands may
/// wait for the writer: with fewer, what could share a transaction would stand outside and have its own.
pub(super) const MOST_TOGETHER: usize = 1_024;

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    /// All in one transaction, in this order; each is answered for itself.
    Append(Vec<Append>, Waiting),
    Erase(String, Vec<Position>, oneshot::Sender<Result<(), LogError>>),
    Check(oneshot::Sender<Result<(), LogError>>),
    /// Replaces the log's identity by this text.
    Identify(String, oneshot::Sender<Result<(), LogError>>),
}

/// One append, encoded.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) id: RecordId,
    pub(super) stream: String,
    pub(super) partition: u16,
    pub(super) recorded_at: Timestamp,
    pub(super) fact: Option<FactId>,
    pub(super) body: Vec<u8>,
    pub(super) expected: Expected,
}

impl Append {
    pub(super) fn new(record: &Record, expected: Expected) -> Self {
        Self {
            id: record.id,
            stream: codec::text(&record.stream),
            partition: crate::partition::partition_of(&record.stream),
            recorded_at: record.recorded_at,
            fact: record.fact,
            body: codec::encode(record),
            expected,
        }
    }
}

/// What the writer's thread owns.
pub(super) struct Work {
    pub(super) connection: Connection,
    pub(super) recent: Recent,
    pub(super) head: watch::Sender<Position>,
    pub(super) tails: Tails,
}

/// What became of one append.
struct Done {
    outcome: Result<Appended, AppendError>,
    /// Where its stream ends now, if something was added; an append that was there before says nothing of that.
    new_end: Option<Revision>,
}

impl Done {
    const fn without_adding(outcome: Result<Appended, AppendError>) -> Self {
        Self { outcome, new_end: None }
    }
}

/// Who waits for the outcomes of appends that came together.
pub(super) type Waiting = oneshot::Sender<Vec<Result<Appended, AppendError>>>;

/// Appends that will share a transaction, and who waits for how many of them, in order.
#[derive(Default)]
struct Batch {
    appends: Vec<Append>,
    waiting: Vec<(usize, Waiting)>,
}

impl Work {
    /// Works until everybody who could ask is gone.
    pub(super) fn run(&mut self, inbox: &mut mpsc::Receiver<Command>) {
        let mut batch = Batch::default();
        while let Some(first) = inbox.blocking_recv() {
            let mut next = Some(first);
            while let Some(command) = next.take() {
                match command {
                    Command::Append(appends, answer) => {
                        batch.waiting.push((appends.len(), answer));
                        batch.appends.extend(appends);
                    }
                    Command::Erase(stream, positions, answer) => {
                        self.commit(&mut batch);
                        tell(answer, self.erase(&stream, &positions).map_err(|e| LogError::Unavailable(e.into())));
                    }
                    Command::Identify(identity, answer) => {
                        let replaced = self.connection.execute("UPDATE log SET identity = ?1", [identity]);
                        tell(answer, replaced.map(drop).map_err(|error| LogError::Unavailable(error.into())));
                    }
                    Command::Check(answer) => {
                        let probe = self.connection.query_row("SELECT 1", [], |_| Ok(()));
                        tell(answer, probe.map_err(|error| LogError::Unavailable(error.into())));
                    }
                }
                if batch.appends.len() < MOST_TOGETHER {
                    next = inbox.try_recv().ok();
                }
            }
            self.commit(&mut batch);
        }
    }

    /// Ends the work with everything in the log's file itself, as far as nobody reads older pages: SQLite would do it for
    /// whoever closes the file last, and readers may be open yet, in this process or in another.
    pub(super) fn close(self) {
        let moved = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = moved {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the log's write-ahead file could not be emptied, so it has to stay beside the log",
            );
        }
    }

    fn commit(&mut self, batch: &mut Batch) {
        let Batch { appends, waiting } = std::mem::take(batch);
        if appends.is_empty() {
            waiting.into_iter().for_each(|(_, answer)| tell(answer, Vec::new()));
            return;
        }
        let mut added = Vec::new();
        match write(&mut self.connection, &mut self.recent, &appends, &mut added) {
            Ok(outcomes) => {
                let streams = appends.iter().map(|append| append.stream.as_str());
                let written = streams.zip(&outcomes).filter_map(|(stream, done)| Some((stream, done.new_end?)));
                self.tails.written(written);
                let outcomes: Vec<_> = outcomes.into_iter().map(|done| done.outcome).collect();
                let last = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).map(|done| done.revision).max();
                self.head.send_if_modified(|head| {
                    let next = last.map_or(*head, |last| last.max(*head));
                    std::mem::replace(head, next) != next
                });
                let mut outcomes = outcomes.into_iter();
                for (n_appends, answer) in waiting {
                    tell(answer, outcomes.by_ref().take(n_appends).collect());
                }
            }
            Err(failure) => {
                tracing::error!(error = &failure.error as &dyn std::error::Error, "the log could not write");
                self.recent.forget(&added);
                self.tails.forget();
                let error = if failure.at_commit { AppendError::Unknown } else { AppendError::Refused };
                let failed = || Err(error(failure.error.to_string().into()));
                for (n_appends, answer) in waiting {
                    tell(answer, std::iter::repeat_with(failed).take(n_appends).collect());
                }
            }
        }
    }

    /// Overwrites the records and then truncates the write-ahead file, where their bytes stood too.
    fn erase(&mut self, stream: &str, positions: &[Position]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut delete = transaction.prepare_cached("DELETE FROM records WHERE position = ?1 AND stream = ?2")?;
            for position in positions {
                delete.execute(params![position.cast_signed(), stream])?;
            }
        }
        transaction.commit()?;
        let is_busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy == 0 { Ok(()) } else { Err(busy()) }
    }
}

/// A reader kept the write-ahead file from being truncated: the caller repeats the erasure.
fn busy() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    rusqlite::Error::SqliteFailure(code, Some("a reader holds the write-ahead file; repeat the erasure".to_owned()))
}

fn tell<T>(answer: oneshot::Sender<T>, outcome: T) {
    // Whoever asked may have given up waiting; what was done stays done.
    drop(answer.send(outcome));
}

#[derive(Debug)]
struct Failure {
    error: rusqlite::Error,
    at_commit: bool,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self { error, at_commit: false }
    }
}

/// Writes all appends in one transaction. Each has its own outcome; only a failure of the storage spoils them all.
fn write(
    connection: &mut Connection,
    recent: &mut Recent,
    appends: &[Append],
    added: &mut Vec<Key>,
) -> Result<Vec<Done>, Failure> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        outcomes.push(one(&transaction, recent, append, added)?);
    }
    transaction.commit().map_err(|error| Failure { error, at_commit: true })?;
    Ok(outcomes)
}

fn one(
    transaction: &Transaction<'_>,
    recent: &mut Recent,
    append: &Append,
    added: &mut Vec<Key>,
) -> Result<Done, Failure> {
    let floor = append.expected.floor();
    if let Some(floor) = floor {
        let actual = revision(transaction, &append.stream)?;
        if actual != floor {
            let own = find_own(transaction, append, floor)?;
            let found = own.map(|revision| Appended { revision, is_duplicate: false });
            return Ok(Done::without_adding(found.ok_or(AppendError::Conflict { actual })));
        }
    }
    // One that expects a revision and comes again was found in its stream, so only its fact has to be remembered.
    let key = (floor.is_none() || append.fact.is_some()).then(|| Key::of(append.fact, append.id));
    if let Some(seen) = key.and_then(|key| recent.find(key, append.recorded_at)) {
        let appended = Appended { revision: seen.position, is_duplicate: seen.record != append.id };
        return Ok(Done::without_adding(Ok(appended)));
    }
    let mut insert = transaction.prepare_cached("INSERT INTO records (stream, partition, body) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![append.stream, append.partition, append.body])?;
    let revision = transaction.last_insert_rowid().cast_unsigned();
    if let Some(key) = key {
        recent.remember(append.recorded_at, key, Seen { position: revision, record: append.id });
        added.push(key);
    }
    Ok(Done { outcome: Ok(Appended { revision, is_duplicate: false }), new_end: Some(revision) })
}

fn revision(transaction: &Transaction<'_>, stream: &str) -> rusqlite::Result<Revision> {
    let mut statement = transaction.prepare_cached("SELECT max(position) FROM records WHERE stream = ?1")?;
    let last: Option<i64> = statement.query_row([stream], |row| row.get(0))?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

/// The revision at which this very record stands behind `floor`: an earlier try whose answer was lost. Others may
/// have appended behind it, so the last record alone would not tell.
fn find_own(transaction: &Transaction<'_>, append: &Append, floor: Revision) -> rusqlite::Result<Option<Revision>> {
    let mut statement =
        transaction.prepare_cached("SELECT position, body FROM records WHERE stream = ?1 AND position > ?2")?;
    let mut rows = statement.query(params![append.stream, floor.cast_signed()])?;
    while let Some(row) = rows.next()? {
        let is_own = codec::decode(row.get_ref(1)?.as_blob()?).is_ok_and(|record| record.id == append.id);
        if is_own {
            let position: i64 = row.get(0)?;
            return Ok(Some(position.cast_unsigned()));
        }
    }
    Ok(None)
}
