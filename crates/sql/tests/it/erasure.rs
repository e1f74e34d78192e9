//! What was erased stays erased, also against a writer who looked before.

use crate::sandbox::{LOG, Sandbox, on_both, record, stream};
use sql::erasure::{self, Tombstone};
use sql::history::{self, Kept, NewEntry};
use sql::snapshots::{self, Snapshot};
use sql::{Database, Derived, SqlError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

on_both!(
    nothing_at_or_below_a_tombstone_is_kept_or_written_again,
    another_stream_and_another_incarnation_are_left_alone,
    a_tombstone_only_moves_up,
    tombstones_outlive_what_is_derived,
    a_writer_who_looked_before_the_erasure_leaves_nothing_behind,
);

async fn keep(database: &Database, number: u8, position: u64) -> Result<Kept, SqlError> {
    let stream = stream(number);
    let entry = NewEntry { stream: &stream, position, shard: 0, record: record(position), body: b"a secret word" };
    let mut transaction = database.begin().await?;
    let kept = history::insert(&mut transaction, LOG, entry).await?;
    transaction.commit().await?;
    Ok(kept)
}

async fn snap(sandbox: &Sandbox, number: u8, position: u64) -> bool {
    let snapshot = Snapshot { position, reducer: 1, state: b"a secret state".to_vec() };
    sandbox.store(async |it| snapshots::write(it, LOG, &stream(number), &snapshot).await).await.unwrap()
}

async fn bury(database: &Database, number: u8, position: u64) {
    erasure::bury(database, Tombstone { stream: &stream(number), incarnation: LOG, position }).await.unwrap();
}

async fn kept(database: &Database, number: u8) -> Vec<u64> {
    let entries = history::read(database, LOG, &stream(number), 0).await.unwrap();
    entries.iter().map(|entry| entry.position).collect()
}

async fn nothing_at_or_below_a_tombstone_is_kept_or_written_again(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    for position in [3, 10, 11] {
        assert_eq!(keep(&sandbox.database, 1, position).await.unwrap(), Kept::Stored);
    }
    assert!(snap(&sandbox, 1, 10).await);
    for _ in 0..2 {
        bury(&sandbox.database, 1, 10).await;
        assert_eq!(kept(&sandbox.database, 1).await, [11]);
        assert_eq!(snapshots::read(&sandbox.database, LOG, &stream(1), 1).await.unwrap(), None);
    }
    assert_eq!(keep(&sandbox.database, 1, 10).await.unwrap(), Kept::Erased);
    assert_eq!(keep(&sandbox.database, 1, 12).await.unwrap(), Kept::Stored);
    assert!(!snap(&sandbox, 1, 10).await);
    assert!(snap(&sandbox, 1, 12).await);
}

async fn another_stream_and_another_incarnation_are_left_alone(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    keep(&sandbox.database, 2, 5).await.unwrap();
    let stream = stream(1);
    let entry = NewEntry { stream: &stream, position: 5, shard: 0, record: record(5), body: b"body" };
    sandbox.store(async |it| history::insert(it, "restored", entry).await).await.unwrap();
    bury(&sandbox.database, 1, 10).await;
    assert_eq!(kept(&sandbox.database, 2).await, [5]);
    assert_eq!(history::read(&sandbox.database, "restored", &stream, 0).await.unwrap().len(), 1);
}

async fn a_tombstone_only_moves_up(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert_eq!(erasure::tombstone(&sandbox.database, &stream(1), LOG).await.unwrap(), None);
    for (position, stands) in [(10, 10), (7, 10), (12, 12)] {
        bury(&sandbox.database, 1, position).await;
        assert_eq!(erasure::tombstone(&sandbox.database, &stream(1), LOG).await.unwrap(), Some(stands));
    }
}

async fn tombstones_outlive_what_is_derived(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    bury(&sandbox.database, 1, 10).await;
    for derived in Derived::ALL {
        sandbox.database.drop_derived(derived).await.unwrap();
    }
    assert_eq!(keep(&sandbox.database, 1, 10).await.unwrap(), Kept::Erased);
}

async fn a_writer_who_looked_before_the_erasure_leaves_nothing_behind(sandbox: Sandbox) {
    const ROUNDS: u64 = 40;
    let sandbox = sandbox.migrated().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for number in 1..=3 {
        let (database, is_over) = (sandbox.another().await, Arc::clone(&is_over));
        writers.spawn(async move {
            let mut position = u64::from(number);
            while !is_over.load(Ordering::Relaxed) {
                keep(&database, number, position).await.unwrap();
                // Over and over the same places, in steps that keep the writers out of each other's.
                position = (position + 3) % 300;
            }
        });
    }
    for round in 1..=ROUNDS {
        let number = u8::try_from(1 + round % 3).unwrap();
        let to = round * 300 / ROUNDS;
        bury(&sandbox.database, number, to).await;
        let left: Vec<_> = kept(&sandbox.database, number).await;
        assert!(left.iter().all(|position| *position > to), "{left:?} at {to}");
    }
    is_over.store(true, Ordering::Relaxed);
    writers.join_all().await;
    for (number, round) in [(1, ROUNDS - 1), (2, ROUNDS), (3, ROUNDS - 2)] {
        let to = round * 300 / ROUNDS;
        let left = kept(&sandbox.database, number).await;
        assert!(left.iter().all(|position| *position > to), "{left:?} at {to}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_what_was_erased_is_left_in_the_files() {
    let sandbox = Sandbox::sqlite().await.migrated().await;
    keep(&sandbox.database, 1, 10).await.unwrap();
    assert!(snap(&sandbox, 1, 10).await);
    let folder = sandbox.folder.as_ref().unwrap().path().to_owned();
    let holds = |word: &[u8]| {
        let files = std::fs::read_dir(&folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word))
    };
    assert!(holds(b"a secret word") && holds(b"a secret state"));
    bury(&sandbox.database, 1, 10).await;
    assert!(!holds(b"a secret"));
}
