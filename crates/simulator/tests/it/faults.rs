//! Faults on command: what the caller sees, and whether the message took place.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{ClockStart, Fault, FaultKind, WebhookTarget};
use tokio::io::AsyncReadExt;

use crate::receiver::Receiver;
use crate::sandbox::{ASHA, DEADLINE, PAGE, Sandbox, bearer, message};

async fn with_asha_and(kind: FaultKind) -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.admin.inject(kind, 1).await.unwrap();
    sandbox
}

/// One faulty send, then a good one: both the answer and the number of messages that took place are as told.
async fn check(kind: FaultKind, expected: (u16, u64, Option<u64>), takes_place: bool) {
    let sandbox = with_asha_and(kind).await;
    assert_eq!(sandbox.send(message("faulty")).await.error(), expected, "{kind:?}");
    sandbox.send(message("good")).await.mid();
    let sends = sandbox.admin.sends().await.unwrap();
    let texts: Vec<_> = sends.iter().map(|row| row.text.as_deref().unwrap()).collect();
    if takes_place {
        assert_eq!(texts, ["faulty", "good"], "{kind:?}");
        assert_eq!((sends[0].fault, sends[1].fault), (Some(kind), None));
    } else {
        assert_eq!(texts, ["good"], "{kind:?}");
    }
    let n_echoes = sandbox.admin.webhooks().await.unwrap().iter().filter(|row| row.kind == "echo").count();
    assert_eq!(n_echoes, sends.len(), "{kind:?}");
    let calls = sandbox.admin.calls().await.unwrap();
    assert_eq!((calls[0].http_status, calls[0].fault), (Some(expected.0), Some(kind)));
    assert_eq!(calls[0].mid.is_some(), takes_place);
    assert_eq!((calls[1].http_status, calls[1].code, calls[1].fault), (Some(200), None, None));
    sandbox.stop().await;
}

#[tokio::test]
async fn some_faults_answer_an_error_and_keep_the_message() {
    check(FaultKind::Error500, (500, 1, None), true).await;
    check(FaultKind::SentButError, (400, 1, Some(1_357_046)), true).await;
}

#[tokio::test]
async fn some_faults_answer_an_error_and_drop_the_message() {
    check(FaultKind::Error500Before, (500, 1, None), false).await;
    check(FaultKind::Throttle, (400, 613, None), false).await;
    check(FaultKind::Refuse, (400, 10, Some(2_018_278)), false).await;
}

