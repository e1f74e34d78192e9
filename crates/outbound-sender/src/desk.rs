//! One Page's desk: takes what waits from the table and from hints, and hands conversations to workers, in order and at
//! the Page's pace.

mod quota;
mod rows;
pub(crate) mod shed;

use crate::elsewhere::Echoes;
use crate::follow::Follow;
use crate::hints::Hint;
use crate::holder::Held;
use crate::pace::{Limits, Pace, Permit};
use crate::pause::Pause;
use crate::queue::{Queue, Worked};
use crate::turn::Board;
use crate::{Parts, dispatch};
use domain::id::{PageId, StreamId};
use domain::send::Class;
use domain::time::Timestamp;
use rows::{Rows, Wanted};
use sql::Acquired;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// With more than this in the queue the table is not read: it would tell the same.
const ENOUGH: usize = 500;
/// How often the table is read though nobody told that it has changed, while there is something to do, and else.
const POLL: Duration = Duration::from_millis(250);
const POLL_IDLE: Duration = Duration::from_secs(5);
/// How long it may take to be read.
const PATIENCE: Duration = Duration::from_secs(5);
/// A Page with nothing to send is given up after this, so that leases do not pile up.
const IDLE: Duration = Duration::from_secs(600);

pub(crate) struct Desk {
    parts: Arc<Parts>,
    page: PageId,
    held: Held,
    restored_at: Option<Timestamp>,
    stop: CancellationToken,
    queue: Queue,
    follow: Follow,
    echoes: Echoes,
    pace: Pace,
    limits: Option<Limits>,
    pause: Arc<Pause>,
    workers: JoinSet<(StreamId, Worked)>,
    /// The table being read, at most once at a time: nothing waits for that.
    reads: JoinSet<Rows>,
    /// When the table is to be read next.
    poll_at: Instant,
    /// Whether the table holds more than was read.
    is_partial: bool,
    /// When the pace lets the next message through.
    paced_until: Option<Duration>,
    /// The classes that have something to send and no call left.
    stopped: BTreeSet<Class>,
    /// When the table is read for those too: they change nothing but by their own ends.
    poll_all_at: Instant,
    /// When it is looked again for sends that come too late.
    shed_at: Instant,
    /// What others here know of what waits.
    board: Board,
    idle_since: Instant,
}

impl Desk {
    pub(crate) fn new(
        parts: Arc<Parts>,
        page: PageId,
        held: Held,
        restored_at: Option<Timestamp>,
        stop: CancellationToken,
    ) -> Self {
        let now = Instant::now();
        let pause = Arc::new(Pause::of_page(&page));
        let board = parts.boards.open(page.clone());
        Self {
            parts,
            page,
            held,
            restored_at,
            stop,
            queue: Queue::default(),
            follow: Follow::new(),
            echoes: Echoes::default(),
            pace: Pace::fresh(),
            limits: None,
            pause,
            workers: JoinSet::new(),
            reads: JoinSet::new(),
            poll_at: now,
            is_partial: true,
            paced_until: None,
            stopped: BTreeSet::new(),
            poll_all_at: now,
            shed_at: now,
            board,
            idle_since: now,
        }
    }

