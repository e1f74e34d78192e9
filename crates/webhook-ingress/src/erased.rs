//! Whose old facts are not taken in any more.

use domain::id::StreamId;
use domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Streams that were erased, and up to when. Clones share what is noted. It may lack the newest erasures, and all of them
/// while nobody notes any: whatever slips through is removed after it was stored.
#[derive(Clone, Debug, Default)]
pub struct Erased(Arc<RwLock<HashMap<StreamId, Timestamp>>>);

impl Erased {
    /// Takes in that all is erased which was stated in the stream up to `until`.
    pub fn note(&self, stream: StreamId, until: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let until_known = known.entry(stream).or_insert(until);
        *until_known = until.max(*until_known);
    }

    /// Whether what is stated in the stream at `at` is erased.
    pub(crate) fn covers(&self, stream: &StreamId, at: Timestamp) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(stream).is_some_and(|until| at <= *until)
    }
}
