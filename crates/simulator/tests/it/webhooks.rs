//! Webhooks out: order, retries, repetitions, signatures, the handshake, and when the echo comes.

use std::time::Duration;

use axum::http::StatusCode;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use simulator::{AdminError, EchoSetting, EchoTiming, FaultKind, NewPerson, Postback, WebhookStatus};
use tokio::net::TcpListener;

use crate::receiver::{Received, Receiver};
use crate::sandbox::{ASHA, DEADLINE, PAGE, Sandbox, message};

fn texts(received: &[Received], psid: &str) -> Vec<String> {
    let events = received.iter().map(Received::event).filter(|event| event["sender"]["id"] == psid);
    events.map(|event| event["message"]["text"].as_str().unwrap().to_owned()).collect()
}

fn kinds(received: &[Received]) -> Vec<&'static str> {
    let kind = |event: &Value| match event {
        echo if echo["message"]["is_echo"] == true => "echo",
        other => ["message", "delivery", "read", "postback", "referral"]
            .into_iter()
            .find(|key| other.get(key).is_some())
            .unwrap_or("unknown"),
    };
    received.iter().map(|received| kind(&received.event())).collect()
}

#[tokio::test]
async fn events_of_one_person_stay_in_order_while_people_do_not_wait_for_each_other() {
    let receiver = Receiver::start_slow().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    let people = ["1", "2", "3", "4"];
    for n in 0..5 {
        for psid in people {
            sandbox.admin.write(psid, PAGE, &format!("{psid}-{n}")).await.unwrap();
        }
    }
    // One of each person is under way, although none has been answered; the rest waits.
    let under_way = receiver.wait_for(4).await;
    let mut first: Vec<String> = people.iter().flat_map(|psid| texts(&under_way, psid)).collect();
    first.sort();
    assert_eq!(first, ["1-0", "2-0", "3-0", "4-0"]);
    assert_eq!(sandbox.admin.pending_webhooks().await.unwrap(), 20);
    receiver.release();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    let received = receiver.received();
    assert_eq!(received.len(), 20);
    for psid in people {
        let expected: Vec<String> = (0..5).map(|n| format!("{psid}-{n}")).collect();
        assert_eq!(texts(&received, psid), expected);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn a_refused_webhook_comes_again_before_the_next_one() {
    let receiver = Receiver::start().await;
    receiver.answer_next(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::ACCEPTED]);
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    sandbox.admin.write(ASHA, PAGE, "one").await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "two").await.unwrap();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    let received = receiver.received();
    assert_eq!(texts(&received, ASHA), ["one", "one", "one", "two"]);
    assert!(received[0].body == received[2].body, "a repetition has the same bytes");
    let rows = sandbox.admin.webhooks().await.unwrap();
    assert_eq!((rows[0].attempts, rows[0].http_status), (3, Some(200)));
    assert!(rows.iter().all(|row| row.status == WebhookStatus::Delivered && row.kind == "message"));
    let body = std::str::from_utf8(&received[0].body).unwrap();
    assert!(body.contains(rows[0].event.as_ref().unwrap().get()), "the recorder has the event as it went out");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up_after_the_last_attempt() {
    let receiver = Receiver::start_slow().await;
    let url = receiver.url.clone();
    let sandbox = Sandbox::start_with(|config| {
        config.webhook = Some(simulator::WebhookTarget { url, verify_token: String::new() });
        config.delivery.attempts = 2;
        config.delivery.timeout = Duration::from_millis(20);
    })
    .await;
    sandbox.admin.write(ASHA, PAGE, "one").await.unwrap();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    let row = sandbox.admin.webhooks().await.unwrap().remove(0);
    assert_eq!((row.status, row.attempts, row.http_status), (WebhookStatus::Failed, 2, None));
    sandbox.stop().await;
}

#[tokio::test]
async fn duplicates_on_command_repeat_the_bytes() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    sandbox.admin.duplicate_webhooks(1).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "one").await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "two").await.unwrap();
    let received = receiver.wait_for(3).await;
    assert_eq!(texts(&received, ASHA), ["one", "one", "two"]);
    assert_eq!(received[0].body, received[1].body);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_send_is_followed_by_echo_delivery_and_read() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    let person = NewPerson { page: PAGE.to_owned(), psid: Some(ASHA.to_owned()), reads: true, ..NewPerson::default() };
    sandbox.admin.add_person(&person).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    let mut fields = message("a/b ü @");
    fields["message"]["metadata"] = json!("s1");
    let mid = sandbox.send(fields).await.mid();
    let at_ms = sandbox.admin.sends().await.unwrap()[0].at_ms;
    let received = receiver.wait_for(4).await;
    assert_eq!(kinds(&received), ["message", "echo", "delivery", "read"]);
    assert_eq!(
        received[1].event(),
        json!({
            "sender": {"id": PAGE}, "recipient": {"id": ASHA}, "timestamp": at_ms,
            "message": {"mid": mid, "text": "a/b ü @", "is_echo": true, "app_id": 4004, "metadata": "s1"}
        })
    );
    assert_eq!(received[2].event()["delivery"], json!({"mids": [mid], "watermark": at_ms}));
    assert_eq!(received[3].event()["read"], json!({"watermark": at_ms}));
    for one in &received {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"test-app-secret-0001").unwrap();
        mac.update(&one.body);
        let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(one.headers["x-hub-signature-256"], expected);
        assert_eq!(one.headers["x-hub-signature"].len(), 45);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn the_echo_comes_first_or_never_on_command() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    let before = EchoSetting { timing: EchoTiming::BeforeResponse, delay_ms: None };
    sandbox.admin.set_echo(before).await.unwrap();
    sandbox.send(message("first")).await.mid();
    assert!(kinds(&receiver.received()).contains(&"echo"), "the echo has arrived before the response");
    sandbox.admin.inject(FaultKind::EchoNever, 1).await.unwrap();
    sandbox.send(message("silent")).await.mid();
    let never = EchoSetting { timing: EchoTiming::Never, delay_ms: Some(1) };
    sandbox.admin.set_echo(never).await.unwrap();
    sandbox.send(message("silent too")).await.mid();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    assert_eq!(kinds(&receiver.received()), ["message", "echo", "delivery", "delivery", "delivery"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_link_opens_a_thread_by_postback_and_an_existing_one_by_referral() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    assert!(sandbox.admin.open_link(ASHA, PAGE, "spring").await.unwrap().mid.is_some());
    assert!(sandbox.admin.open_link(ASHA, PAGE, "summer").await.unwrap().mid.is_none());
    let tap = Postback { page: PAGE.to_owned(), title: "Yes".to_owned(), payload: "YES".to_owned(), reference: None };
    sandbox.admin.postback(ASHA, &tap).await.unwrap();
    let read = sandbox.admin.read(ASHA, PAGE).await.unwrap();
    let received = receiver.wait_for(4).await;
    assert_eq!(kinds(&received), ["postback", "referral", "postback", "read"]);
    let referral = |reference: &str| json!({"ref": reference, "source": "SHORTLINK", "type": "OPEN_THREAD"});
    assert_eq!(received[0].event()["postback"]["referral"], referral("spring"));
    assert_eq!(received[1].event()["referral"], referral("summer"));
    assert_eq!(received[3].event()["read"]["watermark"], read.timestamp);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_event_has_the_time_it_is_given() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    let at = sandbox.admin.write_at(ASHA, PAGE, "then", 1_767_225_599_000).await.unwrap();
    let ago = sandbox.admin.write_ago(ASHA, PAGE, "lately", 86_400_000).await.unwrap();
    let received = receiver.wait_for(2).await;
    assert_eq!((at.timestamp, &received[0].event()["timestamp"]), (1_767_225_599_000, &json!(1_767_225_599_000_i64)));
    assert_eq!(received[1].event()["timestamp"], ago.timestamp);
    // Exactly 24 hours ago is too long ago.
    assert_eq!(sandbox.send(message("hi")).await.error(), (400, 10, Some(2_018_278)));
    sandbox.stop().await;
}

#[tokio::test]
async fn only_a_callback_that_echoes_the_challenge_is_subscribed() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start().await;
    sandbox.admin.write(ASHA, PAGE, "unheard").await.unwrap();
    let refused = sandbox.admin.subscribe(&receiver.url, "wrong").await;
    assert!(matches!(refused, Err(AdminError::Refused { status: 400, .. })), "{refused:?}");
    sandbox.admin.write(ASHA, PAGE, "unheard too").await.unwrap();
    sandbox.admin.subscribe(&receiver.url, "verify-me").await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "heard").await.unwrap();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    assert_eq!(texts(&receiver.received(), ASHA), ["heard"]);
    let statuses: Vec<_> = sandbox.admin.webhooks().await.unwrap().iter().map(|row| row.status).collect();
    assert_eq!(statuses, [WebhookStatus::NoSubscriber, WebhookStatus::NoSubscriber, WebhookStatus::Delivered]);
    sandbox.admin.clear_recorder().await.unwrap();
    assert!(sandbox.admin.webhooks().await.unwrap().is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_callback_that_is_not_there_yet_is_tried_again_only_when_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let hang_up = async || drop(listener.accept().await.unwrap());
    let sandbox = Sandbox::start().await;
    let (refused, ()) = tokio::join!(sandbox.admin.subscribe(&url, "verify-me"), hang_up());
    assert!(matches!(refused, Err(AdminError::Refused { status: 400, .. })), "{refused:?}");
    let (verified, ()) = tokio::join!(sandbox.admin.subscribe_eventually(&url, "verify-me"), hang_up());
    assert!(!verified.unwrap());
    let receiver = Receiver::on(listener);
    let subscribed = async {
        while receiver.received().is_empty() {
            sandbox.admin.write(ASHA, PAGE, "is anybody there").await.unwrap();
        }
    };
    tokio::time::timeout(DEADLINE, subscribed).await.expect("the callback is verified in the end");
    sandbox.stop().await;
}
