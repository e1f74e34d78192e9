//! What is used and what is left of each Page's quotas. Every call counts here as it begins, is told to the other processes
//! every while, and what they told is read: so a Page that another process takes over goes on where it stood.

mod known;
mod parts;
#[cfg(test)]
mod tests;
mod whole;

pub(crate) use whole::Whole;

use domain::id::PageId;
use domain::quota::{CALLS, Quota, REPLIES, Used};
use domain::send::Class;
use domain::time::{Span, Timestamp};
use known::Known;
use messenger::client::{Counts, SendClient};
use service_kit::{Clock, Ids};
use sql::calls::{self, Count, Kind};
use sql::{Database, SqlError};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How often it is told what was used. A process that is killed has not told of so much.
const TELL: Duration = Duration::from_secs(2);
/// How often what counts no more is deleted.
const FORGET: Duration = Duration::from_secs(600);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How soon it is looked again where calls under way may turn out to have left room.
const SOON: Span = Span::from_millis(200);

/// The calls of every Page that are made by this process, and what is known of those of others. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Calls(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    clock: Clock,
    /// This process's life among those that count.
    process: String,
    pages: Mutex<HashMap<PageId, State>>,
    /// Held by whoever tells, so that what was counted later is told later.
    telling: tokio::sync::Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    told: Option<Instant>,
    forgot: Option<Instant>,
}

/// One Page.
#[derive(Debug)]
struct State {
    own: Used,
    replies: Used,
    /// What others were not told yet: the kind, and the first moment of its bucket.
    untold: BTreeSet<(Kind, Timestamp)>,
    /// How many calls may begin any moment.
    n_reserved: u64,
    /// How many of those that had leave the client is about to be asked for.
    n_handed: u64,
    /// How many have leave, those that have begun with them.
    n_under_way: u64,
    known: Option<Known>,
}

/// Leave for one call. While it is held, nobody else gets its place.
#[derive(Debug)]
pub(crate) struct Reserved {
    calls: Calls,
    page: PageId,
    /// Whether the client was asked for it.
    is_handed: bool,
}

/// Leave for one answer to a comment in private, which counts unless it is dropped before it left.
#[derive(Debug)]
pub(crate) struct Reply {
    calls: Calls,
    page: PageId,
    counted: Option<Timestamp>,
}

/// How much of a Page's quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) used: u64,
    pub(crate) quota: Quota,
}

impl State {
    fn new() -> Self {
        let (own, replies) = (Used::new(CALLS), Used::new(REPLIES));
        Self { own, replies, untold: BTreeSet::new(), n_reserved: 0, n_handed: 0, n_under_way: 0, known: None }
    }

    fn of(&self, kind: Kind) -> &Used {
        match kind {
            Kind::Call => &self.own,
            Kind::Reply => &self.replies,
        }
    }

    /// One more, or one less, of a kind.
    fn change(&mut self, kind: Kind, change: impl FnOnce(&mut Used), at: Timestamp) {
        let (used, steps) = match kind {
            Kind::Call => (&mut self.own, CALLS),
            Kind::Reply => (&mut self.replies, REPLIES),
        };
        change(used);
        self.untold.insert((kind, steps.bucket(at)));
    }

    fn used(&self, now: Timestamp) -> u64 {
        self.own.count(now) + self.known.as_ref().map_or(0, |known| known.calls.count(now))
    }

    /// Whether so many more calls fit into what this class may use, beside those under way; else when they do.
    fn fits(&self, class: Class, n_more: u64, now: Timestamp) -> Result<(), Timestamp> {
        if let Some(free) = self.frees(class, n_more, now) {
            return Err(free);
        }
        let under_way = self.frees(class, n_more.saturating_add(self.n_reserved + self.n_handed), now);
        under_way.map_or(Ok(()), |_| Err(now.plus(SOON)))
    }

