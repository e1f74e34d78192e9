//! What sends are judged by besides their conversation: the Page's state and the rule packs, folded from their streams.
//! Both are small and change rarely, so they stay in memory, and only what is behind them is read.

use crate::port::{EventLog, LogError};
use crate::record::{Revision, Stored};
use domain::id::{PageId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How old what is known of a Page or the packs may be when a send is judged by it.
pub const FRESH: Duration = Duration::from_millis(200);

/// A state folded from one stream.
#[derive(Clone, Debug)]
struct Folded<T> {
    state: Arc<T>,
    revision: Revision,
    /// When the log was asked last.
    asked: Option<Instant>,
}

impl<T: Clone> Folded<T> {
    fn new(state: T) -> Self {
        Self { state: Arc::new(state), revision: 0, asked: None }
    }

    fn is_fresh(&self) -> bool {
        self.asked.is_some_and(|asked| asked.elapsed() < FRESH)
    }

    /// Folds what is not in it yet. What was asked for at `asked` is in it now.
    fn fold(&mut self, tail: &[Stored], asked: Instant, evolve: impl Fn(&mut T, domain::event::Recorded<'_>)) {
        let known = self.revision;
        let tail = &tail[tail.partition_point(|stored| stored.position <= known)..];
        if let Some(last) = tail.last() {
            let state = Arc::make_mut(&mut self.state);
            for event in tail.iter().flat_map(Stored::events) {
                evolve(state, event);
            }
            self.revision = last.position;
        }
        self.asked = self.asked.max(Some(asked));
    }
}

/// A Page's state at a revision of its stream.
#[derive(Clone, Debug)]
pub struct LoadedPage {
    /// The state.
    pub state: Arc<Page>,
    /// The revision it was folded to.
    pub revision: Revision,
}

/// The packs at a revision of their stream.
#[derive(Clone, Debug)]
pub struct LoadedPacks {
    /// The packs.
    pub state: Arc<Packs>,
    /// The revision they were folded to.
    pub revision: Revision,
}

/// Loads what sends are judged by.
#[derive(Clone)]
pub struct JudgedBy {
    log: Arc<dyn EventLog>,
    pages: Arc<Mutex<HashMap<PageId, Folded<Page>>>>,
    packs: Arc<Mutex<Folded<Packs>>>,
}

impl JudgedBy {
    /// Loads from this log; the packs that come with this version are in force besides what the log says.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, pages: Arc::default(), packs: Arc::new(Mutex::new(Folded::new(Packs::built_in()))) }
    }

    /// The Page as it stood at most [`FRESH`] ago: for whoever judges often.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn page_lately(&self, page: &PageId) -> Result<LoadedPage, LogError> {
        let known = locked(&self.pages).get(page).filter(|folded| folded.is_fresh()).map(loaded);
        match known {
            Some(known) => Ok(known),
            None => self.page(page).await,
        }
    }

    /// The Page as it stands now: everything answered before this call is in it.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn page(&self, page: &PageId) -> Result<LoadedPage, LogError> {
        let known = locked(&self.pages).get(page).cloned();
        let mut folded = known.unwrap_or_else(|| Folded::new(Page::default()));
        let asked = Instant::now();
        let tail = self.log.read(&StreamId::Page(page.clone()), folded.revision).await?;
        folded.fold(&tail, asked, Page::evolve);
        let answer = loaded(&folded);
        let mut pages = locked(&self.pages);
        // Another call may have come further meanwhile.
        if pages.get(page).is_none_or(|other| other.revision <= folded.revision) {
            pages.insert(page.clone(), folded);
        }
        Ok(answer)
    }

    /// The packs as they stood at most [`FRESH`] ago: for whoever judges often.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn packs_lately(&self) -> Result<Arc<Packs>, LogError> {
        let known = locked(&self.packs).clone();
        if known.is_fresh() { Ok(known.state) } else { self.packs().await }
    }

    /// The packs as they stand now: everything answered before this call is in it.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn packs(&self) -> Result<Arc<Packs>, LogError> {
        Ok(self.loaded_packs().await?.state)
    }

    /// The same with their stream's revision: for whoever changes them.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn loaded_packs(&self) -> Result<LoadedPacks, LogError> {
        let mut folded = locked(&self.packs).clone();
        let asked = Instant::now();
        let tail = self.log.read(&StreamId::packs(), folded.revision).await?;
        folded.fold(&tail, asked, |packs, recorded| packs.evolve(recorded.event));
        let mut kept = locked(&self.packs);
        if kept.revision <= folded.revision {
            *kept = folded.clone();
        }
        Ok(LoadedPacks { state: folded.state, revision: folded.revision })
    }
}

fn loaded(folded: &Folded<Page>) -> LoadedPage {
    LoadedPage { state: Arc::clone(&folded.state), revision: folded.revision }
}

fn locked<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().expect("nothing panics while it holds the lock")
}

impl std::fmt::Debug for JudgedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JudgedBy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expected;
    use crate::record::Record;
    use crate::sqlite::{Config, SqliteLog};
    use domain::event::{Event, PageStep, PageStepKind, System, SystemKind};
    use domain::id::RecordId;
    use domain::time::Timestamp;
    use uuid::Uuid;

    async fn append(log: &SqliteLog, n: u128, stream: StreamId, event: Event) {
        let (id, recorded_at) = (RecordId::new(Uuid::from_u128(n)), Timestamp::from_millis(1));
        let record = Record { id, stream, recorded_at, fact: None, traceparent: None, events: vec![event] };
        log.append(&record, Expected::Any).await.unwrap();
    }

    #[tokio::test]
    async fn a_page_and_the_packs_are_folded_on_from_where_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(SqliteLog::open(&folder.path().join("log.db"), Config::default()).unwrap());
        let judged_by = JudgedBy::new(log.clone());
        let page = PageId::parse("1001").unwrap();
        let at = Timestamp::from_millis(1);
        assert_eq!(judged_by.page(&page).await.unwrap().revision, 0);
        for (n, is_on) in [(1, false), (2, true), (3, false)] {
            let step = Event::Page(PageStep { at, kind: PageStepKind::MessagingSwitched { is_on } });
            append(&log, n, StreamId::Page(page.clone()), step).await;
            let loaded = judged_by.page(&page).await.unwrap();
            assert_eq!((loaded.state.messaging_off().is_none(), loaded.revision), (is_on, n as u64));
        }
        let overrides = Some("[windows]\nstandard = \"2h\"\n".to_owned());
        let kind = SystemKind::PackOverridden { page: page.clone(), overrides };
        append(&log, 4, StreamId::packs(), Event::System(System { at, kind })).await;
        let packs = judged_by.packs().await.unwrap();
        assert!(packs.in_force_for(&page, at).overrides().is_some());
        assert!(packs.in_force(at).overrides().is_none());
        // What was asked for a moment ago is good enough for whoever judges often.
        assert_eq!(judged_by.page_lately(&page).await.unwrap().revision, 3);
    }
}
