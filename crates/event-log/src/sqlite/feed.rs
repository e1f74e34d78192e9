//! Following: pages of records, read in order, for one follower or for several that share the reading.

use super::read::{SHARD, body, last};
use super::readers::Readers;
use crate::follower::{Batch, Encoded, Followed, HEARTBEAT, Item, Items, Place, TOGETHER};
use crate::port::{Filter, LogError};
use crate::record::{Checkpoint, Position};
use rusqlite::{Connection, params};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How many records are read at a time for each follower.
const PAGE: usize = TOGETHER;

/// How many pages followers that share the reading may be apart. Each works in spells, as its thread gets a core, and with
/// fewer the one that has none at the moment would hold up all others.
pub(super) const APART: usize = 24;

/// How many bytes a record has on average at most, as a rule: a page that grows is copied.
const USUAL_BYTES: usize = 512;

/// How many places are looked at for one page: what is wanted may be rare, and followers are told how far they are.
const SPAN: Position = 32 * TOGETHER as Position;

/// Records between two places.
const ALL: &str = "SELECT position, body, stream FROM records WHERE position > ?1 AND position <= ?2
    ORDER BY position LIMIT ?3";

/// The same of a range of partitions: what SQLite passes over by itself costs less than what it hands out first.
const OF_PARTITIONS: &str = "SELECT position, body, stream, partition FROM records
    WHERE position > ?1 AND position <= ?2 AND partition BETWEEN ?4 AND ?5 ORDER BY position LIMIT ?3";

/// How often a process that does not write looks for what another one wrote.
const POLL: Duration = Duration::from_millis(50);

/// How long a follower leaves to what comes at once: every page is a journey to a thread and back, and what is done with
/// it costs by the page as well. What comes after silence is told at once.
const GATHERED: Duration = Duration::from_millis(5);

/// Where followers begin, and what they want.
pub(super) struct Start {
    pub(super) wanted: Wanted,
    pub(super) from: Position,
    pub(super) head: Checkpoint,
    pub(super) is_writer: bool,
}

/// What followers want: all of them what the filter does, and each what stands in its own partitions.
#[derive(Debug)]
pub(super) struct Wanted {
    filter: Filter,
    /// By partition, the follower that it belongs to.
    owners: Vec<Option<usize>>,
    n_followers: usize,
}

impl Wanted {
    /// One follower that wants all of this.
    pub(super) const fn one(filter: Filter) -> Self {
        Self { filter, owners: Vec::new(), n_followers: 1 }
    }

    /// One follower for each of these parts of the partitions; what the filter says of them does not count.
    pub(super) fn parts(filter: Filter, parts: &[Vec<u16>]) -> Self {
        let partitions = parts.concat();
        let mut owners = vec![None; partitions.iter().max().map_or(0, |last| usize::from(*last) + 1)];
        for (number, part) in parts.iter().enumerate() {
            part.iter().for_each(|partition| owners[usize::from(*partition)] = Some(number));
        }
        Self { filter: Filter { partitions, ..filter }, owners, n_followers: parts.len() }
    }

    /// The follower that wants what stands under this name in this partition.
    fn taker(&self, name: &[u8], partition: Option<u16>) -> Result<Option<usize>, LogError> {
        let owner = match partition {
            None => Some(0),
            Some(partition) if self.owners.is_empty() => self.filter.wants_partition(partition).then_some(0),
            Some(partition) => self.owners.get(usize::from(partition)).copied().flatten(),
        };
        if owner.is_none() || self.filter.wants_every_subject() {
            return Ok(owner);
        }
        let is_wanted = self.filter.wants_name(name).map_err(|error| LogError::Broken(error.into()))?;
        Ok(owner.filter(|_| is_wanted))
    }
}

/// Records of one follower, one behind the other.
struct Matching {
    bytes: Vec<u8>,
    places: VecDeque<Place>,
}

impl Matching {
    fn of(most: usize) -> Self {
        Self { bytes: Vec::with_capacity(most * USUAL_BYTES), places: VecDeque::with_capacity(most) }
    }

    fn add(&mut self, position: Position, body: &[u8], name: &[u8]) {
        self.bytes.extend_from_slice(body);
        let end = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.places.push_back(Place { position, end, name_end: self.bytes.len() });
    }
}

struct Page {
    /// For each follower.
    matching: Vec<Encoded>,
    last: Position,
    is_full: bool,
}

