//! Conversations as folded from the log, with the states of the most recently used kept in memory.

mod kept;

use crate::port::{EventLog, LogError};
use crate::record::{Record, Revision, Stored};
use crate::snapshots::{Snapshot, Snapshots};
use domain::conversation::Conversation;
use domain::id::{PageId, PersonKey, Psid, SendId, StreamId};
use domain::send::{Send, one_of};
use kept::Kept;
use lru::LruCache;
use std::sync::{Arc, Mutex, MutexGuard};

/// How much is kept in memory: states, each of which counts as one and for each of its sends as one more. That is about
/// 40 MB.
const MOST_KEPT: usize = 20_000;

/// How many records are folded before a state is worth a snapshot: about as many as are read again in no time.
const WORTH_A_SNAPSHOT: usize = 50;

/// A conversation's state at a revision.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The state; shared, since many look and few change. Whoever holds it while the next record is folded makes the
    /// fold copy it.
    pub state: Arc<Conversation>,
    /// The revision it was folded to: what an append on it expects.
    pub revision: Revision,
}

/// A conversation could not be folded.
pub type StateError = LogError;

/// Loads conversations: the state kept in memory or in a snapshot, and whatever the log holds behind it.
#[derive(Clone)]
pub struct Conversations {
    log: Arc<dyn EventLog>,
    snapshots: Option<Arc<dyn Snapshots>>,
    /// Each state has a lock of its own, so that it is folded in place and nobody else's load waits for that.
    kept: Arc<Mutex<All>>,
}

type Place = Arc<Mutex<Kept>>;

/// All states that are kept, and how much they count together.
struct All {
    places: LruCache<StreamId, (Place, usize)>,
    weight: usize,
}

impl Default for All {
    fn default() -> Self {
        Self { places: LruCache::unbounded(), weight: 0 }
    }
}

