//! The sender's tables: the sends that have not ended, and when each is to be looked at next; the echoes that came in
//! another stream than the send that they name; by what every send is found again; and to whom Pages can write.

mod engaged;
mod pending;

use crate::hints::{Hint, Hints, News};
use crate::past::Keeping;
use async_trait::async_trait;
use domain::id::{Kind, PageId};
use domain::send::{Patience, Told, Word, told};
use domain::time::Timestamp;
use engaged::Engaging;
use event_log::{Filter, LogIdentity, Pages, Stored};
use pending::Pending;
use projection::Projection;
use sql::echoes::{self, Elsewhere};
use sql::outbox::{self, Waiting};
use sql::{Derived, SqlError, Transaction};

/// The end of a send that has none, and the moment of one that only an event can free.
pub(crate) const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Keeps the tables `outbox`, `echoes`, `sends` and `engaged`.
#[derive(Clone, Debug)]
pub struct OutboxTable {
    log: LogIdentity,
    patience: Patience,
    hints: Hints,
}

impl OutboxTable {
    /// The outbox of senders with this patience, of this log. Those in this process are told of what happens.
    pub const fn new(log: LogIdentity, patience: Patience, hints: Hints) -> Self {
        Self { log, patience, hints }
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

    async fn apply(&self, to: &mut Transaction, incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        self.apply_all(to, incarnation, std::slice::from_ref(stored)).await
    }

    async fn apply_all(&self, to: &mut Transaction, _incarnation: &str, records: &[Stored]) -> Result<(), SqlError> {
        let told = |stored| told_by(stored, self.patience).any(|told| told == Told::Stirred);
        let stirred: Vec<_> =
            records.iter().filter(|stored| told(stored)).map(|stored| &stored.record.stream).collect();
        let mut pending = Pending::new(outbox::holding(to, &stirred).await?);
        let mut keeping = Keeping::default();
        let mut engaging = Engaging::default();
        for stored in records {
            engaging.take_in(stored);
            keeping.take_in(to, &self.log, stored).await?;
            self.take_in(to, &mut pending, stored).await?;
        }
        keeping.store(to).await?;
        engaging.store(to).await?;
        pending.store(to).await
    }
}

fn told_by(stored: &Stored, patience: Patience) -> impl Iterator<Item = Told<'_>> {
    let stream = &stored.record.stream;
    stored.record.events.iter().filter_map(move |event| told(stream, event, patience))
}

impl OutboxTable {
    async fn take_in<'a>(
        &self,
        to: &mut Transaction,
        pending: &mut Pending<'a>,
        stored: &'a Stored,
    ) -> Result<(), SqlError> {
        let stream = &stored.record.stream;
        let (mut has_news, mut begins) = (false, false);
        for told in told_by(stored, self.patience) {
            has_news = true;
            begins |= !matches!(told, Told::Of(_, Word::Ended));
            match told {
                Told::Of(send, word) => pending.take_in(stored, send, word),
                Told::Stirred => pending.stir(to, stream, stored.record.recorded_at).await?,
                // Whoever sends for the Page settles it at home.
                Told::Echoed(send, mid, at) => {
                    let (send, echoed_in, mid) = (send.clone(), stream.clone(), mid.clone());
                    echoes::put(to, &Elsewhere { send, echoed_in, mid, at }).await?;
                }
                Told::Erased => {
                    pending.erase(to, stream).await?;
                    echoes::remove_stream(to, stream).await?;
                }
            }
        }
        if let Some(page) = stream.page().filter(|_| has_news) {
            let news = News { stream: stream.clone(), position: stored.position, begins };
            self.tell(page, news, pending.begun_by(stored));
        }
        Ok(())
    }

    /// What is told before it is committed, or never is, costs a look at the log.
    fn tell(&self, page: &PageId, news: News, begun: Vec<Waiting>) {
        self.hints.tell_if_open(page, Hint::Happened(news));
        begun.into_iter().for_each(|row| self.hints.tell_if_open(page, Hint::Waits(row)));
    }
}
