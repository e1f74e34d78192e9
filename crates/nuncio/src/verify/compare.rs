//! The comparison: the log and its history read once, each in order, shard by shard, with a page of the history in memory
//! for each shard.

use super::finding::{Finding, Kind};
use super::shard::{Gaps, Rows, position};
use crate::inspect::cause;
use anyhow::Context;
use domain::id::StreamId;
use event_log::{Checkpoint, EventLog, Filter, Followed, LogError, Position, Record, Stored, Unreadable};
use sql::history::{Damaged, Entry};
use sql::{Database, Derived};
use std::collections::{BTreeMap, HashMap};
use std::io;

/// How many tombstones are remembered. One that was forgotten is looked up again.
const MOST_TOMBSTONES: usize = 10_000;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Records in the log.
    pub(crate) n_records: u64,
    /// Those of them that were compared with the history.
    pub(crate) n_compared: u64,
    /// Records and places of which one side or both have nothing, since they were erased.
    pub(crate) n_erased: u64,
    /// Findings, by their words.
    pub(crate) found: BTreeMap<&'static str, u64>,
    /// Whether any of them says that the log alone no longer holds everything.
    pub(crate) is_log_doubtful: bool,
}

/// Where findings go, and word of how far it has come.
pub(crate) trait Report {
    /// Takes one finding.
    fn finding(&mut self, finding: Finding) -> io::Result<()>;
    /// So many of so many records have been read.
    fn progress(&mut self, n_records: u64, n_all: u64) -> io::Result<()>;
}

/// Compares all that is in the log now with the history, as far as that has come. Without a database it finds what cannot
/// be read, and places where nothing stands.
pub(crate) async fn compare(
    log: &dyn EventLog,
    database: Option<&Database>,
    report: &mut dyn Report,
) -> anyhow::Result<Compared> {
    // The history first: whatever it has reached, the log has had.
    let reached = match database {
        Some(database) => database.reached(Derived::History.name()).await.context("cannot read the history")?,
        None => None,
    };
    let head = log.head().await?;
    let other = reached.as_ref().filter(|reached| reached.incarnation != head.incarnation);
    let kept = other.map(|reached| reached.incarnation.clone());
    let reached = reached.filter(|_| kept.is_none()).map(|reached| reached.positions).unwrap_or_default();
    let shard = |number| {
        let rows = Rows::new(number, reached.get(&number).copied().unwrap_or(0));
        Shard { rows, gaps: Gaps::default() }
    };
    let shards = (0..log.identity().shards()).map(shard).collect();
    let (tombstones, compared) = (HashMap::new(), Compared::default());
    let mut work = Work { log, database, head, shards, tombstones, compared, report };
    if let Some(kept) = kept {
        work.find(None, 0, None, Kind::OtherIncarnation { kept })?;
    }
    work.read_all().await?;
    work.end().await?;
    Ok(work.compared)
}

struct Shard {
    rows: Rows,
    gaps: Gaps,
}

struct Work<'a> {
    log: &'a dyn EventLog,
    database: Option<&'a Database>,
    /// Where the log ended when this began.
    head: Checkpoint,
    shards: Vec<Shard>,
    /// The last tombstone known of a stream.
    tombstones: HashMap<StreamId, Position>,
    compared: Compared,
    report: &'a mut dyn Report,
}

/// What stands at a place of the log.
type Found<'a> = Result<&'a Stored, &'a Unreadable>;

