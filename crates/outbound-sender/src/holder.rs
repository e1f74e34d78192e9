//! Who sends for a Page: one process at a time, by a lease with an epoch. A process that is stopped for longer than its
//! lease writes nothing more when it goes on, since it looks at a clock that ran on.

use crate::desk::Desk;
use crate::hints::Hint;
use crate::{Parts, Sender};
use domain::id::PageId;
use domain::time::{Span, Timestamp};
use event_log::{BoxError, LogError};
use service_kit::Backoff;
use sql::{Acquired, Derived, Lease, Reached, Skew, SqlError, echoes, outbox};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the table has changed.
const TICK: Duration = Duration::from_millis(50);
/// How often the Pages are looked at though the table has not changed: a lease may have ended.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is asked whether the platform told another process that the whole app has to pause.
const SHARE: Duration = Duration::from_millis(200);
/// How often the database's clock is compared with ours.
const COMPARE: Duration = Duration::from_secs(5);
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of a process waits for a lease to be given back.
const RELEASE: Duration = Duration::from_secs(1);

/// A lease that is renewed for as long as that can be done.
#[derive(Clone, Debug)]
pub(crate) struct Held(Arc<Mutex<Lease>>);

impl Held {
    /// The lease as it was last renewed.
    pub(crate) fn lease(&self) -> Lease {
        self.0.lock().expect("nothing panics while it holds the lock").clone()
    }

    fn renewed(&self, lease: Lease) {
        *self.0.lock().expect("nothing panics while it holds the lock") = lease;
    }
}

/// Sends for as many Pages as nobody else sends for, until `stop` is cancelled; then finishes what is on the wire.
///
/// # Errors
/// When the log holds something that cannot be read.
pub async fn run(sender: Sender, stop: CancellationToken) -> Result<(), LogError> {
    let parts = Arc::clone(&sender.0);
    let Some(restored_at) = restored_at(&parts, &stop).await? else { return Ok(()) };
    let now = parts.clock.now();
    let mut holder = Holder {
        owner: parts.ids.uuid_v7(now).to_string(),
        parts,
        stop: stop.clone(),
        restored_at: restored_at.0,
        desks: JoinSet::new(),
        held: HashSet::new(),
        others: HashMap::new(),
        seen: None,
        looked: None,
        compared: None,
        shared: None,
    };
    while !stop.is_cancelled() {
        tokio::select! {
            biased;
            () = stop.cancelled() => (),
            Some(done) = holder.desks.join_next(), if !holder.desks.is_empty() => holder.ended(done),
            pages = holder.parts.hints.orphans() => holder.take_all(pages).await,
            () = sleep(TICK) => holder.tick().await,
        }
    }
    while let Some(done) = holder.desks.join_next().await {
        holder.ended(done);
    }
    Ok(())
}

/// Wraps the answer, so that a process that is stopped before there is one says so.
struct RestoredAt(Option<Timestamp>);

/// When the log was last brought back from a backup: nothing may be sent before that is known.
async fn restored_at(parts: &Parts, stop: &CancellationToken) -> Result<Option<RestoredAt>, LogError> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match parts.restored_at().await {
            Ok(at) => return Ok(Some(RestoredAt(at))),
            Err(LogError::Unavailable(error)) => {
                tracing::warn!(error = %error, "the log does not answer, so nothing is sent yet");
            }
            Err(broken @ LogError::Broken(_)) => return Err(broken),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = sleep(backoff.next(parts.ids.fraction())) => (),
        }
    }
}

struct Holder {
    parts: Arc<Parts>,
    /// Names this process's life among the holders of leases.
    owner: String,
    stop: CancellationToken,
    restored_at: Option<Timestamp>,
    desks: JoinSet<PageId>,
    held: HashSet<PageId>,
    /// Pages that somebody else sends for, and until when that is not asked again.
    others: HashMap<PageId, Instant>,
    /// How far the table was when it was last looked at, by shard.
    seen: Option<Reached>,
    /// When the Pages were last looked at, and the clocks compared.
    looked: Option<Instant>,
    compared: Option<Instant>,
    /// When it was last asked whether the whole app pauses.
    shared: Option<Instant>,
}

impl Holder {
    async fn tick(&mut self) {
        self.compare().await;
        if self.parts.calls.is_time_to_tell().await {
            self.parts.calls.tell_or_say().await;
            self.parts.show_what_waits();
        }
        if let Err(error) = self.share().await {
            self.parts.trouble(&error);
        }
        if let Err(error) = self.look().await {
            self.parts.trouble(&error);
        }
    }

    /// Tells and learns until when the whole app pauses, at once where there is news.
    async fn share(&mut self) -> Result<(), BoxError> {
        let Parts { app_pause, database, clock, .. } = &*self.parts;
        if !app_pause.has_news() && self.shared.is_some_and(|before| before.elapsed() < SHARE) {
            return Ok(());
        }
        self.shared = Some(Instant::now());
        Ok(timeout(PATIENCE, app_pause.share(database, clock)).await??)
    }

