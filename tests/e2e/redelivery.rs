//! Webhooks that come again after the log has long stopped recognising them.

use crate::http;
use crate::kill::webhook;
use crate::process::run;
use crate::world::{Clients, Log, PATIENCE, SECRET, conversation, standalone};
use api::proto::conversation::v1 as pb;
use std::net::SocketAddr;

const WEBHOOKS: usize = 120;
/// How many people write the webhooks in turn, as [`webhook`] names them.
const PEOPLE: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn invariant_03_redelivery_after_the_duplicate_span_changes_nothing_on_the_embedded_log() {
    redelivered(&Log::embedded(), &["log.duplicate_window=1s"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_03_redelivery_after_the_duplicate_span_changes_nothing_on_jetstream() {
    redelivered(&Log::jetstream(), &["log.duplicate_window=1s", "log.nats_append_timeout=500ms"]).await;
}

async fn redelivered(log: &Log, keys: &[&str]) {
    let process = standalone(log, SocketAddr::from(([127, 0, 0, 1], 9)), keys).await;
    let address = process.address("webhook");
    let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
    let bodies: Vec<_> = (0..WEBHOOKS).map(|number| webhook(number).0).collect();
    for body in &bodies {
        assert_eq!(http::deliver(address, SECRET, body).await.unwrap().status, 200);
    }
    let told = told(&clients).await;
    assert_eq!(told.iter().map(|(_, events)| events.len()).sum::<usize>(), WEBHOOKS);

    // The span is over for all when what was delivered last is stored once more.
    testkit::eventually(PATIENCE, || async {
        assert_eq!(http::deliver(address, SECRET, &bodies[WEBHOOKS - 1]).await.unwrap().status, 200);
        (n_records(log, keys).await > WEBHOOKS).then_some(())
    })
    .await;
    for body in bodies.iter().rev() {
        assert_eq!(http::deliver(address, SECRET, body).await.unwrap().status, 200);
    }
    let n = n_records(log, keys).await;
    assert!(n >= 2 * WEBHOOKS, "only {n} records: some were still recognised");
    assert_eq!(self::told(&clients).await, told);
    assert!(process.terminate().await.success());
}

async fn n_records(log: &Log, more: &[&str]) -> usize {
    let keys = log.keys();
    let keys = keys.iter().map(String::as_str).chain(more.iter().copied());
    let mut args = vec!["log", "tail", "--until-caught-up", "--output", "json"];
    args.extend(keys.flat_map(|key| ["--set", key]));
    let output = run(&args).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Besides these the log holds the texts of the rule packs.
    String::from_utf8(output.stdout).unwrap().lines().filter(|line| line.contains("conversation/")).count()
}

/// What is told of everybody: the conversation as it stands, and its events. Only the revision moves on.
async fn told(clients: &Clients) -> Vec<(pb::Conversation, Vec<pb::ConversationEvent>)> {
    let mut told = Vec::new();
    for person in 0..PEOPLE {
        let name = conversation(&(2_000 + person).to_string());
        let get = pb::GetConversationRequest { name: name.clone() };
        let state = clients.conversations.clone().get_conversation(get).await.unwrap().into_inner();
        let list = pb::ListEventsRequest { parent: name, ..Default::default() };
        let events = clients.conversations.clone().list_events(list).await.unwrap().into_inner().events;
        told.push((pb::Conversation { revision: 0, ..state }, events));
    }
    told
}
