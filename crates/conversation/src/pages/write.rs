//! Changes a Page: reads its stream, decides, appends at the revision that was read; and waits until whoever sends for it
//! goes by the change.

use super::Parts;
use domain::event::Event;
use domain::id::{PageId, RecordId, StreamId};
use domain::page::{Asked, Change, Refusal, change};
use domain::time::Timestamp;
use event_log::{AppendError, Expected, LoadedPage, LogError, MOST_TRIES, Record, Revision, append_until_answered};
use sql::{Noted, SqlError};
use std::time::Duration;

/// How often it is looked whether a sender goes by a change.
const LOOK: Duration = Duration::from_millis(50);
/// How long that is waited for at most: a message on its way may take the platform's whole time to answer.
const MOST_WAIT: Duration = Duration::from_secs(30);

/// A change that did not come into the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChangeError {
    /// The request id belongs to another call.
    #[error("the request id was used before")]
    RequestIdReused,
    /// Others kept writing.
    #[error("the Page stayed contended")]
    Contended,
    /// The log did not take it or did not answer.
    #[error("the log did not take it")]
    Append(#[source] AppendError),
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[source] LogError),
}

/// Whether whoever sends goes by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmed {
    Yes,
    NotYet,
}

impl Parts {
    /// Makes a change, unless it is so already or the same call was made before. Answers the Page after it.
    pub(super) async fn change(
        &self,
        page: &PageId,
        wanted: &Change,
        asked: Option<&Asked>,
    ) -> Result<LoadedPage, ChangeError> {
        self.change_as_of(page, wanted, asked, None).await
    }

    /// Records what was found out of a Page, unless something happened to it behind `seen`: then it may be true of
    /// what was before, and the next look tells.
    pub(super) async fn found(&self, page: &PageId, found: &Change, seen: Revision) -> Result<(), ChangeError> {
        self.change_as_of(page, found, None, Some(seen)).await.map(drop)
    }

    async fn change_as_of(
        &self,
        page: &PageId,
        wanted: &Change,
        asked: Option<&Asked>,
        seen: Option<Revision>,
    ) -> Result<LoadedPage, ChangeError> {
        for _ in 0..MOST_TRIES {
            let loaded = self.judged_by.page(page).await.map_err(ChangeError::Read)?;
            if seen.is_some_and(|seen| seen != loaded.revision) {
                return Ok(loaded);
            }
            let at = self.clock.now();
            let events = match change(&loaded.state, wanted, asked, at) {
                Ok(events) => events,
                Err(Refusal::Repeated | Refusal::Unchanged) => return Ok(loaded),
                Err(Refusal::RequestIdReused) => return Err(ChangeError::RequestIdReused),
            };
            let record = self.record(page, events, at);
            match append_until_answered(&*self.log, &record, Expected::revision(loaded.revision)).await {
                Ok(_) => return self.judged_by.page(page).await.map_err(ChangeError::Read),
                Err(AppendError::Conflict { .. }) => (),
                Err(error) => return Err(ChangeError::Append(error)),
            }
        }
        Err(ChangeError::Contended)
    }

    fn record(&self, page: &PageId, events: Vec<Event>, at: Timestamp) -> Record {
        let (id, stream) = (RecordId::new(self.ids.uuid_v7(at)), StreamId::Page(page.clone()));
        Record { id, stream, recorded_at: at, fact: None, traceparent: None, events }
    }

    /// Waits until the holder of the Page's lease goes by this revision, or there is none. A new holder reads the Page's
    /// stream anew before it sends anything.
    pub(super) async fn confirm(&self, page: &PageId, revision: Revision) -> Result<Confirmed, SqlError> {
        let lease = format!("sender/{page}");
        let waiting = async {
            loop {
                match self.database.noted(&lease).await? {
                    Noted::At(noted) if noted < revision => tokio::time::sleep(LOOK).await,
                    Noted::At(_) | Noted::Nobody => return Ok(Confirmed::Yes),
                }
            }
        };
        tokio::time::timeout(MOST_WAIT, waiting).await.unwrap_or(Ok(Confirmed::NotYet))
    }
}
