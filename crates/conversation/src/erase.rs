//! Erasing a conversation: a tombstone first, then everything older, then the receipt. Each step can be repeated, so a
//! crash between two of them only delays the rest; whoever follows the log next goes on.

use domain::conversation::{Conversation, Erasure};
use domain::erasure;
use domain::event::{Erasing, ErasingKind, Event};
use domain::id::{Kind, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{
    AppendError, Checkpoint, Conversations, EventLog, Expected, Filter, Followed, LogError, Pages, Position, Record,
    Stored,
};
use service_kit::{Backoff, Clock, Counter, Ids, Metrics};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a decision is made again because somebody else wrote first.
const MOST_TRIES: usize = 8;

/// A decision that did not come into the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// Others kept writing.
    #[error("the conversation stayed contended")]
    Contended,
    /// The log did not take it or did not answer.
    #[error("the log did not take it")]
    Append(#[source] AppendError),
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[source] LogError),
}

/// Erases conversations.
#[derive(Clone)]
pub struct Eraser {
    log: Arc<dyn EventLog>,
    conversations: Conversations,
    clock: Clock,
    ids: Ids,
    late: Counter,
}

impl Eraser {
    /// An eraser on this log.
    pub fn new(log: Arc<dyn EventLog>, clock: Clock, ids: Ids, metrics: &Metrics) -> Self {
        let help = "facts of erased people that were delivered again and removed";
        Self {
            conversations: Conversations::new(Arc::clone(&log)),
            log,
            clock,
            ids,
            late: metrics.counter("nuncio.erasure.late_facts", "{event}", help),
        }
    }

    /// Appends the tombstone. From then on the conversation is empty, and its removal only a matter of time.
    pub(crate) async fn begin(&self, stream: &StreamId) -> Result<Erasure, ChangeError> {
        let state = self.change(stream, erasure::begin).await?;
        Ok(state.erasure().expect("an erasure has begun, now or before"))
    }

    /// Loads, decides, and appends at the revision that was read. Answers the state after it.
    async fn change(
        &self,
        stream: &StreamId,
        decide: impl Fn(&Conversation, Timestamp) -> Vec<Event> + Send + Sync,
    ) -> Result<Conversation, ChangeError> {
        for _ in 0..MOST_TRIES {
            let loaded = self.conversations.load(stream).await.map_err(ChangeError::Read)?;
            let now = self.clock.now();
            let events = decide(&loaded.state, now);
            let mut state = (*loaded.state).clone();
            if events.is_empty() {
                return Ok(state);
            }
            let id = RecordId::new(self.ids.uuid_v7(now));
            let (fact, traceparent) = (None, None);
            let record = Record { id, stream: stream.clone(), recorded_at: now, fact, traceparent, events };
            match self.log.append(&record, Expected::revision(loaded.revision)).await {
                Ok(_) => {
                    let events = record.events.iter().map(|event| domain::event::Recorded { record: id, event });
                    events.for_each(|event| state.evolve(event));
                    return Ok(state);
                }
                Err(AppendError::Conflict { actual }) => self.conversations.correct(stream, actual),
                // Unanswered, it may be there: decided again, it is found there, or appended then.
                Err(AppendError::Unknown(_)) => (),
                Err(error @ AppendError::Refused(_)) => return Err(ChangeError::Append(error)),
            }
        }
        Err(ChangeError::Contended)
    }

