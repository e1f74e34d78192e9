//! The port: what an event log can do, and what each failure means.

mod several;

use crate::follower::Follower;
use crate::identity::LogIdentity;
use crate::record::{Checkpoint, Position, Record, Revision, Stored};
use async_trait::async_trait;
use domain::id::{BadStream, Kind, PageId, StreamId};

/// An append-only log of records, in streams.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// The log's own key, incarnation and shape.
    fn identity(&self) -> &LogIdentity;

    /// Appends one record to its stream if the stream's revision is as `expected`.
    ///
    /// The answer means that the record is durable. It is safe to call again with the same record and expectation
    /// after [`AppendError::Unknown`]: a record that is there already is found and answered as if just written. A
    /// record whose fact was appended within the configured span is dropped and answered as a duplicate.
    ///
    /// # Errors
    /// See [`AppendError`]; each says whether the record may be stored.
    async fn append(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError>;

    /// Appends several records at whatever revision their streams have: those of one stream in the order given, the
    /// others side by side. Answers for each, in the same order, what [`EventLog::append`] would with
    /// [`Expected::Any`].
    ///
    /// # Errors
    /// The first failure. Any of the records may be stored then; repeating the whole call is safe.
    async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        several::append_all(self, records).await
    }

    /// Every record of `stream` behind `after`, oldest first, as of now: it sees all appends answered before.
    ///
    /// # Errors
    /// When the log does not answer or holds something unreadable.
    async fn read(&self, stream: &StreamId, after: Revision) -> Result<Vec<Stored>, LogError>;

    /// The last records of `stream`, at most `most` of them, oldest first, where a log reads so many as quickly as one.
    /// Fewer than that are all there are.
    ///
    /// # Errors
    /// When the log does not answer or holds something unreadable.
    async fn read_last(&self, _stream: &StreamId, _most: usize) -> Result<Option<Vec<Stored>>, LogError> {
        Ok(None)
    }

    /// All records that match, from behind a checkpoint on: what is there, then word that it has caught up, then what
    /// comes. At least once, and in order within a stream.
    ///
    /// # Errors
    /// When the checkpoint belongs to another log.
    async fn follow(&self, filter: Filter, from: Checkpoint) -> Result<Follower, LogError>;

    /// Follows several parts of the partitions, none of which is in two: a follower for each, which hears what the filter
    /// wants there; what the filter says of partitions does not count. A log that can reads for all of them at once, so
    /// that none gets much further than the slowest: listen to all, or drop them.
    ///
    /// # Errors
    /// As for [`EventLog::follow`].
    async fn follow_parts(
        &self,
        filter: Filter,
        parts: Vec<Vec<u16>>,
        from: Checkpoint,
    ) -> Result<Vec<Follower>, LogError> {
        several::follow_parts(self, &filter, parts, &from).await
    }

    /// The last position of every shard.
    ///
    /// # Errors
    /// When the log does not answer.
    async fn head(&self) -> Result<Checkpoint, LogError>;

    /// Removes records of one stream by position, so that no byte of them stays in the log's files: overwritten
    /// where they stood, not only unlinked. Positions that are gone already are passed over, so it can be repeated.
    ///
    /// # Errors
    /// When the log does not answer; some of them may be gone then.
    async fn erase(&self, stream: &StreamId, positions: &[Position]) -> Result<(), LogError>;

    /// Answers when appends can be expected to work: what readiness asks.
    ///
    /// # Errors
    /// When the log does not answer.
    async fn check(&self) -> Result<(), LogError>;
}

/// The revision a stream must have for an append to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is: for facts, which are true at any revision.
    Any,
    /// Nothing was ever appended.
    Empty,
    /// Exactly this.
    At(Revision),
}

impl Expected {
    /// The expectation that a stream still has the revision that was read, 0 meaning empty.
    pub const fn revision(revision: Revision) -> Self {
        if revision == 0 { Self::Empty } else { Self::At(revision) }
    }

    /// The revision behind which a lost answer's record would stand.
    pub(crate) const fn floor(self) -> Option<Revision> {
        match self {
            Self::Any => None,
            Self::Empty => Some(0),
            Self::At(revision) => Some(revision),
        }
    }
}

/// A record is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where it stands, which is its stream's revision from then on. For a duplicate: where the first one stands.
    pub revision: Revision,
    /// The same fact was there already, so nothing was added.
    pub is_duplicate: bool,
}

/// An append was not answered with success.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote first. Nothing was stored: read the tail and decide again.
    #[error("stream moved on to revision {actual}")]
    Conflict {
        /// The revision the stream has.
        actual: Revision,
    },
    /// The log took nothing: trying again is safe.
    #[error("the log refused the append")]
    Refused(#[source] BoxError),
    /// No answer came. The record may be stored: only repeating the same append is safe.
    #[error("the log did not answer the append")]
    Unknown(#[source] BoxError),
}

/// Reading failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log does not answer now: try again.
    #[error("the log does not answer")]
    Unavailable(#[source] BoxError),
    /// The log answers, but what it holds or what was asked makes no sense: somebody has to look.
    #[error("the log cannot serve this")]
    Broken(#[source] BoxError),
}

/// The cause of a failure.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Which records a follower wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only streams of these kinds; empty: all.
    pub kinds: Vec<Kind>,
    /// Only streams of these Pages.
    pub pages: Pages,
    /// Only these partitions; empty: all.
    pub partitions: Vec<u16>,
}

/// Which Pages a follower wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pages {
    /// All, and what belongs to none.
    #[default]
    All,
    /// One.
    One(PageId),
}

impl Filter {
    /// Whether no stream is left out by its name; its partition may.
    pub(crate) fn wants_every_subject(&self) -> bool {
        self.kinds.is_empty() && self.pages == Pages::All
    }

    /// Whether a stream's records are wanted.
    pub fn matches(&self, stream: &StreamId, partition: u16) -> bool {
        let of_kind = self.kinds.is_empty() || self.kinds.contains(&stream.kind());
        let of_page = match &self.pages {
            Pages::All => true,
            Pages::One(page) => stream.page() == Some(page),
        };
        of_kind && of_page && self.wants_partition(partition)
    }

    /// The same by the bytes of a stream's name, of which no more is read than is asked for, whatever its partition.
    pub(crate) fn wants_name(&self, name: &[u8]) -> Result<bool, BadStream> {
        let is_of = |kind: &Kind| name.strip_prefix(kind.as_str().as_bytes()).is_some_and(|key| key.starts_with(b"/"));
        let kind = Kind::ALL.into_iter().find(is_of).ok_or(BadStream)?;
        if !self.kinds.is_empty() && !self.kinds.contains(&kind) {
            return Ok(false);
        }
        let Pages::One(page) = &self.pages else { return Ok(true) };
        let name = std::str::from_utf8(name).map_err(|_| BadStream)?;
        Ok(StreamId::parse(name)?.page() == Some(page))
    }

    /// The first and the last partition that may be wanted.
    pub(crate) fn partition_range(&self) -> (u16, u16) {
        let (first, last) = (self.partitions.iter().min(), self.partitions.iter().max());
        (first.copied().unwrap_or(0), last.copied().unwrap_or(u16::MAX))
    }

    /// Whether anything of a partition may be wanted.
    pub(crate) fn wants_partition(&self, partition: u16) -> bool {
        self.partitions.is_empty() || self.partitions.contains(&partition)
    }
}
