//! Appending: one message per record, repeated until it is answered, and settled by what the leader holds.
//!
//! A repeated publish is answered differently by one replica (`wrong last sequence`, the expectation comes first) and
//! by three (`duplicate`, the message id comes first), so both lead to a look at the log.

use super::shard::Shard;
use super::{JetStreamLog, REQUEST_TIMEOUT, cause};
use crate::codec;
use crate::port::{AppendError, Appended, BoxError, Expected, LogError};
use crate::record::{Record, Revision};
use async_nats::client::{Request, RequestErrorKind};
use async_nats::connection::State;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The pause before the first repetition; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// "wrong last sequence" without saying which one it is: another append on the subject is still in flight.
const SUBJECT_IN_FLIGHT: ErrorCode = ErrorCode(10164);

/// The status that JetStream's errors share which pass by themselves.
const UNAVAILABLE: usize = 503;

/// What came of one try.
enum Answer {
    Stored(Revision),
    /// The message id was seen before, at this revision.
    SeenAt(Revision),
    WrongRevision,
    /// Nothing was stored, and trying again will not change that.
    Refused(BoxError),
    /// This try stored nothing; another may.
    NotNow(BoxError),
    /// It may have been stored.
    Silence(BoxError),
}

pub(super) async fn append(log: &JetStreamLog, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
    let (shard, subject) = log.place(&record.stream);
    let headers = headers(record, expected);
    let payload = Bytes::from(codec::encode(record));
    let append = Append { log, shard, record, expected, subject, headers, payload };
    let deadline = Instant::now() + log.append_timeout;
    let mut pause = FIRST_PAUSE;
    let mut may_be_stored = false;
    loop {
        let settled = append.settle(append.publish(deadline).await).await;
        let error = match settled {
            Settled::Done(outcome) => return outcome,
            Settled::Refused(error) if may_be_stored => return Err(AppendError::Unknown(error)),
            Settled::Refused(error) => return Err(AppendError::Refused(error)),
            Settled::Again { error, is_unanswered } => {
                may_be_stored |= is_unanswered;
                error
            }
        };
        let jittered = pause.mul_f64(rand::random_range(0.5..1.0));
        if Instant::now() + jittered >= deadline {
            let error_kind = if may_be_stored { AppendError::Unknown } else { AppendError::Refused };
            return Err(error_kind(error));
        }
        sleep(jittered).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

struct Append<'a> {
    log: &'a JetStreamLog,
    shard: &'a Shard,
    record: &'a Record,
    expected: Expected,
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
}

/// What follows from an answer, once the log was looked at.
enum Settled {
    Done(Result<Appended, AppendError>),
    Refused(BoxError),
    Again { error: BoxError, is_unanswered: bool },
}

impl Append<'_> {
    async fn publish(&self, deadline: Instant) -> Answer {
        let client = self.log.context.client();
        let mut losses = self.log.losses.clone();
        losses.mark_unchanged();
        // A publish made now would wait inside the client and leave at a moment that nobody chose.
        if client.connection_state() != State::Connected {
            return Answer::NotNow(cause("not connected to NATS"));
        }
        let patience = REQUEST_TIMEOUT.min(deadline.saturating_duration_since(Instant::now()));
        let request = Request::new().headers(self.headers.clone()).payload(self.payload.clone()).timeout(None);
        let answered = tokio::select! {
            answered = timeout(patience, client.send_request(self.subject.clone(), request)) => answered,
            _ = losses.changed() => return Answer::Silence(cause("the connection was lost before the answer came")),
        };
        match answered {
            Err(_) => Answer::Silence(cause(format!("no answer within {patience:?}"))),
            Ok(Err(error)) => match error.kind() {
                RequestErrorKind::MaxPayloadExceeded | RequestErrorKind::InvalidSubject => {
                    Answer::Refused(cause(error))
                }
                // No stream listens, as while a leader is elected.
                RequestErrorKind::NoResponders => Answer::NotNow(cause(error)),
                RequestErrorKind::TimedOut | RequestErrorKind::Other => Answer::Silence(cause(error)),
            },
            Ok(Ok(message)) => match serde_json::from_slice::<Response<PublishAck>>(&message.payload) {
                Ok(Response::Ok(ack)) if ack.duplicate => Answer::SeenAt(ack.sequence),
                Ok(Response::Ok(ack)) => Answer::Stored(ack.sequence),
                Ok(Response::Err { error }) => classify(error.code(), error.error_code(), &error.to_string()),
                Err(error) => Answer::Silence(cause(error)),
            },
        }
    }

    async fn settle(&self, answer: Answer) -> Settled {
        let looked_up = match answer {
            Answer::Stored(revision) => return Settled::done(revision, false),
            Answer::SeenAt(revision) => self.seen_at(revision).await,
            Answer::WrongRevision => self.moved_on().await,
            Answer::Refused(error) => return Settled::Refused(error),
            Answer::NotNow(error) => return Settled::Again { error, is_unanswered: false },
            Answer::Silence(error) => return Settled::Again { error, is_unanswered: true },
        };
        // An answer that nobody could check says nothing: an earlier try may stand in the log.
        looked_up.unwrap_or_else(|error| Settled::Again { error: error.into(), is_unanswered: true })
    }

    /// The message id is in the log: by our own earlier try, or by another record of the same fact.
    async fn seen_at(&self, revision: Revision) -> Result<Settled, LogError> {
        let seen = self.shard.at(revision).await?.map(|raw| self.shard.stored(&raw)).transpose()?;
        let is_own = match &seen {
            Some(seen) => seen.record.id == self.record.id && seen.record.stream == self.record.stream,
            // Erased since. Only a fact's id is shared with other records.
            None => self.record.fact.is_none(),
        };
        if !is_own && self.record.fact.is_none() {
            return Ok(Settled::Refused("the record's id was used for another record".into()));
        }
        Ok(Settled::done(revision, !is_own))
    }

    /// The stream is not at the expected revision: our own earlier try moved it, or somebody else did. Others may have
    /// appended behind us, so the last record alone would not tell.
    async fn moved_on(&self) -> Result<Settled, LogError> {
        let floor = self.expected.floor().unwrap_or(0);
        let tail = self.shard.read(&self.subject, floor).await?;
        if let Some(own) = tail.iter().find(|stored| stored.record.id == self.record.id) {
            return Ok(Settled::done(own.position, false));
        }
        let actual = match tail.last() {
            Some(last) => last.position,
            None => self.shard.last_of(&self.subject).await?,
        };
        Ok(Settled::Done(Err(AppendError::Conflict { actual })))
    }
}

