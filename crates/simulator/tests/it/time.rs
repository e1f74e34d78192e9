//! Virtual time: what comes later comes in order, moving the clock answers when all is done, and runs repeat.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{ClockStart, Filter, Population, Script, WebhookStatus, WebhookTarget};

use crate::receiver::Receiver;
use crate::sandbox::{ASHA, PAGE, Sandbox, message};

const T0: i64 = 1_780_000_000_000;

async fn stopped(url: &str) -> Sandbox {
    let target = WebhookTarget { url: url.to_owned(), verify_token: "verify-me".to_owned() };
    Sandbox::start_with(|config| {
        config.clock = ClockStart::StoppedAt(T0);
        config.webhook = Some(target);
        config.seed = 42;
    })
    .await
}

fn population(count: u32) -> Population {
    let script = Script {
        read_rate: 0.8,
        reply_rate: 0.5,
        reply_delay_ms: (1_000, 3_600_000),
        block_rate: 0.1,
        ..Script::default()
    };
    let page = PAGE.to_owned();
    Population { page, count, first_psid: Some(10_000), script, wrote_ago_ms: Some(60_000) }
}

fn to(psid: &str, text: &str) -> Value {
    json!({"recipient": {"id": psid}, "message": {"text": text, "metadata": format!("to {psid}")}})
}

#[tokio::test]
async fn a_command_answers_when_what_it_caused_is_delivered() {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver.url).await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    assert_eq!(receiver.received().len(), 1, "the webhook came before the answer");
    sandbox.send(message("hi")).await.mid();
    let clock = sandbox.admin.clock().await.unwrap();
    assert_eq!((clock.now_ms, clock.stopped, clock.coming), (T0, true, 1));
    sandbox.admin.advance_clock(Duration::from_millis(4)).await.unwrap();
    assert_eq!(receiver.received().len(), 1, "the echo is due after 5 ms");
    sandbox.admin.advance_clock(Duration::from_millis(1)).await.unwrap();
    assert_eq!(receiver.received().len(), 3, "echo and delivery came before the answer");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_day_of_two_hundred_people_passes_in_order() {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver.url).await;
    sandbox.admin.populate(&population(200)).await.unwrap();
    for psid in 10_000..10_200 {
        sandbox.send(to(&psid.to_string(), "sale!")).await.mid();
    }
    let after = sandbox.admin.advance_clock(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!((after.now_ms, after.coming), (T0 + 86_400_000, 0));
    let rows = sandbox.admin.webhooks().await.unwrap();
    assert!(rows.iter().all(|row| row.status == WebhookStatus::Delivered));
    let n = |kind: &str| rows.iter().filter(|row| row.kind == kind).count();
    assert_eq!((n("echo"), n("delivery")), (200, 200));
    // Rates of 80 %, and 50 % of those 90 % who do not block.
    assert!((140..=180).contains(&n("read")), "{}", n("read"));
    assert!((65..=115).contains(&n("message")), "{}", n("message"));
    let replies: Vec<i64> = rows.iter().filter(|row| row.kind == "message").map(|row| row.at_ms).collect();
    assert!(replies.is_sorted() && replies[0] > T0, "people answer in the order of their instants");
    let n_blocked = sandbox.admin.people(PAGE).await.unwrap().iter().filter(|row| row.blocked).count();
    assert!((8..=36).contains(&n_blocked), "{n_blocked}");
    sandbox.stop().await;
}

/// A run by one client, or by several at once, each with people of its own.
async fn recording(n_clients: usize) -> String {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver.url).await;
    sandbox.admin.populate(&population(40)).await.unwrap();
    let work = |client: usize| {
        let sandbox = &sandbox;
        async move {
            for psid in (10_000..10_040).skip(client).step_by(n_clients) {
                sandbox.send(to(&psid.to_string(), "one")).await;
                sandbox.send(to(&psid.to_string(), &"x".repeat(2001))).await;
                sandbox.send(to(&psid.to_string(), "two")).await;
            }
        }
    };
    match n_clients {
        1 => work(0).await,
        _ => {
            tokio::join!(work(0), work(1), work(2), work(3));
        }
    }
    sandbox.admin.advance_clock(Duration::from_secs(7_200)).await.unwrap();
    let recording = sandbox.admin.recording().await.unwrap();
    sandbox.stop().await;
    recording
}

