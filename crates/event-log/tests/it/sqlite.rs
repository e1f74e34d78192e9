//! The embedded adapter passes every case.

use crate::samples::conversation;
use crate::suite::add;
use event_log::EventLog;
use event_log::sqlite::{Config, SqliteLog};

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

#[tokio::test]
async fn a_log_that_was_closed_is_whole_in_its_file_alone_also_beside_a_reader() {
    let Made { log, folder } = make().await;
    let (path, copy) = (folder.path().join("log.sqlite"), folder.path().join("copy.sqlite"));
    let reader = SqliteLog::open_to_read(&path).unwrap();
    add(&log, &conversation(1), "x").await;
    assert_eq!(reader.read(&conversation(1), 0).await.unwrap().len(), 1);
    drop(log);
    std::fs::copy(&path, &copy).unwrap();
    let copied = SqliteLog::open_to_read(&copy).unwrap();
    assert_eq!(copied.read(&conversation(1), 0).await.unwrap().len(), 1);
}
