//! Who does the work: one replica at a time, by lease. The lease only saves work; that each record has its effect once
//! rests on the checkpoint.

use crate::gauges::Gauges;
use crate::trouble::Trouble;
use crate::{Projection, follow};
use event_log::{Checkpoint, EventLog, LogError};
use service_kit::{Backoff, Clock, Ids, Metrics};
use sql::{Acquired, Database, Lease, SqlError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often the lag is measured.
const MEASURED_EVERY: Duration = Duration::from_secs(2);

/// How long the end of a process waits for a lease to be given back. It ends by itself otherwise.
const RELEASE: Duration = Duration::from_secs(1);

/// How fast a runner goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a lease holds without being renewed, after which another replica goes on. It is renewed at least three
    /// times in that time, each of which SQLite syncs to the disk.
    pub term: Duration,
    /// How many records one transaction stores at most.
    pub together: usize,
    /// How often it is looked, while nothing happens, whether the table was dropped.
    pub look: Duration,
    /// How often the checkpoint is moved on by itself, when nothing was stored meanwhile.
    pub idle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let (term, look, idle) = (Duration::from_secs(9), Duration::from_secs(2), Duration::from_secs(30));
        Self { term, together: 500, look, idle }
    }
}

/// What a runner works with.
#[derive(Clone)]
pub struct Deps {
    /// The log that is followed.
    pub log: Arc<dyn EventLog>,
    /// Where the table is.
    pub database: Database,
    /// Measures leases.
    pub clock: Clock,
    /// Spreads waits, and names this runner among others.
    pub ids: Ids,
    /// Where the work is counted.
    pub metrics: Metrics,
}

/// Fills one projection's tables from the log.
pub struct Runner<P> {
    pub(crate) projection: P,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) database: Database,
    pub(crate) ids: Ids,
    pub(crate) pace: Pace,
    pub(crate) gauges: Gauges,
    pub(crate) trouble: Trouble,
    clock: Clock,
    /// How far the table is, as soon as that is known here.
    reached: Mutex<Option<Checkpoint>>,
}

impl<P: Projection> Runner<P> {
    /// A runner that goes at the usual pace.
    pub fn new(projection: P, deps: Deps) -> Self {
        let Deps { log, database, clock, ids, metrics } = deps;
        let table = projection.derived().name();
        Self {
            projection,
            log,
            database,
            ids,
            pace: Pace::default(),
            gauges: Gauges::new(&metrics, table),
            trouble: Trouble::new(table),
            clock,
            reached: Mutex::default(),
        }
    }

    /// The same at another pace.
    #[must_use]
    pub fn at_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Whether the log goes as far as the table does, to be asked before anything else is begun. A database or a log that
    /// does not answer is no reason against it.
    ///
    /// # Errors
    /// When the log ends before the table's checkpoint: it has lost its end, and the error says what to do.
    pub async fn check(&self) -> Result<(), LogError> {
        let Ok(Some(reached)) = self.database.reached(self.table()).await else { return Ok(()) };
        let incarnation = self.log.identity().incarnation();
        if reached.incarnation != incarnation {
            return Ok(());
        }
        let from = follow::checkpoint(Some(&reached), incarnation);
        match self.log.follow(self.projection.filter(), from).await {
            Ok(_) | Err(LogError::Unavailable(_)) => Ok(()),
            Err(error @ LogError::Broken(_)) => Err(error),
        }
    }

    /// Fills the table until `stop` is cancelled. The database and the log may be away for any time, and the table may be
    /// dropped.
    ///
    /// # Errors
    /// When the log ends before the table's checkpoint, or holds something that cannot be read.
    pub async fn run(self, stop: CancellationToken) -> Result<(), LogError> {
        loop {
            let lease = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                lease = self.take() => lease,
            };
            let (name, table) = (lease.name().to_owned(), self.table());
            tracing::info!(table, "the table {table} is filled here from now on, under the lease {name}");
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => Ended::Stopped,
                error = self.work() => Ended::Failed(error),
                () = self.keep(lease.clone()) => Ended::Lost,
                () = self.measure() => Ended::Lost,
            };
            self.gauges.silent();
            if let Ended::Lost = ended {
                tracing::info!(table, "the lease {name} has ended: the table {table} is filled here no longer");
                continue;
            }
            // What is not given back ends by itself.
            timeout(RELEASE, self.database.release(lease)).await.ok();
            return match ended {
                Ended::Failed(error) => Err(error),
                Ended::Stopped | Ended::Lost => Ok(()),
            };
        }
    }

    pub(crate) fn table(&self) -> &'static str {
        self.projection.derived().name()
    }

    pub(crate) fn note_reached(&self, reached: &Checkpoint) {
        *self.reached.lock().expect("nothing panics while it holds the lock") = Some(reached.clone());
    }

    /// Waits until nobody else fills the table.
    async fn take(&self) -> Lease {
        let name = format!("projection/{}", self.table());
        let owner = self.ids.uuid_v7(self.clock.now()).to_string();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let acquired = self.database.acquire(&name, &owner, self.pace.term, self.clock.uptime());
            match timeout(self.pace.term, acquired).await {
                Ok(Ok(Acquired::Ours(lease))) => return lease,
                Ok(Ok(Acquired::Taken)) => {
                    self.trouble.over();
                    backoff.reset();
                    sleep(self.pause()).await;
                    continue;
                }
                Ok(Err(error)) => self.failed(&error),
                Err(late) => self.trouble.passing(&late),
            }
            sleep(backoff.next(self.ids.fraction())).await;
        }
    }

    /// Holds the lease for as long as that can be done.
    async fn keep(&self, mut lease: Lease) {
        loop {
            sleep(self.pause()).await;
            let renewed = self.database.renew(&lease, self.pace.term, self.clock.uptime());
            match timeout(self.pace.term, renewed).await {
                Ok(Ok(Acquired::Ours(renewed))) => lease = renewed,
                Ok(Ok(Acquired::Taken)) => return,
                // What is left of it still holds.
                Ok(Err(_)) | Err(_) if lease.is_held(self.clock.uptime()) => (),
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    /// A third of a lease's term, spread so that replicas do not all ask at once.
    fn pause(&self) -> Duration {
        Backoff::new(self.pace.term / 3, self.pace.term / 3).next(self.ids.fraction())
    }

    /// Tells how far behind the table is, for as long as it is filled here.
    async fn measure(&self) {
        loop {
            sleep(MEASURED_EVERY).await;
            let Ok(head) = self.log.head().await else { continue };
            let reached = self.reached.lock().expect("nothing panics while it holds the lock").clone();
            if let Some(reached) = reached {
                self.gauges.lags(&reached, &head);
            }
        }
    }

    pub(crate) fn failed(&self, error: &SqlError) {
        match error {
            SqlError::Unavailable(_) | SqlError::Unknown(_) | SqlError::Superseded { .. } => {
                self.trouble.passing(error);
            }
            SqlError::Broken(_) => self.trouble.lasting(error),
        }
    }
}

/// Why a table is no longer filled here.
enum Ended {
    Stopped,
    Lost,
    Failed(LogError),
}

impl<P: Projection> std::fmt::Debug for Runner<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("table", &self.table()).finish_non_exhaustive()
    }
}
