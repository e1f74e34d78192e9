//! The sender's table: the sends that have not ended, and when each is to be looked at next.

use crate::hints::{Hint, Hints};
use async_trait::async_trait;
use domain::id::{Kind, PageId, SendId, StreamId};
use domain::send::{Class, Patience, Told, Word, told};
use domain::time::Timestamp;
use event_log::{Filter, Pages, Stored};
use projection::Projection;
use sql::outbox::{self, Change, Waiting};
use sql::{Derived, SqlError, Transaction};

/// The end of a send that has none, and the moment of one that only an event can free.
pub(crate) const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Keeps the table `outbox`.
#[derive(Clone, Debug)]
pub struct OutboxTable {
    patience: Patience,
    hints: Hints,
}

impl OutboxTable {
    /// The outbox of senders with this patience. Those in this process are told of what happens.
    pub const fn new(patience: Patience, hints: Hints) -> Self {
        Self { patience, hints }
    }
}

/// Sends live in conversations, and with the comments that they answer.
pub(crate) fn homes(pages: Pages) -> Filter {
    Filter { kinds: vec![Kind::Conversation, Kind::Comment], pages, partitions: Vec::new() }
}

#[async_trait]
impl Projection for OutboxTable {
    fn derived(&self) -> Derived {
        Derived::Outbox
    }

    fn filter(&self) -> Filter {
        homes(Pages::All)
    }

    async fn apply(&self, to: &mut Transaction, _incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        let stream = &stored.record.stream;
        // A request and its judgement stand in one record, and so become one row at once.
        let mut begun: Vec<Waiting> = Vec::new();
        let mut has_news = false;
        for told in stored.record.events.iter().filter_map(|event| told(stream, event, self.patience)) {
            has_news = true;
            match told {
                Told::Of(send, word) => take_in(to, &mut begun, stored, send, word).await?,
                Told::Stirred => outbox::stir(to, stream, stored.record.recorded_at).await?,
                Told::Echoed(send) => {
                    // Its home is another stream, where whoever looks at it finds the echo here.
                    let change = Change { not_before: Some(stored.record.recorded_at), ..Change::default() };
                    outbox::change(to, send, change).await?;
                    self.hints.tell_if_open(send.page(), Hint::Happened(send.stream()));
                }
                Told::Erased => {
                    begun.clear();
                    outbox::remove_stream(to, stream).await?;
                }
            }
        }
        for waiting in &begun {
            outbox::put(to, waiting).await?;
        }
        if let Some(page) = stream.page().filter(|_| has_news) {
            self.tell(page, stream, begun);
        }
        Ok(())
    }
}

impl OutboxTable {
    /// What is told before it is committed, or never is, costs a look at the log.
    fn tell(&self, page: &PageId, stream: &StreamId, begun: Vec<Waiting>) {
        self.hints.tell_if_open(page, Hint::Happened(stream.clone()));
        begun.into_iter().for_each(|row| self.hints.tell_if_open(page, Hint::Waits(row)));
    }
}

async fn take_in(
    to: &mut Transaction,
    begun: &mut Vec<Waiting>,
    stored: &Stored,
    send: &SendId,
    word: Word<'_>,
) -> Result<(), SqlError> {
    let change = match word {
        Word::Requested { intent, handling, at } => {
            begun.push(Waiting {
                send: send.clone(),
                page: send.page().clone(),
                class: Class::of(&intent.actor),
                deadline: handling.expires_at.unwrap_or(NEVER),
                not_before: handling.not_before.unwrap_or(at),
                is_held: false,
                stream: stored.record.stream.clone(),
                position: stored.position,
            });
            return Ok(());
        }
        Word::Ended => {
            begun.retain(|waiting| waiting.send != *send);
            return outbox::remove(to, send).await;
        }
        Word::Allowed { until } => Change { deadline: until, ..Change::default() },
        Word::Held { look_at } => Change { not_before: Some(look_at.unwrap_or(NEVER)), is_held: true, deadline: None },
        Word::Claimed { until, overdue } => Change { deadline: until, not_before: Some(overdue), is_held: false },
        Word::Postponed { not_before } => Change { not_before: Some(not_before), ..Change::default() },
        Word::Unknown { given_up } => Change { not_before: Some(given_up), ..Change::default() },
    };
    match begun.iter_mut().find(|waiting| waiting.send == *send) {
        Some(waiting) => {
            waiting.is_held = change.is_held;
            waiting.deadline = change.deadline.map_or(waiting.deadline, |until| until.min(waiting.deadline));
            waiting.not_before = change.not_before.unwrap_or(waiting.not_before);
            Ok(())
        }
        None => outbox::change(to, send, change).await,
    }
}
