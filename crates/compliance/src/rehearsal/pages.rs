//! Pages as they were: each one's past in memory, so that its state at any moment is had quickly. Pages' streams are short.

use super::plan::Plan;
use domain::event::Recorded;
use domain::id::{PageId, StreamId};
use domain::page::Page;
use domain::time::Timestamp;
use event_log::{EventLog, LogError, Revision, Stored};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How many records lie between two states that are kept.
const APART: usize = 64;

/// The pasts of Pages that something was judged of, each read once for all parts.
#[derive(Debug, Default)]
pub(crate) struct PagePasts(Mutex<HashMap<PageId, Arc<Past>>>);

#[derive(Debug, Default)]
pub(crate) struct Past {
    /// In the order of the stream, each with the latest moment of all up to it: clocks may go back, states do not.
    records: Vec<(Timestamp, Stored)>,
    /// The state before every [`APART`]th record.
    states: Vec<Page>,
    latest: Page,
}

impl PagePasts {
    /// One Page's, up to the plan's end.
    pub(crate) async fn get(&self, log: &dyn EventLog, plan: &Plan, page: &PageId) -> Result<Arc<Past>, LogError> {
        // Held while it is read: the other parts want the same Pages.
        let mut known = self.0.lock().await;
        if let Some(past) = known.get(page) {
            return Ok(Arc::clone(past));
        }
        let mut past = Past::default();
        let records = log.read(&StreamId::Page(page.clone()), 0).await?;
        records.into_iter().filter(|stored| !plan.is_behind(stored.shard, stored.position)).for_each(|it| past.add(it));
        let past = Arc::new(past);
        known.insert(page.clone(), Arc::clone(&past));
        Ok(past)
    }
}

impl Past {
    fn add(&mut self, stored: Stored) {
        if self.records.len().is_multiple_of(APART) {
            self.states.push(self.latest.clone());
        }
        stored.events().for_each(|recorded: Recorded<'_>| self.latest.evolve(recorded));
        let at = self.records.last().map_or(stored.record.recorded_at, |(at, _)| stored.record.recorded_at.max(*at));
        self.records.push((at, stored));
    }

    /// How many records were there at a moment.
    fn count(&self, moment: Timestamp) -> usize {
        self.records.partition_point(|(at, _)| *at <= moment)
    }

    /// How many records there were at a revision.
    fn count_to(&self, revision: Revision) -> usize {
        self.records.partition_point(|(_, stored)| stored.position <= revision)
    }

    /// The state after so many records.
    fn after(&self, count: usize) -> Page {
        let nearest = (count / APART).min(self.states.len().saturating_sub(1));
        let mut state = self.states.get(nearest).cloned().unwrap_or_default();
        for (_, stored) in &self.records[nearest * APART..count] {
            stored.events().for_each(|recorded| state.evolve(recorded));
        }
        state
    }
}

/// Pages' states at moments that mostly follow each other: what was asked for last is at hand.
#[derive(Debug, Default)]
pub(crate) struct PagesAt {
    known: HashMap<PageId, At>,
    unknown: Page,
}

#[derive(Debug)]
struct At {
    past: Arc<Past>,
    /// After so many of its records.
    count: usize,
    state: Page,
}

impl PagesAt {
    /// Whether this Page's past was learned.
    pub(crate) fn knows(&self, page: &PageId) -> bool {
        self.known.contains_key(page)
    }

    pub(crate) fn learn(&mut self, page: &PageId, past: Arc<Past>) {
        self.known.insert(page.clone(), At { past, count: 0, state: Page::default() });
    }

    /// The Page at a revision of its stream; where none is named, as it was when a record of this moment was appended.
    pub(crate) fn at(&mut self, page: &PageId, revision: Option<Revision>, moment: Timestamp) -> &Page {
        let Some(At { past, count: reached, state }) = self.known.get_mut(page) else { return &self.unknown };
        let count = revision.map_or_else(|| past.count(moment), |revision| past.count_to(revision));
        if *reached != count {
            (*reached, *state) = (count, past.after(count));
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Scope;
    use super::*;
    use domain::event::{Event, PageStep, PageStepKind};
    use domain::id::{RecordId, StreamId};
    use event_log::sqlite::{Config, SqliteLog};
    use event_log::{Expected, Record};
    use uuid::Uuid;

    fn switched(page: &PageId, position: u64, at_ms: i64, is_on: bool) -> Stored {
        let at = Timestamp::from_millis(at_ms);
        let record = Record {
            id: RecordId::new(Uuid::from_u128(u128::from(position))),
            stream: StreamId::Page(page.clone()),
            recorded_at: at,
            fact: None,
            traceparent: None,
            events: vec![Event::Page(PageStep { at, kind: PageStepKind::MessagingSwitched { is_on } })],
        };
        Stored { shard: 0, position, record, bytes: Default::default() }
    }

    #[test]
    fn a_page_is_had_as_it_was_at_any_moment_in_any_order() {
        let page = PageId::parse("1001").unwrap();
        let mut past = Past::default();
        for n in 1..=200 {
            past.add(switched(&page, n, n as i64 * 10, n % 2 == 0));
        }
        let mut pages = PagesAt::default();
        assert!(!pages.knows(&page));
        pages.learn(&page, Arc::new(past));
        for n in [0, 1, 63, 64, 65, 127, 128, 129, 200, 2, 199, 64] {
            let last = (n > 0).then(|| Timestamp::from_millis(n * 10)).filter(|_| n % 2 == 1);
            let state = pages.at(&page, None, Timestamp::from_millis(n * 10 + 9));
            assert_eq!(state.messaging_off().map(|fact| fact.at), last, "after {n}");
            let revision = u64::try_from(n).ok().filter(|revision| *revision > 0);
            let state = pages.at(&page, revision, Timestamp::from_millis(n * 10));
            assert_eq!(state.messaging_off().map(|fact| fact.at), last, "at the revision {n}");
        }
    }

    #[test]
    fn a_clock_that_went_back_hides_nothing() {
        let page = PageId::parse("1001").unwrap();
        let mut past = Past::default();
        past.add(switched(&page, 1, 100, false));
        past.add(switched(&page, 2, 50, true));
        let mut pages = PagesAt::default();
        assert!(!pages.knows(&page));
        pages.learn(&page, Arc::new(past));
        assert!(pages.at(&page, None, Timestamp::from_millis(60)).messaging_off().is_none());
        assert!(pages.at(&page, None, Timestamp::from_millis(100)).messaging_off().is_none());
    }

    #[tokio::test]
    async fn what_a_page_told_behind_the_end_of_a_plan_is_not_of_its_past() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(&folder.path().join("log.sqlite"), Config::default()).unwrap();
        let page = PageId::parse("1001").unwrap();
        let tells = async |position: u64, is_on: bool| {
            log.append(&switched(&page, position, 10, is_on).record, Expected::Any).await.unwrap();
            Plan::new(&log, Scope::default(), 1).await.unwrap()
        };
        for (plan, off) in [(tells(1, false).await, Some(10)), (tells(2, true).await, None)].into_iter().rev() {
            let mut pages = PagesAt::default();
            pages.learn(&page, PagePasts::default().get(&log, &plan, &page).await.unwrap());
            let state = pages.at(&page, None, Timestamp::from_millis(10));
            assert_eq!(state.messaging_off().map(|fact| fact.at.as_millis()), off);
        }
    }
}
