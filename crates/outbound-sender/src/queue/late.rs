//! Which of the sends that wait cannot make their end.

use super::{Queue, Turn};
use domain::id::{SendId, StreamId};
use domain::send::Class;
use domain::time::Timestamp;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A send that cannot make its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    /// Where it is.
    pub(crate) stream: StreamId,
    /// Which it is.
    pub(crate) send: SendId,
    /// When its turn would have come.
    pub(crate) turn: Timestamp,
}

/// What is not known to make its end in a conversation yet, in the order in which it leaves there.
type Open<'a> = BTreeSet<(Class, u64, &'a SendId)>;

impl Queue {
    /// Those whose turn comes when their time is over, when `turn` says when it comes to the one that so many others go
    /// before. The most urgent find their place first. One takes those with it that go before it in its conversation,
    /// however long they could wait; if it is late even so, it takes nobody's place, and they keep their own. At most one
    /// of a conversation is told, since one worker has that.
    pub(crate) fn late(&self, turn: impl Fn(usize) -> Timestamp) -> Vec<Late> {
        let waiting = self.streams.iter().filter(|(_, stream)| stream.turn == Turn::Waits);
        let sends = waiting.flat_map(|(id, stream)| stream.places.iter().map(move |(send, place)| (place, id, send)));
        let mut sends: Vec<_> = sends.collect();
        sends.sort_unstable();
        let mut open: HashMap<_, Open<'_>> = HashMap::new();
        for ((class, _, position), id, send) in &sends {
            open.entry(*id).or_default().insert((*class, *position, *send));
        }
        let (mut late, mut n_ahead, mut told) = (Vec::new(), 0, HashSet::new());
        for ((class, end, position), id, send) in sends {
            let own = (*class, *position, send);
            // Without it there, it goes with one that is more urgent.
            let Some(open) = open.get_mut(id).filter(|open| open.contains(&own)) else { continue };
            let n_with_it = open.range(..own).count();
            let turn = turn(n_ahead + n_with_it);
            if turn < *end {
                n_ahead += n_with_it + 1;
                *open = open.split_off(&own);
            } else if told.insert(id) {
                late.push(Late { stream: id.clone(), send: send.clone(), turn });
            }
            open.remove(&own);
        }
        late
    }
}
