//! The embedded adapter passes every case.

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_text_is_in_no_file_of_the_log() {
    let made = make().await;
    crate::suite::erase::an_erased_text_is_in_no_file_of_the_log(&made.log, made.folder.path()).await;
}
