//! Read, decide, append: the one way in which the sender changes anything.

use crate::Parts;
use domain::conversation::Conversation;
use domain::event::Event;
use domain::id::{RecordId, StreamId};
use domain::send::Refusal;
use domain::time::Timestamp;
use event_log::{AppendError, Expected, LogError, MOST_TRIES, Record, Revision, Stored, append_until_answered};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// How many queues conversations share.
const QUEUES: u64 = 1_024;
/// The longest wait for one's turn. Longer than an append takes, unless the log does not answer: then whoever waits
/// should learn that from the log itself.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Lets the changes of one conversation that begin in this process follow each other, instead of colliding in the log.
/// Only work is saved by it: the expected revision alone is what keeps changes apart.
#[derive(Debug)]
pub(crate) struct Queues(Vec<Mutex<()>>);

impl Queues {
    pub(crate) fn new() -> Self {
        Self((0..QUEUES).map(|_| Mutex::new(())).collect())
    }

    /// Waits for one's turn in a conversation, which lasts until the answer is dropped. None: it went on for too long.
    async fn turn(&self, stream: &StreamId) -> Option<MutexGuard<'_, ()>> {
        let mut hash = DefaultHasher::new();
        stream.hash(&mut hash);
        let place = usize::try_from(hash.finish() % QUEUES).expect("a number below the number of queues");
        tokio::time::timeout(LONGEST_WAIT, self.0[place].lock()).await.ok()
    }
}

/// A decision that is in the log.
pub(crate) struct Changed {
    /// What then has happened.
    pub(crate) events: Vec<Event>,
    /// The conversation's revision from then on.
    pub(crate) revision: Revision,
}

/// A decision that did not come into the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The domain refuses: an answer, not a failure.
    #[error("refused")]
    Refused(#[source] Refusal),
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

impl Parts {
    /// Decides on the conversation as it is at hand, and appends at its revision; when the log has more, or when what is
    /// at hand gives a refusal, on the conversation as it stands. Answers what then has happened.
    pub(crate) async fn change(
        &self,
        stream: &StreamId,
        now: impl Fn() -> Timestamp + Send + Sync,
        decide: impl Fn(&Conversation, Timestamp) -> Result<Vec<Event>, Refusal> + Send + Sync,
    ) -> Result<Changed, ChangeError> {
        let mut turn = self.queues.turn(stream).await;
        let mut at_hand = self.conversations.at_hand(stream);
        for _ in 0..MOST_TRIES {
            let at = now();
            let decided = at_hand.take().and_then(|known| Some((decide(&known.state, at).ok()?, known.revision)));
            let (events, revision) = match decided {
                Some(decided) => decided,
                None => {
                    let loaded = self.conversations.load(stream).await.map_err(ChangeError::Read)?;
                    (decide(&loaded.state, at).map_err(ChangeError::Refused)?, loaded.revision)
                }
            };
            let record = self.record(stream, events, at);
            match append_until_answered(&*self.log, &record, Expected::revision(revision)).await {
                Ok(appended) => {
                    self.conversations.took(&record, revision, appended.revision);
                    return Ok(Changed { events: record.events, revision: appended.revision });
                }
                Err(AppendError::Conflict { actual }) => {
                    self.conversations.correct(stream, actual);
                    // Whoever goes without a turn among many who have one would lose to them again and again.
                    if turn.is_none() {
                        turn = self.queues.turn(stream).await;
                    }
                }
                Err(error) => return Err(ChangeError::Append(error)),
            }
        }
        Err(ChangeError::Contended)
    }

    /// Decides on everything that ever happened in a stream, and appends at its revision; from the start, when others wrote
    /// meanwhile.
    pub(crate) async fn change_by_history(
        &self,
        stream: &StreamId,
        decide: impl Fn(&[Stored], Timestamp) -> Result<Vec<Event>, Refusal> + Send + Sync,
    ) -> Result<Changed, ChangeError> {
        for _ in 0..MOST_TRIES {
            let history = self.log.read(stream, 0).await.map_err(ChangeError::Read)?;
            let revision = history.last().map_or(0, |stored| stored.position);
            let at = self.clock.now();
            let record = self.record(stream, decide(&history, at).map_err(ChangeError::Refused)?, at);
            match append_until_answered(&*self.log, &record, Expected::revision(revision)).await {
                Ok(appended) => {
                    self.conversations.took(&record, revision, appended.revision);
                    return Ok(Changed { events: record.events, revision: appended.revision });
                }
                Err(AppendError::Conflict { actual }) => self.conversations.correct(stream, actual),
                Err(error) => return Err(ChangeError::Append(error)),
            }
        }
        Err(ChangeError::Contended)
    }

    fn record(&self, stream: &StreamId, events: Vec<Event>, at: Timestamp) -> Record {
        Record {
            id: RecordId::new(self.ids.uuid_v7(at)),
            stream: stream.clone(),
            recorded_at: at,
            fact: None,
            traceparent: None,
            events,
        }
    }
}
