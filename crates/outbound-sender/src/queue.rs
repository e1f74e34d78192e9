//! What one Page has to do, and what of that is next: people before programs before broadcasts, in each the one whose
//! time ends first. A conversation is worked on as a whole, by one worker at a time, at the place of its most urgent send.

mod late;

pub(crate) use late::Late;

use crate::hints::News;
use domain::id::{SendId, StreamId};
use domain::send::Class;
use domain::time::{Span, Timestamp};
use sql::outbox::Waiting;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// The end of a send that is not what the table says, if that was found out.
    pub(crate) moved: Option<(SendId, Timestamp)>,
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
    /// A worker has it; up to where something happened there since.
    Busy(u64),
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
    /// How many sends are known to wait.
    n_sends: BTreeMap<Class, usize>,
    /// How many conversations are not over.
    n_open: usize,
}

impl Queue {
    /// How many conversations wait for their turn.
    pub(crate) fn n_waiting(&self) -> usize {
        self.turns.len()
    }

    /// How many sends of each class are known to wait, those of resting conversations with them.
    pub(crate) fn n_sends(&self) -> &BTreeMap<Class, usize> {
        &self.n_sends
    }

    fn wait(&mut self, class: Class) {
        *self.n_sends.entry(class).or_default() += 1;
    }

    fn waits_no_more(&mut self, (class, _, _): Place) {
        if let Some(n) = self.n_sends.get_mut(&class) {
            *n -= 1;
        }
    }

    /// Whether anything is waited for at all.
    pub(crate) fn is_idle(&self) -> bool {
        self.n_open == 0
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
            self.wait(row.class);
            self.n_open += 1;
            return;
        };
        let is_news = row.position > stream.revision || row.not_before > stream.looked_at;
        if is_news {
            let before = stream.places.insert(row.send.clone(), place);
            let is_looked_at = before == Some(place) && matches!(stream.turn, Turn::Waits | Turn::Busy(u64::MAX));
            if before.is_none() {
                self.wait(row.class);
            }
            if !is_looked_at {
                self.look(&row.stream);
            }
        }
    }

    /// Something happened in a conversation: if it is one of those with something to do, it is looked at again.
    pub(crate) fn look(&mut self, id: &StreamId) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        match stream.turn {
            Turn::Busy(_) => stream.turn = Turn::Busy(u64::MAX),
            Turn::Waits | Turn::Rests(_) | Turn::Over(_) => self.turn(id, Turn::Waits),
        }
    }

    /// The same where it is known what happened: what was seen already is no news.
    pub(crate) fn hear(&mut self, news: &News) {
        let Some(stream) = self.streams.get_mut(&news.stream) else { return };
        match &mut stream.turn {
            Turn::Busy(heard) => *heard = news.position.max(*heard),
            Turn::Over(_) if !news.begins => (),
            Turn::Waits | Turn::Rests(_) | Turn::Over(_) if news.position <= stream.revision => (),
            Turn::Waits | Turn::Rests(_) | Turn::Over(_) => self.turn(&news.stream, Turn::Waits),
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
        self.turn(&id, Turn::Busy(0));
        Some(id)
    }

    /// A worker has this conversation from now on, though it may not be next. Answers whether it waited.
    pub(crate) fn take(&mut self, id: &StreamId) -> bool {
        let waits = self.streams.get(id).is_some_and(|stream| stream.turn == Turn::Waits);
        if waits {
            self.turn(id, Turn::Busy(0));
        }
        waits
    }

    /// A worker is done with a conversation. It rests for a while before the next message, should more wait there.
    pub(crate) fn worked(&mut self, id: &StreamId, worked: &Worked, now: Timestamp, spacing: Span) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        (stream.revision, stream.looked_at) = (stream.revision.max(worked.revision), now);
        let happened = matches!(stream.turn, Turn::Busy(heard) if heard > stream.revision);
        let mut left: Vec<_> = worked.handled.iter().filter_map(|handled| stream.places.remove(handled)).collect();
        if let Some((send, end)) = &worked.moved
            && let Some((_, known, _)) = stream.places.get_mut(send)
        {
            *known = *end;
        }
        let earliest = now.plus(if worked.handled.is_some() { spacing } else { Span::default() });
        let turn = match worked.next {
            Next::Nothing if !happened => Turn::Over(now),
            Next::At(at) if !happened => Turn::Rests(at.max(earliest)),
            Next::Now | Next::At(_) | Next::Nothing if earliest > now => Turn::Rests(earliest),
            Next::Now | Next::At(_) | Next::Nothing => Turn::Waits,
        };
        if let Turn::Over(_) = turn {
            left.extend(stream.places.drain().map(|(_, place)| place));
        }
        left.into_iter().for_each(|place| self.waits_no_more(place));
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
        let is_open = |turn| usize::from(!matches!(turn, Turn::Over(_)));
        self.n_open = self.n_open + is_open(turn) - is_open(stream.turn);
        stream.turn = turn;
    }
}

#[cfg(test)]
mod tests;
