//! Which records an erasure removes. Whoever shows a conversation leaves them out from the moment of its tombstone, so
//! that nobody sees how far their removal has come.

use domain::event::{Erasing, ErasingKind, Event};
use domain::id::StreamId;
use domain::time::Timestamp;
use event_log::{Position, Stored};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The record that erases all before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tombstone {
    pub(crate) position: Position,
    /// Facts up to this moment are erased, whenever they come.
    until: Timestamp,
}

impl Tombstone {
    /// The last one among a stream's records whose moment is wanted.
    pub(crate) fn last(records: &[Stored], is_wanted: impl Fn(Timestamp) -> bool) -> Option<Self> {
        records.iter().rev().find_map(|stored| {
            let until = stored.record.events.iter().find_map(Event::erases_until).filter(|until| is_wanted(*until))?;
            Some(Self { position: stored.position, until })
        })
    }

    /// The places of all that it removes.
    pub(crate) fn removes(self, records: &[Stored]) -> Vec<Position> {
        records.iter().filter(|stored| self.is_doomed(stored)).map(|stored| stored.position).collect()
    }

    /// Tombstones and receipts say nothing of the person, and stay: they keep out what comes late.
    fn is_doomed(self, stored: &Stored) -> bool {
        let is_step = stored.record.events.iter().all(|event| matches!(event, Event::Erasing(_)));
        !is_step && (stored.position < self.position || is_late(stored, self.until))
    }
}

/// A stream's records without those that are erased, or will be in a moment.
pub fn shown(mut records: Vec<Stored>) -> Vec<Stored> {
    if let Some(tombstone) = Tombstone::last(&records, |_| true) {
        records.retain(|stored| !tombstone.is_doomed(stored));
    }
    records
}

/// The facts that an erasure up to `until` does not cover, each once.
pub(crate) fn stated_after(records: &[Stored], until: Timestamp) -> Vec<Event> {
    let mut seen = HashSet::new();
    let events = records.iter().flat_map(|stored| &stored.record.events);
    let is_after = |event: &&Event| match event {
        Event::Inbound(inbound) => inbound.at() > until && seen.insert(inbound.fact),
        Event::Sending(_)
        | Event::Erasing(_)
        | Event::Quarantined(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => false,
    };
    events.filter(is_after).cloned().collect()
}

/// Whether a record behind a tombstone holds a fact from before it.
fn is_late(stored: &Stored, until: Timestamp) -> bool {
    stored.record.events.iter().any(|event| match event {
        Event::Inbound(inbound) => inbound.at() <= until,
        Event::Sending(_)
        | Event::Erasing(_)
        | Event::Quarantined(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => false,
    })
}

/// Which conversations were erased, and which of those erasures are not finished.
#[derive(Debug, Default)]
pub(crate) struct Graves {
    pub(crate) until: HashMap<StreamId, Timestamp>,
    pub(crate) open: BTreeSet<StreamId>,
}

impl Graves {
    /// Takes in one record. Answers whether it is late: a fact of somebody erased before.
    pub(crate) fn see(&mut self, stored: &Stored) -> bool {
        let stream = &stored.record.stream;
        for event in &stored.record.events {
            match event {
                Event::Erasing(Erasing { kind: ErasingKind::Begun { until }, .. }) => {
                    let known = self.until.entry(stream.clone()).or_insert(*until);
                    *known = (*known).max(*until);
                    self.open.insert(stream.clone());
                }
                Event::Erasing(Erasing { kind: ErasingKind::Completed { until, .. }, .. }) => {
                    if self.until.get(stream) == Some(until) {
                        self.open.remove(stream);
                    }
                }
                Event::Inbound(_)
                | Event::Sending(_)
                | Event::Quarantined(_)
                | Event::System(_)
                | Event::Right(_)
                | Event::Consent(_)
                | Event::Page(_) => (),
            }
        }
        self.until.get(stream).is_some_and(|until| is_late(stored, *until))
    }
}
