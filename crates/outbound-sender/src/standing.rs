//! What sends tell of their Page: that the platform does not take its access token, or takes it again.

use crate::Parts;
use domain::id::{PageId, RecordId, StreamId};
use domain::page::{Change, change};
use event_log::{AppendError, Expected, Record};
use std::time::Duration;

/// How long a Page rests when its token is not taken: then one message tries again.
pub(crate) const DEAD_TOKEN_RESTS: Duration = Duration::from_secs(10);

/// How often it is said again because somebody else wrote first.
const MOST_TRIES: usize = 8;

impl Parts {
    /// A message of the Page left, so its token is taken, whatever was said of it.
    pub(crate) async fn token_is_well(&self, page: &PageId) {
        let is_news = match self.judged_by.page_lately(page).await {
            Ok(loaded) => loaded.state.standing().token_dead().is_some(),
            Err(_) => false,
        };
        if is_news {
            self.tell(page, &Change::FindTokenWell).await;
        }
    }

    /// The platform does not take the Page's token.
    pub(crate) async fn token_is_dead(&self, page: &PageId, code: i64, subcode: i64) {
        tracing::error!(%page, code, subcode, "the platform does not take a Page's access token: give it a new one");
        self.tell(page, &Change::FindTokenDead { code, subcode }).await;
    }

    /// Says something of the Page, if it is new. Whoever looks after Pages finds out the same, should this fail.
    async fn tell(&self, page: &PageId, news: &Change) {
        for _ in 0..MOST_TRIES {
            let Ok(loaded) = self.judged_by.page(page).await else { return };
            let at = self.clock.now();
            let Ok(events) = change(&loaded.state, news, None, at) else { return };
            let (id, stream) = (RecordId::new(self.ids.uuid_v7(at)), StreamId::Page(page.clone()));
            let record = Record { id, stream, recorded_at: at, fact: None, traceparent: None, events };
            match self.log.append(&record, Expected::revision(loaded.revision)).await {
                Err(AppendError::Conflict { .. }) => (),
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "news of a Page could not be recorded");
                    return;
                }
            }
        }
    }
}
