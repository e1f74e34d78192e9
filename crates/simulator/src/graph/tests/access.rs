//! Tokens, proofs and paths.

use serde_json::{Value, json};

use super::{PAGE, TOKEN, outcome, text, world};
use crate::graph::call::{Call, Raw};
use crate::graph::handle;

#[track_caller]
fn check(require_proof: bool, path: &str, query: &str, expected: (u16, u64, u64)) {
    let mut world = world();
    world.apps[0].require_proof = require_proof;
    let body = text(super::ASHA).to_string();
    let raw = Raw { method: "POST", path, query, body: body.as_bytes(), ..Raw::default() };
    let reply = handle(&mut world, &Call::parse(raw), super::T0);
    assert_eq!(outcome(&reply), expected, "{path}?{query}: {}", reply.body);
}

#[test]
fn the_token_names_the_page_and_the_proof_the_app() {
    // HMAC-SHA256 of the token with the app secret, computed by other means.
    const PROOF: &str = "cabbf4372ff38366c965bd6718f1a5ccc6a38c502232485ab27d495b39d625b6";
    let (ours, me) = (format!("/{PAGE}/messages"), "/v26.0/me/messages");
    let token = format!("access_token={TOKEN}");
    check(false, &ours, &token, (200, 0, 0));
    check(false, me, &token, (200, 0, 0));
    check(true, me, &format!("{token}&appsecret_proof={PROOF}"), (200, 0, 0));
    check(true, me, &token, (400, 100, 0));
    check(false, me, &format!("{token}&appsecret_proof=00"), (400, 100, 0));
    check(false, me, "", (401, 190, 0));
    check(false, me, "access_token=", (401, 190, 0));
    check(false, me, &format!("access_token=EAAother&appsecret_proof={PROOF}"), (401, 190, 0));
    check(false, "/1002/messages", &token, (400, 100, 33));
    check(false, "/latest/me/messages", &token, (400, 2500, 0));
    check(false, "/me/nonsense", &token, (400, 2500, 0));
    check(false, me, "access_token=4004%7Ctest-app-secret-0001", (401, 190, 0));
}

#[test]
fn errors_carry_a_trace_that_no_other_has() {
    let mut world = world();
    let fields = json!({"recipient": {"id": super::STRANGER}, "message": {"text": "hi"}});
    let mut trace = || {
        let reply = super::send(&mut world, &fields, super::T0);
        reply.body["error"]["fbtrace_id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (trace(), trace());
    assert!(first.len() == 23 && first.starts_with('A') && first != second, "{first} {second}");
}

#[test]
fn a_batch_is_done_in_order_with_at_most_fifty() {
    let mut world = world();
    let item = |text: &str| {
        let message = format!("recipient={{\"id\":\"2002\"}}&message={{\"text\":\"{text}\"}}");
        json!({"method": "POST", "relative_url": "me/messages", "body": message})
    };
    let items = [item("one"), json!({"method": "POST", "relative_url": "me/nonsense"}), item("two")];
    let reply = super::reply(&mut world, "POST", "/", &json!({"batch": items}), super::T0);
    let codes: Vec<_> = reply.body.as_array().unwrap().iter().map(|answer| answer["code"].as_u64().unwrap()).collect();
    assert_eq!((reply.status, codes, reply.notes.len()), (200, vec![200, 400, 200], 3));
    let inner: Value = serde_json::from_str(reply.body[0]["body"].as_str().unwrap()).unwrap();
    assert!(inner["message_id"].is_string());
    let many: Vec<Value> = (0..51).map(|_| item("x")).collect();
    let reply = super::reply(&mut world, "POST", "/", &json!({"batch": many}), super::T0);
    assert_eq!((outcome(&reply), &reply.body["error"]["type"]), ((400, 100, 0), &json!("GraphBatchException")));
    let nested = json!({"batch": [{"method": "POST", "relative_url": "?batch=[]"}]});
    assert_eq!(super::reply(&mut world, "POST", "/", &nested, super::T0).body[0]["code"], 400);
}