impl Conversations {
    /// Loads from this log.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, snapshots: None, kept: Arc::default() }
    }

    /// Loads what is not in memory from a snapshot and the log's tail, and lets snapshots be kept.
    pub fn with_snapshots(self, snapshots: Arc<dyn Snapshots>) -> Self {
        Self { snapshots: Some(snapshots), ..self }
    }

    /// The key of a person on a Page, in this log.
    pub fn person_key(&self, page: &PageId, psid: &Psid) -> PersonKey {
        self.log.identity().person_key(page, psid)
    }

    /// The stream of a person's conversation with a Page.
    pub fn stream(&self, page: &PageId, psid: &Psid) -> StreamId {
        StreamId::Conversation(page.clone(), self.person_key(page, psid))
    }

    /// The conversation as it stands now: everything answered before this call is in it.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn load(&self, stream: &StreamId) -> Result<Loaded, StateError> {
        match self.place(stream) {
            Some(place) => self.go_on(stream, &place).await,
            None => self.begin(stream).await,
        }
    }

    /// The conversation as it stands in memory, without asking the log, which may have more; none if it is not there. For
    /// whoever appends at its revision: the log refuses what was decided on an older one.
    pub fn at_hand(&self, stream: &StreamId) -> Option<Loaded> {
        let place = self.place(stream)?;
        let loaded = locked(&place).loaded();
        Some(loaded)
    }

    /// Takes in a record that its writer knows the log to have taken: decided on the state at `on`, and standing at
    /// `revision`. A state that is elsewhere by now stays as it is: it has the record, or reads it.
    pub fn took(&self, record: &Record, on: Revision, revision: Revision) {
        let Some(place) = self.place(&record.stream) else {
            if on == 0 {
                let mut state = Kept::default();
                state.fold_own(record, revision);
                self.keep(&record.stream, state);
            }
            return;
        };
        let mut kept = locked(&place);
        if kept.revision() == on {
            kept.fold_own(record, revision);
            self.offer(&record.stream, &mut kept);
        }
        let weight = kept.weight();
        drop(kept);
        self.weigh(&record.stream, weight);
    }

    /// A send as it stands, and the conversation that holds it. One that has left the conversation's state is folded from
    /// the log, where that state has forgotten any.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn find(&self, id: &SendId) -> Result<(Loaded, Option<Send>), StateError> {
        let stream = id.stream();
        let loaded = self.load(&stream).await?;
        if let Some(send) = loaded.state.send(id) {
            let send = send.clone();
            return Ok((loaded, Some(send)));
        }
        if loaded.state.floor() == 0 {
            return Ok((loaded, None));
        }
        let records = self.log.read(&stream, 0).await?;
        Ok((loaded, one_of(records.iter().flat_map(Stored::events), id)))
    }

    /// Reads on behind the state in memory.
    async fn go_on(&self, stream: &StreamId, place: &Place) -> Result<Loaded, StateError> {
        loop {
            let from = locked(place).revision();
            let tail = self.log.read(stream, from).await?;
            let mut kept = locked(place);
            // It may be further by now, or dropped and at the beginning: then the tail does not fit.
            if kept.revision() >= from {
                kept.fold(&tail);
                self.offer(stream, &mut kept);
                let (loaded, weight) = (kept.loaded(), kept.weight());
                drop(kept);
                if !tail.is_empty() {
                    self.weigh(stream, weight);
                }
                return Ok(loaded);
            }
        }
    }

    /// Folds a state that is not in memory, and keeps it there.
    async fn begin(&self, stream: &StreamId) -> Result<Loaded, StateError> {
        let end = self.log.read_last(stream, WORTH_A_SNAPSHOT).await?;
        let mut state = match end {
            // One that is so short has no snapshot that would spare anything.
            Some(records) if records.len() < WORTH_A_SNAPSHOT => Kept::from_start(&records),
            end => match self.of_snapshot(stream, end).await? {
                Some(state) => state,
                None => Kept::from_start(&self.log.read(stream, 0).await?),
            },
        };
        self.offer(stream, &mut state);
        let loaded = state.loaded();
        if loaded.revision > 0 {
            self.keep(stream, state);
        }
        Ok(loaded)
    }

    /// The state of the snapshot, with the log's tail folded into it. The record that it ends with is read as well: if it
    /// is not there any more, the log lost its end or the record was erased, and the snapshot tells of another past. What
    /// `end` has of the stream's last records is not read again.
    async fn of_snapshot(&self, stream: &StreamId, end: Option<Vec<Stored>>) -> Result<Option<Kept>, StateError> {
        let Some(snapshots) = &self.snapshots else { return Ok(None) };
        let Some(snapshot) = snapshots.read(stream).await else { return Ok(None) };
        let reaches_back = |end: &Vec<Stored>| end.first().is_some_and(|first| first.position <= snapshot.revision);
        let records = match end.filter(reaches_back) {
            Some(mut end) => end.split_off(end.partition_point(|stored| stored.position < snapshot.revision)),
            None => self.log.read(stream, snapshot.revision.saturating_sub(1)).await?,
        };
        let Some((_, tail)) = records.split_first().filter(|(last, _)| is_last(last, &snapshot)) else {
            tracing::debug!(%stream, "a snapshot does not fit the log and is dropped");
            snapshots.forget(stream);
            return Ok(None);
        };
        let mut state = Kept::of(snapshot);
        state.fold(tail);
        Ok(Some(state))
    }

    /// Has a snapshot kept if much was folded since the last.
    fn offer(&self, stream: &StreamId, kept: &mut Kept) {
        let Some(snapshots) = &self.snapshots else { return };
        if let Some(snapshot) = kept.snapshot(WORTH_A_SNAPSHOT)
            && snapshots.keep(stream, snapshot)
        {
            kept.is_in_snapshot();
        }
    }

    /// Takes in that the log has the stream at `actual`. A state that is kept at a later revision was folded from records
    /// that have been erased since, and is dropped: it is folded from the log then, and from no snapshot.
    pub fn correct(&self, stream: &StreamId, actual: Revision) {
        let Some(place) = self.place(stream) else { return };
        let mut kept = locked(&place);
        if kept.revision() > actual {
            *kept = Kept::default();
            if let Some(snapshots) = &self.snapshots {
                snapshots.forget(stream);
            }
        }
    }

    fn keep(&self, stream: &StreamId, state: Kept) {
        let weight = state.weight();
        let mut all = self.all();
        match all.places.get(stream) {
            Some((place, _)) => {
                let mut known = locked(place);
                if known.revision() >= state.revision() {
                    return;
                }
                *known = state;
            }
            None => drop(all.places.put(stream.clone(), (Arc::new(Mutex::new(state)), 0))),
        }
        all.weigh(stream, weight);
    }

    /// Takes in how much a state counts now.
    fn weigh(&self, stream: &StreamId, weight: usize) {
        self.all().weigh(stream, weight);
    }

    fn place(&self, stream: &StreamId) -> Option<Place> {
        self.all().place(stream)
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.kept.lock().expect("nothing panics while it holds the lock")
    }
}