fn page(connection: &Connection, wanted: &Wanted, position: Position) -> Result<Page, LogError> {
    let end = last(connection)?.max(position);
    let to = end.min(position + SPAN);
    let is_of_all = wanted.filter.partitions.is_empty();
    let (lowest, highest) = wanted.filter.partition_range();
    let mut statement = connection.prepare_cached(if is_of_all { ALL } else { OF_PARTITIONS })?;
    let most = PAGE * wanted.n_followers;
    let (after, limit) = (position.cast_signed(), most as i64);
    let mut rows = if is_of_all {
        statement.query(params![after, to.cast_signed(), limit])?
    } else {
        statement.query(params![after, to.cast_signed(), limit, lowest, highest])?
    };
    let expected = usize::try_from(end - position).map_or(PAGE, |places| places.min(PAGE));
    let mut matching: Vec<_> = (0..wanted.n_followers).map(|_| Matching::of(expected)).collect();
    let mut reached = position;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        let position: i64 = row.get(0)?;
        reached = position.cast_unsigned();
        let partition = if is_of_all { None } else { Some(row.get(3)?) };
        // Damage can change what kind of value it is; a name that is looked at must be one.
        let name = row.get_ref(2)?.as_bytes().unwrap_or_default();
        if let Some(taker) = wanted.taker(name, partition)? {
            matching[taker].add(reached, body(row)?, name);
        }
    }
    let encoded = |Matching { bytes, places }| Encoded::new(SHARD, bytes.into(), places);
    let last = if count == most { reached } else { to };
    Ok(Page { matching: matching.into_iter().map(encoded).collect(), last, is_full: last < end })
}

/// Tells each follower everything that it wants until nobody listens any more.
pub(super) async fn feed(readers: Readers, mut head: watch::Receiver<Position>, start: Start, items: Vec<Items>) {
    let Start { wanted, from, head: start_head, is_writer } = start;
    let wanted = Arc::new(wanted);
    let mut at = Checkpoint { incarnation: start_head.incarnation.clone(), positions: vec![from] };
    let mut told = Instant::now();
    let mut is_caught_up = false;
    loop {
        head.mark_unchanged();
        let (of_all, after) = (Arc::clone(&wanted), at.position(0));
        let page = match readers.run(move |connection| page(connection, &of_all, after)).await {
            Ok(page) => page,
            Err(error) => return fail(items, error).await,
        };
        at.advance(0, page.last);
        let mut word = None;
        if !is_caught_up && !page.is_full {
            is_caught_up = true;
            word = Some(Followed::CaughtUp(at.clone()));
        } else if told.elapsed() >= HEARTBEAT {
            word = Some(Followed::Checkpoint(at.clone()));
        }
        if word.is_some() {
            told = Instant::now();
        }
        let is_empty = word.is_none() && page.matching.iter().all(Encoded::is_empty);
        for (items, encoded) in items.iter().zip(page.matching) {
            let told: Vec<Item> = word.clone().map(Ok).into_iter().collect();
            if !(encoded.is_empty() && told.is_empty()) {
                // Whoever does not listen any more is passed over; the others may.
                items.send(Ok(Batch { encoded, told })).await.ok();
            }
        }
        if items.iter().all(Items::is_closed) {
            return;
        }
        if !page.is_full {
            let pause = if is_writer { HEARTBEAT } else { POLL };
            let looked = Instant::now();
            // A change, the end of the writer, or the pause: each is a reason to look again.
            if let Ok(Err(_)) = tokio::time::timeout(pause, head.changed()).await {
                tokio::time::sleep(pause).await;
            }
            if is_writer && !is_empty {
                tokio::time::sleep_until(looked + GATHERED).await;
            }
        }
    }
}

/// Tells everybody why nothing more comes.
async fn fail(items: Vec<Items>, error: LogError) {
    type Shared = Arc<dyn std::error::Error + Send + Sync>;
    let (source, same): (Shared, fn(Shared) -> LogError) = match error {
        LogError::Unavailable(source) => (source.into(), |source| LogError::Unavailable(Box::new(source))),
        LogError::Broken(source) => (source.into(), |source| LogError::Broken(Box::new(source))),
    };
    for items in items {
        items.send(Err(same(Arc::clone(&source)))).await.ok();
    }
}
