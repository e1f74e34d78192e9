//! A log that lost its end has another past than its snapshots, also while nobody has said so yet.

use crate::sandbox::{CountingLog, Process, Sandbox, on_both, stream};
use event_log::EventLog;
use event_log::sqlite::{Config, SqliteLog};
use std::sync::Arc;

on_both!(
    a_snapshot_ahead_of_a_log_that_lost_its_end_is_not_trusted,
    a_snapshot_of_an_incarnation_that_ended_is_not_read,
);

async fn a_snapshot_ahead_of_a_log_that_lost_its_end_is_not_trusted(sandbox: Sandbox) {
    let stream = stream(1);
    sandbox.log.grow(&stream, 60).await;
    let backup = sandbox.folder.path().join("backup.sqlite");
    for end in ["", "-wal"] {
        let file = sandbox.folder.path().join(format!("log.sqlite{end}"));
        std::fs::copy(file, format!("{}{end}", backup.display())).unwrap();
    }
    let lost = sandbox.log.grow(&stream, 60).await;
    let process = sandbox.process();
    process.load(&stream).await;
    let row = sandbox.row_at(&stream, lost).await;

    let restored = Arc::new(CountingLog::open(&backup));
    assert_eq!(restored.identity().incarnation(), sandbox.log.identity().incarnation());
    let (loaded, _) = Process::on(Arc::clone(&restored), &sandbox.database, &sandbox.writers).load(&stream).await;
    assert_eq!(loaded.revision, lost - 60);
    assert_eq!(*loaded.state, restored.fold(&stream).await);

    // Others were appended since, at the same positions.
    assert_eq!(restored.grow(&stream, 60).await, lost);
    sandbox.replace(&stream, &row).await;
    let process = Process::on(Arc::clone(&restored), &sandbox.database, &sandbox.writers);
    assert_eq!(*process.load(&stream).await.0.state, restored.fold(&stream).await);
}

async fn a_snapshot_of_an_incarnation_that_ended_is_not_read(sandbox: Sandbox) {
    let stream = stream(1);
    let last = sandbox.log.grow(&stream, 60).await;
    let process = sandbox.process();
    process.load(&stream).await;
    sandbox.row_at(&stream, last).await;
    let Sandbox { log, database, folder, writers } = sandbox;
    drop(process);
    drop(log);
    let file = folder.path().join("log.sqlite");
    SqliteLog::open(&file, Config::default()).unwrap().begin_incarnation().await.unwrap();
    let process = Process::on(Arc::new(CountingLog::open(&file)), &database, &writers);
    assert_eq!(process.load(&stream).await.1, 60);
}
