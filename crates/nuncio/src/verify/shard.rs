//! One shard on its way: where the log has come, what the history has next, and the places at which there was nothing.

use event_log::Position;
use sql::history::{Damaged, Entry, Page};
use sql::{Database, SqlError};
use std::collections::VecDeque;

/// How many rows of the history are read at a time, in each shard.
const PAGE: usize = 200;

/// How many gaps are remembered of a shard in which nothing was erased. There should be none.
const MOST_GAPS: usize = 1_000;

/// The history's rows of one shard, in order.
#[derive(Debug)]
pub(super) struct Rows {
    shard: u16,
    /// The last position to be compared.
    pub(super) bound: Position,
    after: Position,
    is_over: bool,
    ready: VecDeque<Result<Entry, Damaged>>,
}

impl Rows {
    /// All up to `bound`.
    pub(super) const fn new(shard: u16, bound: Position) -> Self {
        Self { shard, bound, after: 0, is_over: bound == 0, ready: VecDeque::new() }
    }

    /// The next row, if it stands before `end`.
    pub(super) async fn before(
        &mut self,
        end: Position,
        database: &Database,
        incarnation: &str,
    ) -> Result<Option<Result<Entry, Damaged>>, SqlError> {
        if self.ready.is_empty() && !self.is_over && self.after + 1 < end {
            self.read(database, incarnation).await?;
        }
        let is_before = self.ready.front().is_some_and(|row| position(row) < end);
        Ok(if is_before { self.ready.pop_front() } else { None })
    }

    async fn read(&mut self, database: &Database, incarnation: &str) -> Result<(), SqlError> {
        let page = Page { shard: self.shard, after: self.after, limit: PAGE };
        let rows = sql::history::survey(database, incarnation, page).await?;
        self.is_over = rows.len() < PAGE;
        let bound = self.bound;
        if let Some(last) = rows.last() {
            self.after = position(last);
            self.is_over |= self.after >= bound;
        }
        self.ready.extend(rows.into_iter().filter(|row| position(row) <= bound));
        Ok(())
    }
}

pub(super) const fn position(row: &Result<Entry, Damaged>) -> Position {
    match row {
        Ok(entry) => entry.position,
        Err(damaged) => damaged.position,
    }
}

/// The places of one shard at which neither the log nor the history had anything.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    at: Position,
    gaps: Vec<(Position, Position)>,
    /// How many places there were.
    pub(super) n_places: u64,
    /// Whether anything was erased in the shard, which explains them all: an erasure does not say where its records were.
    pub(super) is_explained: bool,
}

impl Gaps {
    /// Something stands at `position`, in the log or in the history.
    pub(super) fn pass(&mut self, position: Position) {
        if position > self.at + 1 {
            self.n_places += position - self.at - 1;
            if self.gaps.len() < MOST_GAPS {
                self.gaps.push((self.at + 1, position - 1));
            }
        }
        self.at = self.at.max(position);
    }

    /// The first and the last place of each, unless they are explained.
    pub(super) fn unexplained(&self) -> &[(Position, Position)] {
        if self.is_explained { &[] } else { &self.gaps }
    }
}
