//! Where the quota of calls stands in the way: of a call that is about to be made, and of a message that is asked for.

use super::{Reserved, Usage};
use crate::Parts;
use api::status;
use domain::id::PageId;
use domain::pack::Pack;
use domain::quota::CALLS;
use domain::send::Class;
use domain::time::{Span, Timestamp};
use std::time::Duration;
use tokio::time::timeout;
use tonic::Status;

/// How long a conversation rests at most for lack of calls: its send's own time may end, and people who write bring more.
const LONGEST: Span = Span::from_secs(30);
/// How long a call waits to learn what other processes used. Without an answer nothing is kept.
const PATIENCE: Duration = Duration::from_millis(500);

impl Parts {
    /// Leave for one call of this class, or when to ask again. None: the limits of Pages are not kept.
    pub(crate) fn call(&self, page: &PageId, class: Class) -> Result<Option<Reserved>, Timestamp> {
        if !self.config.is_shaped {
            return Ok(None);
        }
        self.calls.reserve(page, class).map(Some)
    }

    /// Leave for one call of this class, or until when a conversation rests that has none.
    pub(crate) fn call_or_rest(&self, page: &PageId, class: Class) -> Result<Option<Reserved>, Timestamp> {
        self.call(page, class).map_err(|free| free.min(self.clock.now().plus(LONGEST)))
    }

    /// Leave for one call that somebody waits for, or why there is none.
    pub(crate) async fn call_for_caller(&self, page: &PageId, class: Class) -> Result<Option<Reserved>, Status> {
        self.knows_quota(page).await;
        self.call(page, class)
            .map_err(|free| status::no_calls_left(page, free, self.until(free), &self.quota_words(page)))
    }

    /// Reads what is used of a Page's quotas, if that is due.
    pub(crate) async fn reads_quota(&self, page: &PageId, is_idle: bool) {
        if !self.config.is_shaped || !self.calls.is_due(page, is_idle) {
            return;
        }
        match self.judged_by.packs_lately().await {
            Ok(packs) => self.read_quota(page, packs.in_force_for(page, self.clock.now())).await,
            Err(error) => self.trouble(&error),
        }
    }

    async fn read_quota(&self, page: &PageId, pack: &Pack) {
        let people = self.people().await;
        match timeout(super::PATIENCE, self.calls.read(page, pack, people)).await {
            Ok(Ok(())) => (),
            Ok(Err(error)) => self.trouble(&error),
            Err(late) => self.trouble(&late),
        }
    }

    /// The same for a call: what was read a while ago will do.
    pub(crate) async fn knows_quota(&self, page: &PageId) {
        drop(timeout(PATIENCE, self.reads_quota(page, false)).await);
    }

    /// The refusal of a message whose turn comes too late.
    pub(crate) fn comes_too_late(&self, page: &PageId, turn: Timestamp, message: &str) -> Status {
        let wait = self.until(turn);
        // What waits for calls waits for the end of a bucket; at any other moment nothing but the pace lets go.
        if CALLS.is_end(turn) {
            status::app_quota(page, turn, wait, (&self.quota_words(page), message))
        } else {
            status::send_rate(page, turn, wait, message)
        }
    }

    /// Says in numbers what waits and what for, and how much of the quota is used.
    pub(crate) fn show_what_waits(&self) {
        for ((class, cause), n) in self.boards.waiting() {
            self.waiting.set(i64::try_from(n).unwrap_or(i64::MAX), &[("class", class.as_str()), ("for", cause)]);
        }
        self.quota_used.set(i64::try_from(self.calls.most_used()).unwrap_or(i64::MAX), &[]);
    }

    fn until(&self, at: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(at.since(self.clock.now()).as_millis()).unwrap_or(0))
    }

    /// The quota in words, as far as it is known here.
    fn quota_words(&self, page: &PageId) -> String {
        match self.calls.usage(page) {
            None => "the calls that the platform gives the Page in 24 hours".to_owned(),
            Some(Usage { used, quota }) => format!(
                "{} calls in 24 hours, {} for each of the {} people to whom the Page can write, of which {used} are used; \
                 broadcasts stop at {}, programs at {}",
                quota.calls(),
                quota.per_person,
                quota.people,
                quota.share(Class::Broadcast),
                quota.share(Class::Automation),
            ),
        }
    }
}