#[tokio::test]
async fn two_runs_from_one_seed_give_the_same_bytes() {
    let (first, second) = (recording(1).await, recording(1).await);
    assert!(first.lines().count() > 300, "{}", first.lines().count());
    assert!(first == second, "the recordings differ");
    let line: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert!(line["record"].is_string() && line.get("seq").is_none(), "{line}");
    assert!(!first.contains("127.0.0.1"), "no address of the machine is in it");
}

#[tokio::test]
async fn four_clients_at_once_give_the_bytes_that_one_gives() {
    assert!(recording(4).await == recording(1).await, "the recordings differ");
}

#[tokio::test]
async fn how_often_a_person_got_a_message_is_one_call() {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver.url).await;
    sandbox.admin.populate(&population(3)).await.unwrap();
    for (psid, text) in [("10000", "a"), ("10001", "a"), ("10000", "a"), ("10000", "b")] {
        sandbox.send(to(psid, text)).await.mid();
    }
    let count = async |psid: &str, text: Option<&str>| {
        let (page, psid) = (Some(PAGE.to_owned()), Some(psid.to_owned()));
        let filter = Filter { page, psid, text: text.map(str::to_owned), ..Filter::default() };
        sandbox.admin.count_sends(&filter).await.unwrap()
    };
    assert_eq!((count("10000", Some("a")).await, count("10000", None).await, count("10002", None).await), (2, 3, 0));
    let metadata = Filter { metadata: Some("to 10001".to_owned()), ..Filter::default() };
    assert_eq!(sandbox.admin.sends_where(&metadata).await.unwrap().len(), 1);
    let later = Filter { since: Some(T0 + 1), ..Filter::default() };
    assert!(sandbox.admin.sends_where(&later).await.unwrap().is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn the_clock_is_set_stopped_and_let_run() {
    let sandbox = Sandbox::start().await;
    let stopped = sandbox.admin.stop_clock().await.unwrap();
    assert_eq!(sandbox.admin.clock().await.unwrap().now_ms, stopped.now_ms);
    assert_eq!(sandbox.admin.set_clock(T0).await.unwrap().now_ms, T0);
    assert_eq!(sandbox.admin.set_clock(T0 + 5).await.unwrap().now_ms, T0 + 5);
    assert!(sandbox.admin.set_clock(-1).await.is_err());
    let running = sandbox.admin.run_clock().await.unwrap();
    assert!(!running.stopped && (T0 + 5..T0 + 60_000).contains(&running.now_ms), "{running:?}");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_hour_without_an_answer_unsubscribes_the_app_from_the_page() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    drop(listener);
    let sandbox = stopped(&url).await;
    sandbox.admin.write(ASHA, PAGE, "anybody there?").await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "hello?").await.unwrap();
    sandbox.admin.advance_clock(Duration::from_secs(3_599)).await.unwrap();
    let alerts = |rows: Vec<simulator::AlertRow>| rows.into_iter().map(|row| row.alert).collect::<Vec<_>>();
    assert_eq!(alerts(sandbox.admin.alerts().await.unwrap()), ["webhooks_failing"]);
    sandbox.admin.advance_clock(Duration::from_secs(120)).await.unwrap();
    assert_eq!(alerts(sandbox.admin.alerts().await.unwrap()), ["webhooks_failing", "webhooks_disabled"]);
    sandbox.admin.write(ASHA, PAGE, "never mind").await.unwrap();
    let statuses: Vec<_> = sandbox.admin.webhooks().await.unwrap().iter().map(|row| row.status).collect();
    assert_eq!(statuses, [WebhookStatus::Failed, WebhookStatus::Failed, WebhookStatus::NoSubscriber]);
    assert_eq!(sandbox.admin.pending_webhooks().await.unwrap(), 0);
    sandbox.stop().await;
}
