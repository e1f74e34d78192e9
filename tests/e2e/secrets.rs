//! A registered Page across processes: its key is changed, and a process without the key does not start.

use crate::process::run;
use crate::world::{Clients, Log, PAGE, Platform, TOKEN, channel, conversation, send, standalone};
use api::proto::outbound::v1::State;
use api::proto::page::v1 as pb;
use api::proto::page::v1::pages_client::PagesClient;
use std::process::Output;

const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Stands in the configuration, and is none that the platform takes.
const DEAD: &str = "pages.1001.access_token=e2e-dead-token";

/// A whole process, on free ports.
const STANDALONE: [&str; 11] = [
    "standalone",
    "--set",
    "webhook.listen=127.0.0.1:0",
    "--set",
    "grpc.listen=127.0.0.1:0",
    "--set",
    "admin.listen=127.0.0.1:0",
    "--set",
    "meta.app_secret=s",
    "--set",
    "meta.verify_token=v",
];

async fn with_keys(log: &Log, words: &[&str], keys: &str) -> Output {
    let (place, tables, keys) = (&log.keys()[0], log.tables(), format!("secrets.key={keys}"));
    run(&[words, &["--set", place, "--set", &tables, "--set", &keys]].concat()).await
}

/// A process that has only these keys sends to somebody who has written.
async fn sends_with(log: &Log, platform: &Platform, keys: &str, psid: &str) {
    let keys = format!("secrets.key={keys}");
    let process = standalone(log, platform.address, &[&keys, DEAD]).await;
    platform.subscribe(process.address("webhook")).await;
    platform.people.write(psid, PAGE, "hello").await.unwrap();
    let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
    let message = testkit::eventually(crate::world::PATIENCE, async || {
        let n = platform.people.calls().await.unwrap().len();
        clients.outbound.clone().send_message(send(psid, &format!("r-{psid}-{n}"), "hi")).await.ok()
    })
    .await
    .into_inner();
    assert!(message.name.starts_with(&conversation(psid)));
    clients.until(&message.name, State::Sent).await;
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_speaks_by_its_registered_token_across_a_change_of_the_key() {
    let (log, platform) = (Log::embedded(), Platform::start().await);
    let process = standalone(&log, platform.address, &[&format!("secrets.key={OLD}"), DEAD]).await;
    let mut pages = PagesClient::new(channel(process.address("grpc")).await);
    let register = pb::RegisterPageRequest {
        name: format!("pages/{PAGE}"),
        access_token: TOKEN.to_owned(),
        request_id: "r-1".to_owned(),
        ..pb::RegisterPageRequest::default()
    };
    let page = pages.register_page(register).await.unwrap().into_inner();
    assert!(page.problems.is_empty(), "{page:?}");
    assert!(process.terminate().await.success());

    sends_with(&log, &platform, OLD, "2001").await;
    let none = with_keys(&log, &STANDALONE, NEW).await;
    let told = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(!none.status.success() && told.contains("add that key to secrets.key"), "{told}");
    assert!(!told.contains(TOKEN) && !told.contains(NEW), "{told}");

    let rotated = with_keys(&log, &["secrets", "rotate", "--output", "json"], &format!("{NEW},{OLD}")).await;
    let told: serde_json::Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert_eq!(told["resealed"], 1);
    sends_with(&log, &platform, NEW, "2002").await;
}
