//! One state in memory, and how it goes on.

use super::Loaded;
use crate::record::{Record, Revision, Stored};
use crate::snapshots::Snapshot;
use domain::conversation::Conversation;
use domain::id::RecordId;
use std::sync::Arc;

/// A state, and where it is in its stream.
#[derive(Debug, Default)]
pub(super) struct Kept {
    state: Arc<Conversation>,
    /// The last record folded; none at the beginning.
    last: Option<(Revision, RecordId)>,
    /// How many records were folded since the last snapshot.
    n_folded: usize,
}

impl Kept {
    /// The state of a snapshot.
    pub(super) fn of(snapshot: Snapshot) -> Self {
        Self { state: snapshot.state, last: Some((snapshot.revision, snapshot.last)), n_folded: 0 }
    }

    /// The state after all records of a stream.
    pub(super) fn from_start(records: &[Stored]) -> Self {
        let mut state = Self::default();
        state.fold(records);
        state
    }

    /// Where it is; 0 at the beginning.
    pub(super) fn revision(&self) -> Revision {
        self.last.map_or(0, |(revision, _)| revision)
    }

    /// How much it counts among all that is kept.
    pub(super) fn weight(&self) -> usize {
        1 + self.state.n_sends()
    }

    /// Folds those of these records that are not in it yet. It is done in place when nobody else holds the state.
    pub(super) fn fold(&mut self, tail: &[Stored]) {
        let known = self.revision();
        let tail = &tail[tail.partition_point(|stored| stored.position <= known)..];
        let Some(last) = tail.last() else { return };
        let state = Arc::make_mut(&mut self.state);
        for event in tail.iter().flat_map(Stored::events) {
            state.evolve(event);
        }
        self.last = Some((last.position, last.record.id));
        self.n_folded += tail.len();
    }

    /// Folds the record that follows, and stands at `position`.
    pub(super) fn fold_own(&mut self, record: &Record, position: Revision) {
        let state = Arc::make_mut(&mut self.state);
        record.recorded().for_each(|event| state.evolve(event));
        self.last = Some((position, record.id));
        self.n_folded += 1;
    }

    /// A snapshot, if at least `worth` records were folded since the last.
    pub(super) fn snapshot(&self, worth: usize) -> Option<Snapshot> {
        let (revision, last) = self.last.filter(|_| self.n_folded >= worth)?;
        Some(Snapshot { state: Arc::clone(&self.state), revision, last })
    }

    /// Takes in that a snapshot will be kept of what it is now.
    pub(super) const fn is_in_snapshot(&mut self) {
        self.n_folded = 0;
    }

    /// As callers see it.
    pub(super) fn loaded(&self) -> Loaded {
        Loaded { state: Arc::clone(&self.state), revision: self.revision() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use domain::event::{Event, Inbound, InboundKind};
    use domain::id::{FactId, PageId, PersonKey, StreamId};
    use domain::time::Timestamp;
    use uuid::Uuid;

    /// The person has read up to this moment.
    pub(crate) fn read_up_to(n: u8) -> Record {
        let (page, at) = (PageId::parse("1001").unwrap(), Timestamp::from_millis(n.into()));
        let inbound = Inbound {
            fact: FactId::from_bytes([n; 16]),
            page: page.clone(),
            person: None,
            stated_at: at,
            received_at: at,
            standby: false,
            kind: InboundKind::Read { watermark: at },
        };
        Record {
            id: RecordId::new(Uuid::from_u128(n.into())),
            stream: StreamId::Conversation(page, PersonKey::from_bytes([7; 16])),
            recorded_at: at,
            fact: None,
            traceparent: None,
            events: vec![Event::Inbound(Box::new(inbound))],
        }
    }

    /// That record, at this position.
    fn stored(position: u8) -> Stored {
        let record = read_up_to(position);
        let bytes = crate::codec::encode(&record).into();
        Stored { shard: 0, position: position.into(), record, bytes }
    }

    #[test]
    fn a_state_that_nobody_else_holds_is_folded_in_place() {
        let mut kept = Kept::default();
        kept.fold(&[stored(1)]);
        let place = Arc::as_ptr(&kept.state);
        kept.fold(&[stored(2)]);
        assert_eq!(Arc::as_ptr(&kept.state), place);

        let before = kept.loaded();
        kept.fold(&[stored(3)]);
        assert_ne!(Arc::as_ptr(&kept.state), place);
        assert_eq!(before.state.read_to(), Some(Timestamp::from_millis(2)));
        assert_eq!(kept.loaded().state.read_to(), Some(Timestamp::from_millis(3)));
    }

    #[test]
    fn a_record_that_is_in_the_state_is_not_folded_again() {
        let mut kept = Kept::default();
        kept.fold(&[stored(1), stored(2)]);
        // Two read the tail at once, the other one further.
        kept.fold(&[stored(1), stored(2), stored(5)]);
        kept.fold(&[stored(2)]);
        assert_eq!((kept.revision(), kept.n_folded), (5, 3));
    }

    #[test]
    fn a_snapshot_is_due_after_so_many_records() {
        let mut kept = Kept::default();
        kept.fold(&[stored(1)]);
        assert_eq!(kept.snapshot(2), None);
        kept.fold(&[stored(4)]);
        let snapshot = kept.snapshot(2).unwrap();
        assert_eq!((snapshot.revision, snapshot.last), (4, stored(4).record.id));
        kept.is_in_snapshot();
        assert_eq!(kept.snapshot(1), None);
        assert_eq!(Kept::of(snapshot).revision(), 4);
    }
}
