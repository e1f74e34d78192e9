//! Tells of every call that is made for a Page, so that somebody can count them: the platform does.

use super::SendClient;
use domain::id::PageId;
use domain::time::Timestamp;
use std::fmt::Debug;

/// Who counts the calls of Pages.
pub trait Counts: Debug + Send + Sync {
    /// A call for this Page is about to leave. Answers by which moment it is counted.
    fn begins(&self, page: &PageId) -> Timestamp;

    /// A call that was counted by this moment never left: the platform does not know of it.
    fn never_left(&self, page: &PageId, counted: Timestamp);
}

/// A call that was told of.
pub(super) struct Counted<'a>(Option<(&'a dyn Counts, &'a PageId, Timestamp)>);

impl SendClient {
    /// Tells of a call, before it leaves: whatever becomes of whoever makes it, it may have.
    pub(super) fn counted<'a>(&'a self, page: &'a PageId) -> Counted<'a> {
        Counted(self.counts.as_deref().map(|counts| (counts, page, counts.begins(page))))
    }
}

impl Counted<'_> {
    pub(super) fn never_left(self) {
        if let Some((counts, page, at)) = self.0 {
            counts.never_left(page, at);
        }
    }
}
