//! Snapshots go forward only.

use crate::sandbox::{LOG, Sandbox, on_both, stream};
use sql::Derived;
use sql::snapshots::{self, Snapshot};

on_both!(
    a_later_snapshot_replaces_an_earlier_one_and_not_the_other_way,
    another_version_of_the_fold_is_not_read_and_cannot_be_undone_by_an_older_one,
    a_snapshot_of_another_incarnation_is_not_read,
    dropped_snapshots_are_gone,
);

fn snapshot(position: u64, reducer: u32) -> Snapshot {
    Snapshot { position, reducer, state: format!("state at {position}").into_bytes() }
}

async fn write(sandbox: &Sandbox, snapshot: &Snapshot) -> bool {
    sandbox.store(async |it| snapshots::write(it, LOG, &stream(1), snapshot).await).await.unwrap()
}

async fn read(sandbox: &Sandbox, reducer: u32) -> Option<Snapshot> {
    snapshots::read(&sandbox.database, LOG, &stream(1), reducer).await.unwrap()
}

async fn a_later_snapshot_replaces_an_earlier_one_and_not_the_other_way(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert_eq!(read(&sandbox, 1).await, None);
    for (position, is_kept) in [(5, true), (4, false), (5, false), (9, true), (8, false)] {
        assert_eq!(write(&sandbox, &snapshot(position, 1)).await, is_kept, "{position}");
    }
    assert_eq!(read(&sandbox, 1).await, Some(snapshot(9, 1)));
    assert_eq!(snapshots::read(&sandbox.database, LOG, &stream(2), 1).await.unwrap(), None);
}

async fn another_version_of_the_fold_is_not_read_and_cannot_be_undone_by_an_older_one(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert!(write(&sandbox, &snapshot(9, 1)).await);
    assert_eq!(read(&sandbox, 2).await, None);
    assert!(write(&sandbox, &snapshot(5, 2)).await);
    assert!(!write(&sandbox, &snapshot(12, 1)).await);
    assert_eq!((read(&sandbox, 1).await, read(&sandbox, 2).await), (None, Some(snapshot(5, 2))));
}

async fn a_snapshot_of_another_incarnation_is_not_read(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert!(write(&sandbox, &snapshot(9, 1)).await);
    assert_eq!(snapshots::read(&sandbox.database, "restored", &stream(1), 1).await.unwrap(), None);
}

async fn dropped_snapshots_are_gone(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert!(write(&sandbox, &snapshot(9, 1)).await);
    sandbox.store(async |it| snapshots::delete(it, LOG, &stream(1)).await).await.unwrap();
    assert_eq!(read(&sandbox, 1).await, None);
    assert!(write(&sandbox, &snapshot(3, 1)).await);
    sandbox.database.drop_derived(Derived::Snapshots).await.unwrap();
    assert_eq!(read(&sandbox, 1).await, None);
}
