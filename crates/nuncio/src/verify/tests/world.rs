//! A log and a database to be held against each other, and ways to spoil them.

use domain::event::{Erasing, ErasingKind, Event, Inbound, InboundKind, Message};
use domain::id::{FactId, Mid, PageId, PersonKey, Psid, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::jetstream::{self, JetStreamLog};
use event_log::sqlite::{self, SqliteLog};
use event_log::{Checkpoint, EventLog, Expected, Filter, Followed, Position, Record};
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::Ids;
use sql::erasure::Tombstone;
use sql::history::NewEntry;
use sql::{Advance, Create, Database, Derived, Options};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const NOON: Timestamp = Timestamp::from_millis(1_790_000_000_000);

pub(super) struct World {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) database: Database,
    url: SecretString,
    at: Place,
    n_written: AtomicUsize,
}

enum Place {
    Files(TempDir),
    Servers(Box<jetstream::Config>),
}

impl World {
    /// SQLite twice.
    pub(super) async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tables.sqlite").display());
        let log = SqliteLog::open(&folder.path().join("log.sqlite"), sqlite::Config::default()).unwrap();
        Self::new(Arc::new(log), url, Place::Files(folder)).await
    }

    /// JetStream and PostgreSQL.
    pub(super) async fn cluster() -> Self {
        static LOGS: AtomicU32 = AtomicU32::new(0);
        let number = LOGS.fetch_add(1, Ordering::Relaxed);
        let (name, subject) = (format!("VERIFY{number}"), format!("verify{number}"));
        let config = jetstream::Config { url: testkit::nats().url(), name, subject, ..jetstream::Config::default() };
        let log = JetStreamLog::open(config.clone()).await.unwrap();
        Self::new(Arc::new(log), testkit::postgres().database(), Place::Servers(Box::new(config))).await
    }

    async fn new(log: Arc<dyn EventLog>, url: String, at: Place) -> Self {
        let url = SecretString::from(url);
        let database = open(&url).await;
        database.migrate().await.unwrap();
        Self { log, database, url, at, n_written: AtomicUsize::new(0) }
    }

    /// Appends so many records, each of another person, and answers their streams. The nth record says "text n".
    pub(super) async fn fill_log(&self, n_records: usize) -> Vec<StreamId> {
        let first = self.n_written.fetch_add(n_records, Ordering::Relaxed) + 1;
        let write = |number| wrote(&person(number), &format!("text {number}"));
        let records: Vec<_> = (first..first + n_records).map(write).collect();
        self.log.append_all(&records).await.unwrap();
        records.into_iter().map(|record| record.stream).collect()
    }

    /// Appends the tombstone of an erasure.
    pub(super) async fn begin_erasure(&self, stream: &StreamId) -> Position {
        let events = vec![Event::Erasing(Erasing { at: NOON, kind: ErasingKind::Begun { until: NOON } })];
        let tombstone = Record { events, ..wrote(stream, "") };
        self.log.append(&tombstone, Expected::Any).await.unwrap().revision
    }

    pub(super) async fn bury(&self, stream: &StreamId, position: Position) {
        let incarnation = self.log.identity().incarnation();
        sql::erasure::bury(&self.database, Tombstone { stream, incarnation, position }).await.unwrap();
    }

    /// Brings the history up to the log's end.
    pub(super) async fn keep_all(&self) {
        self.keep(|_| true).await;
    }

    /// The same, with only these records in it.
    pub(super) async fn keep(&self, is_kept: impl Fn(Position) -> bool) {
        let reached = self.database.reached(Derived::History.name()).await.unwrap();
        let from = reached.map_or(0, |reached| reached.positions[&0]);
        let incarnation = self.log.identity().incarnation().to_owned();
        let begin = Checkpoint { incarnation: incarnation.clone(), positions: vec![from] };
        let mut follower = self.log.follow(Filter::default(), begin).await.unwrap();
        let mut transaction = self.database.begin().await.unwrap();
        let to = loop {
            let (position, stream, record, body) = match follower.next_or_unreadable().await.unwrap() {
                Ok(Followed::Record(stored)) => {
                    (stored.position, stored.record.stream.clone(), stored.record.id, stored.bytes)
                }
                Err(found) => {
                    (found.position, found.stream.clone().unwrap(), RecordId::new(uuid::Uuid::nil()), found.bytes)
                }
                Ok(Followed::Checkpoint(_)) => continue,
                Ok(Followed::CaughtUp(reached)) => break reached.position(0),
            };
            if is_kept(position) {
                let entry = NewEntry { stream: &stream, position, shard: 0, record, body: &body };
                sql::history::insert(&mut transaction, &incarnation, entry).await.unwrap();
            }
        };
        transaction.commit().await.unwrap();
        if to > from {
            self.advance(from, to).await;
        }
    }

    /// Puts one row into the history.
    pub(super) async fn keep_one(&self, position: Position, record: &Record, body: &[u8]) {
        let mut transaction = self.database.begin().await.unwrap();
        let entry = NewEntry { stream: &record.stream, position, shard: 0, record: record.id, body };
        sql::history::insert(&mut transaction, self.log.identity().incarnation(), entry).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Says that the history has come to `to`.
    pub(super) async fn advance(&self, from: Position, to: Position) {
        let (name, incarnation) = (Derived::History.name(), self.log.identity().incarnation());
        let mut transaction = self.database.begin().await.unwrap();
        transaction.advance(Advance { name, incarnation, shard: 0, from, to }).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Alters a byte of the row whose record says `text`.
    pub(super) async fn alter_row(self, text: &str) -> Self {
        let Place::Files(folder) = &self.at else {
            let place = text.trim_start_matches("text ");
            let update = format!(
                "UPDATE history SET body = set_byte(body, position('{text}'::bytea IN body), 33) WHERE position = {place}"
            );
            testkit::postgres().execute_in(self.url.expose_secret(), &update);
            return self;
        };
        self.database.close().await;
        alter(&folder.path().join("tables.sqlite"), text, |bytes| bytes[0] ^= 1);
        Self { database: open(&self.url).await, ..self }
    }

    /// Alters the log's file where it says `text`, while nobody has it open.
    pub(super) async fn alter_log(self, text: &str, change: impl FnOnce(&mut [u8])) -> Self {
        self.offline(|file| alter(file, text, change)).await
    }

    /// A copy of the log's file.
    pub(super) async fn copy(self) -> (Vec<u8>, Self) {
        let mut copy = Vec::new();
        let world = self.offline(|file| copy = std::fs::read(file).unwrap()).await;
        (copy, world)
    }

    /// Puts a copy in the place of the log's file.
    pub(super) async fn put_back(self, copy: &[u8]) -> Self {
        self.offline(|file| std::fs::write(file, copy).unwrap()).await
    }

    async fn offline(self, change: impl FnOnce(&Path)) -> Self {
        let Place::Files(folder) = &self.at else { panic!("only a file can be changed") };
        let path: PathBuf = folder.path().join("log.sqlite");
        drop(self.log);
        // A follower that was dropped closes the file a moment later; whoever is the last leaves nothing beside it.
        let beside = folder.path().join("log.sqlite-wal");
        testkit::eventually(Duration::from_secs(10), async || (!beside.exists()).then_some(())).await;
        change(&path);
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, sqlite::Config::default()).unwrap());
        Self { log, ..self }
    }

    /// Begins another incarnation. Answers the one before, too.
    pub(super) async fn restored(self) -> (String, Self) {
        let before = self.log.identity().incarnation().to_owned();
        drop(self.log);
        let log: Arc<dyn EventLog> = match &self.at {
            Place::Files(folder) => {
                let open = || SqliteLog::open(&folder.path().join("log.sqlite"), sqlite::Config::default()).unwrap();
                open().begin_incarnation().await.unwrap();
                Arc::new(open())
            }
            Place::Servers(config) => {
                let open = async || JetStreamLog::open((**config).clone()).await.unwrap();
                open().await.begin_incarnation().await.unwrap();
                Arc::new(open().await)
            }
        };
        (before, Self { log, ..self })
    }
}

