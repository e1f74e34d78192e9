//! Erasing a conversation: a tombstone first, then everything older, in the tables and in the log, then word that it is
//! done. Each step can be repeated, so a crash between two of them only delays the rest; whoever follows the log next goes
//! on. A receipt beside the log has it done again in a log that was brought back from an older backup.

use crate::Deps;
use crate::graves::{self, Graves, Tombstone};
use crate::receipts::Receipts;
use domain::conversation::{Conversation, Erasure};
use domain::erasure;
use domain::event::Event;
use domain::id::{Kind, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{
    AppendError, Checkpoint, Conversations, EventLog, Expected, Filter, Followed, LogError, MOST_TRIES, Pages,
    Position, Record, Stored,
};
use service_kit::{Backoff, Clock, Counter, Ids};
use sql::Database;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
    database: Database,
    conversations: Conversations,
    clock: Clock,
    ids: Ids,
    late: Counter,
    again: Counter,
}

impl Eraser {
    /// An eraser on this log and its tables.
    pub fn new(deps: &Deps) -> Self {
        let Deps { log, conversations, database, clock, ids, metrics } = deps.clone();
        let help = "facts of erased people that were delivered again and removed";
        Self {
            log,
            conversations,
            database,
            clock,
            ids,
            late: metrics.counter("nuncio.erasure.late_facts", "{event}", help),
            again: metrics.counter(
                "nuncio.erasure.repeated",
                "{erasure}",
                "erasures that the log had forgotten, as by being restored, and that were carried out again",
            ),
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
        // Before the log is followed, so that it holds the erasures of all of them.
        let mut receipts = None;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                ended = self.follow(&mut graves, &mut receipts, &mut from, &mut backoff) => ended,
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

    async fn follow(
        &self,
        graves: &mut Graves,
        loaded: &mut Option<Receipts>,
        from: &mut Checkpoint,
        backoff: &mut Backoff,
    ) -> LogError {
        let receipts = match loaded {
            Some(receipts) => receipts,
            None => match Receipts::load(&self.database, self.log.identity().lineage()).await {
                Ok(receipts) => loaded.insert(receipts),
                Err(error) => return error,
            },
        };
        let filter = Filter { kinds: vec![Kind::Conversation], pages: Pages::All, partitions: Vec::new() };
        let mut follower = match self.log.follow(filter, from.clone()).await {
            Ok(follower) => follower,
            Err(error) => return error,
        };
        loop {
            let done = match follower.next().await {
                Ok(Followed::Record(stored)) => {
                    let seen = self.see(graves, receipts, &stored).await;
                    if seen.is_ok() {
                        from.advance(stored.shard, stored.position);
                    }
                    seen
                }
                Ok(Followed::CaughtUp(checkpoint)) => {
                    *from = checkpoint;
                    self.erase_again(&receipts.forgotten(graves)).await
                }
                Ok(Followed::Checkpoint(checkpoint)) => {
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
    async fn see(&self, graves: &mut Graves, receipts: &mut Receipts, stored: &Stored) -> Result<(), LogError> {
        receipts.see(stored).await?;
        if graves.see(stored) {
            self.remove(&stored.record.stream, &[stored.position], stored.position).await?;
            self.late.add(1, &[]);
        }
        Ok(())
    }

    /// Appends the tombstones again of which the log knows nothing. They are carried out like any other.
    async fn erase_again(&self, forgotten: &[(StreamId, Timestamp)]) -> Result<(), LogError> {
        for (stream, until) in forgotten {
            self.bury_again(stream, *until).await.map_err(|error| match error {
                ChangeError::Read(error) => error,
                ChangeError::Contended | ChangeError::Append(_) => LogError::Unavailable(error.into()),
            })?;
        }
        Ok(())
    }

    /// What people did after the erasure may have come in since the log was restored, before this: it goes on in the very
    /// record of the tombstone, since all that stands before that is removed.
    async fn bury_again(&self, stream: &StreamId, until: Timestamp) -> Result<(), ChangeError> {
        for _ in 0..MOST_TRIES {
            let records = self.log.read(stream, 0).await.map_err(ChangeError::Read)?;
            let now = self.clock.now();
            let state = Conversation::fold(records.iter().flat_map(Stored::events));
            let mut events = erasure::again(&state, until, now);
            if events.is_empty() {
                return Ok(());
            }
            events.extend(graves::stated_after(&records, until));
            let revision = records.last().map_or(0, |stored| stored.position);
            let id = RecordId::new(self.ids.uuid_v7(now));
            let (fact, traceparent) = (None, None);
            let record = Record { id, stream: stream.clone(), recorded_at: now, fact, traceparent, events };
            match self.log.append(&record, Expected::revision(revision)).await {
                Ok(_) => {
                    tracing::warn!(stream = %stream, "the log had forgotten an erasure, which is carried out again");
                    self.again.add(1, &[]);
                    return Ok(());
                }
                Err(AppendError::Conflict { .. } | AppendError::Unknown(_)) => (),
                Err(error @ AppendError::Refused(_)) => return Err(ChangeError::Append(error)),
            }
        }
        Err(ChangeError::Contended)
    }

    /// Removes records, and everything that tables keep of the stream up to `end`: from there first, since only the log
    /// tells, after a crash, what is still to be removed.
    async fn remove(&self, stream: &StreamId, positions: &[Position], end: Position) -> Result<(), LogError> {
        let incarnation = self.log.identity().incarnation();
        let buried = sql::erasure::bury(&self.database, sql::erasure::Tombstone { stream, incarnation, position: end });
        buried.await.map_err(|error| LogError::Unavailable(error.into()))?;
        self.log.erase(stream, positions).await
    }

    /// Finishes the erasures that have only begun.
    async fn dig(&self, graves: &mut Graves) -> Result<(), LogError> {
        while let Some(stream) = graves.open.first().cloned() {
            let until = graves.until[&stream];
            let records = self.log.read(&stream, 0).await?;
            let tombstone = Tombstone::last(&records, |it| it == until);
            let doomed: Vec<Position> = tombstone.map_or_else(Vec::new, |tombstone| tombstone.removes(&records));
            let graves_end = tombstone.map(|tombstone| tombstone.position).max(doomed.last().copied());
            self.remove(&stream, &doomed, graves_end.unwrap_or_default()).await?;
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

impl std::fmt::Debug for Eraser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Eraser").finish_non_exhaustive()
    }
}
