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
        history::insert(to, incarnation, entry(stored)).await.map(drop)
    }

    async fn apply_all(&self, to: &mut Transaction, incarnation: &str, records: &[Stored]) -> Result<(), SqlError> {
        let entries: Vec<_> = records.iter().map(entry).collect();
        history::insert_all(to, incarnation, &entries).await
    }
}

fn entry(stored: &Stored) -> NewEntry<'_> {
    let Stored { shard, position, record, bytes } = stored;
    NewEntry { stream: &record.stream, position: *position, shard: *shard, record: record.id, body: bytes }
}
