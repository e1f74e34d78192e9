//! How many actions of a Page leave in a second.

use domain::id::PageId;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

/// Our own choice, half of what a Page writes in a second by default: the platform names no limit for actions, and each is
/// one more call of the app.
const MOST_A_SECOND: usize = 20;
const SECOND: Duration = Duration::from_secs(1);

/// What left in the last second from this process, by Page.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<PageId, VecDeque<Duration>>>);

impl Paces {
    /// Leave for one action at this uptime, or how long to wait for it.
    pub(crate) fn take(&self, page: &PageId, now: Duration) -> Result<(), Duration> {
        let mut pages = self.0.lock().expect("nothing panics while it holds the lock");
        let left = pages.entry(page.clone()).or_default();
        while left.front().is_some_and(|at| *at + SECOND <= now) {
            left.pop_front();
        }
        if let Some(first) = left.front().filter(|_| left.len() >= MOST_A_SECOND) {
            return Err((*first + SECOND).saturating_sub(now));
        }
        left.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_actions_of_a_page_than_its_limit() {
        let (paces, ms) = (Paces::default(), Duration::from_millis);
        let (page, other) = (PageId::parse("1001").unwrap(), PageId::parse("1002").unwrap());
        for n in 0..20 {
            assert_eq!(paces.take(&page, ms(n * 10)), Ok(()));
        }
        assert_eq!(paces.take(&page, ms(200)), Err(ms(800)));
        assert_eq!(paces.take(&other, ms(200)), Ok(()));
        assert_eq!(paces.take(&page, ms(999)), Err(ms(1)));
        assert_eq!(paces.take(&page, ms(1_000)), Ok(()));
        assert_eq!(paces.take(&page, ms(1_000)), Err(ms(10)));
    }
}
