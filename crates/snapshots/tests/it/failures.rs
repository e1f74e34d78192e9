//! A database that does not answer costs time at the most, never an answer.

use crate::sandbox::{DEADLINE, Sandbox, stream};
use domain::conversation::REDUCER;
use domain::id::RecordId;
use event_log::{Conversations, EventLog, Snapshot, Snapshots};
use service_kit::Metrics;
use snapshots::SqlSnapshots;
use std::sync::Arc;
use testkit::{Postgres, eventually};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_changes_no_answer_and_is_counted() {
    let mut server = Postgres::start();
    let sandbox = Sandbox::on(&server.database(), tempfile::tempdir().unwrap()).await;
    let stream = stream(1);
    let last = sandbox.log.grow(&stream, 60).await;
    let process = sandbox.process();
    server.kill();
    let (loaded, n_read) = process.load(&stream).await;
    assert_eq!((loaded.revision, n_read), (last, 60));
    assert_eq!(*loaded.state, sandbox.log.fold(&stream).await);
    assert_eq!(process.counted("nuncio_snapshot_reads_total", r#"found="error""#), 1);
    eventually(DEADLINE, async || {
        (process.counted("nuncio_snapshot_writes_total", r#"outcome="failed""#) == 1).then_some(())
    })
    .await;
    server.restart();
    // The writer goes on by itself.
    let last = sandbox.log.grow(&stream, 60).await;
    process.load(&stream).await;
    eventually(DEADLINE, async || {
        let incarnation = sandbox.log.identity().incarnation();
        let row = sql::snapshots::read(&sandbox.database, incarnation, &stream, REDUCER).await;
        row.ok().flatten().filter(|row| row.position == last)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_stuck_blocks_no_load() {
    let sandbox = Sandbox::sqlite().await;
    // SQLite has one writer, and here somebody else is it.
    let writing = sandbox.database.begin().await.unwrap();
    let process = sandbox.process();
    let mut last = 0;
    for number in 0..=255 {
        last = sandbox.log.grow(&stream(number), 50).await;
        let (loaded, n_read) = process.load(&stream(number)).await;
        assert_eq!((loaded.revision, n_read), (last, 50));
    }
    drop(writing);
    sandbox.row_at(&stream(255), last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_crowded_out_is_offered_again() {
    let sandbox = Sandbox::sqlite().await;
    let metrics = Metrics::new("nuncio", "0.0.0");
    let incarnation = sandbox.log.identity().incarnation();
    let (snapshots, writer) = SqlSnapshots::new(sandbox.database.clone(), incarnation, &metrics);
    let snapshots = Arc::new(snapshots);
    let conversations = Conversations::new(sandbox.log.clone()).with_snapshots(snapshots.clone());
    let any = Snapshot { state: Arc::default(), revision: 1, last: RecordId::new(Uuid::from_u128(1)) };
    let n_taken = (0..1_000).take_while(|_| snapshots.keep(&stream(1), any.clone())).count();
    assert_eq!(n_taken, 256);

    let stream = stream(2);
    sandbox.log.grow(&stream, 50).await;
    conversations.load(&stream).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(writer.run(CancellationToken::new()));
    // It is empty again when the last of them is stored.
    sandbox.row_at(&crate::sandbox::stream(1), 1).await;
    eventually(DEADLINE, async || {
        sandbox.log.grow(&stream, 1).await;
        conversations.load(&stream).await.unwrap();
        sandbox.row(&stream).await
    })
    .await;
}