    /// When so many more calls fit, if those under way come to nothing. None: now.
    fn frees(&self, class: Class, n_more: u64, now: Timestamp) -> Option<Timestamp> {
        let known = self.known.as_ref()?;
        let most = known.quota.share(class);
        let fits = self.used(now).saturating_add(n_more) <= most;
        (!fits).then(|| self.own.and(&known.calls).frees(most, n_more, now))
    }
}

/// The Page's state. Its name is only copied for the first call.
fn of<'a>(pages: &'a mut HashMap<PageId, State>, page: &PageId) -> &'a mut State {
    if !pages.contains_key(page) {
        pages.insert(page.clone(), State::new());
    }
    pages.get_mut(page).expect("it was put there if it was not")
}

impl Counts for Shared {
    fn begins(&self, page: &PageId) -> Timestamp {
        let at = self.clock.now();
        let mut pages = self.pages();
        let state = of(&mut pages, page);
        state.n_handed = state.n_handed.saturating_sub(1);
        state.change(Kind::Call, |used| used.add(at, 1), at);
        at
    }

    fn never_left(&self, page: &PageId, counted: Timestamp) {
        self.change(page, Kind::Call, |used| used.take_back(counted), counted);
    }
}

impl Shared {
    fn pages(&self) -> MutexGuard<'_, HashMap<PageId, State>> {
        self.pages.lock().expect("nothing panics while it holds the lock")
    }

    fn change(&self, page: &PageId, kind: Kind, change: impl FnOnce(&mut Used), at: Timestamp) {
        of(&mut self.pages(), page).change(kind, change, at);
    }

    /// All that others were not told, as it stands.
    fn untold(&self) -> Vec<Count> {
        let count = |page: &PageId, state: &State, (kind, bucket): (Kind, Timestamp)| Count {
            page: page.clone(),
            kind,
            bucket,
            n: state.of(kind).at(bucket),
        };
        let pages = self.pages();
        pages.iter().flat_map(|(page, state)| state.untold.iter().map(|key| count(page, state, *key))).collect()
    }

    /// Others were told this; what has changed since is still to be told.
    fn told(&self, counts: &[Count]) {
        let mut pages = self.pages();
        for Count { page, kind, bucket, n } in counts {
            if let Some(state) = pages.get_mut(page).filter(|state| state.of(*kind).at(*bucket) == *n) {
                state.untold.remove(&(*kind, *bucket));
            }
        }
    }
}