#[tokio::test]
async fn a_lost_response_closes_the_connection_after_the_message_took_place() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    assert!(sandbox.try_send(message("lost")).await.is_none());
    let sends = sandbox.admin.sends().await.unwrap();
    assert_eq!((sends.len(), sends[0].text.as_deref()), (1, Some("lost")));
    let echo = receiver.wait_for(2).await[1].event();
    assert_eq!((&echo["message"]["mid"], &echo["message"]["is_echo"]), (&sends[0].mid.clone().into(), &true.into()));
    let call = sandbox.admin.calls().await.unwrap().remove(0);
    assert_eq!((call.http_status, call.mid), (None, Some(sends[0].mid.clone())));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_hanging_call_takes_place_and_is_never_answered() {
    let sandbox = with_asha_and(FaultKind::Hang).await;
    let body = message("hang").to_string();
    let mut stream = sandbox.begin("/v25.0/me/messages", &bearer(), "application/json", &body).await;
    let taken = async {
        while sandbox.admin.sends().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, taken).await.expect("the message takes place");
    assert_eq!(stream.try_read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // Stopping ends the hanging call as well, without a byte.
    sandbox.stop().await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_fault_waits_for_a_message_that_would_be_accepted() {
    let sandbox = with_asha_and(FaultKind::Throttle).await;
    let mut bad = message("bad");
    bad["message"] = serde_json::Value::Null;
    assert_eq!(sandbox.send(bad).await.error(), (400, 100, None));
    let throttled = sandbox.send(message("hi")).await;
    assert_eq!(throttled.error(), (400, 613, None));
    let of_page = throttled.head.lines().find(|line| line.starts_with("x-business-use-case-usage: ")).unwrap();
    assert!(of_page.contains("\"type\":\"messenger\"") && of_page.contains("\"call_count\":100,"), "{of_page}");
    sandbox.admin.inject(FaultKind::ThrottleApp, 1).await.unwrap();
    let throttled = sandbox.send(message("hi")).await;
    assert!(throttled.head.contains("x-app-usage: {\"call_count\":100,"), "{}", throttled.head);
    sandbox.admin.inject(FaultKind::Throttle, 5).await.unwrap();
    sandbox.admin.clear_faults().await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.stop().await;
}

#[tokio::test]
async fn throttles_and_tokens_come_in_every_form() {
    for (kind, expected) in [
        (FaultKind::Unavailable, (500, 2, None)),
        (FaultKind::TemporaryFailure, (400, 1200, None)),
        (FaultKind::ThrottleApp, (400, 4, None)),
        (FaultKind::ThrottlePage, (400, 80_006, None)),
        (FaultKind::Throttle429, (429, 4, None)),
        (FaultKind::TokenInvalid, (401, 190, None)),
        (FaultKind::TokenExpired, (401, 190, Some(463))),
        (FaultKind::PageRestricted, (400, 10, Some(1_893_063))),
        (FaultKind::NotReceiving, (400, 551, Some(1_545_041))),
        (FaultKind::TagAbuse, (400, 613, Some(2_018_338))),
        (FaultKind::FlowRunning, (400, 2_018_321, None)),
    ] {
        check(kind, expected, false).await;
    }
    let sandbox = with_asha_and(FaultKind::ThrottlePage).await;
    let throttled = sandbox.send(message("hi")).await;
    assert!(
        throttled.head.contains("x-business-use-case-usage: {\"1001\":[{\"call_count\":100,"),
        "{}",
        throttled.head
    );
    assert!(throttled.head.contains("\"estimated_time_to_regain_access\":1"), "{}", throttled.head);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_reset_before_leaves_nothing_and_a_slow_answer_comes() {
    let sandbox = with_asha_and(FaultKind::ConnectionReset).await;
    assert!(sandbox.try_send(message("reset")).await.is_none());
    assert!(sandbox.admin.sends().await.unwrap().is_empty());
    let slow = Fault { delay_ms: Some(50), ..Fault::next(FaultKind::Slow, 1) };
    sandbox.admin.inject_fault(&slow).await.unwrap();
    let begun = std::time::Instant::now();
    sandbox.send(message("slow")).await.mid();
    assert!(begun.elapsed().as_millis() >= 50);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_fault_hits_whom_it_names_and_as_often() {
    let sandbox = Sandbox::start().await;
    for psid in [ASHA, "3003"] {
        sandbox.admin.write(psid, PAGE, "hello").await.unwrap();
    }
    let to = |psid: &str| json!({"recipient": {"id": psid}, "message": {"text": "hi"}});
    let of = Fault { psid: Some("3003".to_owned()), ..Fault::next(FaultKind::Throttle, 2) };
    sandbox.admin.inject_fault(&of).await.unwrap();
    let elsewhere = Fault { page: Some("9".to_owned()), ..Fault::next(FaultKind::Throttle, 1) };
    sandbox.admin.inject_fault(&elsewhere).await.unwrap();
    for (psid, status) in [(ASHA, 200), ("3003", 400), (ASHA, 200), ("3003", 400), ("3003", 200)] {
        assert_eq!(sandbox.send(to(psid)).await.status, status, "{psid}");
    }
    sandbox.admin.clear_faults().await.unwrap();
    let rate = Fault { rate: Some(0.3), count: None, ..Fault::next(FaultKind::Throttle, 1) };
    sandbox.admin.inject_fault(&rate).await.unwrap();
    let mut n_hit = 0;
    for _ in 0..100 {
        n_hit += usize::from(sandbox.send(to(ASHA)).await.status == 400);
    }
    assert!((15..=45).contains(&n_hit), "{n_hit}");
    let wrong = Fault { rate: Some(1.5), ..rate };
    assert!(sandbox.admin.inject_fault(&wrong).await.is_err());
    sandbox.stop().await;
}

async fn stopped(receiver: &Receiver) -> Sandbox {
    let url = receiver.url.clone();
    let sandbox = Sandbox::start_with(|config| {
        config.webhook = Some(WebhookTarget { url, verify_token: String::new() });
        config.clock = ClockStart::StoppedAt(1_780_000_000_000);
    })
    .await;
    sandbox.admin.write(ASHA, PAGE, "zero").await.unwrap();
    sandbox
}

fn texts(receiver: &Receiver) -> Vec<String> {
    let bodies = receiver.received().into_iter().map(|one| serde_json::from_slice::<Value>(&one.body).unwrap());
    let events = bodies.flat_map(|body| body["entry"][0]["messaging"].as_array().unwrap().clone());
    events.filter_map(|event| event["message"]["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn webhooks_come_late_or_behind_the_next_one() {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver).await;
    sandbox.admin.inject(FaultKind::WebhookDelayed, 1).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "late").await.unwrap();
    sandbox.admin.inject(FaultKind::WebhookReordered, 1).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "two").await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "three").await.unwrap();
    assert_eq!(texts(&receiver), ["zero", "three"]);
    sandbox.admin.advance_clock(Duration::from_millis(100)).await.unwrap();
    assert_eq!(texts(&receiver), ["zero", "three", "two"]);
    sandbox.admin.advance_clock(Duration::from_millis(3_599_899)).await.unwrap();
    assert_eq!(texts(&receiver).len(), 3);
    sandbox.admin.advance_clock(Duration::from_millis(1)).await.unwrap();
    assert_eq!(texts(&receiver), ["zero", "three", "two", "late"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn webhooks_share_a_body_or_are_wrongly_signed_once() {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver).await;
    let merge = Fault { webhook: Some("echo".to_owned()), ..Fault::next(FaultKind::WebhookMerged, 1) };
    sandbox.admin.inject_fault(&merge).await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.admin.advance_clock(Duration::from_secs(1)).await.unwrap();
    let body: Value = serde_json::from_slice(&receiver.received()[1].body).unwrap();
    assert_eq!(body["entry"][0]["messaging"].as_array().unwrap().len(), 2, "echo and delivery");
    receiver.answer_next(&[axum::http::StatusCode::FORBIDDEN]);
    sandbox.admin.inject(FaultKind::WebhookWronglySigned, 1).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "signed?").await.unwrap();
    sandbox.admin.advance_clock(Duration::from_secs(1)).await.unwrap();
    let received = receiver.received();
    assert_eq!((received.len(), &received[2].body), (4, &received[3].body));
    assert_ne!(received[2].headers["x-hub-signature-256"], received[3].headers["x-hub-signature-256"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_echo_comes_late_on_command_while_the_delivery_does_not() {
    let receiver = Receiver::start().await;
    let sandbox = stopped(&receiver).await;
    sandbox.admin.inject(FaultKind::EchoLate, 1).await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.admin.advance_clock(Duration::from_millis(60_004)).await.unwrap();
    assert_eq!(receiver.received().len(), 2);
    sandbox.admin.advance_clock(Duration::from_millis(1)).await.unwrap();
    assert_eq!(receiver.received()[2].event()["message"]["is_echo"], true);
    sandbox.admin.inject(FaultKind::EchoBefore, 1).await.unwrap();
    sandbox.send(message("echo first")).await.mid();
    assert_eq!(texts(&receiver).last().map(String::as_str), Some("echo first"));
    sandbox.stop().await;
}

#[tokio::test]
async fn any_error_of_the_catalogue_comes_on_command_and_other_calls_are_hit_too() {
    let sandbox = with_asha_and(FaultKind::Throttle).await;
    sandbox.admin.clear_faults().await.unwrap();
    let unable = Fault { error: Some("CannotReceive".to_owned()), ..Fault::next(FaultKind::Refuse, 1) };
    sandbox.admin.inject_fault(&unable).await.unwrap();
    assert_eq!(sandbox.send(message("hi")).await.error(), (400, 10, Some(2_018_108)));
    let unknown = Fault { error: Some("Gremlins".to_owned()), ..Fault::next(FaultKind::Refuse, 1) };
    assert!(sandbox.admin.inject_fault(&unknown).await.is_err());
    let of = |kind| Fault { endpoint: Some("personas".to_owned()), ..Fault::next(kind, 1) };
    sandbox.admin.inject_fault(&of(FaultKind::ThrottleApp)).await.unwrap();
    sandbox.send(message("is not hit")).await.mid();
    assert_eq!(sandbox.graph("GET", "/me/personas", Value::Null).await.error(), (400, 4, None));
    sandbox.admin.inject_fault(&of(FaultKind::Error500)).await.unwrap();
    let fields = json!({"name": "Ann", "profile_picture_url": "https://x.example/a.png"});
    assert_eq!(sandbox.graph("POST", "/me/personas", fields).await.error(), (500, 1, None));
    let listed = sandbox.graph("GET", "/me/personas", Value::Null).await.body;
    assert_eq!(listed["data"][0]["name"], "Ann", "it took place");
    sandbox.stop().await;
}