impl Settled {
    const fn done(revision: Revision, is_duplicate: bool) -> Self {
        Self::Done(Ok(Appended { revision, is_duplicate }))
    }
}

/// What an error of JetStream says about the message. It speaks of this try alone.
fn classify(status: usize, code: ErrorCode, words: &str) -> Answer {
    // The store's own errors share one code; only a limit that was reached is sure to have stored nothing.
    let is_full = code == ErrorCode::STREAM_STORE_FAILED && words.contains("maximum");
    let is_out_of_space = [
        ErrorCode::INSUFFICIENT_RESOURCES,
        ErrorCode::STORAGE_RESOURCES_EXCEEDED,
        ErrorCode::MEMORY_RESOURCES_EXCEEDED,
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
    ]
    .contains(&code);
    if code == ErrorCode::STREAM_WRONG_LAST_SEQUENCE {
        Answer::WrongRevision
    } else if code == SUBJECT_IN_FLIGHT {
        Answer::NotNow(cause(words))
    } else if is_full || is_out_of_space {
        Answer::Refused(cause(words))
    } else if code == ErrorCode::STREAM_STORE_FAILED || code == ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT {
        // Already agreed upon by the replicas, or our own earlier try is on its way.
        Answer::Silence(cause(words))
    } else if status == UNAVAILABLE {
        Answer::NotNow(cause(words))
    } else {
        Answer::Refused(cause(words))
    }
}

fn headers(record: &Record, expected: Expected) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // 32 digits for a fact, 36 characters for a record: the two cannot meet.
    let id = record.fact.map_or_else(|| record.id.to_string(), |fact| fact.to_string());
    headers.insert(NATS_MESSAGE_ID, id);
    if let Some(floor) = expected.floor() {
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, floor.to_string());
    }
    // A header with a line break would forge others.
    let trace = record.traceparent.as_deref().filter(|trace| trace.bytes().all(|byte| byte.is_ascii_graphic()));
    if let Some(trace) = trace {
        headers.insert("traceparent", trace);
    }
    headers
}
