//! The whole path of a message, the same on both logs.

use crate::process::Process;
use crate::world::{Clients, Log, PAGE, PATIENCE, Platform, bot, conversation, nuncio, send, standalone};
use api::proto::compliance::v1 as compliance;
use api::proto::conversation::v1 as conversation;
use api::proto::outbound::v1::{State, WatchMessagesRequest, watch_messages_response};
use simulator::FaultKind;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_all_the_way_in_one_process_on_the_embedded_log() {
    let (log, platform) = (Log::embedded(), Platform::start().await);
    let all = standalone(&log, platform.address, &[]).await;
    platform.subscribe(all.address("webhook")).await;
    let clients = Clients::connect(all.address("grpc"), all.address("grpc")).await;
    the_whole_path(&platform, &clients).await;
    assert!(all.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_all_the_way_through_three_processes_on_jetstream() {
    let (log, platform) = (Log::jetstream(), Platform::start().await);
    let address = platform.address;
    let ingress = nuncio(&["run", "ingress"], &["webhook", "admin"], &log, address, &[]).await;
    let sender = nuncio(&["run", "sender"], &["grpc", "admin"], &log, address, &[]).await;
    let others = nuncio(&["run", "compliance", "conversation"], &["grpc", "admin"], &log, address, &[]).await;
    platform.subscribe(ingress.address("webhook")).await;
    let clients = Clients::connect(sender.address("grpc"), others.address("grpc")).await;
    the_whole_path(&platform, &clients).await;
    for process in [ingress, sender, others] {
        assert!(process.terminate().await.success());
    }
}

/// A person writes, is judged, is answered, and what became of the answer comes back; then a lost answer, and refusals.
async fn the_whole_path(platform: &Platform, clients: &Clients) {
    let ada = "24601";
    platform.people.write(ada, PAGE, "Where is my order? ☕/@é").await.unwrap();
    until_known(clients, ada).await;

    let judged = evaluate(clients, ada).await;
    assert_eq!(judged.verdict(), compliance::Verdict::Allowed);
    assert_eq!(judged.findings[0].rule, "WINDOW_OPEN");

    let mut outbound = clients.outbound.clone();
    let accepted = outbound.send_message(send(ada, "r-1", "On its way.")).await.unwrap().into_inner();
    let sent = clients.until(&accepted.name, State::Sent).await;
    assert_eq!((sent.attempts, sent.decision.unwrap().pack), (1, judged.pack));
    platform.people.read(ada, PAGE).await.unwrap();
    testkit::eventually(PATIENCE, || async {
        let message = clients.message(&accepted.name).await;
        (message.delivered && message.read).then_some(())
    })
    .await;

    // The answer to this one is lost after the message took place: the echo settles it, and nothing is repeated.
    platform.people.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let second = outbound.send_message(send(ada, "r-2", "Anything else?")).await.unwrap().into_inner();
    assert_eq!(clients.until(&second.name, State::Sent).await.attempts, 1);

    let history = history(clients, ada).await;
    let kinds: Vec<_> = history.iter().map(|event| event.kind.as_str()).collect();
    // Not `sent`: an echo that comes before the answer leaves nothing for it to tell.
    for kind in ["message", "requested", "accepted", "dispatched", "echo", "delivery", "read"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    assert_eq!(history[0].text, "Where is my order? ☕/@é");
    assert_eq!(kinds.iter().filter(|kind| **kind == "dispatched").count(), 2);

    let late = "24602";
    platform.people.write_ago(late, PAGE, "hello?", 25 * 3_600_000).await.unwrap();
    until_known(clients, late).await;
    let refused = outbound.send_message(send(late, "r-3", "Hi!")).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let stranger = outbound.send_message(send("24699", "r-4", "Hi!")).await.unwrap_err();
    assert_eq!(stranger.code(), Code::FailedPrecondition, "{stranger}");

    let texts: Vec<_> = platform.people.sends().await.unwrap().into_iter().filter_map(|row| row.text).collect();
    assert_eq!(texts, ["On its way.", "Anything else?"]);
    watched(clients, &[&accepted.name, &second.name]).await;
}

/// Every message's steps are told to a watcher who comes late.
async fn watched(clients: &Clients, names: &[&str]) {
    let request = WatchMessagesRequest { parent: "pages/-".to_owned(), checkpoint: String::new() };
    let mut stream = clients.outbound.clone().watch_messages(request).await.unwrap().into_inner();
    let mut states: Vec<(String, State)> = Vec::new();
    loop {
        match stream.message().await.unwrap().unwrap().kind.unwrap() {
            watch_messages_response::Kind::Step(step) => states.push((step.name.clone(), step.state())),
            watch_messages_response::Kind::Checkpoint(_) => (),
            watch_messages_response::Kind::Reset(_) => panic!("there was no checkpoint"),
            watch_messages_response::Kind::CaughtUp(_) => break,
        }
    }
    for name in names {
        let of_message: Vec<_> = states.iter().filter(|(of, _)| of == name).map(|(_, state)| *state).collect();
        assert_eq!(of_message[..2], [State::Accepted, State::Dispatched], "{name}");
        assert_eq!(of_message.last(), Some(&State::Sent), "{name}");
    }
}

async fn until_known(clients: &Clients, psid: &str) {
    testkit::eventually(PATIENCE, || async {
        let request = conversation::GetConversationRequest { name: conversation(psid) };
        let known = clients.conversations.clone().get_conversation(request).await.unwrap().into_inner();
        (known.revision > 0).then_some(())
    })
    .await;
}

async fn evaluate(clients: &Clients, psid: &str) -> compliance::Decision {
    let request = compliance::EvaluateSendRequest {
        parent: conversation(psid),
        actor: bot(),
        purpose: compliance::Purpose::Conversation.into(),
        at_time: None,
        matter: None,
    };
    clients.compliance.clone().evaluate_send(request).await.unwrap().into_inner().decision.unwrap()
}

async fn history(clients: &Clients, psid: &str) -> Vec<conversation::ConversationEvent> {
    let request = conversation::ListEventsRequest { parent: conversation(psid), ..Default::default() };
    clients.conversations.clone().list_events(request).await.unwrap().into_inner().events
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_07_a_sender_killed_while_the_platform_is_silent_sends_nothing_again() {
    let (log, platform) = (Log::embedded(), Platform::start().await);
    let first = standalone(&log, platform.address, &[]).await;
    platform.subscribe(first.address("webhook")).await;
    let clients = Clients::connect(first.address("grpc"), first.address("grpc")).await;
    platform.people.write("24601", PAGE, "hello").await.unwrap();
    until_known(&clients, "24601").await;
    // The platform takes the message and never answers; its echo finds nobody, since the process dies first.
    platform.people.inject(FaultKind::Hang, 1).await.unwrap();
    let echoes = simulator::EchoSetting { timing: simulator::EchoTiming::AfterResponse, delay_ms: Some(1_500) };
    platform.people.set_echo(echoes).await.unwrap();
    let name = clients.outbound.clone().send_message(send("24601", "r-1", "once")).await.unwrap().into_inner().name;
    testkit::eventually(PATIENCE, || async {
        let sends = platform.people.sends().await.unwrap();
        (sends.len() == 1).then_some(())
    })
    .await;
    first.kill().await;

    let again: Process = standalone(&log, platform.address, &[]).await;
    platform.subscribe(again.address("webhook")).await;
    let clients = Clients::connect(again.address("grpc"), again.address("grpc")).await;
    assert_eq!(clients.until(&name, State::Sent).await.attempts, 1);
    assert_eq!(platform.people.sends().await.unwrap().len(), 1);
}
