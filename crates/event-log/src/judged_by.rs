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

    /// The Page as it stood at most [`FRESH`] ago.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn page(&self, page: &PageId) -> Result<LoadedPage, LogError> {
        let known = locked(&self.pages).get(page).cloned();
        let mut folded = match known {
            Some(folded) if folded.is_fresh() => return Ok(loaded(&folded)),
            Some(folded) => folded,
            None => Folded::new(Page::default()),
        };
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

    /// The packs as they stood at most [`FRESH`] ago.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn packs(&self) -> Result<Arc<Packs>, LogError> {
        let mut folded = locked(&self.packs).clone();
        if folded.is_fresh() {
            return Ok(folded.state);
        }
        let asked = Instant::now();
        let tail = self.log.read(&StreamId::packs(), folded.revision).await?;
        folded.fold(&tail, asked, |packs, recorded| packs.evolve(recorded.event));
        let mut kept = locked(&self.packs);
        if kept.revision <= folded.revision {
            *kept = folded.clone();
        }
        Ok(folded.state)
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
