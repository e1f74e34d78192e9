//! One shard: a JetStream stream, read and erased by subject and position.

use super::batch::batch;
use super::{cause, unavailable};
use crate::codec::Undecodable;
use crate::port::LogError;
use crate::raw::RawRead;
use crate::record::{Position, Revision, Stored, Unreadable};
use async_nats::jetstream::consumer::pull::{self, Config, OrderedConfig};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::stream::{LastRawMessageErrorKind as GetErrorKind, RawMessageBuilder, WithHeaders};
use async_nats::{Client, jetstream};
use futures_util::StreamExt as _;
use futures_util::future::{join, try_join_all};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How many records of a batch the leader is asked about.
const CHECKED: usize = 3;

/// How many records are asked for at once.
pub(super) const PAGE: usize = 500;

/// How long the server keeps a consumer that nobody asks any more.
const CONSUMER_LIFE: Duration = Duration::from_secs(30);

/// How long after a consumer was made it may not be known yet to the server that we are connected to, which then
/// answers that nobody listens.
const SETTLING: Duration = Duration::from_secs(1);

/// The pause between two tries to reach such a consumer.
const SETTLING_PAUSE: Duration = Duration::from_millis(20);

/// One shard of the log.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) number: u16,
    pub(super) stream: jetstream::stream::Stream<()>,
    /// The stream's name.
    pub(super) name: String,
    /// For what `stream` cannot be asked.
    pub(super) client: Client,
}

/// A message as JetStream stores it.
pub(super) struct Raw {
    pub(super) position: Position,
    pub(super) subject: String,
    pub(super) payload: bytes::Bytes,
}

impl Shard {
    /// The last position given, by the stream's leader.
    pub(super) async fn head(&self) -> Result<Position, LogError> {
        Ok(self.stream.get_info().await.map_err(unavailable)?.state.last_sequence)
    }

    /// The last position of a subject, by the stream's leader; 0 when it is empty.
    pub(super) async fn last_of(&self, subject: &str) -> Result<Revision, LogError> {
        let last = self.get(self.stream.raw_message_builder().last_by_subject(subject)).await?;
        Ok(last.map_or(0, |raw| raw.position))
    }

    /// The first message from `position` on whose subject falls under `subject`, by the stream's leader.
    pub(super) async fn next_of(&self, subject: &str, position: Position) -> Result<Option<Raw>, LogError> {
        self.get(self.stream.raw_message_builder().next_by_subject(subject).sequence(position)).await
    }

    /// The message at a position, by the stream's leader.
    pub(super) async fn at(&self, position: Position) -> Result<Option<Raw>, LogError> {
        self.get(self.stream.raw_message_builder().sequence(position)).await
    }

