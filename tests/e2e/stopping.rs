//! How a process ends that is told to, and what it says of itself until then.

use crate::http;
use crate::process::Process;
use crate::world::{Log, PATIENCE, SECRET, standalone};
use std::net::{Ipv4Addr, SocketAddr};

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// Tells the process to stop, and waits until readiness says so.
async fn begin_to_stop(process: &Process) {
    process.signal().await;
    testkit::eventually(PATIENCE, || async {
        let ready = http::get(process.address("admin"), "/readyz").await.unwrap();
        (ready.status == 503 && ready.body.contains("shutdown: the process is stopping")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_told_to_stop_goes_on_serving_for_a_while_and_says_every_step() {
    let log = Log::embedded();
    let process = standalone(&log, NOWHERE, &["shutdown.drain_delay=1s"]).await;
    begin_to_stop(&process).await;
    // Load balancers have not learned it yet.
    let body = br#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_1","text":"hello"}}]}]}"#;
    assert_eq!(http::deliver(process.address("webhook"), SECRET, body).await.unwrap().status, 200);
    let (status, said) = process.ended().await;
    assert!(status.success(), "{said}");
    let mut rest = said.as_str();
    for step in [
        "received SIGTERM: stopping",
        "draining: readiness is red, serving for 1s more",
        "tasks have 5s to finish",
        "stopped: every task ended",
    ] {
        let found = rest.split_once(step);
        rest = found.unwrap_or_else(|| panic!("{step} in:\n{said}")).1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_process_at_once() {
    let log = Log::embedded();
    let process = standalone(&log, NOWHERE, &["shutdown.drain_delay=10m"]).await;
    begin_to_stop(&process).await;
    process.signal().await;
    let (status, said) = process.ended().await;
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("received SIGTERM again: leaving at once"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_says_what_it_was_built_from() {
    let log = Log::embedded();
    let process = standalone(&log, NOWHERE, &[]).await;
    let answer = http::get(process.address("admin"), "/version").await.unwrap();
    let version: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version["commit"].as_str(), option_env!("NUNCIO_COMMIT"));
    assert!(process.terminate().await.success());
}
