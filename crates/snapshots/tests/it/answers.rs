//! The same answers with snapshots of every sort, and fewer records read for them.

use crate::sandbox::{DEADLINE, Process, Sandbox, on_both, stream};
use domain::conversation::REDUCER;
use domain::id::StreamId;
use sql::Derived;
use sql::snapshots::Snapshot;
use std::sync::atomic::Ordering;
use testkit::eventually;

on_both!(
    invariant_09_full_stale_absent_and_corrupt_snapshots_give_the_same_state,
    only_the_tail_and_the_record_before_it_are_read_behind_a_snapshot,
    a_state_of_another_reducer_is_not_read_and_an_older_one_is_replaced,
    a_short_conversation_leaves_no_snapshot,
    where_the_end_of_a_stream_is_quickly_read_a_short_one_asks_for_no_snapshot,
);

/// What a new process answers is what the log says. Answers it, and how many records it read.
async fn check(sandbox: &Sandbox, stream: &StreamId) -> (Process, usize) {
    let process = sandbox.process();
    let (loaded, n_read) = process.load(stream).await;
    assert_eq!(*loaded.state, sandbox.log.fold(stream).await);
    (process, n_read)
}

async fn invariant_09_full_stale_absent_and_corrupt_snapshots_give_the_same_state(sandbox: Sandbox) {
    let stream = stream(1);
    let first = sandbox.log.grow(&stream, 60).await;
    check(&sandbox, &stream).await;
    let stale = sandbox.row_at(&stream, first).await;
    check(&sandbox, &stream).await;

    let last = sandbox.log.grow(&stream, 60).await;
    assert_eq!(check(&sandbox, &stream).await.1, 61);
    let full = sandbox.row_at(&stream, last).await;
    assert_eq!(check(&sandbox, &stream).await.1, 1);

    sandbox.database.drop_derived(Derived::Snapshots).await.unwrap();
    assert_eq!(check(&sandbox, &stream).await.1, 120);

    let mut corrupt = full.clone();
    corrupt.state[100] ^= 1;
    let moved = Snapshot { position: first, ..full.clone() };
    let emptied = Snapshot { state: Vec::new(), ..full.clone() };
    for unreadable in [corrupt, moved, emptied] {
        sandbox.replace(&stream, &unreadable).await;
        let (process, n_read) = check(&sandbox, &stream).await;
        assert_eq!(n_read, 120);
        assert_eq!(process.counted("nuncio_snapshot_reads_total", r#"found="unreadable""#), 1);
        // A good one takes its place, though it is no later.
        eventually(DEADLINE, async || sandbox.row(&stream).await.filter(|row| *row == full)).await;
        assert_eq!(check(&sandbox, &stream).await.1, 1);
    }
    sandbox.replace(&stream, &stale).await;
    assert_eq!(check(&sandbox, &stream).await.1, 61);
}

async fn only_the_tail_and_the_record_before_it_are_read_behind_a_snapshot(sandbox: Sandbox) {
    let stream = stream(1);
    let last = sandbox.log.grow(&stream, 500).await;
    let (first, n_read) = check(&sandbox, &stream).await;
    assert_eq!(n_read, 500);
    sandbox.row_at(&stream, last).await;
    assert_eq!(check(&sandbox, &stream).await.1, 1);
    let before = sandbox.log.grow(&stream, 49).await;
    assert_eq!(check(&sandbox, &stream).await.1, 50);
    // What is in memory needs no snapshot.
    let (loaded, n_read) = first.load(&stream).await;
    assert_eq!((loaded.revision, n_read), (before, 49));
    assert_eq!(sandbox.row(&stream).await.unwrap().position, last);
    let fiftieth = sandbox.log.grow(&stream, 1).await;
    assert_eq!(first.load(&stream).await.1, 1);
    sandbox.row_at(&stream, fiftieth).await;
}

async fn a_state_of_another_reducer_is_not_read_and_an_older_one_is_replaced(sandbox: Sandbox) {
    let stream = stream(1);
    let last = sandbox.log.grow(&stream, 60).await;
    check(&sandbox, &stream).await;
    let row = sandbox.row_at(&stream, last).await;

    sandbox.replace(&stream, &Snapshot { reducer: REDUCER - 1, ..row.clone() }).await;
    assert_eq!(check(&sandbox, &stream).await.1, 60);
    assert_eq!(sandbox.row_at(&stream, last).await, row);

    // A newer process runs beside us: its snapshots stay, and we fold from the log.
    sandbox.replace(&stream, &Snapshot { reducer: REDUCER + 1, position: 1, ..row }).await;
    let (process, n_read) = check(&sandbox, &stream).await;
    assert_eq!(n_read, 60);
    eventually(DEADLINE, async || {
        (process.counted("nuncio_snapshot_writes_total", r#"outcome="left_out""#) == 1).then_some(())
    })
    .await;
    assert_eq!(sandbox.row(&stream).await, None);
}

async fn a_short_conversation_leaves_no_snapshot(sandbox: Sandbox) {
    let (short, long) = (stream(1), stream(2));
    sandbox.log.grow(&short, 49).await;
    let last = sandbox.log.grow(&long, 50).await;
    let process = sandbox.process();
    for stream in [&short, &long] {
        process.load(stream).await;
    }
    sandbox.row_at(&long, last).await;
    assert_eq!(sandbox.row(&short).await, None);
}

async fn where_the_end_of_a_stream_is_quickly_read_a_short_one_asks_for_no_snapshot(sandbox: Sandbox) {
    let stream = stream(1);
    sandbox.log.reads_ends.store(true, Ordering::SeqCst);
    let n_asked = |process: &Process| process.counted("nuncio_snapshot_reads_total", "");
    sandbox.log.grow(&stream, 49).await;
    let (process, n_read) = check(&sandbox, &stream).await;
    assert_eq!((n_read, n_asked(&process)), (49, 0));

    // All of a longer one is read once, and its snapshot then lies within what is read of its end.
    let last = sandbox.log.grow(&stream, 60).await;
    let (process, n_read) = check(&sandbox, &stream).await;
    assert_eq!((n_read, n_asked(&process)), (50 + 109, 1));
    sandbox.row_at(&stream, last).await;
    let (process, n_read) = check(&sandbox, &stream).await;
    assert_eq!((n_read, n_asked(&process)), (50, 1));

    // Or before it.
    sandbox.log.grow(&stream, 49).await;
    assert_eq!(check(&sandbox, &stream).await.1, 50);
    sandbox.log.grow(&stream, 1).await;
    assert_eq!(check(&sandbox, &stream).await.1, 50 + 51);
}
