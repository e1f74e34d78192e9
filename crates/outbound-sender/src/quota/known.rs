//! What is read of a Page's quota: what other processes used, and how many people there are.

use super::{Calls, Shared, of};
use domain::id::PageId;
use domain::pack::Pack;
use domain::quota::{CALLS, Means, Quota, REPLIES, Used};
use domain::time::{Span, Timestamp};
use sql::calls::{self, Kind};
use sql::{SqlError, engaged};
use std::time::Duration;
use tokio::time::Instant;

/// For how long what was read is believed, of a Page that has something to send and of another.
const BUSY: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(60);
/// Reading takes no more than this part of a connection's time, however many people a Page has.
const SPARE: u32 = 100;
/// Whoever has so many calls in 24 hours cannot use them up: at every limit of a second together a Page makes fewer. So no
/// more people are counted.
const ENOUGH: u64 = 10_000_000;

/// Whether the table of people has all of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum People {
    /// Nearly: it is kept as the log grows.
    Known,
    /// It is being filled anew.
    MayLack,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) calls: Used,
    pub(super) replies: Used,
    pub(super) quota: Quota,
    /// When it was read, and how long that took.
    read: Instant,
    took: Duration,
}

impl Calls {
    /// Whether it is known what others used of a Page's quota.
    pub(crate) fn is_known(&self, page: &PageId) -> bool {
        self.0.pages().get(page).is_some_and(|state| state.known.is_some())
    }

    /// Whether it is time to read what others used. `is_idle`: the Page has nothing to send.
    pub(crate) fn is_due(&self, page: &PageId, is_idle: bool) -> bool {
        let believed = if is_idle { IDLE } else { BUSY };
        let pages = self.0.pages();
        let known = pages.get(page).and_then(|state| state.known.as_ref());
        known.is_none_or(|known| known.read.elapsed() >= believed.max(known.took.saturating_mul(SPARE)))
    }

    /// Reads what others used of a Page's quotas, and how many people count by the pack in force for it. While not all of
    /// them are known, nobody is taken off those who were, and where none were nothing is kept.
    ///
    /// # Errors
    /// When the database does not answer: what was known holds.
    pub(crate) async fn read(&self, page: &PageId, pack: &Pack, people: People) -> Result<(), SqlError> {
        let Shared { database, clock, process, .. } = &*self.0;
        let (begun, now) = (Instant::now(), clock.now());
        let from = (CALLS.oldest(now), REPLIES.oldest(now));
        let (mut others, mut replies) = (Used::new(CALLS), Used::new(REPLIES));
        for count in calls::of_others(database, page, process, from).await? {
            match count.kind {
                Kind::Call => others.add(count.bucket, count.n),
                Kind::Reply => replies.add(count.bucket, count.n),
            }
        }
        let per_person = pack.limits().app_calls_per_engaged_person;
        let enough = ENOUGH.div_ceil(u64::from(per_person.max(1)));
        let counted = engaged::count(database, page, &counting(pack, now), enough).await?;
        let people = match people {
            People::Known => counted,
            People::MayLack => counted.max(self.usage(page).map_or(enough, |before| before.quota.people)),
        };
        let quota = Quota { per_person, people };
        let known = Known { calls: others, replies, quota, read: Instant::now(), took: begun.elapsed() };
        of(&mut self.0.pages(), page).known = Some(known);
        Ok(())
    }
}

/// After which moments somebody counts, by each means.
fn counting(pack: &Pack, now: Timestamp) -> Vec<(Means, Timestamp)> {
    let after = |means| match means {
        Means::Acted(opening) => pack.windows().opened_by.get(&opening).map(|window| before(now, *window)),
        Means::Agreed => Some(now),
    };
    Means::ALL.into_iter().filter_map(|means| Some((means, after(means)?))).collect()
}

fn before(now: Timestamp, span: Span) -> Timestamp {
    now.plus(Span::from_millis(-span.as_millis()))
}
