//! What came of a rehearsal, or of a part of one.

use domain::id::{SendId, StreamId};
use domain::rehearsal::{Rejudged, Samples, Tally};
use event_log::Position;
use std::collections::BTreeMap;

/// What came out. Parts add up to the same whatever their order and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How often each outcome was met.
    pub tally: Tally,
    samples: Samples,
    /// Where the samples stand in the log, for whoever stores them.
    places: BTreeMap<SendId, (StreamId, Position)>,
}

/// A send to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The send.
    pub rejudged: Rejudged,
    /// The stream that it stands in.
    pub stream: StreamId,
    /// The position of a record of that stream by which it was known.
    pub position: Position,
}

impl Report {
    /// What was counted, and the samples that were kept of it.
    pub fn of(tally: Tally, samples: impl IntoIterator<Item = Found>) -> Self {
        let mut report = Self { tally, ..Self::default() };
        samples.into_iter().for_each(|found| report.sample(&found.rejudged, &found.stream, found.position));
        report
    }

    /// Takes in one more send, which was known at this place.
    pub(crate) fn take(&mut self, rejudged: &Rejudged, stream: &StreamId, position: Position) {
        self.tally.count(rejudged);
        self.sample(rejudged, stream, position);
    }

    fn sample(&mut self, rejudged: &Rejudged, stream: &StreamId, position: Position) {
        if let Some(superseded) = self.samples.see(rejudged) {
            self.places.insert(rejudged.send.clone(), (stream.clone(), position));
            if let Some(superseded) = superseded {
                self.places.remove(&superseded);
            }
        }
    }

    /// Takes in all of another one.
    pub fn add(&mut self, other: Self) {
        other.samples().for_each(|found| self.sample(&found.rejudged, &found.stream, found.position));
        self.tally.add(other.tally);
    }

    /// The sends to look at: of each outcome the earliest.
    pub fn samples(&self) -> impl Iterator<Item = Found> {
        self.samples.all().filter_map(|rejudged| {
            let (stream, position) = self.places.get(&rejudged.send).cloned()?;
            Some(Found { rejudged, stream, position })
        })
    }
}
