//! Which conversations have something to send: derived from the log, kept in memory, rebuilt at every start.

use crate::{Parts, Sender};
use domain::event::{Event, Outcome, SendingKind};
use domain::id::{Kind, SendId, StreamId};
use domain::time::Timestamp;
use event_log::{Checkpoint, Filter, Followed, LogError, Pages, Stored};
use service_kit::Backoff;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The sends that have not ended, by conversation.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    open: HashMap<StreamId, HashSet<SendId>>,
}

impl Outbox {
    /// Takes in one record. Answers whether its conversation has something to do.
    pub(crate) fn see(&mut self, stored: &Stored) -> bool {
        let stream = &stored.record.stream;
        for event in &stored.record.events {
            let (send, has_ended) = match event {
                Event::Sending(step) => (&step.send, ends(&step.kind)),
                Event::Inbound(inbound) => match inbound.kind.echo().and_then(|echo| echo.send.as_ref()) {
                    Some(send) => (send, true),
                    None => continue,
                },
                // Nothing of an erased conversation is left to do.
                Event::Erasing(_) => {
                    self.open.remove(stream);
                    continue;
                }
                // Rights change with sends, which are told of besides.
                Event::Quarantined(_) | Event::System(_) | Event::Right(_) | Event::Consent(_) | Event::Page(_) => {
                    continue;
                }
            };
            if has_ended {
                if let Some(sends) = self.open.get_mut(stream) {
                    sends.remove(send);
                    if sends.is_empty() {
                        self.open.remove(stream);
                    }
                }
            } else {
                self.open.entry(stream.clone()).or_default().insert(send.clone());
            }
        }
        self.open.contains_key(stream)
    }

    fn streams(&self) -> impl Iterator<Item = &StreamId> {
        self.open.keys()
    }
}

/// Whether nothing is left to do for a send after this step.
const fn ends(kind: &SendingKind) -> bool {
    match kind {
        SendingKind::Requested { .. }
        | SendingKind::Accepted { .. }
        | SendingKind::Dispatched { .. }
        | SendingKind::Doubted => false,
        SendingKind::Blocked { .. } => true,
        SendingKind::Settled { outcome, .. } => match outcome {
            Outcome::Sent { .. } | Outcome::Rejected { .. } | Outcome::Unresolved => true,
            Outcome::Retrying { .. } | Outcome::NotSent { .. } | Outcome::Unknown => false,
        },
    }
}

/// Works through the outbox until `stop` is cancelled, then finishes what is on the wire.
///
/// # Errors
/// When the log holds something that cannot be read.
pub async fn run(sender: Sender, stop: CancellationToken) -> Result<(), LogError> {
    let mut desk = Desk::new(Arc::clone(&sender.0), stop.clone());
    let mut from = Checkpoint::beginning();
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

    async fn follow(&mut self, from: &mut Checkpoint, backoff: &mut Backoff) -> Result<(), LogError> {
        // Nothing may be sent before this is known.
        self.restored_at = self.parts.restored_at().await?;
        let stop = self.stop.clone();
        let filter = Filter { kinds: vec![Kind::Conversation], pages: Pages::All, partitions: Vec::new() };
        let mut follower = self.parts.log.follow(filter, from.clone()).await?;
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
                let has_work = self.outbox.see(&stored);
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
