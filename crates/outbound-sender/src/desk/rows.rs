//! What a Page's desk reads, beside everything else that it does: nothing waits for that.

use super::PATIENCE;
use crate::Parts;
use domain::id::PageId;
use domain::send::Class;
use domain::time::Timestamp;
use sql::SqlError;
use sql::outbox::{self, Waiting};
use tokio::time::timeout;

/// How many rows are read at a time.
const ROWS: usize = 1_000;

/// What is to be read.
pub(super) struct Wanted {
    /// Of which classes: of this one, and of those that go before it. None: of none.
    pub(super) last: Option<Class>,
    pub(super) now: Timestamp,
    /// Whether there is nothing to do: then it is read as well when that changes by itself.
    pub(super) is_idle: bool,
}

/// What the table had.
pub(super) struct Rows {
    /// What may leave, or is to be looked at; none: it was not wanted, or the table did not answer.
    pub(super) waiting: Option<Vec<Waiting>>,
    /// Whether the table holds more.
    pub(super) is_partial: bool,
    /// When the next of those comes that may not leave yet, where that was asked.
    pub(super) next_start: Option<Timestamp>,
}

impl Rows {
    /// Reads what is wanted of the table, and what others used of the Page's quotas where that is due.
    pub(super) async fn read(parts: &Parts, page: &PageId, wanted: Wanted) -> Self {
        let Wanted { last, now, is_idle } = wanted;
        parts.reads_quota(page, is_idle).await;
        let waiting = match last {
            Some(last) => answered(parts, outbox::ready(&parts.database, (page, last), now, ROWS)).await,
            None => None,
        };
        let is_whole = waiting.as_ref().is_some_and(|rows| rows.len() < ROWS) && last == Some(Class::Broadcast);
        let next = outbox::next_start(&parts.database, page, now);
        let next_start = if is_idle { answered(parts, next).await.flatten() } else { None };
        Self { waiting, is_partial: !is_whole, next_start }
    }
}

/// The database's answer, if it comes in time.
async fn answered<T>(parts: &Parts, asked: impl Future<Output = Result<T, SqlError>>) -> Option<T> {
    match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            parts.trouble(&error);
            None
        }
        Err(late) => {
            parts.trouble(&late);
            None
        }
    }
}
