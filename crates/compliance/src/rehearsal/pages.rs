//! Pages as they were: each one's past in memory, so that its state at any moment is had quickly. Pages' streams are short.

use super::plan::Plan;
use domain::event::Recorded;
use domain::id::{Kind, PageId};
use domain::page::Page;
use domain::time::Timestamp;
use event_log::{Checkpoint, EventLog, Filter, Followed, LogError, Revision, Stored};
use std::collections::HashMap;

/// How many records lie between two states that are kept.
const APART: usize = 64;

/// The past of every Page that matters.
#[derive(Debug, Default)]
pub(crate) struct PagePasts(HashMap<PageId, Past>);

#[derive(Debug, Default)]
struct Past {
    /// In the order of the stream, each with the latest moment of all up to it: clocks may go back, states do not.
    records: Vec<(Timestamp, Stored)>,
    /// The state before every [`APART`]th record.
    states: Vec<Page>,
    latest: Page,
}

impl PagePasts {
    /// Reads them, up to the plan's end.
    pub(crate) async fn read(log: &dyn EventLog, plan: &Plan) -> Result<Self, LogError> {
        let filter = Filter { kinds: vec![Kind::Page], pages: plan.pages(), partitions: Vec::new() };
        let mut follower = log.follow(filter, Checkpoint::beginning()).await?;
        let mut pasts = Self::default();
        loop {
            match follower.next().await? {
                Followed::Record(stored) if plan.is_behind(stored.shard, stored.position) => (),
                Followed::Record(stored) => {
                    if let Some(page) = stored.record.stream.page() {
                        pasts.0.entry(page.clone()).or_default().add(*stored);
                    }
                }
                Followed::CaughtUp(_) => return Ok(pasts),
                Followed::Checkpoint(_) => (),
            }
        }
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
#[derive(Debug)]
pub(crate) struct PagesAt<'a> {
    pasts: &'a PagePasts,
    known: HashMap<PageId, (usize, Page)>,
    unknown: Page,
}

impl<'a> PagesAt<'a> {
    pub(crate) fn new(pasts: &'a PagePasts) -> Self {
        Self { pasts, known: HashMap::new(), unknown: Page::default() }
    }

    /// The Page at a revision of its stream; where none is named, as it was when a record of this moment was appended.
    pub(crate) fn at(&mut self, page: &PageId, revision: Option<Revision>, moment: Timestamp) -> &Page {
        let Some(past) = self.pasts.0.get(page) else { return &self.unknown };
        let count = revision.map_or_else(|| past.count(moment), |revision| past.count_to(revision));
        if self.known.get(page).is_none_or(|(known, _)| *known != count) {
            self.known.insert(page.clone(), (count, past.after(count)));
        }
        self.known.get(page).map_or(&self.unknown, |(_, state)| state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::{Event, PageStep, PageStepKind};
    use domain::id::{RecordId, StreamId};
    use event_log::Record;
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
        let mut pasts = PagePasts::default();
        let past = pasts.0.entry(page.clone()).or_default();
        for n in 1..=200 {
            past.add(switched(&page, n, n as i64 * 10, n % 2 == 0));
        }
        let mut pages = PagesAt::new(&pasts);
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
        let mut pasts = PagePasts::default();
        let past = pasts.0.entry(page.clone()).or_default();
        past.add(switched(&page, 1, 100, false));
        past.add(switched(&page, 2, 50, true));
        let mut pages = PagesAt::new(&pasts);
        assert!(pages.at(&page, None, Timestamp::from_millis(60)).messaging_off().is_none());
        assert!(pages.at(&page, None, Timestamp::from_millis(100)).messaging_off().is_none());
    }
}
