//! The bytes of webhooks against a vector made by hand, and the order of the queue.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::body::{Delivered, Echo, Event, Read, Tapped, What, Written};
use super::queue::{Delivery, Next, Queue};
use super::sign;
use crate::config::{self, WebhookTarget};
use crate::recorder::WebhookStatus;
use crate::world::Content;

const VECTOR: &str = r#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_demo1","text":"caf\u00e9 \ud83d\ude00 a\/b x\u0040y.zz"}}]}]}"#;

fn event(psid: &str, what: What) -> Event {
    Event { page: "1001".to_owned(), psid: psid.to_owned(), at_ms: 1_767_225_599_000, what }
}

fn written(psid: &str, mid: &str, text: &str) -> Event {
    event(psid, What::Message(Written { mid: mid.to_owned(), text: text.to_owned() }))
}

fn messaging(event: &Event) -> Value {
    let body: Value = serde_json::from_slice(&event.to_body(1)).unwrap();
    body["entry"][0]["messaging"][0].clone()
}

#[test]
fn body_and_signatures_match_the_vector() {
    let secret = SecretString::from("test-app-secret-0001");
    let body = written("2002", "m_demo1", "café 😀 a/b x@y.zz").to_body(1_767_225_600_123);
    assert_eq!(String::from_utf8(body.clone()).unwrap(), VECTOR);
    assert_eq!(sign::sha256(&secret, &body), "sha256=bd82f6e63f36f718a8428e1a3a34dfe962712ed36325acf550640c83e30dbb86");
    assert_eq!(sign::sha1(&secret, &body), "sha1=1ab47d6bdde64676e29539b090e261e68e4b1364");
}

#[test]
fn quotes_and_control_characters_survive_the_escaping() {
    let text = "\"\\\n\u{1}\u{7f}\u{2028}ÿ";
    let body = written("2002", "m_1", text).to_body(1);
    assert!(body.is_ascii());
    let read_back: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(read_back["entry"][0]["messaging"][0]["message"]["text"], text);
}

#[test]
fn an_echo_swaps_the_parties_and_leaves_out_what_was_not_set() {
    let content = Content { text: Some("hi".to_owned()), ..Content::default() };
    let echo = event("2002", What::Echo(Echo::new("m_1".to_owned(), content, "4004")));
    assert_eq!(
        messaging(&echo),
        json!({
            "sender": {"id": "1001"}, "recipient": {"id": "2002"}, "timestamp": 1_767_225_599_000_i64,
            "message": {"mid": "m_1", "text": "hi", "is_echo": true, "app_id": 4004}
        })
    );
}

#[test]
fn a_delivery_has_a_watermark_and_no_timestamp() {
    let delivered = event("2002", What::Delivery(Delivered { mids: vec!["m_1".to_owned()], watermark: 7 }));
    assert_eq!(
        messaging(&delivered),
        json!({"sender": {"id": "2002"}, "recipient": {"id": "1001"}, "delivery": {"mids": ["m_1"], "watermark": 7}})
    );
    assert_eq!(messaging(&event("2002", What::Read(Read { watermark: 7 })))["read"], json!({"watermark": 7}));
}

#[test]
fn a_postback_without_a_link_has_no_referral() {
    let tapped = Tapped { mid: "m_1".to_owned(), title: "Go".to_owned(), payload: "GO".to_owned(), referral: None };
    let postback = event("2002", What::Postback(tapped));
    assert_eq!(messaging(&postback)["postback"], json!({"mid": "m_1", "title": "Go", "payload": "GO"}));
}

fn queue(attempts: u32) -> Queue {
    let target = WebhookTarget { url: "http://127.0.0.1:1/".to_owned(), verify_token: String::new() };
    Queue::new(config::Delivery { attempts, ..config::Delivery::default() }, Some(target))
}

fn push(queue: &Queue, psid: &str, mid: &str) {
    drop(queue.push(&written(psid, mid, "x"), 1, Duration::ZERO));
}

#[track_caller]
fn take(queue: &Queue) -> Option<Delivery> {
    match queue.next(Instant::now()) {
        Next::Deliver(delivery, _) => Some(delivery),
        Next::At(_) | Next::Nothing => None,
    }
}

fn mid(delivery: &Delivery) -> String {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body["entry"][0]["messaging"][0]["message"]["mid"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_next_event_of_a_person_waits_for_the_one_before() {
    let queue = queue(3);
    push(&queue, "a", "a1");
    push(&queue, "a", "a2");
    push(&queue, "b", "b1");
    let a1 = take(&queue).unwrap();
    let b1 = take(&queue).unwrap();
    assert_eq!((mid(&a1), mid(&b1)), ("a1".to_owned(), "b1".to_owned()));
    assert!(take(&queue).is_none());
    queue.settle(a1, Some(200));
    assert_eq!(mid(&take(&queue).unwrap()), "a2");
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_keeps_its_place_and_backs_off() {
    let queue = queue(3);
    push(&queue, "a", "a1");
    push(&queue, "a", "a2");
    for pause_ms in [100, 200] {
        queue.settle(take(&queue).unwrap(), Some(500));
        tokio::time::advance(Duration::from_millis(pause_ms - 1)).await;
        assert!(take(&queue).is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    let a1 = take(&queue).unwrap();
    assert_eq!(mid(&a1), "a1");
    queue.settle(a1, None);
    assert_eq!((queue.rows()[0].status, queue.rows()[0].attempts), (WebhookStatus::Failed, 3));
    assert_eq!(mid(&take(&queue).unwrap()), "a2");
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_repeats_the_same_bytes_before_the_next_event() {
    let queue = queue(3);
    queue.duplicate(1);
    push(&queue, "a", "a1");
    push(&queue, "a", "a2");
    let first = take(&queue).unwrap();
    let bytes = first.body.clone();
    queue.settle(first, Some(200));
    let again = take(&queue).unwrap();
    assert_eq!(again.body, bytes);
    assert_eq!(*queue.pending().borrow(), 2);
    queue.settle(again, Some(200));
    queue.settle(take(&queue).unwrap(), Some(200));
    assert_eq!(*queue.pending().borrow(), 0);
    assert_eq!(queue.rows().iter().map(|row| row.is_copy).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn without_a_subscriber_an_event_is_recorded_and_dropped() {
    let queue = Queue::new(config::Delivery::default(), None);
    push(&queue, "a", "a1");
    assert_eq!(queue.rows()[0].status, WebhookStatus::NoSubscriber);
    assert_eq!(*queue.pending().borrow(), 0);
}