async fn open(url: &SecretString) -> Database {
    Database::open(url, &Options { create: Create::IfMissing, ..Options::default() }).await.unwrap()
}

fn alter(file: &Path, text: &str, change: impl FnOnce(&mut [u8])) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    change(&mut bytes[at..]);
    std::fs::write(file, bytes).unwrap();
}

/// The conversation of one person.
pub(super) fn person(number: usize) -> StreamId {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(number as u64).to_be_bytes());
    StreamId::Conversation(PageId::parse("1001").unwrap(), PersonKey::from_bytes(key))
}

/// A record in which somebody writes `text`.
pub(super) fn wrote(stream: &StreamId, text: &str) -> Record {
    let id = RecordId::new(Ids::random().uuid_v7(NOON));
    let mid = Mid::parse(&format!("m_{id}")).unwrap();
    let message = Message { mid: Some(mid), text: text.to_owned(), ..Message::default() };
    let inbound = Inbound {
        fact: FactId::of(&[id.as_uuid().as_bytes()]),
        page: PageId::parse("1001").unwrap(),
        person: Some(Psid::parse("24601").unwrap()),
        stated_at: NOON,
        received_at: NOON,
        standby: false,
        kind: InboundKind::Message(message),
    };
    let events = vec![Event::Inbound(Box::new(inbound))];
    Record { id, stream: stream.clone(), recorded_at: NOON, fact: None, traceparent: None, events }
}
