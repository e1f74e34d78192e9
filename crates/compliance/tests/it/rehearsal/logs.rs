//! Both logs.

use event_log::jetstream::{self, JetStreamLog};
use event_log::sqlite::{self, SqliteLog};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A log that goes with its folder.
pub(crate) struct Embedded {
    pub(crate) log: Arc<SqliteLog>,
    _folder: TempDir,
}

pub(crate) fn embedded() -> Embedded {
    let folder = TempDir::new().unwrap();
    let log = Arc::new(SqliteLog::open(&folder.path().join("log.db"), sqlite::Config::default()).unwrap());
    Embedded { log, _folder: folder }
}

/// A log of several shards on the server that the tests of this process share.
pub(crate) async fn jetstream() -> Arc<JetStreamLog> {
    static LOGS: AtomicU32 = AtomicU32::new(0);
    let number = LOGS.fetch_add(1, Ordering::Relaxed);
    let config = jetstream::Config {
        url: testkit::nats().url(),
        name: format!("REHEARSED{number}"),
        subject: format!("rehearsed{number}.records"),
        shards: 3,
        ..jetstream::Config::default()
    };
    Arc::new(JetStreamLog::open(config).await.unwrap())
}
