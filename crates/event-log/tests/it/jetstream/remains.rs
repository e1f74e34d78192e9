//! What the files of a cluster of three hold of an erased record. Their Raft logs hold it until each server compacts its
//! own, which takes minutes, so that is measured and documented instead (`docs/operations.md`).

use super::cluster::open;
use crate::samples::conversation;
use crate::suite::{DEADLINE, add};
use event_log::EventLog as _;
use std::path::Path;
use testkit::{NatsServer, Sync, eventually};

const ERASED: &str = "what-nobody-shall-read-again";
const KEPT: &str = "what-others-said-remains";

/// Whether any file below a folder holds a text.
fn holds(folder: &Path, text: &str) -> bool {
    // A server may remove folders and files while we look.
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, text);
        }
        std::fs::read(path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    })
}

/// Which servers hold a text in the files in which they keep messages.
fn holding(cluster: &[NatsServer; 3], text: &str) -> [bool; 3] {
    cluster.each_ref().map(|server| holds(&server.store().join("jetstream/$G"), text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_11_no_message_file_of_any_server_of_a_cluster_holds_an_erased_text() {
    let cluster = NatsServer::start_cluster(Sync::Always);
    let log = open(&cluster).await;
    let stored = add(&log, &conversation(1), ERASED).await;
    add(&log, &conversation(1), KEPT).await;
    let all_hold = async |text| (holding(&cluster, text) == [true; 3]).then_some(());
    // Two servers make a record durable; the third applies it a moment later, and so with an erasure.
    eventually(DEADLINE, async || all_hold(ERASED).await).await;
    eventually(DEADLINE, async || all_hold(KEPT).await).await;
    log.erase(&conversation(1), &[stored.position]).await.unwrap();
    eventually(DEADLINE, async || (holding(&cluster, ERASED) == [false; 3]).then_some(())).await;
    assert_eq!(holding(&cluster, KEPT), [true; 3]);
    assert_eq!(log.read(&conversation(1), 0).await.unwrap().len(), 1);
}