    async fn get(&self, request: RawMessageBuilder<WithHeaders>) -> Result<Option<Raw>, LogError> {
        match request.send().await {
            Ok(raw) => {
                let (position, subject) = (raw.sequence, raw.subject.into_string());
                Ok(Some(Raw { position, subject, payload: raw.payload }))
            }
            Err(error) if error.kind() == GetErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Every record of a subject behind `after`, as of now.
    pub(super) async fn read(&self, subject: &str, after: Revision) -> Result<Vec<Stored>, LogError> {
        let Some(first) = self.next_of(subject, after + 1).await? else { return Ok(Vec::new()) };
        let mut reached = first.position;
        let mut found = vec![self.stored(&first)?];
        let ask = async |behind: Position| batch(&self.client, &self.name, subject, behind + 1).await;
        let (last, mut next) = join(self.last_of(subject), ask(reached)).await;
        let last = last?;
        while reached < last {
            let mut raws = self.still_there(subject, std::mem::take(&mut next.raws)).await?;
            if raws.is_empty() {
                // Whoever answered may lag, and records may have been erased since: the leader knows what is next.
                raws.extend(self.next_of(subject, reached + 1).await?);
            }
            let before = reached;
            for raw in raws.iter().take_while(|raw| raw.position <= last) {
                reached = raw.position;
                found.push(self.stored(raw)?);
            }
            if reached == before {
                // The last has been erased meanwhile.
                break;
            }
            if reached < last && !next.is_silent {
                next = ask(reached).await;
            }
        }
        Ok(found)
    }

    /// These records, if the leader has the first of them; else nothing. A replica that has not erased yet what the leader
    /// has shows it among the first, or somebody reads while it is being erased.
    async fn still_there(&self, subject: &str, raws: Vec<Raw>) -> Result<Vec<Raw>, LogError> {
        let first = raws.iter().take(CHECKED).map(|raw| self.holds(subject, raw.position));
        let are_there = try_join_all(first).await?.into_iter().all(|is_there| is_there);
        Ok(if are_there { raws } else { Vec::new() })
    }

    /// Every message's bytes up to the end as it is now, in order.
    pub(super) async fn read_raw(&self, read: &mut RawRead) -> Result<(), LogError> {
        let head = self.head().await?;
        let consumer = self.stream.create_consumer(OrderedConfig::default()).await.map_err(unavailable)?;
        let mut messages = consumer.messages().await.map_err(unavailable)?;
        let mut reached = 0;
        while reached < head {
            let Some(message) = messages.next().await else { return Err(unavailable("the consumer has ended")) };
            let message = message.map_err(unavailable)?;
            reached = message.info().map_err(|error| LogError::Broken(cause(error)))?.stream_sequence;
            read.add(&message.payload);
        }
        Ok(())
    }

    /// A consumer that hands out what falls under `subjects` behind `after`, in order and without acknowledgement; with
    /// none, everything.
    pub(super) async fn consumer(&self, subjects: Vec<String>, after: Position) -> Result<Consumer<Config>, LogError> {
        let config = pull::Config {
            filter_subjects: subjects,
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            inactive_threshold: CONSUMER_LIFE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        self.stream.create_consumer(config).await.map_err(unavailable)
    }

    /// The record in a message, which must be where it belongs.
    pub(super) fn stored(&self, raw: &Raw) -> Result<Stored, Box<Unreadable>> {
        let (shard, position) = (self.number, raw.position);
        let stream = || super::subject::stream(&raw.subject);
        let stored = Stored::decode(shard, position, raw.payload.clone(), stream)?;
        // The words before the partition are ours to choose; from there on the stream's name decides.
        if !raw.subject.ends_with(&super::subject::of("", &stored.record.stream)) {
            let (stream, bytes, source) = (stream(), stored.bytes, Undecodable::Misplaced);
            return Err(Box::new(Unreadable { shard, position, stream, bytes, source }));
        }
        Ok(stored)
    }

    /// Overwrites and removes the message at a position, if it is there and belongs to the subject.
    pub(super) async fn erase(&self, subject: &str, position: Position) -> Result<(), LogError> {
        if !self.holds(subject, position).await? {
            return Ok(());
        }
        // Without `no_erase`, which this does not send, the server overwrites the bytes before it unlinks them.
        match self.stream.delete_message(position).await {
            Ok(_) => Ok(()),
            // Somebody else may have been quicker, or our own request was repeated on the way.
            Err(_) if !self.holds(subject, position).await? => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn holds(&self, subject: &str, position: Position) -> Result<bool, LogError> {
        Ok(self.at(position).await?.is_some_and(|raw| raw.subject == subject))
    }
}

/// Whether a consumer that answers with an error may only be too new; waits a moment if so.
pub(super) async fn may_be_settling(made_at: Instant, delivered: u64) -> bool {
    let may_be = delivered == 0 && made_at.elapsed() < SETTLING;
    if may_be {
        sleep(SETTLING_PAUSE).await;
    }
    may_be
}

/// A consumer's message.
pub(super) struct Delivery {
    pub(super) raw: Raw,
    /// The number that the consumer gave it: 1 for its first, with no gaps unless one is lost.
    pub(super) sequence: u64,
    /// Whether the consumer had nothing more to hand out when it sent this.
    pub(super) is_last: bool,
}

/// Reads what a consumer says of a message.
pub(super) fn delivery(message: &jetstream::Message) -> Result<Delivery, LogError> {
    let info = message.info().map_err(|error| LogError::Broken(cause(error)))?;
    let subject = message.subject.as_str().to_owned();
    let raw = Raw { position: info.stream_sequence, subject, payload: message.payload.clone() };
    Ok(Delivery { raw, sequence: info.consumer_sequence, is_last: info.pending == 0 })
}
