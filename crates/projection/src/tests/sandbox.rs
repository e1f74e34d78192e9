//! A log, a database, and a table in which an effect that came twice would stand twice.

use crate::{Deps, Pace, Projection, Runner};
use async_trait::async_trait;
use domain::event::{Event, Quarantined};
use domain::id::{FactId, PageId, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{EventLog, Filter, LogError, Record, Stored};
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use sql::due::{self, Due};
use sql::{Create, Database, Derived, Options, SqlError, Transaction};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Makes a test of each function, for either database: `async fn name(sandbox: Sandbox)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::tests::sandbox::Sandbox::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::tests::sandbox::Sandbox::postgres().await).await;
            })+
        }
    };
}
pub(super) use on_both;

/// How long anything may take before a test gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

const KIND: &str = "applied";

/// Leases that end soon, and small transactions, of which a test sees many.
pub(super) const QUICK: Pace = Pace {
    term: Duration::from_millis(600),
    together: 7,
    look: Duration::from_millis(50),
    idle: Duration::from_millis(100),
};

pub(super) struct Sandbox {
    pub(super) log: Arc<SqliteLog>,
    pub(super) url: SecretString,
    pub(super) metrics: Metrics,
    // Everything that is not in the database.
    folder: TempDir,
}

impl Sandbox {
    pub(super) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tables.sqlite").display());
        Self::open(folder, url).await
    }

    pub(super) async fn postgres() -> Self {
        Self::on(testkit::postgres().database()).await
    }

    pub(super) async fn on(url: String) -> Self {
        Self::open(tempfile::tempdir().unwrap(), url).await
    }

    async fn open(folder: TempDir, url: String) -> Self {
        let sandbox =
            Self { log: open(folder.path()), url: SecretString::from(url), metrics: Metrics::new("test", "0"), folder };
        sandbox.database().await.migrate().await.unwrap();
        sandbox
    }

    /// Connections as a process of their own has them.
    pub(super) async fn database(&self) -> Database {
        let options =
            Options { create: Create::IfMissing, acquire_timeout: Duration::from_secs(1), ..Options::default() };
        Database::open(&self.url, &options).await.unwrap()
    }

    /// The log as after it was brought back from a backup.
    pub(super) async fn restored(mut self) -> Self {
        Arc::into_inner(self.log).expect("nobody follows the log").begin_incarnation().await.unwrap();
        self.log = open(self.folder.path());
        self
    }

    pub(super) async fn append(&self, n_records: usize) {
        let records: Vec<_> = (0..n_records).map(|_| record()).collect();
        for appended in self.log.append_all(&records).await.unwrap() {
            assert!(!appended.is_duplicate);
        }
    }

    pub(super) async fn runner(&self) -> (Runner<Applied>, Arc<AtomicUsize>) {
        self.runner_of(Filter::default()).await
    }

    pub(super) async fn runner_of(&self, filter: Filter) -> (Runner<Applied>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let deps = Deps {
            log: self.log.clone(),
            database: self.database().await,
            clock: Clock::system(),
            ids: Ids::random(),
            metrics: self.metrics.clone(),
        };
        (Runner::new(Applied { count: Arc::clone(&count), filter }, deps).at_pace(QUICK), count)
    }

    /// How far the table is, if it stands in the log's incarnation.
    pub(super) async fn reached(&self, database: &Database) -> u64 {
        let reached = database.reached(Derived::Due.name()).await.unwrap();
        let ours = reached.filter(|reached| reached.incarnation == self.log.identity().incarnation());
        ours.and_then(|reached| reached.positions.get(&0).copied()).unwrap_or(0)
    }

    /// Waits until the table holds everything.
    pub(super) async fn until_filled(&self) {
        let (database, head) = (self.database().await, self.log.head().await.unwrap().position(0));
        testkit::eventually(PATIENCE, || async { (self.reached(&database).await == head).then_some(()) }).await;
    }

    /// The places of the records whose effects stand in the table, each as often as it does.
    pub(super) async fn applied(&self) -> Vec<u64> {
        let rows = due::ready(&self.database().await, KIND, Timestamp::from_millis(i64::MAX), 1_000_000).await.unwrap();
        let mut places: Vec<u64> =
            rows.iter().map(|row| row.name.split('/').next().unwrap().parse().unwrap()).collect();
        places.sort_unstable();
        places
    }

    /// Every record has had its effect exactly once.
    pub(super) async fn check_exactly_once(&self) {
        let head = self.log.head().await.unwrap().position(0);
        assert_eq!(self.applied().await, (1..=head).collect::<Vec<_>>());
    }
}

fn open(folder: &Path) -> Arc<SqliteLog> {
    Arc::new(SqliteLog::open(&folder.join("log.sqlite"), Config::default()).unwrap())
}

fn record() -> Record {
    let at = Timestamp::from_millis(1_767_268_800_000);
    let id = Ids::random().uuid_v7(at);
    let fact = FactId::of(&[id.as_bytes()]);
    let page = PageId::parse(&(1_001 + id.as_u128() % 7).to_string()).unwrap();
    let body = Quarantined { fact, received_at: at, reason: "a test".to_owned(), body: b"{}".to_vec() };
    let events = vec![Event::Quarantined(body)];
    Record {
        id: RecordId::new(id),
        stream: StreamId::Page(page),
        recorded_at: at,
        fact: None,
        traceparent: None,
        events,
    }
}

/// Puts in a row of its own each time that it is applied.
pub(super) struct Applied {
    count: Arc<AtomicUsize>,
    filter: Filter,
}

#[async_trait]
impl Projection for Applied {
    fn derived(&self) -> Derived {
        Derived::Due
    }

    fn filter(&self) -> Filter {
        self.filter.clone()
    }

    async fn apply(&self, to: &mut Transaction, _incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}/{}", stored.position, Ids::random().uuid_v7(Timestamp::from_millis(0)));
        let row =
            Due { kind: KIND.to_owned(), stream: stored.record.stream.clone(), name, at: Timestamp::from_millis(0) };
        due::put(to, &row).await
    }
}

/// A runner under way, like a process that can be told to stop or be killed.
pub(super) struct Running {
    stop: CancellationToken,
    tasks: JoinSet<Result<(), LogError>>,
}

impl Running {
    pub(super) fn start(runner: Runner<Applied>) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(runner.run(stop.clone()));
        Self { stop, tasks }
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.tasks.try_join_next().is_some()
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.tasks.join_next()).await.expect("it stops in time");
        ended.unwrap().unwrap().unwrap();
    }

    /// Without giving anything back.
    pub(super) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}

/// A number below `most`, drawn anew in each run.
pub(super) fn any(most: usize) -> usize {
    ((Ids::random().fraction() * most as f64) as usize).min(most - 1)
}