impl All {
    /// The place of a state, which is in use by that.
    fn place(&mut self, stream: &StreamId) -> Option<Place> {
        self.places.get(stream).map(|(place, _)| Arc::clone(place))
    }

    /// Takes in how much a state counts now, and drops those that were used longest ago if all count too much.
    fn weigh(&mut self, stream: &StreamId, weight: usize) {
        let Some((_, known)) = self.places.get_mut(stream) else { return };
        self.weight = self.weight - *known + weight;
        *known = weight;
        while self.weight > MOST_KEPT
            && self.places.len() > 1
            && let Some((_, (_, weight))) = self.places.pop_lru()
        {
            self.weight -= weight;
        }
    }
}

fn locked(place: &Place) -> MutexGuard<'_, Kept> {
    place.lock().expect("folds do not panic")
}

fn is_last(record: &Stored, snapshot: &Snapshot) -> bool {
    record.position == snapshot.revision && record.record.id == snapshot.last
}

impl std::fmt::Debug for Conversations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversations").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expected;
    use crate::sqlite::{Config, SqliteLog};
    use domain::time::Timestamp;
    use kept::tests::read_up_to;

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_counts_most_takes_the_place_of_most() {
        let mut all = All::default();
        let stream =
            |n: usize| StreamId::Conversation(PageId::parse("1001").unwrap(), PersonKey::from_bytes([n as u8; 16]));
        let kept = |all: &All| (0..4).map(|n| all.places.contains(&stream(n))).collect::<Vec<_>>();
        for n in 0..3 {
            all.places.put(stream(n), (Place::default(), 0));
            all.weigh(&stream(n), MOST_KEPT / 3);
        }
        all.place(&stream(0)).unwrap();
        all.places.put(stream(3), (Place::default(), 0));
        all.weigh(&stream(3), MOST_KEPT / 3);
        assert_eq!(kept(&all), [true, false, true, true]);
        // Even what counts more than all may is kept for as long as it is in use.
        all.weigh(&stream(2), MOST_KEPT + 1);
        assert_eq!((kept(&all), all.weight), (vec![false, false, true, false], MOST_KEPT + 1));
    }

    #[tokio::test]
    async fn what_was_appended_from_here_is_at_hand_and_what_others_appended_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(SqliteLog::open(&folder.path().join("log.db"), Config::default()).unwrap());
        let conversations = Conversations::new(log.clone());
        let (first, others, second) = (read_up_to(1), read_up_to(2), read_up_to(3));
        let stream = first.stream.clone();
        assert!(conversations.at_hand(&stream).is_none());
        let seen = || conversations.at_hand(&stream).map(|loaded| (loaded.revision, loaded.state.read_to()));
        let moment = |n| Some(Timestamp::from_millis(n));

        let one = log.append(&first, Expected::revision(0)).await.unwrap().revision;
        conversations.took(&first, 0, one);
        assert_eq!(seen(), Some((one, moment(1))));

        // A record that does not follow what is at hand is not folded behind a gap.
        let two = log.append(&others, Expected::Any).await.unwrap().revision;
        let three = log.append(&second, Expected::revision(two)).await.unwrap().revision;
        conversations.took(&second, two, three);
        assert_eq!(seen(), Some((one, moment(1))));
        assert_eq!(conversations.load(&stream).await.unwrap().revision, three);
        assert_eq!(seen(), Some((three, moment(3))));
    }
}
