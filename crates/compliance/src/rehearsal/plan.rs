//! What is gone through: which judgements, up to where in the log, and in which parts.

use domain::id::{Kind, PageId};
use domain::rehearsal::Range;
use event_log::{Checkpoint, EventLog, Filter, LogError, Pages};

/// How many records a part holds at most, where there are parts enough: each part passes over what belongs to the others,
/// and keeps a state of one or two kilobytes for every stream of its own, on each thread.
const TOGETHER: u64 = 1_000_000;

/// Which judgements are gone through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// By their moments.
    pub range: Range,
    /// Only those of this Page.
    pub page: Option<PageId>,
}

/// What a rehearsal goes through, decided once, so that one that is taken up again goes through the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which judgements.
    pub scope: Scope,
    /// Where the log ended when this was planned. What came later is not looked at.
    pub end: Checkpoint,
    /// In how many parts: a power of two, and at most as many as there are partitions.
    pub n_parts: u16,
}

impl Plan {
    /// A plan for everything that is in the log now, in at least so many parts.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn new(log: &dyn EventLog, scope: Scope, at_least: usize) -> Result<Self, LogError> {
        let end = log.head().await?;
        let wanted = (n_records(&end) / TOGETHER + 1).max(at_least as u64).next_power_of_two();
        let most = log.identity().partitions();
        let n_parts = u16::try_from(wanted).unwrap_or(most).min(most);
        Ok(Self { scope, end, n_parts })
    }

    /// How many records the log had, those that are not looked at or were erased among them.
    pub fn n_records(&self) -> u64 {
        n_records(&self.end)
    }

    /// What all parts follow.
    pub(crate) fn filter(&self) -> Filter {
        Filter { kinds: vec![Kind::Conversation, Kind::Comment], pages: self.pages(), partitions: Vec::new() }
    }

    /// The partitions of one part. They are neighbours, which share a shard where there are enough of both.
    pub(crate) fn partitions(&self, log: &dyn EventLog, part: u16) -> Vec<u16> {
        let of_part = |partition: &u16| {
            u32::from(*partition) * u32::from(self.n_parts) / u32::from(log.identity().partitions()) == u32::from(part)
        };
        (0..log.identity().partitions()).filter(of_part).collect()
    }

    /// The Pages that matter.
    pub(crate) fn pages(&self) -> Pages {
        self.scope.page.clone().map_or(Pages::All, Pages::One)
    }

    /// Whether a place in the log lies behind the end.
    pub(crate) fn is_behind(&self, shard: u16, position: u64) -> bool {
        position > self.end.position(shard)
    }
}

fn n_records(end: &Checkpoint) -> u64 {
    end.positions.iter().sum()
}
