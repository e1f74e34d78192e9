//! What is stored together: records, and how far they reach.

use event_log::{Checkpoint, Followed, Position, Stored};

/// Bodies of so many bytes are stored without waiting for more records, so that a transaction stays short.
const MOST_BYTES: usize = 4 << 20;

/// Records that wait to be stored.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Stored>,
    /// How far everything wanted has been told.
    pub(crate) to: Checkpoint,
    bytes: usize,
    most: usize,
}

impl Batch {
    /// Nothing yet, behind `from`; full with `most` records.
    pub(crate) const fn new(from: Checkpoint, most: usize) -> Self {
        Self { records: Vec::new(), to: from, bytes: 0, most }
    }

    /// Takes in what a follower told. Answers whether that was word that everything has been told which was there.
    pub(crate) fn take(&mut self, told: Followed) -> bool {
        match told {
            Followed::Record(stored) => {
                self.to.advance(stored.shard, stored.position);
                self.bytes += stored.bytes.len();
                self.records.push(*stored);
                false
            }
            Followed::CaughtUp(to) => {
                self.reach(&to);
                true
            }
            Followed::Checkpoint(to) => {
                self.reach(&to);
                false
            }
        }
    }

    fn reach(&mut self, to: &Checkpoint) {
        for (shard, position) in (0..).zip(&to.positions) {
            self.to.advance(shard, *position);
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= self.most || self.bytes >= MOST_BYTES
    }

    /// Each shard in which there was something behind `from`, and up to where.
    pub(crate) fn moved(&self, from: &Checkpoint) -> Vec<(u16, Position)> {
        let shards = (0..).zip(&self.to.positions);
        shards.filter(|(shard, to)| **to > from.position(*shard)).map(|(shard, to)| (shard, *to)).collect()
    }

    /// Everything in it is stored.
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_moves_only_shards_in_which_there_was_something() {
        let from = Checkpoint { incarnation: "a".to_owned(), positions: vec![4, 0] };
        let mut batch = Batch::new(from.clone(), 500);
        assert!(batch.moved(&from).is_empty());
        let word = Checkpoint { incarnation: "a".to_owned(), positions: vec![4, 0, 9] };
        assert!(!batch.take(Followed::Checkpoint(word.clone())));
        assert_eq!(batch.moved(&from), [(2, 9)]);
        assert!(batch.take(Followed::CaughtUp(word)));
    }
}
