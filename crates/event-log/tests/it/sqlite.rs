//! The embedded adapter passes every case.

use crate::samples::{conversation, record};
use crate::suite::{add, follow_all, next_record};
use event_log::sqlite::{Config, SqliteLog};
use event_log::{EventLog, Expected, LogError};

pub(crate) struct Made {
    pub(crate) log: SqliteLog,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) async fn make() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(&folder.path().join("log.sqlite"), Config::default()).unwrap();
    Made { log, folder }
}

with_every_case!(test_each!(make:));

#[tokio::test]
async fn a_log_that_begins_another_incarnation_keeps_its_records_and_refuses_old_checkpoints() {
    let made = make().await;
    let again = async || SqliteLog::open(&made.folder.path().join("log.sqlite"), Config::default()).unwrap();
    crate::suite::incarnation::another_incarnation(made.log, SqliteLog::begin_incarnation, again).await;
}

#[tokio::test]
async fn a_file_that_contradicts_itself_is_told_of() {
    let Made { log, folder } = make().await;
    add(&log, &conversation(1), "x").await;
    assert_eq!(log.inspect().await.unwrap(), [""; 0]);
    drop(log);
    let path = folder.path().join("log.sqlite");
    let (mut bytes, name) = (std::fs::read(&path).unwrap(), conversation(1).to_string());
    // The index's page is the last that names it.
    let at = bytes.windows(name.len()).rposition(|window| window == name.as_bytes()).unwrap();
    bytes[at + name.len() - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let words = SqliteLog::open_to_read(&path).unwrap().inspect().await.unwrap();
    assert!(words.iter().any(|words| words.contains("index records_by_stream")), "{words:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_text_is_in_no_file_of_the_log() {
    let made = make().await;
    crate::suite::erase::an_erased_text_is_in_no_file_of_the_log(&made.log, made.folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_ends_at_a_record_that_cannot_be_read() {
    let Made { log, folder } = make().await;
    let first = add(&log, &conversation(1), "x").await;
    let damaged = add(&log, &conversation(2), "y").await;
    add(&log, &conversation(3), "z").await;
    drop(log);
    let path = folder.path().join("log.sqlite");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute("UPDATE records SET body = x'ff' WHERE position = ?1", [damaged.position.cast_signed()]).unwrap();
    drop(file);

    let log = SqliteLog::open(&path, Config::default()).unwrap();
    let mut follower = follow_all(&log).await;
    assert_eq!(next_record(&mut follower).await, first);
    assert!(matches!(follower.next().await, Err(LogError::Broken(_))));
    for _ in 0..2 {
        assert!(matches!(follower.next().await, Err(LogError::Unavailable(_))));
    }
    // Nobody is kept from writing on.
    log.append(&record(&conversation(1), "more"), Expected::At(first.position)).await.unwrap();
    assert!(log.read(&conversation(2), 0).await.is_err());
}
