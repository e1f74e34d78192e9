//! A real log that can be told to fail.

use async_trait::async_trait;
use domain::id::StreamId;
use event_log::sqlite::SqliteLog;
use event_log::{
    AppendError, Appended, Checkpoint, EventLog, Expected, Filter, Follower, LogError, LogIdentity, Position, Record,
    Revision, Stored,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

/// What goes wrong with appends; numbers count appends from the moment the fault was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// From the `after`-th on, they are refused and not stored.
    Refuse { after: usize },
    /// Each `n`-th is refused and not stored.
    RefuseEvery { n: usize },
    /// They are stored, but no answer comes.
    LoseAnswers,
    /// Each takes its own time, so that one overtakes another where it may.
    Overtake,
    /// From the `after`-th on, they wait until the fault is another one.
    Hang { after: usize },
}

/// The embedded log behind a fault.
#[derive(Debug)]
pub(crate) struct FaultyLog {
    log: SqliteLog,
    fault: watch::Sender<Fault>,
    since_set: AtomicUsize,
    appends: AtomicUsize,
    hanging: AtomicUsize,
}

impl FaultyLog {
    pub(crate) fn new(log: SqliteLog) -> Self {
        let (fault, _) = watch::channel(Fault::None);
        let zero = AtomicUsize::default;
        Self { log, fault, since_set: zero(), appends: zero(), hanging: zero() }
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.since_set.store(0, Ordering::SeqCst);
        self.fault.send_replace(fault);
    }

    /// How many appends were ever asked for.
    pub(crate) fn n_appends(&self) -> usize {
        self.appends.load(Ordering::SeqCst)
    }

    /// How many appends wait now; one that nobody waits for any more is gone.
    pub(crate) fn n_hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    async fn hang(&self) {
        let _counted = Counted::new(&self.hanging);
        let mut fault = self.fault.subscribe();
        fault.wait_for(|fault| !matches!(fault, Fault::Hang { .. })).await.unwrap();
    }
}

/// Counts itself for as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl EventLog for FaultyLog {
    fn identity(&self) -> &LogIdentity {
        self.log.identity()
    }

    async fn append(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        let n = self.since_set.fetch_add(1, Ordering::SeqCst);
        let fault = *self.fault.borrow();
        let refused = || Err(AppendError::Refused("told to".into()));
        match fault {
            Fault::Refuse { after } if n >= after => refused(),
            Fault::RefuseEvery { n: every } if n % every == every - 1 => refused(),
            Fault::LoseAnswers => {
                self.log.append(record, expected).await?;
                Err(AppendError::Unknown("told to".into()))
            }
            Fault::Overtake => {
                for _ in 0..n * 7 % 5 {
                    tokio::task::yield_now().await;
                }
                self.log.append(record, expected).await
            }
            Fault::Hang { after } if n >= after => {
                self.hang().await;
                self.log.append(record, expected).await
            }
            Fault::None | Fault::Refuse { .. } | Fault::RefuseEvery { .. } | Fault::Hang { .. } => {
                self.log.append(record, expected).await
            }
        }
    }

    async fn read(&self, stream: &StreamId, after: Revision) -> Result<Vec<Stored>, LogError> {
        self.log.read(stream, after).await
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