impl Calls {
    /// Nothing yet, in the name of a process that begins now.
    pub(crate) fn new(database: Database, clock: Clock, ids: &Ids) -> Self {
        let process = ids.uuid_v7(clock.now()).to_string();
        let (pages, telling) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { database, clock, process, pages, telling }))
    }

    /// A client whose every call for a Page is counted here.
    pub(crate) fn counting(&self, client: SendClient) -> SendClient {
        client.counted_by(self.0.clone())
    }

    /// Whether it is time to tell others.
    pub(crate) async fn is_time_to_tell(&self) -> bool {
        self.0.telling.lock().await.told.is_none_or(|told| told.elapsed() >= TELL)
    }

    /// Tells others what was used. What they could not be told is told the next time.
    pub(crate) async fn tell_or_say(&self) {
        match timeout(PATIENCE, self.tell()).await {
            Ok(Ok(())) => (),
            Ok(Err(error)) => tracing::warn!(%error, "calls could not be told to other processes; they are told later"),
            Err(error) => tracing::warn!(%error, "calls could not be told to other processes; they are told later"),
        }
    }

    async fn tell(&self) -> Result<(), SqlError> {
        let Shared { database, clock, process, telling, .. } = &*self.0;
        let mut telling = telling.lock().await;
        telling.told = Some(Instant::now());
        let counts = self.0.untold();
        if !counts.is_empty() {
            calls::put(database, process, &counts).await?;
            self.0.told(&counts);
        }
        if telling.forgot.is_none_or(|before| before.elapsed() >= FORGET) {
            telling.forgot = Some(Instant::now());
            let now = clock.now();
            calls::forget(database, Kind::Call, CALLS.oldest(now)).await?;
            calls::forget(database, Kind::Reply, REPLIES.oldest(now)).await?;
            for state in self.0.pages().values_mut() {
                state.own.forget(now);
                state.replies.forget(now);
            }
        }
        Ok(())
    }

    /// Leave for one call of this class, or when to ask again. What others use is known, or nothing is kept.
    pub(crate) fn reserve(&self, page: &PageId, class: Class) -> Result<Reserved, Timestamp> {
        let mut pages = self.0.pages();
        let state = of(&mut pages, page);
        state.fits(class, 1, self.0.clock.now())?;
        state.n_reserved += 1;
        state.n_under_way += 1;
        Ok(Reserved { calls: self.clone(), page: page.clone(), is_handed: false })
    }

    /// When a call of this class could be made that so many others go before. None: now, by what is known. Those that
    /// have begun are among the others, and used already: they count once.
    pub(crate) fn turn(&self, page: &PageId, class: Class, n_ahead: u64, now: Timestamp) -> Option<Timestamp> {
        let pages = self.0.pages();
        let state = pages.get(page)?;
        let n_begun = state.n_under_way - state.n_reserved;
        let n_more = n_ahead.saturating_add(1).saturating_sub(n_begun).max(1);
        state.frees(class, n_more, now)
    }

    /// Whether nothing of this class can leave by what is used.
    pub(crate) fn is_stopped(&self, page: &PageId, class: Class) -> bool {
        self.usage(page).is_some_and(|Usage { used, quota }| used >= quota.share(class))
    }

    /// How much of a Page's quota is used, if both are known.
    pub(crate) fn usage(&self, page: &PageId) -> Option<Usage> {
        let pages = self.0.pages();
        let state = pages.get(page)?;
        Some(Usage { used: state.used(self.0.clock.now()), quota: state.known.as_ref()?.quota })
    }

    /// The largest share of a quota that a Page has used of those known here, in hundredths.
    pub(crate) fn most_used(&self) -> u64 {
        let (pages, now) = (self.0.pages(), self.0.clock.now());
        let share = |state: &State| Some(state.used(now).saturating_mul(100) / state.known.as_ref()?.quota.calls());
        pages.values().filter_map(share).max().unwrap_or(0)
    }

    /// Leave for one answer to a comment in private by this limit of an hour, or when to ask again.
    pub(crate) fn reply(&self, page: &PageId, limit: u32) -> Result<Reply, Timestamp> {
        let now = self.0.clock.now();
        let mut pages = self.0.pages();
        let state = of(&mut pages, page);
        let all = match &state.known {
            Some(known) => state.replies.and(&known.replies),
            None => state.replies.clone(),
        };
        let limit = u64::from(limit.max(1));
        if all.count(now) >= limit {
            return Err(all.frees(limit, 1, now));
        }
        state.change(Kind::Reply, |used| used.add(now, 1), now);
        Ok(Reply { calls: self.clone(), page: page.clone(), counted: Some(now) })
    }
}

impl Reply {
    /// It left, or may have.
    pub(crate) fn left(mut self) {
        self.counted = None;
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(at) = self.counted {
            self.calls.0.change(&self.page, Kind::Reply, |used| used.take_back(at), at);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(state) = self.calls.0.pages().get_mut(&self.page) {
            state.n_under_way -= 1;
            state.n_reserved -= u64::from(!self.is_handed);
        }
    }
}

impl Reserved {
    /// The client is asked for the call next, and counts it as it begins. Until then it keeps its place.
    pub(crate) fn begins(&mut self) {
        if let Some(state) = self.calls.0.pages().get_mut(&self.page).filter(|_| !self.is_handed) {
            self.is_handed = true;
            state.n_reserved -= 1;
            state.n_handed += 1;
        }
    }
}
