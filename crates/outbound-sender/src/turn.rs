//! When a Page's turn comes to a send that is asked for now: told before it is recorded, so that what cannot make its
//! window is refused at once.

use crate::Parts;
use crate::desk::shed::span;
use crate::dispatch::facts;
use crate::pace::{Limits, Pace};
use crate::table::NEVER;
use domain::evaluate::judge;
use domain::id::PageId;
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Class, Request, Send, Status};
use domain::time::Timestamp;
use sql::outbox;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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
    counted: Mutex<HashMap<(PageId, Class), (Instant, usize)>>,
}

type Shared = Arc<Mutex<Option<(Shown, Pace)>>>;

/// What waits for one Page, as its desk shows it. Nothing is shown any more once it is dropped.
#[derive(Debug)]
pub(crate) struct Board(Shared);

/// What waits for one Page, and what for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// How many sends of each class.
    pub(crate) n_sends: BTreeMap<Class, usize>,
    /// Whether more waits than is counted.
    pub(crate) is_partial: bool,
    /// Until when the platform wants nothing, if it said so: whether that is not over.
    pub(crate) is_paused: bool,
    /// The classes that have no call left.
    pub(crate) stopped: BTreeSet<Class>,
}

impl Boards {
    pub(crate) fn open(&self, page: PageId) -> Board {
        let shared = Shared::default();
        self.open.lock().expect("nothing panics while it holds the lock").insert(page, Arc::clone(&shared));
        Board(shared)
    }

    /// How many sends wait of each class, and what for, in all that is sent for here.
    pub(crate) fn waiting(&self) -> BTreeMap<(Class, &'static str), usize> {
        let open = self.open.lock().expect("nothing panics while it holds the lock");
        let mut waiting = BTreeMap::new();
        for class in Class::ALL {
            waiting.extend(CAUSES.map(|cause| ((class, cause), 0)));
        }
        for shared in open.values() {
            let shown = shared.lock().expect("nothing panics while it holds the lock");
            let Some((shown, _)) = shown.as_ref() else { continue };
            for (class, n) in &shown.n_sends {
                *waiting.entry((*class, shown.cause(*class))).or_default() += n;
            }
        }
        waiting
    }

    fn shown(&self, page: &PageId) -> Option<(Shown, Pace)> {
        let shared = self.open.lock().expect("nothing panics while it holds the lock").get(page).cloned()?;
        shared.lock().expect("nothing panics while it holds the lock").clone()
    }

    fn counted(&self, of: &(PageId, Class)) -> Option<usize> {
        let counted = self.counted.lock().expect("nothing panics while it holds the lock");
        counted.get(of).filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, n)| *n)
    }

    fn count(&self, of: (PageId, Class), n: usize) {
        let mut counted = self.counted.lock().expect("nothing panics while it holds the lock");
        if counted.len() >= KEPT {
            counted.retain(|_, (at, _)| at.elapsed() < BELIEVED);
        }
        counted.insert(of, (Instant::now(), n));
    }
}

/// What a send can wait for.
const CAUSES: [&str; 3] = ["pace", "pause", "quota"];

impl Shown {
    /// What the sends of a class wait for.
    fn cause(&self, class: Class) -> &'static str {
        let [pace, pause, quota] = CAUSES;
        if self.stopped.contains(&class) {
            quota
        } else if self.is_paused {
            pause
        } else {
            pace
        }
    }

    /// How many go before one of this class, or beside it.
    fn n_up_to(&self, class: Class) -> usize {
        self.n_sends.range(..=class).map(|(_, n)| n).sum()
    }
}

impl Board {
    pub(crate) fn show(&self, shown: Shown, pace: &Pace) {
        *self.0.lock().expect("nothing panics while it holds the lock") = Some((shown, pace.clone()));
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

    /// When the Page's turn would come to what is asked for, where that may be too late for it. None: it comes soon enough,
    /// or is not known. While nothing waits, this costs nothing.
    async fn turn(&self, page: &Page, packs: &Packs, command: &Request) -> Option<Timestamp> {
        if !self.config.is_shaped {
            return None;
        }
        let (page_id, now) = (command.send.page(), self.clock.now());
        let limits = Limits::of(packs.in_force_for(page_id, now).limits());
        let class = Class::of(&command.intent.actor);
        let shown = self.boards.shown(page_id);
        let pace = shown.as_ref().map_or_else(Pace::fresh, |(_, pace)| pace.clone());
        if shown.is_none() {
            self.knows_quota(page_id).await;
        }
        let turn = |n_ahead| {
            let uptime = self.clock.uptime();
            let by_pace = now.plus(span(pace.turn(n_ahead, limits, uptime).saturating_sub(uptime)));
            let n_ahead = u64::try_from(n_ahead).unwrap_or(u64::MAX);
            self.calls.turn(page_id, class, n_ahead, now).map_or(by_pace, |by_quota| by_quota.max(by_pace))
        };
        let n_all = match shown {
            Some((shown, _)) if !shown.is_partial => shown.n_up_to(class),
            Some(_) | None => self.n_waiting(page_id, class, now).await?,
        };
        let last = turn(n_all);
        // What may leave only later finds another queue.
        if last <= now || command.handling.not_before.is_some_and(|at| last <= at) {
            return None;
        }
        let (end, n_with_it) = self.end_by_now(page, packs, command, now).await.filter(|(end, _)| *end <= last)?;
        let n_ahead = self.n_ahead(page_id, (class, end), now).await?.saturating_add(n_with_it);
        Some(turn(n_ahead)).filter(|turn| end <= *turn)
    }

    /// The end of what lets it leave, by what is known now, and how many go before it in its conversation though they could
    /// wait longer.
    async fn end_by_now(
        &self,
        page: &Page,
        packs: &Packs,
        command: &Request,
        now: Timestamp,
    ) -> Option<(Timestamp, usize)> {
        let loaded = self.conversations.load(&command.send.stream()).await.ok()?;
        let home = self.home(&command.send.stream()).await.ok()?;
        let facts = facts(command.send.page(), page, &loaded.state, home.as_deref());
        let decision = judge(packs, &facts.of_send(&command.send), &command.intent, now);
        decision.route()?;
        let end = decision.holds_until.into_iter().chain(command.handling.expires_at).min()?;
        let class = Class::of(&command.intent.actor);
        let goes_with_it = |send: &Send| {
            let is_later = send.deadline().is_none_or(|other| end < other);
            // One that is tried again holds back the others for a while only.
            let is_due =
                matches!(send.status, Status::Accepted { not_before } if not_before.is_none_or(|at| at <= now));
            is_later && is_due && Class::of(&send.intent.actor) == class
        };
        Some((end, loaded.state.sends().filter(|(_, send)| goes_with_it(send)).count()))
    }

    /// How many sends wait that go before one of this class, or beside it.
    async fn n_waiting(&self, page: &PageId, class: Class, now: Timestamp) -> Option<usize> {
        let of = (page.clone(), class);
        if let Some(known) = self.boards.counted(&of) {
            return Some(known);
        }
        let n_all = self.n_ahead(page, (class, NEVER), now).await?;
        self.boards.count(of, n_all);
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
