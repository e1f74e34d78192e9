//! What one Page has to do, and what of that is next: people before programs before broadcasts, in each the one whose
//! time ends first. A conversation is worked on as a whole, by one worker at a time, at the place of its most urgent send.

use domain::id::{SendId, StreamId};
use domain::send::Class;
use domain::time::{Span, Timestamp};
use sql::outbox::Waiting;
use std::collections::{BTreeSet, HashMap};

/// For how long a conversation is remembered in which nothing is left to do: longer than the table takes to learn that.
const REMEMBERED: Span = Span::from_secs(60);

/// The place of a send among all of its Page.
type Place = (Class, Timestamp, u64);

/// When a conversation is to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// At once.
    Now,
    /// At this moment, if nothing happens before.
    At(Timestamp),
    /// When something happens.
    Nothing,
}

/// What a worker did with a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Worked {
    /// When to look again.
    pub(crate) next: Next,
    /// The send that was handled, which needs its place no more unless it waits again.
    pub(crate) handled: Option<SendId>,
    /// The revision that was looked at.
    pub(crate) revision: u64,
}

#[derive(Debug)]
struct Stream {
    turn: Turn,
    /// What is known to wait, by send.
    places: HashMap<SendId, Place>,
    /// The least place of all that was known: a conversation that only has to be looked at keeps it.
    place: Place,
    /// What was seen of it, and when.
    revision: u64,
    looked_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Waits,
    /// A worker has it; whether something happened there since.
    Busy(bool),
    Rests(Timestamp),
    /// Nothing is left to do, since then.
    Over(Timestamp),
}

/// The conversations of one Page that have something to do.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    streams: HashMap<StreamId, Stream>,
    /// Those that wait, in order.
    turns: BTreeSet<(Place, StreamId)>,
    /// Those that rest or are over, by when that ends.
    alarms: BTreeSet<(Timestamp, StreamId)>,
}

impl Queue {
    /// How many conversations wait for their turn.
    pub(crate) fn n_waiting(&self) -> usize {
        self.turns.len()
    }

    /// Whether anything is waited for at all.
    pub(crate) fn is_idle(&self) -> bool {
        self.streams.values().all(|stream| matches!(stream.turn, Turn::Over(_)))
    }

    /// Takes in a row of the table, or the news of a send. Rows that lag behind what was done here change nothing.
    pub(crate) fn put(&mut self, row: &Waiting) {
        let place = (row.class, row.deadline, row.position);
        let Some(stream) = self.streams.get_mut(&row.stream) else {
            let places = HashMap::from([(row.send.clone(), place)]);
            let looked_at = Timestamp::from_millis(i64::MIN);
            let stream = Stream { turn: Turn::Waits, places, place, revision: 0, looked_at };
            self.streams.insert(row.stream.clone(), stream);
            self.turns.insert((place, row.stream.clone()));
            return;
        };
        let is_news = row.position > stream.revision || row.not_before > stream.looked_at;
        if is_news {
            let is_moved = stream.places.insert(row.send.clone(), place) != Some(place);
            if is_moved || !matches!(stream.turn, Turn::Waits | Turn::Busy(true)) {
                self.look(&row.stream);
            }
        }
    }

    /// Something happened in a conversation: if it is one of those with something to do, it is looked at again.
    pub(crate) fn look(&mut self, id: &StreamId) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        match stream.turn {
            Turn::Busy(_) => stream.turn = Turn::Busy(true),
            Turn::Waits | Turn::Rests(_) | Turn::Over(_) => self.turn(id, Turn::Waits),
        }
    }

    /// Something happened that may concern every conversation: each that is known is looked at again.
    pub(crate) fn look_everywhere(&mut self) {
        let all: Vec<_> = self.streams.keys().cloned().collect();
        all.iter().for_each(|id| self.look(id));
    }

    /// The conversation that is next; a worker has it from now on.
    pub(crate) fn next(&mut self) -> Option<StreamId> {
        let (_, id) = self.turns.first().cloned()?;
        self.turn(&id, Turn::Busy(false));
        Some(id)
    }

    /// A worker is done with a conversation. It rests for a while before the next message, should more wait there.
    pub(crate) fn worked(&mut self, id: &StreamId, worked: &Worked, now: Timestamp, spacing: Span) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        let happened = matches!(stream.turn, Turn::Busy(true));
        (stream.revision, stream.looked_at) = (stream.revision.max(worked.revision), now);
        if let Some(handled) = &worked.handled {
            stream.places.remove(handled);
        }
        let earliest = now.plus(if worked.handled.is_some() { spacing } else { Span::default() });
        let turn = match worked.next {
            Next::Nothing if !happened => Turn::Over(now),
            Next::At(at) if !happened => Turn::Rests(at.max(earliest)),
            Next::Now | Next::At(_) | Next::Nothing if earliest > now => Turn::Rests(earliest),
            Next::Now | Next::At(_) | Next::Nothing => Turn::Waits,
        };
        if let Turn::Over(_) = turn {
            stream.places.clear();
        }
        self.turn(id, turn);
    }

    /// Lets those go on whose rest is over.
    pub(crate) fn wake(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.alarms.first().cloned().filter(|(at, _)| *at <= now) {
            let is_over = self.streams.get(&id).is_none_or(|stream| matches!(stream.turn, Turn::Over(_)));
            if is_over {
                self.alarms.remove(&(at, id.clone()));
                self.streams.remove(&id);
            } else {
                self.turn(&id, Turn::Waits);
            }
        }
    }

    /// When somebody's rest is over.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        self.alarms.first().map(|(at, _)| *at)
    }

    fn turn(&mut self, id: &StreamId, turn: Turn) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        match stream.turn {
            Turn::Waits => drop(self.turns.remove(&(stream.place, id.clone()))),
            Turn::Rests(until) => drop(self.alarms.remove(&(until, id.clone()))),
            Turn::Over(since) => drop(self.alarms.remove(&(since.plus(REMEMBERED), id.clone()))),
            Turn::Busy(_) => (),
        }
        if let Some(place) = stream.places.values().min() {
            stream.place = *place;
        }
        match turn {
            Turn::Waits => drop(self.turns.insert((stream.place, id.clone()))),
            Turn::Rests(until) => drop(self.alarms.insert((until, id.clone()))),
            Turn::Over(since) => drop(self.alarms.insert((since.plus(REMEMBERED), id.clone()))),
            Turn::Busy(_) => (),
        }
        stream.turn = turn;
    }
}

#[cfg(test)]
mod tests;
