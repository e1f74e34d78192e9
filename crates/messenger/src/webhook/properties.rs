//! What must hold for every body whatever.

use super::*;
use domain::id::FactId;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NOW: Timestamp = Timestamp::from_millis(1_767_225_700_000);

/// Any JSON, made mostly of the words that the parser looks for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_i64..2_000_000_000_000).prop_map(Value::from),
        prop_oneof![Just("1001"), Just("page"), Just("m_1"), Just("a b"), Just("1767225599")].prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "id",
        "user_ref",
        "sender",
        "recipient",
        "timestamp",
        "message",
        "mid",
        "text",
        "is_echo",
        "metadata",
        "app_id",
        "attachments",
        "type",
        "payload",
        "url",
        "delivery",
        "watermark",
        "mids",
        "read",
        "postback",
        "title",
        "referral",
        "ref",
        "optin",
        "reaction",
        "lead",
        "field",
        "value",
        "quick_reply",
        "reply_to",
        "is_deleted",
        "action",
        "data",
        "question",
        "hop_context",
        "nlp",
        "entities",
        "pass_thread_control",
        "app_roles",
        "order",
        "products",
        "template",
        "item",
        "verb",
        "from",
        "post_id",
        "comment_id",
    ])
    .prop_map(str::to_owned)
}

/// A well-formed event, of which the members may be replaced by any JSON.
fn any_event() -> impl Strategy<Value = Value> {
    let whole = (0..11_usize, 2_000..2_004_i64, any::<u8>()).prop_map(|(kind, person, n)| {
        let at = 1_767_225_599_000_i64 + i64::from(n);
        let mut event = json!({"sender": {"id": person.to_string()}, "recipient": {"id": 1001}});
        if n % 4 != 0 {
            event["timestamp"] = json!(at);
        }
        let (key, value) = match kind {
            0 => ("message", json!({"mid": format!("m_{n}"), "text": "hi"})),
            1 => ("message", json!({"text": "no id"})),
            2 => ("message", json!({"mid": format!("m_{n}"), "is_echo": true, "app_id": 7})),
            3 => ("delivery", json!({"watermark": at, "mids": ["m_1", format!("m_{n}")]})),
            4 => ("read", json!({"watermark": at.to_string()})),
            5 => ("postback", json!({"title": "T", "payload": n.to_string()})),
            6 => ("referral", json!({"source": "ADS", "ad_id": n})),
            7 => ("reaction", json!({"mid": "m_1", "action": "react"})),
            8 => ("optin", json!({"ref": n.to_string()})),
            9 => ("message", json!({"mid": format!("m_{n}"), "is_deleted": true})),
            _ => ("brand_new", json!(n)),
        };
        event[key] = value;
        event
    });
    let spoiled = (whole.clone(), word(), any_json()).prop_map(|(mut event, key, value)| {
        event[key] = value;
        event
    });
    prop_oneof![whole, spoiled, any_json()]
}

fn body(entries: &[Value]) -> Vec<u8> {
    json!({"object": "page", "entry": entries}).to_string().into_bytes()
}

fn fact_ids(bodies: &[Vec<u8>]) -> Vec<FactId> {
    let batches = bodies.iter().map(|body| parse(body, NOW).unwrap());
    batches.flat_map(|batch| batch.facts).map(|placed| placed.fact.fact).collect()
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), json in any_json()) {
        drop(parse(&bytes, NOW));
        drop(parse(json.to_string().as_bytes(), NOW));
        drop(parse(&body(std::slice::from_ref(&json)), NOW));
        drop(parse(json!({"object": "page", "entry": json}).to_string().as_bytes(), NOW));
    }

    #[test]
    fn every_event_is_a_fact_or_counted(
        messaging in prop::collection::vec(any_event(), 0..4),
        standby in prop::collection::vec(any_event(), 0..4),
        changes in prop::collection::vec(any_json(), 0..4),
        id in prop_oneof![Just(json!("1001")), Just(json!(1001)), Just(Value::Null), any_json()],
        time in any_json(),
    ) {
        let n_events = messaging.len() + standby.len() + changes.len();
        let entry = json!({"id": id, "time": time, "messaging": messaging, "standby": standby, "changes": changes});
        let batch = parse(&body(&[entry]), NOW).unwrap();
        prop_assert_eq!(batch.facts.len() + batch.unplaced, n_events);
        for placed in &batch.facts {
            let is_person = matches!(placed.place, Place::Person(_));
            prop_assert_eq!(placed.fact.person.is_some(), is_person);
        }
    }

    #[test]
    fn splitting_a_body_does_not_change_its_facts(
        events in prop::collection::vec((any_event(), any::<bool>()), 0..6),
    ) {
        let array = |events: Vec<&(Value, bool)>| Value::from_iter(events.into_iter().map(|(event, _)| event.clone()));
        let together = json!({
            "id": "1001",
            "time": 1_767_225_600_123_i64,
            "messaging": array(events.iter().filter(|(_, standby)| !standby).collect()),
            "standby": array(events.iter().filter(|(_, standby)| *standby).collect()),
        });
        let alone = events.iter().enumerate().map(|(n, (event, standby))| {
            let field = if *standby { "standby" } else { "messaging" };
            body(&[json!({"id": 1001, "time": 1_767_225_700 + n, field: [event]})])
        });
        let together: BTreeSet<_> = fact_ids(&[body(&[together])]).into_iter().collect();
        let alone: BTreeSet<_> = fact_ids(&alone.collect::<Vec<_>>()).into_iter().collect();
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn what_was_kept_comes_to_what_it_would_have_come_to_at_once(
        event in any_event(),
        standby in any::<bool>(),
    ) {
        let field = if standby { "standby" } else { "messaging" };
        let entry = json!({"id": "1001", "time": 1_767_225_600_123_i64, field: [event.clone()]});
        let direct = parse(&body(&[entry]), NOW).unwrap().facts.remove(0);
        let raw = event.to_string();
        let kept = Unrecognized { field: field.to_owned(), raw: raw.clone() };
        let inbound = Inbound { kind: InboundKind::Unrecognized(kept.clone()), ..direct.fact.clone() };
        let retyped = retype(&kept, &inbound);
        if direct.fact.kind == inbound.kind {
            prop_assert_eq!(retyped, []);
        } else {
            prop_assert_eq!(retyped, [direct]);
        }
    }
}
