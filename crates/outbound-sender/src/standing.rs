//! What sends tell of their Page: that the platform takes nothing from it, or takes something again.
//!
//! An answer speaks of the token that its call was made with. By the time it comes the Page may have another one, of which
//! it says nothing.

use crate::Parts;
use crate::dispatch::Work;
use domain::event::{Concern, Outcome};
use domain::id::{RecordId, StreamId};
use domain::page::{Change, change};
use domain::time::Span;
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
        let (page, code, subcode) = (by.page, error.code, error.subcode);
        let rests = |rest: Duration| {
            let not_before = self.clock.now().plus(Span::from_secs(rest.as_secs().cast_signed()));
            Outcome::Retrying { not_before, code }
        };
        if matches!(lack, Lack::Token | Lack::Permission) && !self.is_in_use(by).await {
            tracing::info!(%page, code, "a message was refused by a token that was replaced meanwhile; it is tried again");
            return rests(Duration::ZERO);
        }
        let rejected = Outcome::Rejected { code, subcode, concern: Concern::Message };
        if lack == Lack::Token {
            self.token_is_dead(by, error).await;
            // Nothing left, and another token may be better.
            work.permit.pause(self.clock.uptime() + DEAD_TOKEN_RESTS);
            return rests(DEAD_TOKEN_RESTS);
        }
        tracing::error!(%page, code, subcode, "the platform refuses the Page as a whole; see docs/errors.md");
        self.refused_pages.add(1, &[("page", page.as_str())]);
        self.pause(Scope::Page, self.clock.uptime() + PAGE_RESTS, work);
        match lack {
            Lack::Token | Lack::Permission => {
                self.tell(by, &Change::FindPermissionLost { code, subcode }).await;
                rests(PAGE_RESTS)
            }
            Lack::Review => {
                self.tell(by, &Change::FindPermissionLost { code, subcode }).await;
                rejected
            }
            // Told by the message's own end, to whoever follows those.
            Lack::Leave => rejected,
        }
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
