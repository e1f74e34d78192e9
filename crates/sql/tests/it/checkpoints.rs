//! Exactly once: the effect and its count are one.

use crate::sandbox::{LOG, Sandbox, at, on_both, stream};
use sql::due::{self, Due};
use sql::{Advance, Database, Derived, Reached, SqlError, Transaction};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

on_both!(
    a_checkpoint_moves_on_from_where_it_was_and_from_nowhere_else,
    the_effect_and_its_checkpoint_are_stored_together,
    every_record_has_its_effect_once_whoever_reads_it_how_often,
    a_table_dropped_while_it_is_filled_is_filled_anew,
);

fn step(shard: u16, from: u64, to: u64) -> Advance<'static> {
    Advance { name: Derived::Due.name(), incarnation: LOG, shard, from, to }
}

fn reached(positions: &[(u16, u64)]) -> Option<Reached> {
    Some(Reached { incarnation: LOG.to_owned(), positions: positions.iter().copied().collect() })
}

async fn a_checkpoint_moves_on_from_where_it_was_and_from_nowhere_else(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert_eq!(sandbox.database.reached("due").await.unwrap(), None);
    for (shard, from, to) in [(0, 0, 0), (0, 0, 5), (3, 0, 9), (0, 5, 7)] {
        sandbox.store(async |it| it.advance(step(shard, from, to)).await).await.unwrap();
    }
    for (shard, from, to) in [(0, 0, 8), (0, 5, 8), (0, 8, 9), (1, 4, 5)] {
        let refused = sandbox.store(async |it| it.advance(step(shard, from, to)).await).await;
        assert!(matches!(refused, Err(SqlError::Superseded { .. })), "{shard}: {from} to {to}");
    }
    let other_log = Advance { incarnation: "another", ..step(0, 7, 8) };
    let refused = sandbox.store(async |it| it.advance(other_log).await).await;
    assert!(matches!(refused, Err(SqlError::Superseded { .. })));
    assert_eq!(sandbox.database.reached("due").await.unwrap(), reached(&[(0, 7), (3, 9)]));
}

async fn the_effect_and_its_checkpoint_are_stored_together(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let mut dropped = sandbox.database.begin().await.unwrap();
    count(&mut dropped, 0).await.unwrap();
    dropped.advance(step(0, 0, 1)).await.unwrap();
    drop(dropped);
    let refused = sandbox.store(async |it| {
        count(it, 0).await?;
        it.advance(step(0, 6, 7)).await
    });
    assert!(matches!(refused.await, Err(SqlError::Superseded { .. })));
    assert_eq!(sandbox.database.reached("due").await.unwrap(), None);
    assert_eq!(counted(&sandbox.database).await, BTreeMap::new());
}

/// An effect that is not idempotent by itself: every time adds a row for the record.
async fn count(to: &mut Transaction, record: u64) -> Result<(), SqlError> {
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let name = format!("{record}/{}", TIMES.fetch_add(1, Ordering::Relaxed));
    due::put(to, &Due { kind: "count".to_owned(), stream: stream(1), name, at: at(0) }).await
}

/// How often each record had its effect.
async fn counted(database: &Database) -> BTreeMap<u64, usize> {
    let mut counted = BTreeMap::new();
    for row in due::ready(database, "count", at(0), 100_000).await.unwrap() {
        let (record, _) = row.name.split_once('/').unwrap();
        *counted.entry(record.parse().unwrap()).or_insert(0) += 1;
    }
    counted
}

/// A log of so many records, in one shard.
const RECORDS: u64 = 60;

fn each_once() -> BTreeMap<u64, usize> {
    (1..=RECORDS).map(|record| (record, 1)).collect()
}

/// Follows the log in batches until its end. Every third transaction is lost before it is committed.
async fn follow(database: Database, seed: u64) {
    let mut turn = seed;
    loop {
        turn += 1;
        let from = database.reached("due").await.unwrap().map_or(0, |reached| reached.positions[&0]);
        if from == RECORDS {
            return;
        }
        let to = (from + 1 + turn % 4).min(RECORDS);
        let Some(transaction) = passing(batch(&database, from, to).await) else { continue };
        if turn.is_multiple_of(3) {
            drop(transaction);
        } else {
            transaction.commit().await.unwrap();
        }
    }
}

async fn batch(database: &Database, from: u64, to: u64) -> Result<Transaction, SqlError> {
    let mut transaction = database.begin().await?;
    for record in from + 1..=to {
        count(&mut transaction, record).await?;
    }
    transaction.advance(step(0, from, to)).await?;
    Ok(transaction)
}

/// Somebody else may be first; everything else is a defect.
fn passing<T>(outcome: Result<T, SqlError>) -> Option<T> {
    match outcome {
        Ok(it) => Some(it),
        Err(SqlError::Superseded { .. }) => None,
        Err(error) => panic!("{error:?}"),
    }
}

async fn every_record_has_its_effect_once_whoever_reads_it_how_often(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let mut followers = JoinSet::new();
    for seed in 0..4 {
        followers.spawn(follow(sandbox.another().await, seed));
    }
    followers.join_all().await;
    assert_eq!(counted(&sandbox.database).await, each_once());
}

async fn a_table_dropped_while_it_is_filled_is_filled_anew(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let mut behind = sandbox.database.begin().await.unwrap();
    count(&mut behind, 1).await.unwrap();
    behind.advance(step(0, 0, 1)).await.unwrap();
    behind.commit().await.unwrap();

    let mut followers = JoinSet::new();
    followers.spawn(follow(sandbox.another().await, 1));
    sandbox.database.drop_derived(Derived::Due).await.unwrap();
    followers.join_all().await;
    // It may have come to the end before the drop.
    follow(sandbox.database.clone(), 2).await;
    assert_eq!(counted(&sandbox.database).await, each_once());

    sandbox.database.drop_derived(Derived::Due).await.unwrap();
    assert_eq!(
        (counted(&sandbox.database).await, sandbox.database.reached("due").await.unwrap()),
        (BTreeMap::new(), None)
    );
    // Whoever still stands where the table was does not make it look filled.
    let refused = sandbox.store(async |it| it.advance(step(0, RECORDS, RECORDS + 1)).await).await;
    assert!(matches!(refused, Err(SqlError::Superseded { .. })));
}