    /// Sends until there is nothing more to do for long, the process stops, or the lease is lost.
    pub(crate) async fn run(mut self, mut hints: mpsc::Receiver<Hint>, lost: CancellationToken) {
        if self.held.lease().is_after_a_lapse() && !self.outlasts_the_one_before(&lost).await {
            return;
        }
        loop {
            self.follow().await;
            if Instant::now() >= self.poll_at {
                self.poll().await;
            }
            self.queue.wake(self.parts.clock.now());
            self.heed_quota();
            self.shed_late();
            self.start_workers();
            self.board.show(self.shown(), &self.pace);
            if self.is_over() {
                return;
            }
            let pause = self.pause();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = lost.cancelled() => break,
                Some(done) = self.workers.join_next(), if !self.workers.is_empty() => self.finished(done),
                Some(rows) = self.reads.join_next(), if !self.reads.is_empty() => self.read(rows),
                Some(hint) = hints.recv() => self.heard(hint),
                () = sleep(pause) => (),
            }
            while let Ok(hint) = hints.try_recv() {
                self.heard(hint);
            }
        }
        // What is on the wire is finished; nothing new is begun.
        while let Some(done) = self.workers.join_next().await {
            self.finished(done);
        }
        self.outlasts_its_pace(&lost).await;
    }

    /// Keeps the Page until nothing that left counts for its pace any more: whoever has it next begins afresh.
    async fn outlasts_its_pace(&self, lost: &CancellationToken) {
        if self.parts.config.is_shaped {
            let left = self.pace.counts_until().saturating_sub(self.parts.clock.uptime());
            drop(timeout(left, lost.cancelled()).await);
        }
    }

    /// The holder before was not heard again: it may still be writing. Its lease has ended, so after as long again
    /// nothing that it began can be under way, and the pace begins as if it had used up all of it until now.
    async fn outlasts_the_one_before(&mut self, lost: &CancellationToken) -> bool {
        tracing::warn!(page = %self.page, "whoever sent for the Page before was not heard again; waiting it out");
        tokio::select! {
            () = self.stop.cancelled() => return false,
            () = lost.cancelled() => return false,
            () = sleep(self.parts.config.lease_term) => (),
        }
        loop {
            self.read_limits().await;
            if let Some(limits) = self.limits {
                self.pace = Pace::used_up(limits, self.parts.clock.uptime());
                return true;
            }
            if !self.parts.config.is_shaped {
                return true;
            }
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = lost.cancelled() => return false,
                () = sleep(POLL) => (),
            }
        }
    }

    /// The limits that the Page keeps. None: they could not be read yet, so nothing may leave.
    fn limits(&self) -> Option<Limits> {
        if self.parts.config.is_shaped { self.limits } else { Some(Limits::NONE) }
    }

    fn heard(&mut self, hint: Hint) {
        match hint {
            Hint::Waits(row) if row.not_before <= self.parts.clock.now() => self.queue.put(&row),
            // The table has it by then.
            Hint::Waits(row) => self.poll_by(row.not_before),
            Hint::Happened(news) => {
                self.queue.hear(&news);
                // It may free what is held there, which the table says once it has taken it in.
                if news.begins {
                    self.poll_at = self.poll_at.min(Instant::now() + POLL);
                }
            }
            Hint::Table => self.poll_at = Instant::now(),
        }
    }

    /// Reads the rows whose time has come, unless there is enough to do without.
    async fn poll(&mut self) {
        self.share_pause().await;
        self.read_limits().await;
        self.echoes.poll(&self.parts, &self.page).await;
        let is_idle = self.queue.is_idle() && self.limits().is_some() && self.pause.is_known() && self.knows_quota();
        self.poll_at = Instant::now() + if is_idle { POLL_IDLE } else { POLL };
        if !self.reads.is_empty() {
            return;
        }
        let (parts, page) = (Arc::clone(&self.parts), self.page.clone());
        // With enough at hand the table would tell the same.
        let last = if self.queue.n_waiting() > ENOUGH { None } else { self.last_to_read() };
        let wanted = Wanted { last, now: self.parts.clock.now(), is_idle };
        self.reads.spawn(async move { Rows::read(&parts, &page, wanted).await });
    }

    /// Takes in what the table had.
    fn read(&mut self, read: Result<Rows, tokio::task::JoinError>) {
        match read {
            Ok(Rows { waiting, is_partial, next_start }) => {
                if let Some(waiting) = waiting {
                    self.is_partial = is_partial;
                    waiting.iter().for_each(|row| self.queue.put(row));
                }
                next_start.into_iter().for_each(|next| self.poll_by(next));
            }
            Err(error) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }

    /// Reads the table at this moment at the latest.
    fn poll_by(&mut self, at: Timestamp) {
        let wait = at.since(self.parts.clock.now()).as_millis();
        let at = Instant::now().checked_add(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        self.poll_at = at.map_or(self.poll_at, |at| at.min(self.poll_at));
    }

    /// Tells whoever comes after until when the Page pauses, and learns what was told before. Only the holder of the lease
    /// is told anything, so it is asked once.
    async fn share_pause(&self) {
        if self.pause.is_known() && !self.pause.has_news() {
            return;
        }
        match timeout(PATIENCE, self.pause.share(&self.parts.database, &self.parts.clock)).await {
            Ok(Ok(())) => (),
            Ok(Err(error)) => self.parts.trouble(&error),
            Err(late) => self.parts.trouble(&late),
        }
    }

    async fn read_limits(&mut self) {
        if !self.parts.config.is_shaped {
            return;
        }
        match self.parts.judged_by.packs_lately().await {
            Ok(packs) => {
                let limits = packs.in_force_for(&self.page, self.parts.clock.now()).limits();
                self.limits = Some(Limits::of(limits));
            }
            Err(error) => self.parts.trouble(&error),
        }
    }

    /// Reads what became of the Page, and tells whoever waits for it how far that is gone by here.
    async fn follow(&mut self) {
        if self.follow.is_due() {
            let page = timeout(PATIENCE, self.parts.judged_by.page(&self.page)).await;
            self.follow.looked(self.queue.is_idle());
            match page {
                Ok(Ok(loaded)) if self.follow.saw(loaded.revision) => {
                    // Of a Page that was resumed, all that waits can go on.
                    self.queue.look_everywhere();
                    self.poll_at = Instant::now();
                }
                Ok(Ok(_)) => (),
                Ok(Err(error)) => self.parts.trouble(&error),
                Err(late) => self.parts.trouble(&late),
            }
        }
        let Some(revision) = self.follow.to_note() else { return };
        match timeout(PATIENCE, self.parts.database.note(&self.held.lease(), revision)).await {
            // An ended lease is noticed by whoever renews it.
            Ok(Ok(Acquired::Ours(_) | Acquired::Taken)) => self.follow.noted(revision),
            Ok(Err(error)) => self.parts.trouble(&error),
            Err(late) => self.parts.trouble(&late),
        }
    }

    fn start_workers(&mut self) {
        self.paced_until = None;
        // The holder before may have told of more than is known here.
        if !self.follow.has_begun() {
            return;
        }
        if !self.pause.is_known() || !self.parts.app_pause.is_known() || !self.knows_quota() {
            return;
        }
        let Some(limits) = self.limits() else { return };
        while self.queue.n_waiting() > 0 {
            let Ok(place) = Arc::clone(&self.parts.places).try_acquire_owned() else { return };
            let Some(permit) = self.permit(limits) else { return };
            let Some(stream) = self.queue.next() else { return };
            let work = dispatch::Work {
                held: self.held.clone(),
                restored_at: self.restored_at,
                permit,
                limits,
                pause: Arc::clone(&self.pause),
                stop: self.stop.clone(),
            };
            let (parts, working) = (Arc::clone(&self.parts), self.follow.begin());
            self.workers.spawn(async move {
                let worked = parts.work(&stream, &work).await;
                drop((place, working));
                (stream, worked)
            });
        }
    }

    /// Leave for one message. None: not yet.
    fn permit(&mut self, limits: Limits) -> Option<Permit> {
        if self.parts.is_clock_off.load(std::sync::atomic::Ordering::Relaxed) {
            return None;
        }
        let now = self.parts.clock.uptime();
        if let Some(until) = self.parts.app_pause.until(now).max(self.pause.until(now)) {
            self.paced_until = Some(until);
            return None;
        }
        match self.pace.permit(limits, now) {
            Ok(permit) => Some(permit),
            Err(until) => {
                self.paced_until = Some(until);
                None
            }
        }
    }

    fn finished(&mut self, done: Result<(StreamId, Worked), tokio::task::JoinError>) {
        if self.pause.has_news() {
            self.poll_at = Instant::now();
        }
        match done {
            Ok((stream, worked)) => {
                let spacing = shed::span(self.parts.config.thread_spacing);
                self.queue.worked(&stream, &worked, self.parts.clock.now(), spacing);
            }
            Err(error) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }

    /// Whether nothing was to be done here for so long that somebody else may have the Page.
    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        if !self.queue.is_idle() {
            self.idle_since = now;
        }
        now >= self.idle_since + IDLE
    }

    /// How long nothing happens by itself.
    fn pause(&self) -> Duration {
        let uptime = self.parts.clock.uptime();
        let until_poll = self.poll_at.saturating_duration_since(Instant::now());
        let until_paced = self.paced_until.map(|until| until.saturating_sub(uptime));
        let now = self.parts.clock.now();
        let until_wake = self
            .queue
            .next_wake()
            .map(|at| Duration::from_millis(u64::try_from(at.since(now).as_millis()).unwrap_or(0)));
        let until_due = until_poll.min(self.follow.until_due());
        [until_paced, until_wake].into_iter().flatten().fold(until_due, Duration::min)
    }
}
