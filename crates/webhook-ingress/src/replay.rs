//! Reading the quarantine again: a body that an older version did not understand may state facts to this one.

use crate::accept::Acceptor;
use domain::event::{ErasingKind, Event, Inbound, Quarantined};
use domain::id::{FactId, Kind, StreamId};
use domain::time::{Span, Timestamp};
use event_log::{AppendError, Checkpoint, EventLog, Filter, Followed, LogError, Pages};
use messenger::webhook::{self, Placed};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How long a body may be kept. An older one is not read any more.
pub const KEPT_FOR: Span = Span::from_hours(30 * 24);

/// Which bodies are read again, and what is done with what they state.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// Only bodies that came at this moment or later.
    pub since: Option<Timestamp>,
    /// What is done with facts that the log does not hold.
    pub facts: NewFacts,
}

/// What is done with facts that the log does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewFacts {
    /// They are counted.
    Count,
    /// They are counted and appended.
    Append,
}

/// What became of the bodies in quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Bodies that came too long ago, or before the moment asked for.
    pub n_passed_over: usize,
    /// Bodies that this version does not understand either.
    pub n_unreadable: usize,
    /// Bodies that it does.
    pub n_read: usize,
    /// Facts that the log did not hold.
    pub n_new: usize,
    /// Facts that it held already.
    pub n_known: usize,
    /// Facts of erased people, from before they were: what is erased stays erased.
    pub n_erased: usize,
    /// Parts of bodies that belong to no Page.
    pub n_unplaced: usize,
}

/// A replay that ended early. What it had done counts, and it can be begun again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log could not be read.
    #[error("the quarantine could not be read")]
    Read(#[from] LogError),
    /// The log did not take a fact.
    #[error("a fact was not appended")]
    Append(#[from] AppendError),
}

impl Acceptor {
    /// Reads every body that is in quarantine now. Facts keep the moment at which their body came. Run again it appends
    /// nothing: facts that are in the log, by whatever way, are known by their ids.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn replay(&self, replay: Replay) -> Result<Replayed, ReplayError> {
        let filter = Filter { kinds: vec![Kind::Quarantine], pages: Pages::All, partitions: Vec::new() };
        let mut follower = self.log().follow(filter, Checkpoint::beginning()).await?;
        let oldest = self.now().plus(Span::from_millis(-KEPT_FOR.as_millis()));
        let from = replay.since.map_or(oldest, |since| since.max(oldest));
        let mut known = Known { log: Arc::clone(self.log()), streams: HashMap::new() };
        let mut replayed = Replayed::default();
        loop {
            match follower.next().await? {
                Followed::CaughtUp(_) => return Ok(replayed),
                Followed::Checkpoint(_) => (),
                Followed::Record(stored) => {
                    for body in stored.record.events.iter().filter_map(quarantined) {
                        if body.received_at < from {
                            replayed.n_passed_over += 1;
                        } else {
                            self.replay_one(body, replay.facts, &mut known, &mut replayed).await?;
                        }
                    }
                }
            }
        }
    }

    async fn replay_one(
        &self,
        body: &Quarantined,
        new_facts: NewFacts,
        known: &mut Known,
        replayed: &mut Replayed,
    ) -> Result<(), ReplayError> {
        let Ok(batch) = webhook::parse(&body.body, body.received_at) else {
            replayed.n_unreadable += 1;
            return Ok(());
        };
        replayed.n_read += 1;
        replayed.n_unplaced += batch.unplaced;
        let mut fresh: Vec<Placed> = Vec::new();
        for placed in batch.facts {
            match known.learn(self.stream(&placed), &placed.fact).await? {
                Word::New => {
                    replayed.n_new += 1;
                    fresh.push(placed);
                }
                Word::Known => replayed.n_known += 1,
                Word::Erased => replayed.n_erased += 1,
            }
        }
        if new_facts == NewFacts::Append {
            self.append_all(fresh, self.now()).await?;
        }
        Ok(())
    }
}

fn quarantined(event: &Event) -> Option<&Quarantined> {
    match event {
        Event::Quarantined(body) => Some(body),
        Event::Inbound(_)
        | Event::Sending(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}

/// What a stream says of a fact.
enum Word {
    New,
    Known,
    Erased,
}

/// The streams that were met, each read once.
struct Known {
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
    /// What the fact's stream says of it. If it is new, the stream knows it from then on.
    async fn learn(&mut self, stream: StreamId, fact: &Inbound) -> Result<Word, LogError> {
        let history = match self.streams.entry(stream) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let records = self.log.read(entry.key(), 0).await?;
                let facts = records.iter().filter_map(|stored| stored.record.fact).collect();
                let events = records.iter().flat_map(|stored| &stored.record.events);
                entry.insert(History { facts, erased_until: events.filter_map(tombstone).max() })
            }
        };
        if history.erased_until.is_some_and(|until| fact.at() <= until) {
            return Ok(Word::Erased);
        }
        Ok(if history.facts.insert(fact.fact) { Word::New } else { Word::Known })
    }
}

fn tombstone(event: &Event) -> Option<Timestamp> {
    match event {
        Event::Erasing(step) => match step.kind {
            ErasingKind::Begun { until } => Some(until),
            ErasingKind::Completed { .. } => None,
        },
        Event::Inbound(_)
        | Event::Quarantined(_)
        | Event::Sending(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}
