//! Which conversations have something to send: the outbox's table as it was at the start, and the log from there on.

use crate::table::conversations;
use crate::{Parts, Sender};
use domain::id::{SendId, StreamId};
use domain::send::{Patience, Told, Word, told};
use domain::time::Timestamp;
use event_log::{BoxError, Checkpoint, Followed, LogError, Stored};
use service_kit::Backoff;
use sql::{Database, Reached};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long the table may take to be read at the start. Without it everything is read from the log, which takes longer,
/// and never as long as a database that does not come back.
const TABLE_WITHIN: Duration = Duration::from_secs(10);

/// The sends that have not ended, by conversation.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    open: HashMap<StreamId, HashSet<SendId>>,
}

impl Outbox {
    /// Takes in one record. Answers whether its conversation has something to do.
    pub(crate) fn see(&mut self, stored: &Stored, patience: Patience) -> bool {
        let stream = &stored.record.stream;
        for told in stored.record.events.iter().filter_map(|event| told(stream, event, patience)) {
            match told {
                // Nothing of an erased conversation is left to do.
                Told::Erased => drop(self.open.remove(stream)),
                Told::Of(send, Word::Ended) => self.ended(stream, send),
                Told::Of(
                    send,
                    Word::Requested { .. }
                    | Word::Allowed { .. }
                    | Word::Held { .. }
                    | Word::Claimed { .. }
                    | Word::Postponed { .. }
                    | Word::Unknown { .. },
                ) => self.waits(stream.clone(), send.clone()),
            }
        }
        self.open.contains_key(stream)
    }

    fn waits(&mut self, stream: StreamId, send: SendId) {
        self.open.entry(stream).or_default().insert(send);
    }

    fn ended(&mut self, stream: &StreamId, send: &SendId) {
        if let Some(sends) = self.open.get_mut(stream) {
            sends.remove(send);
            if sends.is_empty() {
                self.open.remove(stream);
            }
        }
    }

    fn streams(&self) -> impl Iterator<Item = &StreamId> {
        self.open.keys()
    }
}

/// Works through the outbox until `stop` is cancelled, then finishes what is on the wire.
///
/// # Errors
/// When the log holds something that cannot be read.
pub async fn run(sender: Sender, stop: CancellationToken) -> Result<(), LogError> {
    let mut desk = Desk::new(Arc::clone(&sender.0), stop.clone());
    let mut from = desk.begin().await;
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    while !stop.is_cancelled() {
        match desk.follow(&mut from, &mut backoff).await {
            Ok(()) => break,
            Err(LogError::Unavailable(error)) => {
                tracing::warn!(error = %error, "the outbox lost the log and follows it anew");
                let pause = backoff.next(sender.0.ids.fraction());
                tokio::select! {
                    () = stop.cancelled() => (),
                    () = tokio::time::sleep(pause) => (),
                }
            }
            Err(broken @ LogError::Broken(_)) => return Err(broken),
        }
    }
    desk.finish().await;
    Ok(())
}

type Held = Option<(Reached, Vec<SendId>)>;

async fn held(database: &Database) -> Result<Held, BoxError> {
    Ok(timeout(TABLE_WITHIN, sql::outbox::all(database)).await??)
}

/// Hands conversations to workers: each to one at a time, and only so many at once.
struct Desk {
    parts: Arc<Parts>,
    stop: CancellationToken,
    outbox: Outbox,
    /// When the log was last brought back from a backup; none: never.
    restored_at: Option<Timestamp>,
    /// Before this the log's past is read, in which most sends have long ended: nothing is begun.
    is_caught_up: bool,
    ready: VecDeque<StreamId>,
    /// Everything in `ready`.
    queued: HashSet<StreamId>,
    /// Conversations that a worker has, and whether something happened there since it began.
    busy: HashMap<StreamId, bool>,
    alarms: BinaryHeap<Reverse<(Timestamp, StreamId)>>,
    workers: JoinSet<(StreamId, Option<Timestamp>)>,
}

impl Desk {
    fn new(parts: Arc<Parts>, stop: CancellationToken) -> Self {
        Self {
            parts,
            stop,
            outbox: Outbox::default(),
            restored_at: None,
            is_caught_up: false,
            ready: VecDeque::new(),
            queued: HashSet::new(),
            busy: HashMap::new(),
            alarms: BinaryHeap::new(),
            workers: JoinSet::new(),
        }
    }