impl Work<'_> {
    async fn read_all(&mut self) -> anyhow::Result<()> {
        let n_all = self.head.positions.iter().sum();
        let mut follower = self.log.follow(Filter::default(), Checkpoint::beginning()).await?;
        loop {
            match follower.next_or_unreadable().await.context("the log could not be read on")? {
                Ok(Followed::Record(stored)) => {
                    self.shards[usize::from(stored.shard)].gaps.is_explained |= is_tombstone(&stored.record);
                    self.take(stored.shard, stored.position, Ok(&stored)).await?;
                }
                Err(found) => self.take(found.shard, found.position, Err(&found)).await?,
                Ok(Followed::Checkpoint(_)) => (),
                Ok(Followed::CaughtUp(_)) => return Ok(()),
            }
            self.report.progress(self.compared.n_records, n_all)?;
        }
    }

    /// Takes what stands at a place of the log, and whatever the history has before.
    async fn take(&mut self, shard: u16, place: Position, found: Found<'_>) -> anyhow::Result<()> {
        while let Some(row) = self.row(shard, place).await? {
            self.only_in_history(shard, row).await?;
        }
        self.compared.n_records += 1;
        self.shards[usize::from(shard)].gaps.pass(place);
        match self.row(shard, place + 1).await? {
            Some(row) => self.both(shard, place, found, row),
            None if place <= self.shards[usize::from(shard)].rows.bound => self.only_in_log(shard, place, found).await,
            None => match found {
                Ok(_) => Ok(()),
                Err(unreadable) => self.unreadable(unreadable, false),
            },
        }
    }

    /// The history's next row before `end`.
    async fn row(&mut self, shard: u16, end: Position) -> anyhow::Result<Option<Result<Entry, Damaged>>> {
        let Some(database) = self.database else { return Ok(None) };
        let rows = &mut self.shards[usize::from(shard)].rows;
        rows.before(end, database, &self.head.incarnation).await.context("the history could not be read on")
    }

    fn both(
        &mut self,
        shard: u16,
        place: Position,
        found: Found<'_>,
        row: Result<Entry, Damaged>,
    ) -> anyhow::Result<()> {
        self.compared.n_compared += 1;
        let (bytes, stream) = match found {
            Ok(stored) => (&stored.bytes, Some(stored.record.stream.clone())),
            Err(unreadable) => (&unreadable.bytes, unreadable.stream.clone()),
        };
        let Ok(entry) = row else {
            self.find(Some(shard), place, stream, Kind::HistoryAltered { log_has_it: found.is_ok() })?;
            return found.map(drop).or_else(|unreadable| self.unreadable(unreadable, false));
        };
        let stream = stream.or_else(|| Some(entry.stream.clone()));
        let (is_as_stored, is_intact) = (entry.is_of(bytes), entry.is_intact());
        let names_the_same = found.is_ok_and(|stored| names_the_same(&entry, &stored.record)) || found.is_err();
        if !is_as_stored && entry.body != bytes[..] {
            self.find(Some(shard), place, stream.clone(), Kind::LogAltered { history_has_it: is_intact })?;
        }
        if !is_intact || !names_the_same {
            // With another hash and the same bytes, it is the hash that was altered.
            let log_has_it = is_as_stored || entry.body == bytes[..];
            self.find(Some(shard), place, stream, Kind::HistoryAltered { log_has_it })?;
        }
        match found {
            Err(unreadable) if is_as_stored => self.unreadable(unreadable, true),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn only_in_history(&mut self, shard: u16, row: Result<Entry, Damaged>) -> anyhow::Result<()> {
        let place = position(&row);
        self.shards[usize::from(shard)].gaps.pass(place);
        match row {
            Err(_) => self.find(Some(shard), place, None, Kind::HistoryAltered { log_has_it: false }),
            Ok(entry) if self.is_erased(&entry.stream, place).await? => {
                self.compared.n_erased += 1;
                Ok(())
            }
            Ok(entry) => self.find(Some(shard), place, Some(entry.stream), Kind::Lost),
        }
    }

    async fn only_in_log(&mut self, shard: u16, place: Position, found: Found<'_>) -> anyhow::Result<()> {
        let stream = match found {
            Ok(stored) => Some(stored.record.stream.clone()),
            Err(unreadable) => unreadable.stream.clone(),
        };
        if let Some(stream) = &stream
            && self.is_erased(stream, place).await?
        {
            self.compared.n_erased += 1;
            return Ok(());
        }
        self.check_history_is_still_there(shard, place).await?;
        self.find(Some(shard), place, stream, Kind::NotKept)?;
        found.map(drop).or_else(|unreadable| self.unreadable(unreadable, false))
    }

    /// A history that is dropped meanwhile misses everything, and says nothing.
    async fn check_history_is_still_there(&self, shard: u16, place: Position) -> anyhow::Result<()> {
        let Some(database) = self.database else { return Ok(()) };
        let reached = database.reached(Derived::History.name()).await?;
        let is_there = reached.is_some_and(|reached| {
            reached.incarnation == self.head.incarnation
                && reached.positions.get(&shard).is_some_and(|reached| *reached >= place)
        });
        anyhow::ensure!(
            is_there,
            "the history was dropped or begun anew while this ran: run it again when it is filled"
        );
        Ok(())
    }

    /// Whether the stream was erased at or above a place, as the tables or the log say.
    async fn is_erased(&mut self, stream: &StreamId, place: Position) -> anyhow::Result<bool> {
        if self.tombstones.get(stream).is_some_and(|tombstone| *tombstone >= place) {
            return Ok(true);
        }
        let in_tables = match self.database {
            Some(database) => sql::erasure::tombstone(database, stream, &self.head.incarnation).await?,
            None => None,
        };
        let last = match in_tables {
            Some(position) if position >= place => position,
            Some(_) | None => self.tombstone_in_log(stream, place).await?,
        };
        if self.tombstones.len() >= MOST_TOMBSTONES {
            self.tombstones.clear();
        }
        self.tombstones.insert(stream.clone(), last);
        Ok(last >= place)
    }

    async fn tombstone_in_log(&self, stream: &StreamId, place: Position) -> Result<Position, LogError> {
        match self.log.read(stream, place - 1).await {
            Ok(records) => {
                let tombstones = records.iter().filter(|stored| is_tombstone(&stored.record));
                Ok(tombstones.map(|stored| stored.position).max().unwrap_or(0))
            }
            // Something in it cannot be read, which is told in its place.
            Err(LogError::Broken(_)) => Ok(0),
            Err(error @ LogError::Unavailable(_)) => Err(error),
        }
    }

    /// What is left when the log's end is reached.
    async fn end(&mut self) -> anyhow::Result<()> {
        for number in 0..self.log.identity().shards() {
            let (head, bound) = (self.head.position(number), self.shards[usize::from(number)].rows.bound);
            if head < bound {
                self.find(Some(number), head, None, Kind::EndsEarly { reached: bound })?;
            }
            while let Some(row) = self.row(number, Position::MAX).await? {
                self.only_in_history(number, row).await?;
            }
            self.shards[usize::from(number)].gaps.pass(head + 1);
        }
        if self.shards.iter().any(|shard| !shard.gaps.unexplained().is_empty()) {
            self.look_for_late_tombstones().await?;
        }
        for number in 0..self.log.identity().shards() {
            let gaps = &self.shards[usize::from(number)].gaps;
            if gaps.is_explained {
                self.compared.n_erased += gaps.n_places;
            }
            for (first, last) in gaps.unexplained().to_vec() {
                self.find(Some(number), first, None, Kind::Vacant { last })?;
            }
        }
        Ok(())
    }

    /// What was erased while this ran has its tombstone behind the end that there was.
    async fn look_for_late_tombstones(&mut self) -> anyhow::Result<()> {
        let mut follower = self.log.follow(Filter::default(), self.head.clone()).await?;
        loop {
            match follower.next_or_unreadable().await? {
                Ok(Followed::Record(stored)) => {
                    self.shards[usize::from(stored.shard)].gaps.is_explained |= is_tombstone(&stored.record);
                }
                Ok(Followed::CaughtUp(_)) => return Ok(()),
                Ok(Followed::Checkpoint(_)) | Err(_) => (),
            }
        }
    }

    fn unreadable(&mut self, unreadable: &Unreadable, is_as_stored: bool) -> anyhow::Result<()> {
        let kind = Kind::Unreadable { cause: cause(unreadable), is_as_stored };
        self.find(Some(unreadable.shard), unreadable.position, unreadable.stream.clone(), kind)
    }

    fn find(
        &mut self,
        shard: Option<u16>,
        position: Position,
        stream: Option<StreamId>,
        kind: Kind,
    ) -> anyhow::Result<()> {
        self.compared.note(&kind);
        Ok(self.report.finding(Finding { shard, position, stream, kind })?)
    }
}

impl Compared {
    /// Counts a finding.
    pub(crate) fn note(&mut self, kind: &Kind) {
        *self.found.entry(kind.as_str()).or_default() += 1;
        self.is_log_doubtful |= kind.speaks_against_the_log();
    }

    /// How many findings there are.
    pub(crate) fn n_found(&self) -> u64 {
        self.found.values().sum()
    }
}

fn names_the_same(entry: &Entry, record: &Record) -> bool {
    entry.stream == record.stream && entry.record == record.id
}

fn is_tombstone(record: &Record) -> bool {
    record.events.iter().any(|event| event.erases_until().is_some())
}