    /// Carries out what tombstones ask for, until `stop` is cancelled.
    ///
    /// # Errors
    /// When the log holds something that cannot be read.
    pub async fn run(self, stop: CancellationToken) -> Result<(), LogError> {
        let mut graves = Graves::default();
        let mut from = Checkpoint::beginning();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                ended = self.follow(&mut graves, &mut from, &mut backoff) => ended,
            };
            match ended {
                LogError::Unavailable(error) => {
                    tracing::warn!(error = %error, "an erasure could not go on; it is tried again");
                    tokio::time::sleep(backoff.next(self.ids.fraction())).await;
                }
                broken @ LogError::Broken(_) => return Err(broken),
            }
        }
    }

    async fn follow(&self, graves: &mut Graves, from: &mut Checkpoint, backoff: &mut Backoff) -> LogError {
        let filter = Filter { kinds: vec![Kind::Conversation], pages: Pages::All, partitions: Vec::new() };
        let mut follower = match self.log.follow(filter, from.clone()).await {
            Ok(follower) => follower,
            Err(error) => return error,
        };
        loop {
            let done = match follower.next().await {
                Ok(Followed::Record(stored)) => {
                    let seen = self.see(graves, &stored).await;
                    if seen.is_ok() {
                        from.advance(stored.shard, stored.position);
                    }
                    seen
                }
                Ok(Followed::CaughtUp(checkpoint) | Followed::Checkpoint(checkpoint)) => {
                    *from = checkpoint;
                    self.dig(graves).await
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => backoff.reset(),
                Err(error) => return error,
            }
        }
    }

    /// Takes in one record, and removes it if it belongs to what was erased.
    async fn see(&self, graves: &mut Graves, stored: &Stored) -> Result<(), LogError> {
        if graves.see(stored) {
            self.log.erase(&stored.record.stream, &[stored.position]).await?;
            self.late.add(1, &[]);
        }
        Ok(())
    }

    /// Finishes the erasures that have only begun.
    async fn dig(&self, graves: &mut Graves) -> Result<(), LogError> {
        while let Some(stream) = graves.open.first().cloned() {
            let until = graves.until[&stream];
            let records = self.log.read(&stream, 0).await?;
            let doomed = doomed(&records, until);
            self.log.erase(&stream, &doomed).await?;
            let n_removed = doomed.len() as u64;
            match self.change(&stream, |state, now| erasure::complete(state, until, n_removed, now)).await {
                Ok(_) => {
                    tracing::info!(stream = %stream, removed = n_removed, "a conversation was erased");
                    graves.open.remove(&stream);
                }
                Err(ChangeError::Read(error)) => return Err(error),
                Err(error) => return Err(LogError::Unavailable(error.into())),
            }
        }
        Ok(())
    }
}

/// The positions of all that an erasure up to `until` removes. Tombstones and receipts say nothing of the person, and
/// stay: they keep out what comes late.
fn doomed(records: &[Stored], until: Timestamp) -> Vec<Position> {
    let is_tombstone = |event: &Event| matches!(event, Event::Erasing(step) if is_begun(*step, until));
    let tombstone = records.iter().rev().find(|stored| stored.record.events.iter().any(is_tombstone));
    let end = tombstone.map_or(0, |stored| stored.position);
    let of_person = records.iter().filter(|stored| {
        let is_step = stored.record.events.iter().all(|event| matches!(event, Event::Erasing(_)));
        !is_step && (stored.position < end || is_late(stored, until))
    });
    of_person.map(|stored| stored.position).collect()
}

fn is_begun(step: Erasing, wanted: Timestamp) -> bool {
    match step.kind {
        ErasingKind::Begun { until } => until == wanted,
        ErasingKind::Completed { .. } => false,
    }
}

/// Whether a record behind a tombstone holds a fact from before it.
fn is_late(stored: &Stored, until: Timestamp) -> bool {
    stored.record.events.iter().any(|event| match event {
        Event::Inbound(inbound) => inbound.at() <= until,
        Event::Sending(_)
        | Event::Erasing(_)
        | Event::Quarantined(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => false,
    })
}

/// Which conversations were erased, and which of those erasures are not finished.
#[derive(Debug, Default)]
struct Graves {
    until: HashMap<StreamId, Timestamp>,
    open: BTreeSet<StreamId>,
}

impl Graves {
    /// Takes in one record. Answers whether it is late: a fact of somebody erased before.
    fn see(&mut self, stored: &Stored) -> bool {
        let stream = &stored.record.stream;
        for event in &stored.record.events {
            match event {
                Event::Erasing(Erasing { kind: ErasingKind::Begun { until }, .. }) => {
                    let known = self.until.entry(stream.clone()).or_insert(*until);
                    *known = (*known).max(*until);
                    self.open.insert(stream.clone());
                }
                Event::Erasing(Erasing { kind: ErasingKind::Completed { until, .. }, .. }) => {
                    if self.until.get(stream) == Some(until) {
                        self.open.remove(stream);
                    }
                }
                Event::Inbound(_)
                | Event::Sending(_)
                | Event::Quarantined(_)
                | Event::System(_)
                | Event::Right(_)
                | Event::Consent(_)
                | Event::Page(_) => (),
            }
        }
        self.until.get(stream).is_some_and(|until| is_late(stored, *until))
    }
}

impl std::fmt::Debug for Eraser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Eraser").finish_non_exhaustive()
    }
}
