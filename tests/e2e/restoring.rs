//! A log that was brought back from a backup older than an erasure.

use crate::http;
use crate::process::run;
use crate::world::{Clients, Log, PATIENCE, SECRET, conversation, standalone};
use api::proto::conversation::v1::{EraseConversationRequest, ErasureState, GetErasureRequest, ListEventsRequest};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
const MARKER: &str = "what-nobody-shall-read-again";

/// Where everything is that is kept of the log.
fn place(log: &Log) -> PathBuf {
    match log {
        Log::Embedded(folder) => folder.path().join("log.sqlite"),
        Log::JetStream(server) => server.store(),
    }
}

/// Copies a file or a folder, in place of what is there.
fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::remove_dir_all(to).ok();
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// Whether anything below a folder holds the marker.
fn holds(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path);
        }
        // A server may remove a file while we look.
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
    })
}

/// Does something to the log's files while nobody has them open.
fn offline(log: &mut Log, change: impl FnOnce(&Path)) {
    let place = place(log);
    if let Log::JetStream(server) = log {
        server.kill();
        change(&place);
        server.restart();
    } else {
        change(&place);
    }
}

async fn until_erased(clients: &Clients) {
    testkit::eventually(PATIENCE, || async {
        let request = GetErasureRequest { name: conversation("2002") };
        let erasure = clients.conversations.clone().get_erasure(request).await.ok()?.into_inner();
        (erasure.state() == ErasureState::Completed).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_11_a_restored_log_holds_no_byte_of_those_who_were_erased_after_its_backup() {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1001","time":1767225600123,"messaging":[{{"sender":{{"id":"2002"}},"recipient":{{"id":"1001"}},"timestamp":1767225600000,"message":{{"mid":"m_1","text":"{MARKER}"}}}}]}}]}}"#
    );
    for mut log in [Log::embedded(), Log::jetstream()] {
        let backup = tempfile::tempdir().unwrap();
        let backup = backup.path().join("backup");
        let everything = place(&log).parent().unwrap().to_owned();
        let process = standalone(&log, NOWHERE, &[]).await;
        assert_eq!(http::deliver(process.address("webhook"), SECRET, body.as_bytes()).await.unwrap().status, 200);
        assert!(process.terminate().await.success());
        offline(&mut log, |place| copy(place, &backup));

        let process = standalone(&log, NOWHERE, &[]).await;
        let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
        let request = EraseConversationRequest { name: conversation("2002") };
        clients.conversations.clone().erase_conversation(request).await.unwrap();
        until_erased(&clients).await;
        assert!(process.terminate().await.success());
        assert!(!holds(&everything));

        offline(&mut log, |place| copy(&backup, place));
        assert!(holds(&everything));
        let keys = log.keys();
        let sets = keys.iter().flat_map(|key| ["--set", key]);
        let words = ["log", "restored", "--lost-after", "2026-01-01T00:00:00Z"].into_iter().chain(sets);
        let restored = run(&words.collect::<Vec<_>>()).await;
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));

        let process = standalone(&log, NOWHERE, &[]).await;
        let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
        until_erased(&clients).await;
        assert!(!holds(&everything));
        let request = ListEventsRequest { parent: conversation("2002"), ..ListEventsRequest::default() };
        let events = clients.conversations.clone().list_events(request).await.unwrap().into_inner().events;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["erasure_begun", "erasure_completed"]);

        // What comes again is answered; from a moment after the start on it is not even stored.
        testkit::eventually(PATIENCE, || async {
            assert_eq!(http::deliver(process.address("webhook"), SECRET, body.as_bytes()).await.unwrap().status, 200);
            let metrics = http::get(process.address("admin"), "/metrics").await.unwrap().body;
            metrics.lines().any(|line| line == "nuncio_webhook_events_erased_total 3").then_some(())
        })
        .await;
        testkit::eventually(PATIENCE, || async { (!holds(&everything)).then_some(()) }).await;
        assert!(process.terminate().await.success());
    }
}
