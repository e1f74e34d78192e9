//! What sends tell of their Page: that the platform takes nothing from it, or takes something again.
//!
//! An answer speaks of the token that its call was made with. By the time it comes the Page may have another one, of which
//! it says nothing.

use crate::Parts;
use crate::dispatch::Work;
use crate::files::Heeds;
use domain::event::{Concern, Outcome};
use domain::id::{RecordId, StreamId};
use domain::page::{Change, change};
use domain::time::{Span, Timestamp};
use event_log::{AppendError, Expected, MOST_TRIES, Record};
use messenger::client::errors::{Lack, Scope};
use messenger::client::{ApiError, As};
use std::time::Duration;

/// How long a Page rests when its token is not taken: then one message tries again.
pub(crate) const DEAD_TOKEN_RESTS: Duration = Duration::from_secs(10);
/// How long nothing of a Page leaves that the platform refuses as a whole, before it is tried again.
const PAGE_RESTS: Duration = Duration::from_secs(60);

impl Parts {
    /// A message of the Page left, so its token is taken and the app may send, whatever was said of it.
    pub(crate) async fn send_is_taken(&self, by: As<'_>) {
        let is_news = match self.judged_by.page_lately(by.page).await {
            Ok(loaded) => {
                let standing = loaded.state.standing();
                standing.token_dead().or(standing.permission_lost()).is_some()
            }
            Err(_) => false,
        };
        if is_news {
            self.tell(by, &Change::FindSendTaken).await;
        }
    }

    /// The platform does not take the token.
    pub(crate) async fn token_is_dead(&self, by: As<'_>, error: &ApiError) {
        let (page, code, subcode) = (by.page, error.code, error.subcode);
        tracing::error!(%page, code, subcode, "the platform does not take a Page's access token: give it a new one");
        self.tell(by, &Change::FindTokenDead { code, subcode }).await;
    }

    /// The platform refuses the Page as a whole. Answers what becomes of the message by which it said so.
    pub(crate) async fn page_is_refused(&self, by: As<'_>, lack: Lack, error: &ApiError, work: &Work) -> Outcome {
        let (code, subcode) = (error.code, error.subcode);
        let again_at = match lack {
            Lack::Permission | Lack::Review | Lack::Leave => self.page_lacks(by, lack, error, work).await,
            Lack::Token if self.is_in_use(by).await => {
                self.token_is_dead(by, error).await;
                // Nothing left, and another token may be better.
                work.permit.pause(self.clock.uptime() + DEAD_TOKEN_RESTS);
                Some(self.rested(DEAD_TOKEN_RESTS))
            }
            Lack::Token => Some(self.made_again(by, error)),
        };
        match again_at {
            Some(not_before) => Outcome::Retrying { not_before, code },
            None => Outcome::Rejected { code, subcode, concern: Concern::Message },
        }
    }

    /// What a Page lacks besides its token: everybody is told, and the Page rests. Answers when what was refused may be tried
    /// again; none: it is refused for good.
    pub(crate) async fn page_lacks(
        &self,
        by: As<'_>,
        lack: Lack,
        error: &ApiError,
        heeds: &dyn Heeds,
    ) -> Option<Timestamp> {
        let (page, code, subcode) = (by.page, error.code, error.subcode);
        let waits = lack == Lack::Permission;
        if waits && !self.is_in_use(by).await {
            return Some(self.made_again(by, error));
        }
        tracing::error!(%page, code, subcode, "the platform refuses the Page as a whole; see docs/errors.md");
        self.refused_pages.add(1, &[("page", page.as_str())]);
        let until = self.rested(PAGE_RESTS);
        heeds.pause(self, Scope::Page, until);
        // Of one that has to leave whoever follows the messages' own ends is told.
        if lack != Lack::Leave {
            self.tell(by, &Change::FindPermissionLost { code, subcode }).await;
        }
        waits.then_some(until)
    }

    /// What the platform says of a token that was replaced meanwhile says nothing.
    fn made_again(&self, by: As<'_>, error: &ApiError) -> Timestamp {
        let (page, code) = (by.page, error.code);
        tracing::info!(%page, code, "a call was refused by a token that was replaced meanwhile; it is made again");
        self.clock.now()
    }

    fn rested(&self, rest: Duration) -> Timestamp {
        self.clock.now().plus(Span::from_millis(i64::try_from(rest.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Whether the Page still speaks by this token. Where that cannot be told, it is taken to.
    async fn is_in_use(&self, by: As<'_>) -> bool {
        self.tokens.is_in_use(by.page, by.token).await.unwrap_or(true)
    }

    /// Says something of the Page, if it is new and still of its token. Whoever looks after Pages finds out the same, should
    /// this fail.
    async fn tell(&self, by: As<'_>, news: &Change) {
        for _ in 0..MOST_TRIES {
            let Ok(loaded) = self.judged_by.page(by.page).await else { return };
            let at = self.clock.now();
            let Ok(events) = change(&loaded.state, news, None, at) else { return };
            // Looked at behind the Page's revision: whoever sets another token tells so in the Page's stream afterwards.
            if !self.is_in_use(by).await {
                return;
            }
            let (id, stream) = (RecordId::new(self.ids.uuid_v7(at)), StreamId::Page(by.page.clone()));
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
