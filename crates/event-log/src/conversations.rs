//! Conversations as folded from the log, with the states of the most recently used kept in memory.

use crate::port::{EventLog, LogError};
use crate::record::Revision;
use domain::conversation::Conversation;
use domain::id::{PageId, PersonKey, Psid, StreamId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How many states are kept in memory.
const MOST_KEPT: usize = 10_000;

/// A conversation's state at a revision.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The state; shared, since many look and few change.
    pub state: Arc<Conversation>,
    /// The revision it was folded to: what an append on it expects.
    pub revision: Revision,
}

/// A conversation could not be folded.
pub type StateError = LogError;

/// Loads conversations: the state kept in memory, and whatever the log holds behind it.
#[derive(Clone)]
pub struct Conversations {
    log: Arc<dyn EventLog>,
    kept: Arc<Mutex<HashMap<StreamId, Loaded>>>,
}

impl Conversations {
    /// Loads from this log.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, kept: Arc::default() }
    }

    /// The key of a person on a Page, in this log.
    pub fn person_key(&self, page: &PageId, psid: &Psid) -> PersonKey {
        self.log.identity().person_key(page, psid)
    }

    /// The stream of a person's conversation with a Page.
    pub fn stream(&self, page: &PageId, psid: &Psid) -> StreamId {
        StreamId::Conversation(page.clone(), self.person_key(page, psid))
    }

    /// The conversation as it stands now: everything answered before this call is in it.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn load(&self, stream: &StreamId) -> Result<Loaded, StateError> {
        let known = self.kept().get(stream).cloned();
        let mut loaded = known.unwrap_or_else(|| Loaded { state: Arc::default(), revision: 0 });
        let tail = self.log.read(stream, loaded.revision).await?;
        if tail.is_empty() {
            return Ok(loaded);
        }
        let state = Arc::make_mut(&mut loaded.state);
        for stored in &tail {
            stored.events().for_each(|event| state.evolve(event));
            loaded.revision = stored.position;
        }
        self.keep(stream, &loaded);
        Ok(loaded)
    }

    /// Takes in that the log has the stream at `actual`. A state that is kept at a later revision was folded from records
    /// that have been erased since, and is dropped.
    pub fn correct(&self, stream: &StreamId, actual: Revision) {
        let mut kept = self.kept();
        if kept.get(stream).is_some_and(|known| known.revision > actual) {
            kept.remove(stream);
        }
    }

    fn keep(&self, stream: &StreamId, loaded: &Loaded) {
        let mut kept = self.kept();
        if kept.len() >= MOST_KEPT && !kept.contains_key(stream) {
            // Any entry will do: what is needed again is folded again.
            let victim = kept.keys().next().cloned();
            victim.and_then(|victim| kept.remove(&victim));
        }
        let is_newer = kept.get(stream).is_none_or(|known| known.revision < loaded.revision);
        if is_newer {
            kept.insert(stream.clone(), loaded.clone());
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<StreamId, Loaded>> {
        self.kept.lock().expect("nothing panics while it holds the lock")
    }
}

impl std::fmt::Debug for Conversations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversations").finish_non_exhaustive()
    }
}
