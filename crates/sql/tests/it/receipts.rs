//! What was erased is noted once, and found by whoever reads on.

use crate::sandbox::{Sandbox, at, on_both, stream};
use domain::time::Timestamp;
use sql::receipts::{self, Erased, Receipt};
use sql::{Database, Derived};
use tokio::task::JoinSet;

on_both!(
    a_receipt_is_what_was_noted_last,
    another_log_has_receipts_of_its_own,
    whoever_reads_on_misses_none_of_those_who_write_at_once,
);

const LOG: &str = "lineage";

async fn note(database: &Database, number: u8, until: i64, completed_at: Option<i64>) {
    let stream = stream(number);
    let erased =
        Erased { log: LOG, stream: &stream, until: at(until), completed_at: completed_at.map(Timestamp::from_millis) };
    receipts::note(database, erased).await.unwrap();
}

fn receipt(number: u8, until: i64, completed_at: Option<i64>, sequence: u64) -> Receipt {
    Receipt { stream: stream(number), until: at(until), completed_at: completed_at.map(at), sequence }
}

async fn a_receipt_is_what_was_noted_last(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let database = &sandbox.database;
    let all = async || receipts::after(database, LOG, 0, 10).await.unwrap();
    note(database, 1, 500, None).await;
    note(database, 2, 600, None).await;
    assert_eq!(all().await, [receipt(1, 500, None, 1), receipt(2, 600, None, 2)]);
    note(database, 1, 500, Some(550)).await;
    let completed = [receipt(2, 600, None, 2), receipt(1, 500, Some(550), 3)];
    assert_eq!(all().await, completed);
    // Read again from the log, nothing of it is new.
    for completed_at in [None, Some(550), Some(560)] {
        note(database, 1, 500, completed_at).await;
        note(database, 1, 400, completed_at).await;
    }
    assert_eq!(all().await, completed);
    note(database, 1, 700, None).await;
    assert_eq!(all().await, [receipt(2, 600, None, 2), receipt(1, 700, None, 4)]);
    assert_eq!(receipts::after(database, LOG, 2, 1).await.unwrap(), [receipt(1, 700, None, 4)]);
    // They are in no derived table.
    for derived in Derived::ALL {
        database.drop_derived(derived).await.unwrap();
    }
    assert_eq!(all().await.len(), 2);
}

async fn another_log_has_receipts_of_its_own(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    note(&sandbox.database, 1, 500, None).await;
    assert_eq!(receipts::after(&sandbox.database, "another", 0, 10).await.unwrap(), []);
}

async fn whoever_reads_on_misses_none_of_those_who_write_at_once(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let database = sandbox.database.clone();
        writers.spawn(async move {
            for nth in 0..10 {
                note(&database, writer * 10 + nth, 500, None).await;
            }
        });
    }
    let mut seen = Vec::new();
    while seen.len() < 40 {
        let last = seen.last().map_or(0, |receipt: &Receipt| receipt.sequence);
        seen.extend(receipts::after(&sandbox.database, LOG, last, 3).await.unwrap());
    }
    writers.join_all().await;
    let sequences: Vec<_> = seen.iter().map(|receipt| receipt.sequence).collect();
    assert_eq!(sequences, (1..=40).collect::<Vec<_>>());
}
