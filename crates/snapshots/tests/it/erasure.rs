//! Nothing of an erased person comes back by a snapshot.

use crate::sandbox::{CountingLog, Sandbox, at, on_both, record_of, stream, wrote};
use domain::event::{Erasing, ErasingKind, Event};
use domain::id::StreamId;
use event_log::{EventLog, Expected, Revision};
use sql::erasure::{Tombstone, bury};

on_both!(
    an_erased_persons_snapshot_is_gone_and_is_not_written_again,
    a_snapshot_from_before_a_tombstone_brings_nothing_back,
    a_snapshot_that_ends_with_a_record_erased_since_is_not_trusted,
);

async fn entomb(log: &CountingLog, stream: &StreamId) -> Revision {
    let tombstone = Event::Erasing(Erasing { at: at(9_000), kind: ErasingKind::Begun { until: at(9_000) } });
    log.append(&record_of(stream, vec![tombstone]), Expected::Any).await.unwrap().revision
}

async fn an_erased_persons_snapshot_is_gone_and_is_not_written_again(sandbox: Sandbox) {
    let stream = stream(1);
    let last = sandbox.log.grow(&stream, 60).await;
    let process = sandbox.process();
    process.load(&stream).await;
    let row = sandbox.row_at(&stream, last).await;
    let position = entomb(&sandbox.log, &stream).await;
    let incarnation = sandbox.log.identity().incarnation();
    bury(&sandbox.database, Tombstone { stream: &stream, incarnation, position }).await.unwrap();
    assert_eq!(sandbox.row(&stream).await, None);

    // Somebody was about to write what was before it.
    let mut transaction = sandbox.database.begin().await.unwrap();
    assert!(!sql::snapshots::write(&mut transaction, incarnation, &stream, &row).await.unwrap());
    drop(transaction);

    sandbox.log.append(&record_of(&stream, vec![wrote(at(9_500))]), Expected::Any).await.unwrap();
    let last = sandbox.log.grow(&stream, 60).await;
    process.load(&stream).await;
    let behind = sandbox.row_at(&stream, last).await;
    assert!(behind.position > position);
    let (loaded, _) = sandbox.process().load(&stream).await;
    assert_eq!(*loaded.state, sandbox.log.fold(&stream).await);
}

async fn a_snapshot_from_before_a_tombstone_brings_nothing_back(sandbox: Sandbox) {
    let stream = stream(1);
    let last = sandbox.log.grow(&stream, 60).await;
    sandbox.process().load(&stream).await;
    sandbox.row_at(&stream, last).await;
    entomb(&sandbox.log, &stream).await;
    // Not buried, and the records before the tombstone are still there.
    let (loaded, n_read) = sandbox.process().load(&stream).await;
    assert_eq!(n_read, 2);
    assert!(loaded.state.is_suppressed());
    assert_eq!((loaded.state.person(), loaded.state.sends().count()), (None, 0));
    // Nor when they are gone.
    let positions: Vec<_> = (1..=last).collect();
    sandbox.log.erase(&stream, &positions).await.unwrap();
    let (again, _) = sandbox.process().load(&stream).await;
    assert_eq!(again.state, loaded.state);
    assert_eq!(*again.state, sandbox.log.fold(&stream).await);
}

async fn a_snapshot_that_ends_with_a_record_erased_since_is_not_trusted(sandbox: Sandbox) {
    let stream = stream(1);
    entomb(&sandbox.log, &stream).await;
    sandbox.log.append(&record_of(&stream, vec![wrote(at(9_500))]), Expected::Any).await.unwrap();
    let last = sandbox.log.grow(&stream, 60).await;
    // A fact from before the tombstone comes late, is folded, and is removed.
    let late = sandbox.log.append(&record_of(&stream, vec![wrote(at(0))]), Expected::Any).await.unwrap().revision;
    let process = sandbox.process();
    process.load(&stream).await;
    sandbox.row_at(&stream, late).await;
    sandbox.log.erase(&stream, &[late]).await.unwrap();

    let (loaded, _) = sandbox.process().load(&stream).await;
    assert_eq!(loaded.revision, last);
    assert_eq!(*loaded.state, sandbox.log.fold(&stream).await);
    // Whoever has it in memory learns of it by the conflict, and then folds from the log alone.
    assert_eq!(process.load(&stream).await.0.revision, late);
    process.conversations.correct(&stream, last);
    assert_eq!(process.load(&stream).await.0.revision, last);
}
