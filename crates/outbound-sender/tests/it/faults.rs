//! A real log that loses and delays answers on command.

use async_trait::async_trait;
use domain::event::Event;
use domain::id::StreamId;
use domain::time::Span;
use event_log::sqlite::SqliteLog;
use event_log::{
    AppendError, Appended, Checkpoint, EventLog, Expected, Filter, Follower, LogError, LogIdentity, Position, Record,
    Revision, Stored,
};
use service_kit::ManualClock;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What goes wrong with one append.
pub(crate) enum Fault {
    /// It is not stored, and no answer comes.
    LoseRequest,
    /// It is stored, and no answer comes.
    LoseAnswer,
    /// It is stored, and answered when the clock has moved on by so much.
    AnswerAfter(ManualClock, Span),
    /// It is stored, and whoever asked waits for ever.
    Hang,
    /// It is not stored, and said so.
    Refuse,
}

/// The embedded log behind faults.
pub(crate) struct FaultyLog {
    log: SqliteLog,
    /// By the name of the step that the append holds.
    faults: Mutex<HashMap<&'static str, VecDeque<Fault>>>,
    n_hanging: AtomicUsize,
    n_blind: AtomicUsize,
}

impl FaultyLog {
    pub(crate) fn new(log: SqliteLog) -> Self {
        Self { log, faults: Mutex::default(), n_hanging: AtomicUsize::default(), n_blind: AtomicUsize::default() }
    }

    /// Queues a fault for the next append that holds a step of this name.
    pub(crate) fn inject(&self, step: &'static str, fault: Fault) {
        self.faults.lock().unwrap().entry(step).or_default().push_back(fault);
    }

    /// How many appends were ever left without an answer for good.
    pub(crate) fn n_hanging(&self) -> usize {
        self.n_hanging.load(Ordering::SeqCst)
    }

    /// The rule packs cannot be read so many times.
    pub(crate) fn hide_packs(&self, times: usize) {
        self.n_blind.store(times, Ordering::SeqCst);
    }

    /// Whether every fault has hit something.
    pub(crate) fn has_no_fault_left(&self) -> bool {
        self.n_blind.load(Ordering::SeqCst) == 0 && self.faults.lock().unwrap().values().all(VecDeque::is_empty)
    }

    fn take(&self, record: &Record) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        record.events.iter().find_map(|event| match event {
            Event::Sending(step) => faults.get_mut(step.kind.as_str())?.pop_front(),
            Event::Inbound(_)
            | Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::System(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_) => None,
        })
    }
}

#[async_trait]
impl EventLog for FaultyLog {
    fn identity(&self) -> &LogIdentity {
        self.log.identity()
    }

    async fn append(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
        let fault = self.take(record);
        let told_to = || "told to".into();
        match &fault {
            Some(Fault::LoseRequest) => return Err(AppendError::Unknown(told_to())),
            Some(Fault::Refuse) => return Err(AppendError::Refused(told_to())),
            Some(Fault::LoseAnswer | Fault::AnswerAfter(..) | Fault::Hang) | None => (),
        }
        let answer = self.log.append(record, expected).await;
        match fault {
            Some(Fault::LoseAnswer) => Err(AppendError::Unknown(told_to())),
            Some(Fault::AnswerAfter(clock, span)) => {
                clock.advance(span);
                answer
            }
            Some(Fault::Hang) => {
                self.n_hanging.fetch_add(1, Ordering::SeqCst);
                std::future::pending().await
            }
            Some(Fault::LoseRequest | Fault::Refuse) | None => answer,
        }
    }

    async fn read(&self, stream: &StreamId, after: Revision) -> Result<Vec<Stored>, LogError> {
        let is_hidden = *stream == StreamId::packs()
            && self.n_blind.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if is_hidden {
            return Err(LogError::Unavailable("told to".into()));
        }
        self.log.read(stream, after).await
    }

    async fn follow(&self, filter: Filter, from: Checkpoint) -> Result<Follower, LogError> {
        self.log.follow(filter, from).await
    }

    async fn head(&self) -> Result<Checkpoint, LogError> {
        self.log.head().await
    }

    async fn erase(&self, stream: &StreamId, positions: &[Position]) -> Result<(), LogError> {
        self.log.erase(stream, positions).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.log.check().await
    }
}
