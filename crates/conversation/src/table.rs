//! The history table: every record once more, where one stream is read in a fraction of the time.

use async_trait::async_trait;
use event_log::{Filter, Stored};
use projection::Projection;
use sql::history::{self, NewEntry};
use sql::{Derived, SqlError, Transaction};

/// Keeps every record, as the bytes that stand in the log. What was erased is passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryTable;

#[async_trait]
impl Projection for HistoryTable {
    fn derived(&self) -> Derived {
        Derived::History
    }

    fn filter(&self) -> Filter {
        Filter::default()
    }

    async fn apply(&self, to: &mut Transaction, incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        let Stored { shard, position, record, bytes } = stored;
        let (shard, position) = (*shard, *position);
        let entry = NewEntry { stream: &record.stream, position, shard, record: record.id, body: bytes };
        history::insert(to, incarnation, entry).await.map(drop)
    }
}
