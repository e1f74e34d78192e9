//! Facts of the last moments, by which repeated deliveries are recognised and dropped.

use crate::codec;
use crate::record::Position;
use domain::id::{FactId, RecordId};
use domain::time::{Span, Timestamp};
use rusqlite::Connection;
use std::collections::{HashMap, VecDeque};

/// By what an append is known when it comes again: its fact, or without one its own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Fact(FactId),
    Record(RecordId),
}

impl Key {
    pub(super) fn of(fact: Option<FactId>, record: RecordId) -> Self {
        fact.map_or(Self::Record(record), Self::Fact)
    }
}

/// An append that is still remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) position: Position,
    pub(super) record: RecordId,
}

/// The appends of the last `window`, by the times that the records state.
#[derive(Debug)]
pub(super) struct Recent {
    window: Span,
    seen: HashMap<Key, Seen>,
    order: VecDeque<(Timestamp, Key)>,
}

impl Recent {
    /// Remembers what the log's end holds, so that a restart forgets nothing.
    pub(super) fn load(connection: &Connection, window_ms: i64) -> rusqlite::Result<Self> {
        let mut found = Vec::new();
        let mut statement = connection.prepare("SELECT position, body FROM records ORDER BY position DESC")?;
        let mut rows = statement.query([])?;
        let mut newest = None;
        while let Some(row) = rows.next()? {
            // What this version cannot read, it cannot have appended a moment ago either.
            let Ok(record) = codec::decode(row.get_ref(1)?.as_blob()?) else { continue };
            let newest = *newest.get_or_insert(record.recorded_at);
            if newest.since(record.recorded_at).as_millis() > window_ms {
                break;
            }
            let position: i64 = row.get(0)?;
            let key = Key::of(record.fact, record.id);
            found.push((record.recorded_at, key, Seen { position: position.cast_unsigned(), record: record.id }));
        }
        let window = Span::from_millis(window_ms);
        let mut recent = Self { window, seen: HashMap::new(), order: VecDeque::new() };
        for (at, key, seen) in found.into_iter().rev() {
            recent.remember(at, key, seen);
        }
        Ok(recent)
    }

    /// The append that had this key within the window before `now`.
    pub(super) fn find(&mut self, key: Key, now: Timestamp) -> Option<Seen> {
        while let Some((at, old)) = self.order.front().copied() {
            if now.since(at) <= self.window {
                break;
            }
            self.order.pop_front();
            self.seen.remove(&old);
        }
        self.seen.get(&key).copied()
    }

    pub(super) fn remember(&mut self, at: Timestamp, key: Key, seen: Seen) {
        if self.seen.insert(key, seen).is_none() {
            self.order.push_back((at, key));
        }
    }

    /// Forgets appends whose transaction came to nothing.
    pub(super) fn forget(&mut self, keys: &[Key]) {
        for key in keys {
            self.seen.remove(key);
        }
        self.order.retain(|(_, key)| !keys.contains(key));
    }
}
