//! What records that came together make of the outbox's table: most sends begin and end within one batch, and then the
//! table never hears of them.

use super::NEVER;
use domain::event::{Event, SendingKind};
use domain::id::{SendId, StreamId};
use domain::send::{Class, Word};
use domain::time::Timestamp;
use event_log::Stored;
use sql::outbox::{self, Change, Waiting};
use sql::{SqlError, Transaction};
use std::collections::{HashMap, HashSet};

/// What is yet to be stored, in what follows the same as if each record had been stored by itself.
pub(super) struct Pending<'a> {
    sends: HashMap<&'a SendId, Step>,
    /// The streams that hold something back: in all others nothing is to be stirred.
    holding: HashSet<StreamId>,
}

enum Step {
    /// It is not in the table, and comes into it.
    Put(Waiting),
    Change(Change),
    /// It may be in the table, and leaves it.
    Remove,
    /// It came and went in here.
    Gone,
}

impl<'a> Pending<'a> {
    /// Nothing yet. `holding` are the streams in the table that hold something back.
    pub(super) fn new(holding: HashSet<StreamId>) -> Self {
        Self { sends: HashMap::new(), holding }
    }

    pub(super) fn take_in(&mut self, stored: &Stored, send: &'a SendId, word: Word<'_>) {
        let change = match word {
            Word::Requested { intent, handling, at } => {
                let waiting = Waiting {
                    send: send.clone(),
                    page: send.page().clone(),
                    class: Class::of(&intent.actor),
                    deadline: handling.expires_at.unwrap_or(NEVER),
                    not_before: handling.not_before.unwrap_or(at),
                    is_held: false,
                    stream: stored.record.stream.clone(),
                    position: stored.position,
                };
                self.sends.insert(send, Step::Put(waiting));
                return;
            }
            Word::Ended => {
                let came = matches!(self.sends.get(send), Some(Step::Put(_) | Step::Gone));
                self.sends.insert(send, if came { Step::Gone } else { Step::Remove });
                return;
            }
            Word::Allowed { until } => Change { deadline: until, ..Change::default() },
            Word::Held { look_at } => {
                self.holding.insert(stored.record.stream.clone());
                Change { not_before: Some(look_at.unwrap_or(NEVER)), is_held: true, deadline: None }
            }
            Word::Claimed { until, overdue } => Change { deadline: until, not_before: Some(overdue), is_held: false },
            Word::Postponed { not_before } => Change { not_before: Some(not_before), ..Change::default() },
            Word::Unknown { look_at } => Change { not_before: Some(look_at), ..Change::default() },
        };
        // Judged with its request, it may not outlast what its caller set.
        match self.sends.get_mut(send) {
            Some(Step::Put(waiting)) if waiting.position == stored.position => {
                let deadline = change.deadline.map(|until| until.min(waiting.deadline));
                alter(waiting, Change { deadline, ..change });
            }
            _ => self.change(send, change),
        }
    }

    /// Says anew what is known of a send that is there.
    pub(super) fn change(&mut self, send: &'a SendId, change: Change) {
        match self.sends.get_mut(send) {
            Some(Step::Put(waiting)) => alter(waiting, change),
            Some(Step::Change(known)) => {
                let deadline = change.deadline.or(known.deadline);
                let not_before = change.not_before.or(known.not_before);
                *known = Change { deadline, not_before, ..change };
            }
            // What has ended is not there any more.
            Some(Step::Remove | Step::Gone) => (),
            None => drop(self.sends.insert(send, Step::Change(change))),
        }
    }

    /// Lets what is held in a stream be looked at again.
    pub(super) async fn stir(
        &mut self,
        to: &mut Transaction,
        stream: &StreamId,
        at: Timestamp,
    ) -> Result<(), SqlError> {
        if !self.holding.contains(stream) {
            return Ok(());
        }
        self.store(to).await?;
        outbox::stir(to, stream, at).await
    }

    /// Takes every send of a stream out.
    pub(super) async fn erase(&mut self, to: &mut Transaction, stream: &StreamId) -> Result<(), SqlError> {
        self.store(to).await?;
        outbox::remove_stream(to, stream).await
    }

    /// What this record put in, as far as that waits still.
    pub(super) fn begun_by(&self, stored: &Stored) -> Vec<Waiting> {
        let begun = stored.record.events.iter().filter_map(|event| {
            let Event::Sending(step) = event else { return None };
            let SendingKind::Requested { .. } = step.kind else { return None };
            let Some(Step::Put(waiting)) = self.sends.get(&step.send) else { return None };
            Some(waiting.clone())
        });
        begun.collect()
    }

    /// Stores all of it, and begins anew.
    pub(super) async fn store(&mut self, to: &mut Transaction) -> Result<(), SqlError> {
        let (mut put, mut changes, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (send, step) in self.sends.drain() {
            match step {
                Step::Put(waiting) => put.push(waiting),
                Step::Change(change) => changes.push((send, change)),
                Step::Remove => removed.push(send),
                Step::Gone => (),
            }
        }
        outbox::put(to, &put).await?;
        outbox::change(to, &changes).await?;
        outbox::remove(to, &removed).await
    }
}

fn alter(waiting: &mut Waiting, change: Change) {
    waiting.deadline = change.deadline.unwrap_or(waiting.deadline);
    waiting.not_before = change.not_before.unwrap_or(waiting.not_before);
    waiting.is_held = change.is_held;
}
