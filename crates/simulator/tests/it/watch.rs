//! For whoever watches: news as they come, what went over the wire, and the page that shows both.

use std::time::Duration;

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::sandbox::{ASHA, DEADLINE, PAGE, Sandbox, TOKEN, bearer, message};

#[tokio::test]
async fn whoever_waits_for_a_change_hears_of_the_next_one() {
    let sandbox = Sandbox::start().await;
    let seen = sandbox.admin.changes(None, Duration::ZERO).await.unwrap();
    assert_eq!(sandbox.admin.changes(Some(seen), Duration::ZERO).await.unwrap(), seen, "reading changes nothing");
    let (waited, written) =
        tokio::join!(sandbox.admin.changes(Some(seen), DEADLINE), sandbox.admin.write(ASHA, PAGE, "hello"));
    written.unwrap();
    let seen = waited.unwrap();
    let (waited, moved) =
        tokio::join!(sandbox.admin.changes(Some(seen), DEADLINE), sandbox.admin.advance_clock(Duration::from_secs(1)));
    moved.unwrap();
    assert_ne!(waited.unwrap(), seen);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_traffic_holds_bodies_and_no_token() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.admin.wait_idle(DEADLINE).await.unwrap();
    let mid = sandbox.send(message("hi")).await.mid();
    sandbox.admin.wait_idle(DEADLINE).await.unwrap();

    let rows = sandbox.admin.traffic(0).await.unwrap();
    let first = rows.last().unwrap();
    assert_eq!(
        (&first["kind"], &first["title"], &first["http_status"]),
        (&json!("webhook"), &json!("message"), &json!(200))
    );
    assert_eq!(first["sent"]["entry"][0]["messaging"][0]["message"]["text"], "hello");
    let call = rows.iter().find(|row| row["kind"] == "call").unwrap();
    assert_eq!((&call["title"], &call["psid"]), (&json!("POST /v25.0/me/messages"), &json!(ASHA)));
    assert_eq!((&call["sent"]["message"]["text"], &call["answered"]["message_id"]), (&json!("hi"), &json!(mid)));
    assert!(!json!(rows).to_string().contains(TOKEN));
    let newest = rows.first().unwrap()["seq"].as_u64().unwrap();
    assert_eq!(sandbox.admin.traffic(newest).await.unwrap(), Vec::<Value>::new());
    sandbox.stop().await;
}

#[tokio::test]
async fn the_traffic_shows_what_failed_and_what_nobody_hears() {
    let sandbox = Sandbox::start().await;
    sandbox.send(message("too early")).await.error();
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    let rows = sandbox.admin.traffic(0).await.unwrap();
    let [unheard, refused] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((&refused["http_status"], &refused["answered"]["error"]["code"]), (&json!(400), &refused["code"]));
    assert_eq!((&unheard["title"], &unheard["attempt"]), (&json!("message"), &json!(null)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_thread_tells_its_windows_and_its_welcome() {
    let sandbox = Sandbox::start().await;
    sandbox.graph("POST", "/me/messenger_profile", json!({ "get_started": { "payload": "BEGIN" } })).await;
    let happened = sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    let thread = sandbox.text(&format!("/admin/people/{ASHA}/thread?page={PAGE}")).await;
    let thread: Value = serde_json::from_str(thread.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(thread["window"]["standard_until_ms"], happened.timestamp + 24 * 3_600_000);
    assert_eq!(thread["window"]["human_agent_until_ms"], happened.timestamp + 7 * 24 * 3_600_000);
    assert_eq!((&thread["welcome"]["begun"], &thread["welcome"]["get_started"]), (&json!(true), &json!(true)));
    sandbox.stop().await;
}

#[tokio::test]
async fn every_kind_of_fault_that_is_offered_can_be_armed() {
    let sandbox = Sandbox::start().await;
    let kinds = sandbox.admin.fault_kinds().await.unwrap();
    for kind in &kinds {
        let fault = serde_json::from_value(json!({ "kind": kind["kind"] })).unwrap();
        sandbox.admin.inject_fault(&fault).await.unwrap();
    }
    let armed: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind["kind"].to_string()).collect();
    assert_eq!(armed.len(), kinds.len(), "each is offered once");
    sandbox.stop().await;
}

#[tokio::test]
async fn the_page_stands_at_the_root_and_batches_still_go_there() {
    let sandbox = Sandbox::start().await;
    let page = sandbox.text("/").await;
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/html") && head.contains("default-src 'none'"));
    for asset in body.split('"').filter(|word| word.starts_with("/assets/")) {
        assert!(sandbox.text(asset).await.starts_with("HTTP/1.1 200"), "{asset}");
    }
    assert!(sandbox.text("/assets/none.js").await.starts_with("HTTP/1.1 404"));
    let batch = json!({ "batch": [{ "method": "GET", "relative_url": "me" }] });
    let answer = sandbox.call("/", &bearer(), "application/json", &batch.to_string()).await.unwrap();
    assert_eq!((answer.status, &answer.body[0]["code"]), (200, &json!(200)));
    sandbox.stop().await;
}
