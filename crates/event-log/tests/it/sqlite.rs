//! The embedded adapter passes every case.

use event_log::sqlite::{Config, SqliteLog};

pub(crate) struct Made {
    pub(crate) log: SqliteLog,
    folder: tempfile::TempDir,
}

pub(crate) async fn make() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(&folder.path().join("log.sqlite"), Config::default()).unwrap();
    Made { log, folder }
}

with_every_case!(test_each!(make:));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_text_is_in_no_file_of_the_log() {
    let made = make().await;
    crate::suite::erase::an_erased_text_is_in_no_file_of_the_log(&made.log, made.folder.path()).await;
}