    /// Stops sending while our clock is off the database's: the ends of windows and of leases are told by it.
    async fn compare(&mut self) {
        let Some(limit) = self.parts.config.most_skew else { return };
        if self.compared.is_some_and(|before| before.elapsed() < COMPARE) {
            return;
        }
        self.compared = Some(Instant::now());
        let asked = self.parts.clock.now();
        if let Ok(Ok(theirs)) = timeout(PATIENCE, self.parts.database.now()).await {
            let skew = Skew::between(asked, theirs, self.parts.clock.now());
            self.parts.clock_is_off(skew, limit);
        }
    }

    async fn look(&mut self) -> Result<(), BoxError> {
        let database = &self.parts.database;
        let reached = timeout(PATIENCE, database.reached(Derived::Outbox.name())).await??;
        let is_changed = reached != self.seen;
        if !is_changed && self.looked.is_some_and(|before| before.elapsed() < LOOK) {
            return Ok(());
        }
        let mut pages = timeout(PATIENCE, outbox::pages(database)).await??;
        pages.extend(timeout(PATIENCE, echoes::pages(database)).await??);
        pages.sort();
        pages.dedup();
        (self.seen, self.looked) = (reached, Some(Instant::now()));
        for page in &pages {
            if self.held.contains(page) {
                self.parts.hints.tell(page, Hint::Table);
            }
        }
        self.take_all(pages).await;
        Ok(())
    }

    async fn take_all(&mut self, pages: Vec<PageId>) {
        for page in pages {
            let is_anothers = self.others.get(&page).is_some_and(|until| Instant::now() < *until);
            if self.stop.is_cancelled() || is_anothers || self.held.contains(&page) {
                continue;
            }
            match self.take(&page).await {
                Ok(Some(lease)) => {
                    self.others.remove(&page);
                    self.open(page, lease);
                }
                Ok(None) => drop(self.others.insert(page, Instant::now() + self.parts.config.lease_term / 6)),
                Err(error) => self.parts.trouble(&error),
            }
        }
    }

    async fn take(&self, page: &PageId) -> Result<Option<Lease>, BoxError> {
        let (term, name) = (self.parts.config.lease_term, name(page));
        let acquired = self.parts.database.acquire(&name, &self.owner, term, self.parts.clock.uptime());
        match timeout(PATIENCE, acquired).await?? {
            Acquired::Ours(lease) => Ok(Some(lease)),
            Acquired::Taken => Ok(None),
        }
    }

    fn open(&mut self, page: PageId, lease: Lease) {
        let (parts, stop, restored_at) = (Arc::clone(&self.parts), self.stop.clone(), self.restored_at);
        tracing::info!(%page, epoch = lease.epoch(), "messages of the Page are sent from here");
        self.held.insert(page.clone());
        self.desks.spawn(async move {
            let hints = parts.hints.open(page.clone());
            let held = Held(Arc::new(Mutex::new(lease)));
            let desk = Desk::new(Arc::clone(&parts), page.clone(), held.clone(), restored_at, stop);
            let lost = CancellationToken::new();
            tokio::select! {
                () = desk.run(hints, lost.clone()) => (),
                () = keep(&parts, &held, &lost) => (),
            }
            parts.hints.close(&page);
            // Whoever has the Page next goes on from there.
            drop(timeout(RELEASE, parts.calls.tell_or_say()).await);
            // What is not given back ends by itself.
            drop(timeout(RELEASE, parts.database.release(held.lease())).await);
            page
        });
    }

    fn ended(&mut self, done: Result<PageId, tokio::task::JoinError>) {
        match done {
            Ok(page) => drop(self.held.remove(&page)),
            // A panic is a defect that must be seen: it goes on to whoever runs the sender.
            Err(error) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}

fn name(page: &PageId) -> String {
    format!("sender/{page}")
}

/// Renews the lease until it is lost, tells the desk then, and waits to be dropped.
async fn keep(parts: &Parts, held: &Held, lost: &CancellationToken) {
    let term = parts.config.lease_term;
    loop {
        sleep(term / 3).await;
        let lease = held.lease();
        match timeout(term, parts.database.renew(&lease, term, parts.clock.uptime())).await {
            Ok(Ok(Acquired::Ours(renewed))) => held.renewed(renewed),
            Ok(Ok(Acquired::Taken)) => break,
            // What is left of it still holds.
            Ok(Err(SqlError::Unavailable(_) | SqlError::Unknown(_))) | Err(_)
                if lease.is_held(parts.clock.uptime()) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
    tracing::warn!(lease = held.lease().name(), "a lease has ended: nothing more is sent under it");
    lost.cancel();
    std::future::pending().await
}

impl Parts {
    fn clock_is_off(&self, skew: Skew, limit: Span) {
        use std::sync::atomic::Ordering;
        let is_off = if skew.is_beyond(limit) {
            true
        } else if skew.is_within(limit) {
            false
        } else {
            return;
        };
        if self.is_clock_off.swap(is_off, Ordering::Relaxed) != is_off {
            if is_off {
                tracing::error!("the clock is off the database's, so nothing is sent: set this machine's time right");
            } else {
                tracing::info!("the clock is right again");
            }
        }
    }
}
