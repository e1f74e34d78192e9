//! What the log holds: records, their positions, and checkpoints over shards.

use crate::codec::{self, Extent, Undecodable};
use crate::port::LogError;
use bytes::Bytes;
use domain::event::{Event, Recorded};
use domain::id::{FactId, RecordId, StreamId};
use domain::time::Timestamp;
use std::fmt;

/// A record's place in its shard: 1 for the first. Places are never used twice.
pub type Position = u64;

/// The position of a stream's last record; 0 when it is empty.
pub type Revision = Position;

/// One append: events that happen together.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Made by whoever appends, and the same on every try of the same append.
    pub id: RecordId,
    /// The one stream it belongs to.
    pub stream: StreamId,
    /// When it is appended, by the writer's clock.
    pub recorded_at: Timestamp,
    /// The inbound fact that it holds; none for what we did ourselves.
    pub fact: Option<FactId>,
    /// The W3C trace context of what led to it.
    pub traceparent: Option<String>,
    /// What happened; at least one event.
    pub events: Vec<Event>,
}

/// A record in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The shard it lives in.
    pub shard: u16,
    /// Its place there.
    pub position: Position,
    /// The record itself.
    pub record: Record,
    /// The bytes that stand in the log, of which the record is what this version understands. They may be a part of
    /// all that was read at once, which stays in memory with them: copy what is to be kept.
    pub bytes: Bytes,
}

/// Something that stands in the log and that this version cannot read: it was damaged, or a later version wrote it.
#[derive(thiserror::Error)]
#[error("the record at position {position} of shard {shard} cannot be read")]
pub struct Unreadable {
    /// The shard it lives in.
    pub shard: u16,
    /// Its place there.
    pub position: Position,
    /// The stream it stands in, as far as that can be told without reading it.
    pub stream: Option<StreamId>,
    /// The bytes as they stand in the log.
    pub bytes: Bytes,
    /// Why it cannot be read.
    pub source: Undecodable,
}

impl fmt::Debug for Unreadable {
    /// Without the bytes, which may hold what somebody wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shard, position, stream, bytes: _, source } = self;
        write!(f, "Unreadable({shard}/{position}, {stream:?}, {source:?})")
    }
}

impl From<Box<Unreadable>> for LogError {
    fn from(unreadable: Box<Unreadable>) -> Self {
        Self::Broken(unreadable.into())
    }
}

impl Stored {
    /// The record in these bytes. `stream` is the one that they are known to stand in without being read.
    pub(crate) fn decode(
        shard: u16,
        position: Position,
        bytes: Bytes,
        stream: impl FnOnce() -> Option<StreamId>,
    ) -> Result<Self, Box<Unreadable>> {
        Self::read((shard, position), bytes, stream, Extent::Whole)
    }

    /// The same for so much of the record.
    pub(crate) fn read(
        (shard, position): (u16, Position),
        bytes: Bytes,
        stream: impl FnOnce() -> Option<StreamId>,
        extent: Extent,
    ) -> Result<Self, Box<Unreadable>> {
        match codec::read(&bytes, extent) {
            Ok(record) => Ok(Self { shard, position, record, bytes }),
            Err(source) => Err(Box::new(Unreadable { shard, position, stream: stream(), bytes, source })),
        }
    }

    /// The record's events as folds take them.
    pub fn events(&self) -> impl Iterator<Item = Recorded<'_>> {
        self.record.recorded()
    }
}

impl Record {
    /// Its events as folds take them.
    pub fn recorded(&self) -> impl Iterator<Item = Recorded<'_>> {
        self.events.iter().map(|event| Recorded { record: self.id, event })
    }
}

/// How far somebody has read: one position for each shard of one incarnation of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which incarnation of the log the positions belong to; empty at the beginning of any.
    pub incarnation: String,
    /// The last position read of each shard; 0 or absent when nothing was.
    pub positions: Vec<Position>,
}

/// The text is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint is what an earlier answer gave, unchanged")]
pub struct BadCheckpoint;

impl Checkpoint {
    /// The beginning of any log.
    pub const fn beginning() -> Self {
        Self { incarnation: String::new(), positions: Vec::new() }
    }

    /// The position in one shard.
    pub fn position(&self, shard: u16) -> Position {
        self.positions.get(usize::from(shard)).copied().unwrap_or(0)
    }

    /// Moves one shard on to `position`.
    pub fn advance(&mut self, shard: u16, position: Position) {
        let shard = usize::from(shard);
        if self.positions.len() <= shard {
            self.positions.resize(shard + 1, 0);
        }
        self.positions[shard] = self.positions[shard].max(position);
    }

    /// Reads what [`fmt::Display`] writes; the empty text is the beginning.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(raw: &str) -> Result<Self, BadCheckpoint> {
        if raw.is_empty() {
            return Ok(Self::beginning());
        }
        let (incarnation, positions) = raw.split_once('@').ok_or(BadCheckpoint)?;
        // An empty text has one empty part, and here it must have none: the beginning names no position.
        let parts = positions.split('.').filter(|_| !positions.is_empty());
        let positions: Result<_, _> = parts.map(str::parse).collect();
        Ok(Self { incarnation: incarnation.to_owned(), positions: positions.map_err(|_| BadCheckpoint)? })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions: Vec<_> = self.positions.iter().map(Position::to_string).collect();
        write!(f, "{}@{}", self.incarnation, positions.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_back_from_its_text() {
        let mut checkpoint = Checkpoint { incarnation: "a1".to_owned(), positions: vec![0, 7] };
        checkpoint.advance(3, 9);
        checkpoint.advance(1, 5);
        assert_eq!(checkpoint.to_string(), "a1@0.7.0.9");
        assert_eq!(Checkpoint::parse("a1@0.7.0.9"), Ok(checkpoint));
        assert_eq!(Checkpoint::parse(""), Ok(Checkpoint::beginning()));
        let beginning = Checkpoint::beginning();
        assert_eq!(Checkpoint::parse(&beginning.to_string()), Ok(beginning));
        assert_eq!(Checkpoint::parse("a1"), Err(BadCheckpoint));
        assert_eq!(Checkpoint::parse("a1@7."), Err(BadCheckpoint));
        assert_eq!(Checkpoint::parse("a1@x"), Err(BadCheckpoint));
    }
}
