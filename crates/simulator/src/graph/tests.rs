//! The pure judgement by its one way in: who may call, what may be said, and every window to the millisecond.

mod access;
mod content;
mod rights;
mod windows;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::call::{Call, Raw};
use super::{Reply, handle};
use crate::world::World;
use crate::world::deeds::{Deed, Happened};
use crate::world::rules::Rules;

pub(super) const T0: i64 = 1_767_225_600_000;
pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;
pub(super) const PAGE: &str = "1001";
pub(super) const TOKEN: &str = "EAAtesttoken123";
pub(super) const ASHA: &str = "2002";
pub(super) const STRANGER: &str = "2003";

/// HTTP status, code and subcode; 200, 0 and 0 for success.
pub(super) type Outcome = (u16, u64, u64);
pub(super) const OK: Outcome = (200, 0, 0);
pub(super) const CLOSED: Outcome = (400, 10, 2_018_278);
pub(super) const WRONG: Outcome = (400, 100, 0);

/// Asha wrote at `T0`; the stranger is known and never acted.
pub(super) fn world() -> World {
    let mut world = World::new(7, Rules::compiled_in().unwrap());
    let app = world.add_app("4004", SecretString::from("test-app-secret-0001"));
    world.add_page(PAGE, TOKEN, app);
    act(&mut world, ASHA, Deed::write("hello"), T0);
    world.page_mut(PAGE).unwrap().person_or_new(STRANGER);
    world
}

#[track_caller]
pub(super) fn act(world: &mut World, psid: &str, deed: Deed, at_ms: i64) -> Happened {
    let happened = world.act(PAGE, psid, deed, at_ms, at_ms).unwrap_or_else(|sentence| panic!("{}", sentence.0));
    world.take_effects();
    happened
}

pub(super) fn reply(world: &mut World, method: &str, target: &str, fields: &Value, now_ms: i64) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = if fields.is_null() { Vec::new() } else { fields.to_string().into_bytes() };
    let authorization = format!("Bearer {TOKEN}");
    let raw =
        Raw { method, path, query, content_type: "application/json", authorization: Some(&authorization), body: &body };
    handle(world, &Call::parse(raw), now_ms)
}

pub(super) fn outcome(reply: &Reply) -> Outcome {
    let error = &reply.body["error"];
    (reply.status, error["code"].as_u64().unwrap_or(0), error["error_subcode"].as_u64().unwrap_or(0))
}

pub(super) fn send(world: &mut World, fields: &Value, now_ms: i64) -> Reply {
    reply(world, "POST", "/v25.0/me/messages", fields, now_ms)
}

#[track_caller]
pub(super) fn check(world: &mut World, fields: &Value, now_ms: i64, expected: Outcome) {
    let reply = send(world, fields, now_ms);
    assert_eq!(outcome(&reply), expected, "{fields} at T0 + {}: {}", now_ms - T0, reply.body);
}

pub(super) fn text(psid: &str) -> Value {
    json!({"recipient": {"id": psid}, "message": {"text": "hi"}})
}

pub(super) fn message(message: Value) -> Value {
    json!({"recipient": {"id": ASHA}, "message": message})
}

pub(super) fn template(payload: Value) -> Value {
    message(json!({"attachment": {"type": "template", "payload": payload}}))
}

pub(super) fn with(mut fields: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        fields[key] = value.clone();
    }
    fields
}

pub(super) fn tagged(tag: &str) -> Value {
    with(text(ASHA), json!({"messaging_type": "MESSAGE_TAG", "tag": tag}))
}

/// A window's last millisecond, its end, and the one after.
#[track_caller]
pub(super) fn check_end(world: &mut World, fields: &Value, end_ms: i64, closed: Outcome) {
    check(world, fields, end_ms - 1, OK);
    check(world, fields, end_ms, closed);
    check(world, fields, end_ms + 1, closed);
}
