//! A log, a database for its snapshots, and processes that fold conversations with them.

use async_trait::async_trait;
use domain::conversation::{Conversation, REDUCER};
use domain::decision::{Actor, Intent, Purpose};
use domain::event::{Content, Event, Inbound, InboundKind, Message, Sending, SendingKind};
use domain::id::{FactId, PageId, PersonKey, Psid, RecordId, RequestId, SendId, StreamId};
use domain::send::Handling;
use domain::time::{Span, Timestamp};
use event_log::sqlite::{Config, SqliteLog};
use event_log::{
    AppendError, Appended, Checkpoint, Conversations, EventLog, Expected, Filter, Follower, Loaded, LogError,
    LogIdentity, Position, Record, Revision, Stored,
};
use secrecy::SecretString;
use service_kit::{Ids, Metrics};
use snapshots::SqlSnapshots;
use sql::snapshots::Snapshot;
use sql::{Create, Database, Options};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use testkit::eventually;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Makes a test of each function, for either database: `async fn name(sandbox: Sandbox)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::sandbox::Sandbox::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::sandbox::Sandbox::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

const NOON: Timestamp = Timestamp::from_millis(1_600_000_000_000);

pub(crate) struct Sandbox {
    pub(crate) log: Arc<CountingLog>,
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
    pub(crate) writers: Writers,
}

/// The processes' writers, which go on for as long as the test does.
pub(crate) type Writers = Mutex<JoinSet<()>>;

impl Sandbox {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tables.sqlite").display());
        Self::on(&url, folder).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::on(&testkit::postgres().database(), tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn on(url: &str, folder: TempDir) -> Self {
        let options = Options { create: Create::IfMissing, ..Options::default() };
        let database = Database::open(&SecretString::from(url), &options).await.unwrap();
        database.migrate().await.unwrap();
        let log = Arc::new(CountingLog::open(&folder.path().join("log.sqlite")));
        Self { log, database, folder, writers: Writers::default() }
    }

    /// A process that has folded nothing yet.
    pub(crate) fn process(&self) -> Process {
        Process::on(Arc::clone(&self.log), &self.database, &self.writers)
    }

    /// The row that is kept of a stream.
    pub(crate) async fn row(&self, stream: &StreamId) -> Option<Snapshot> {
        sql::snapshots::read(&self.database, self.log.identity().incarnation(), stream, REDUCER).await.unwrap()
    }

    /// Waits for the row that ends with this position.
    pub(crate) async fn row_at(&self, stream: &StreamId, position: Revision) -> Snapshot {
        eventually(DEADLINE, async || self.row(stream).await.filter(|row| row.position == position)).await
    }

    /// Puts a row in place of whatever there is.
    pub(crate) async fn replace(&self, stream: &StreamId, row: &Snapshot) {
        let incarnation = self.log.identity().incarnation();
        let mut transaction = self.database.begin().await.unwrap();
        sql::snapshots::delete(&mut transaction, incarnation, stream).await.unwrap();
        assert!(sql::snapshots::write(&mut transaction, incarnation, stream, row).await.unwrap());
        transaction.commit().await.unwrap();
    }
}

/// Folds conversations with snapshots, as one process does.
pub(crate) struct Process {
    pub(crate) conversations: Conversations,
    log: Arc<CountingLog>,
    metrics: Metrics,
}

impl Process {
    pub(crate) fn on(log: Arc<CountingLog>, database: &Database, writers: &Writers) -> Self {
        let metrics = Metrics::new("nuncio", "0.0.0");
        let (snapshots, writer) = SqlSnapshots::new(database.clone(), log.identity().incarnation(), &metrics);
        let conversations = Conversations::new(log.clone()).with_snapshots(Arc::new(snapshots));
        writers.lock().unwrap().spawn(writer.run(CancellationToken::new()));
        Self { conversations, log, metrics }
    }

    /// Loads a conversation. Answers it with how many records were read for it.
    pub(crate) async fn load(&self, stream: &StreamId) -> (Loaded, usize) {
        let before = self.log.n_read.load(Ordering::SeqCst);
        let loaded = self.conversations.load(stream).await.unwrap();
        (loaded, self.log.n_read.load(Ordering::SeqCst) - before)
    }

    /// How often something was counted, by the metric's name and its label as Prometheus shows them.
    pub(crate) fn counted(&self, name: &str, label: &str) -> u64 {
        let text = self.metrics.render();
        let mut lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.next().map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }
}

/// A log that counts the records it hands out to those who read a stream.
pub(crate) struct CountingLog {
    log: SqliteLog,
    n_read: AtomicUsize,
    /// Whether it says that the end of a stream is quickly read.
    pub(crate) reads_ends: AtomicBool,
}

impl CountingLog {
    pub(crate) fn open(file: &Path) -> Self {
        Self {
            log: SqliteLog::open(file, Config::default()).unwrap(),
            n_read: AtomicUsize::new(0),
            reads_ends: AtomicBool::new(false),
        }
    }

    /// Appends so many records; answers the position of the last.
    pub(crate) async fn grow(&self, stream: &StreamId, n_records: u32) -> Revision {
        let records: Vec<_> = (0..n_records).map(|_| record(stream)).collect();
        let appended = self.append_all(&records).await.unwrap();
        appended.last().map_or(0, |last| last.revision)
    }

    /// What the log says, without any cache.
    pub(crate) async fn fold(&self, stream: &StreamId) -> Conversation {
        Conversation::fold(self.log.read(stream, 0).await.unwrap().iter().flat_map(Stored::events))
    }
}

#[async_trait]
impl EventLog for CountingLog {
    fn identity(&self) -> &LogIdentity {
        self.log.identity()
    }

    async fn append(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
        self.log.append(record, expected).await
    }

    async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        self.log.append_all(records).await
    }

    async fn read(&self, stream: &StreamId, after: Revision) -> Result<Vec<Stored>, LogError> {
        let read = self.log.read(stream, after).await?;
        self.n_read.fetch_add(read.len(), Ordering::SeqCst);
        Ok(read)
    }

    async fn read_last(&self, stream: &StreamId, most: usize) -> Result<Option<Vec<Stored>>, LogError> {
        if !self.reads_ends.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let read = self.log.read_last(stream, most).await?;
        self.n_read.fetch_add(read.as_ref().map_or(0, Vec::len), Ordering::SeqCst);
        Ok(read)
    }

    async fn follow(&self, filter: Filter, from: Checkpoint) -> Result<Follower, LogError> {
        self.log.follow(filter, from).await
    }

    async fn head(&self) -> Result<Checkpoint, LogError> {
        self.log.head().await
    }

    async fn erase(&self, stream: &StreamId, positions: &[Position]) -> Result<(), LogError> {
        self.log.erase(stream, positions).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.log.check().await
    }
}

pub(crate) fn stream(number: u8) -> StreamId {
    StreamId::Conversation(page(), PersonKey::from_bytes([number; 16]))
}

fn page() -> PageId {
    PageId::parse("1001").unwrap()
}

fn person() -> Psid {
    Psid::parse("24601").unwrap()
}

pub(crate) const fn at(ms: i64) -> Timestamp {
    NOON.plus(Span::from_millis(ms))
}

/// A record of these events.
pub(crate) fn record_of(stream: &StreamId, events: Vec<Event>) -> Record {
    let id = RecordId::new(Ids::random().uuid_v7(NOON));
    Record { id, stream: stream.clone(), recorded_at: NOON, fact: None, traceparent: None, events }
}

/// A record in which the person writes and is answered, so that every one changes the state.
fn record(stream: &StreamId) -> Record {
    let StreamId::Conversation(page, key) = stream else { panic!("these are conversations") };
    let send = SendId::new(page.clone(), *key, Ids::random().uuid_v7(NOON));
    let kind = SendingKind::Requested {
        page: page.clone(),
        recipient: person(),
        request: RequestId::parse(&send.uuid().to_string()).unwrap(),
        request_digest: [1; 16],
        intent: Box::new(Intent::new(Actor::Bot, Purpose::Conversation)),
        content: Box::new(Content::text("yes")),
        handling: Handling::default(),
    };
    record_of(stream, vec![wrote(at(0)), Event::Sending(Box::new(Sending { send, at: NOON, kind }))])
}

/// The person writes.
pub(crate) fn wrote(stated_at: Timestamp) -> Event {
    let message = Message { text: "is it still there?".to_owned(), ..Message::default() };
    Event::Inbound(Box::new(Inbound {
        fact: FactId::of(&[&stated_at.as_millis().to_be_bytes()]),
        page: page(),
        person: Some(person()),
        stated_at,
        received_at: stated_at,
        standby: false,
        kind: InboundKind::Message(message),
    }))
}
