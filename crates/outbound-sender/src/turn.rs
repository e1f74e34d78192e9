//! When a Page's turn comes to a send that is asked for now: told before it is recorded, so that what cannot make its
//! window is refused at once.

use crate::Parts;
use crate::desk::shed::span;
use crate::dispatch::facts;
use crate::pace::{Limits, Pace};
use crate::table::NEVER;
use api::status;
use domain::evaluate::judge;
use domain::id::PageId;
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Class, Request};
use domain::time::Timestamp;
use sql::outbox;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tonic::Status;

/// How long it may take to count what waits. Without an answer the send is taken: whoever comes to it sheds it then.
const PATIENCE: Duration = Duration::from_millis(500);
/// For how long it is believed how much waits for a Page that another process sends for.
const BELIEVED: Duration = Duration::from_secs(1);
/// The most Pages of which that is kept.
const KEPT: usize = 10_000;

/// What waits for each Page that is sent for here, and lately waited for others.
#[derive(Debug, Default)]
pub(crate) struct Boards {
    open: Mutex<HashMap<PageId, Shared>>,
    counted: Mutex<HashMap<PageId, (Instant, usize)>>,
}

type Shared = Arc<Mutex<Option<Shown>>>;

/// What waits for one Page, as its desk shows it. Nothing is shown any more once it is dropped.
#[derive(Debug)]
pub(crate) struct Board(Shared);

#[derive(Clone, Debug)]
struct Shown {
    n_sends: usize,
    /// Whether more waits than is counted.
    is_partial: bool,
    pace: Pace,
}

impl Boards {
    pub(crate) fn open(&self, page: PageId) -> Board {
        let shared = Shared::default();
        self.open.lock().expect("nothing panics while it holds the lock").insert(page, Arc::clone(&shared));
        Board(shared)
    }

    fn shown(&self, page: &PageId) -> Option<Shown> {
        let shared = self.open.lock().expect("nothing panics while it holds the lock").get(page).cloned()?;
        shared.lock().expect("nothing panics while it holds the lock").clone()
    }

    fn counted(&self, page: &PageId) -> Option<usize> {
        let counted = self.counted.lock().expect("nothing panics while it holds the lock");
        counted.get(page).filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, n)| *n)
    }

    fn count(&self, page: &PageId, n: usize) {
        let mut counted = self.counted.lock().expect("nothing panics while it holds the lock");
        if counted.len() >= KEPT {
            counted.retain(|_, (at, _)| at.elapsed() < BELIEVED);
        }
        counted.insert(page.clone(), (Instant::now(), n));
    }
}

impl Board {
    pub(crate) fn show(&self, n_sends: usize, is_partial: bool, pace: &Pace) {
        let mut shown = self.0.lock().expect("nothing panics while it holds the lock");
        match shown.as_mut() {
            Some(shown) => (shown.n_sends, shown.is_partial) = (n_sends, is_partial),
            None => *shown = Some(Shown { n_sends, is_partial, pace: pace.clone() }),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        *self.0.lock().expect("nothing panics while it holds the lock") = None;
    }
}

impl Parts {
    /// What is asked for, with the Page's turn where that may be too late.
    pub(crate) async fn with_turn(&self, page: &Page, packs: &Packs, command: Request) -> Request {
        let turn = self.turn(page, packs, &command).await;
        Request { turn, ..command }
    }

    /// The refusal of what would leave too late.
    pub(crate) fn comes_too_late(&self, page: &PageId, turn: Timestamp, message: &str) -> Status {
        let wait_ms = u64::try_from(turn.since(self.clock.now()).as_millis()).unwrap_or(0);
        status::send_rate(page, turn, Duration::from_millis(wait_ms), message)
    }

    /// When the Page's turn would come to what is asked for, where that may be too late for it. None: it comes soon enough,
    /// or is not known. While nothing waits, this costs nothing.
    async fn turn(&self, page: &Page, packs: &Packs, command: &Request) -> Option<Timestamp> {
        if !self.config.is_shaped {
            return None;
        }
        let (page_id, now) = (command.send.page(), self.clock.now());
        let limits = Limits::of(packs.in_force_for(page_id, now).limits());
        let shown = self.boards.shown(page_id);
        let pace = shown.as_ref().map_or_else(Pace::fresh, |shown| shown.pace.clone());
        let turn = |n_ahead| {
            let uptime = self.clock.uptime();
            now.plus(span(pace.turn(n_ahead, limits, uptime).saturating_sub(uptime)))
        };
        let n_all = match shown {
            Some(shown) if !shown.is_partial => shown.n_sends,
            Some(_) | None => self.n_waiting(page_id, now).await?,
        };
        let last = turn(n_all);
        // What may leave only later finds another queue.
        if last <= now || command.handling.not_before.is_some_and(|at| last <= at) {
            return None;
        }
        let end = self.end_by_now(page, packs, command, now).await.filter(|end| *end <= last)?;
        let place = (Class::of(&command.intent.actor), end);
        let n_ahead = self.n_ahead(page_id, place, now).await?;
        Some(turn(n_ahead)).filter(|turn| end <= *turn)
    }

    /// The end of what lets it leave, by what is known now.
    async fn end_by_now(&self, page: &Page, packs: &Packs, command: &Request, now: Timestamp) -> Option<Timestamp> {
        let loaded = self.conversations.load(&command.send.stream()).await.ok()?;
        let home = self.home(&command.send.stream()).await.ok()?;
        let facts = facts(command.send.page(), page, &loaded.state, home.as_deref());
        let decision = judge(packs, &facts.of_send(&command.send), &command.intent, now);
        decision.route()?;
        decision.holds_until.into_iter().chain(command.handling.expires_at).min()
    }

    async fn n_waiting(&self, page: &PageId, now: Timestamp) -> Option<usize> {
        if let Some(known) = self.boards.counted(page) {
            return Some(known);
        }
        let n_all = self.n_ahead(page, (Class::Broadcast, NEVER), now).await?;
        self.boards.count(page, n_all);
        Some(n_all)
    }

    async fn n_ahead(&self, page: &PageId, place: (Class, Timestamp), now: Timestamp) -> Option<usize> {
        match tokio::time::timeout(PATIENCE, outbox::ahead(&self.database, page, place, now)).await {
            Ok(Ok(n)) => Some(usize::try_from(n).unwrap_or(usize::MAX)),
            Ok(Err(error)) => {
                self.trouble(&error);
                None
            }
            Err(late) => {
                self.trouble(&late);
                None
            }
        }
    }
}
