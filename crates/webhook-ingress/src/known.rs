//! What streams hold already, so that nothing is appended twice by a replay, and nothing that was erased.

use domain::event::{Event, Inbound};
use domain::id::{FactId, StreamId};
use domain::time::Timestamp;
use event_log::{EventLog, LogError};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a stream says of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It does not hold it.
    New,
    /// It holds it.
    Known,
    /// It is to stay away, since it was erased.
    Erased,
}

/// The streams that were met, each read once.
pub(crate) struct Known {
    log: Arc<dyn EventLog>,
    streams: HashMap<StreamId, History>,
}

/// What of a stream's history matters here.
struct History {
    facts: HashSet<FactId>,
    /// Everything stated at or before this is to stay away.
    erased_until: Option<Timestamp>,
}

impl Known {
    /// No stream yet.
    pub(crate) fn new(log: &Arc<dyn EventLog>) -> Self {
        Self { log: Arc::clone(log), streams: HashMap::new() }
    }

    /// What the fact's stream says of it. If it is new, the stream knows it from then on.
    pub(crate) async fn learn(&mut self, stream: StreamId, fact: &Inbound) -> Result<Word, LogError> {
        let history = match self.streams.entry(stream) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let records = self.log.read(entry.key(), 0).await?;
                let facts = records.iter().filter_map(|stored| stored.record.fact).collect();
                let events = records.iter().flat_map(|stored| &stored.record.events);
                entry.insert(History { facts, erased_until: events.filter_map(Event::erases_until).max() })
            }
        };
        if history.erased_until.is_some_and(|until| fact.at() <= until) {
            return Ok(Word::Erased);
        }
        Ok(if history.facts.insert(fact.fact) { Word::New } else { Word::Known })
    }
}
