//! The cluster adapter passes every case on one server, and the ones that only a server and a network can cause.

mod batches;
mod cluster;
mod durability;
mod faults;
mod opening;
mod remains;

use event_log::jetstream::{Config, JetStreamLog};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Made {
    pub(crate) log: JetStreamLog,
}

/// A log of several shards that no other test knows, on the server that all tests of this process share.
pub(crate) async fn make() -> Made {
    Made { log: JetStreamLog::open(fresh(&testkit::nats().url())).await.unwrap() }
}

/// The configuration of a log that is not there yet.
pub(crate) fn fresh(url: &str) -> Config {
    static LOGS: AtomicU32 = AtomicU32::new(0);
    let number = LOGS.fetch_add(1, Ordering::Relaxed);
    Config {
        url: url.to_owned(),
        name: format!("LOG{number}"),
        subject: format!("log{number}.records"),
        shards: 3,
        ..Config::default()
    }
}

with_every_case!(test_each!(make:));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_text_is_in_no_file_of_the_log() {
    let made = make().await;
    crate::suite::erase::an_erased_text_is_in_no_file_of_the_log(&made.log, &testkit::nats().store()).await;
}