    /// Takes what the table holds. Answers from where on the log is to be followed: from the beginning when there is no
    /// table, or none of this log. It is looked at once: whatever becomes of it later changes nothing here.
    async fn begin(&mut self) -> Checkpoint {
        let Some(database) = &self.parts.database else { return Checkpoint::beginning() };
        let (reached, sends) = match held(database).await {
            Ok(Some(held)) => held,
            Ok(None) => return Checkpoint::beginning(),
            Err(error) => {
                tracing::warn!(error = %error, "the outbox's table cannot be read, so the log is read from its beginning");
                return Checkpoint::beginning();
            }
        };
        if reached.incarnation != self.parts.log.identity().incarnation() {
            return Checkpoint::beginning();
        }
        for send in sends {
            self.outbox.waits(send.stream(), send);
        }
        let mut from = Checkpoint { incarnation: reached.incarnation, positions: Vec::new() };
        reached.positions.iter().for_each(|(shard, position)| from.advance(*shard, *position));
        tracing::info!(%from, "the outbox begins with what its table holds");
        from
    }

    async fn follow(&mut self, from: &mut Checkpoint, backoff: &mut Backoff) -> Result<(), LogError> {
        // Nothing may be sent before this is known.
        self.restored_at = self.parts.restored_at().await?;
        let stop = self.stop.clone();
        let mut follower = self.parts.log.follow(conversations(), from.clone()).await?;
        loop {
            self.start_workers();
            let alarm = self.until_alarm();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                followed = follower.next() => {
                    self.heard(followed?, from);
                    backoff.reset();
                }
                Some(done) = self.workers.join_next(), if !self.workers.is_empty() => self.finished(done),
                () = tokio::time::sleep(alarm.unwrap_or(Duration::MAX)), if alarm.is_some() => self.ring(),
            }
        }
    }

    fn heard(&mut self, followed: Followed, from: &mut Checkpoint) {
        match followed {
            Followed::Record(stored) => {
                let has_work = self.outbox.see(&stored, self.parts.config.patience);
                if self.is_caught_up && has_work {
                    self.wants_work(stored.record.stream.clone());
                }
                from.advance(stored.shard, stored.position);
            }
            Followed::CaughtUp(checkpoint) => {
                *from = checkpoint;
                self.is_caught_up = true;
                let open: Vec<_> = self.outbox.streams().cloned().collect();
                if !open.is_empty() {
                    tracing::info!(conversations = open.len(), "the outbox goes on with what has not ended");
                }
                open.into_iter().for_each(|stream| self.wants_work(stream));
            }
            Followed::Checkpoint(checkpoint) => *from = checkpoint,
        }
    }

    fn wants_work(&mut self, stream: StreamId) {
        if let Some(again) = self.busy.get_mut(&stream) {
            *again = true;
        } else if self.queued.insert(stream.clone()) {
            self.ready.push_back(stream);
        }
    }

    fn start_workers(&mut self) {
        while self.workers.len() < self.parts.config.concurrency {
            let Some(stream) = self.ready.pop_front() else { return };
            self.queued.remove(&stream);
            self.busy.insert(stream.clone(), false);
            let (parts, stop) = (Arc::clone(&self.parts), self.stop.clone());
            let restored_at = self.restored_at;
            self.workers.spawn(async move {
                let next = parts.work(&stream, restored_at, &stop).await;
                (stream, next)
            });
        }
    }

    fn finished(&mut self, done: Result<(StreamId, Option<Timestamp>), tokio::task::JoinError>) {
        match done {
            Ok((stream, next)) => {
                let again = self.busy.remove(&stream).unwrap_or(false);
                if again {
                    self.wants_work(stream);
                } else if let Some(at) = next {
                    self.alarms.push(Reverse((at, stream)));
                }
            }
            // A panic is a defect that must be seen: it goes on to whoever runs the outbox.
            Err(error) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }

    fn until_alarm(&self) -> Option<Duration> {
        let Reverse((at, _)) = self.alarms.peek()?;
        let left_ms = at.since(self.parts.clock.now()).as_millis();
        Some(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)))
    }

    fn ring(&mut self) {
        let now = self.parts.clock.now();
        while let Some(Reverse((at, _))) = self.alarms.peek() {
            if *at > now {
                return;
            }
            if let Some(Reverse((_, stream))) = self.alarms.pop() {
                self.wants_work(stream);
            }
        }
    }

    /// Waits for the workers that are at it; nothing new is begun.
    async fn finish(mut self) {
        while let Some(done) = self.workers.join_next().await {
            self.finished(done);
        }
    }
}
