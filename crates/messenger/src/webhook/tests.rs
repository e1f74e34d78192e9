//! What bodies of many shapes come to.

mod facts;
mod shapes;

use super::*;
use domain::event::{Attachment, Echo, Message, Postback, Referral};
use domain::id::{AppId, FactId, Mid, PersonKey, SendId};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_millis(1_767_225_700_000);
const ENDS: &str = r#""sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000"#;
const ECHO_ENDS: &str = r#""sender":{"id":"1001"},"recipient":{"id":"2002"},"timestamp":1767225599000"#;

fn batch(body: &str) -> Batch {
    parse(body.as_bytes(), NOW).unwrap()
}

fn in_entry(array: &str, item: &str) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":"1001","time":1767225600123,"{array}":[{item}]}}]}}"#)
}

#[track_caller]
fn one(body: &str) -> Placed {
    let mut batch = batch(body);
    assert_eq!((batch.facts.len(), batch.unplaced), (1, 0), "{body}");
    batch.facts.remove(0)
}

/// The one event of a body that has these members beside the ends of an ordinary event.
#[track_caller]
fn event(members: &str) -> Placed {
    one(&in_entry("messaging", &format!("{{{ENDS},{members}}}")))
}

fn person(id: &str) -> Place {
    Place::Person(Psid::parse(id).unwrap())
}

fn mid(id: &str) -> Mid {
    Mid::parse(id).unwrap()
}

fn fact_of(body: &str) -> FactId {
    one(body).fact.fact
}

#[track_caller]
fn check_kept(placed: &Placed, field: &str, raw: &str) {
    let expected = Unrecognized { field: field.to_owned(), raw: raw.to_owned() };
    assert_eq!(placed.fact.kind, InboundKind::Unrecognized(expected));
}

#[test]
fn a_message_is_read_with_all_it_brings() {
    let placed = event(
        r#""message":{"mid":"m_1","text":"caf\u00e9 \ud83d\ude00 a\/b x\u0040y","quick_reply":{"payload":"yes"},
        "reply_to":{"mid":"m_0","is_self_reply":false},"referral":{"source":"ADS","type":"OPEN_THREAD","ad_id":7},
        "attachments":[{"type":"image","payload":{"url":"https:\/\/cdn\/1","sticker_id":3}},{"type":"fallback","payload":null,"title":"T"}]}"#,
    );
    assert_eq!(placed.place, person("2002"));
    let fact = placed.fact;
    assert_eq!((fact.page.as_str(), fact.person, fact.standby), ("1001", Psid::parse("2002").ok(), false));
    assert_eq!((fact.stated_at.as_millis(), fact.received_at), (1_767_225_599_000, NOW));
    let image = Attachment {
        kind: "image".to_owned(),
        url: Some("https://cdn/1".to_owned()),
        title: None,
        sticker: Some("3".to_owned()),
        ..Attachment::default()
    };
    let fallback =
        Attachment { kind: "fallback".to_owned(), url: None, title: Some("T".to_owned()), ..Attachment::default() };
    let referral = Referral {
        source: "ADS".to_owned(),
        kind: "OPEN_THREAD".to_owned(),
        reference: None,
        ad: Some("7".to_owned()),
        ..Referral::default()
    };
    let expected = Message {
        mid: Some(mid("m_1")),
        text: "café 😀 a/b x@y".to_owned(),
        quick_reply: Some("yes".to_owned()),
        reply_to: Some(mid("m_0")),
        attachments: vec![image, fallback],
        referral: Some(referral),
        ..Message::default()
    };
    assert_eq!(fact.kind, InboundKind::Message(expected));
}

#[test]
fn an_echo_is_about_its_recipient_and_names_our_send() {
    let send = SendId::new(PageId::parse("1001").unwrap(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(9));
    for (metadata, ours, foreign) in [
        (send.to_string(), Some(send.clone()), None),
        (format!("{send} order 42"), Some(send.clone()), Some("order 42")),
        ("order 42".to_owned(), None, Some("order 42")),
    ] {
        let message = format!(r#"{{"is_echo":true,"app_id":77,"metadata":"{metadata}","mid":"m_1","text":"hi"}}"#);
        let placed = one(&in_entry("messaging", &format!(r#"{{{ECHO_ENDS},"message":{message}}}"#)));
        assert_eq!(placed.place, person("2002"));
        let expected = Echo {
            app: AppId::parse("77").ok(),
            send: ours,
            foreign_metadata: foreign.map(str::to_owned),
            text: "hi".to_owned(),
            ..Echo::of(mid("m_1"))
        };
        assert_eq!(placed.fact.kind, InboundKind::Echo(expected));
    }
}

#[test]
fn an_echo_that_cannot_be_read_is_still_about_its_recipient() {
    for message in
        [r#"{"is_echo":true}"#, r#"{"is_echo":"yes","mid":"m_1"}"#, r#"{"is_echo":true,"mid":"m_1","app_id":[]}"#]
    {
        let item = format!(r#"{{{ECHO_ENDS},"message":{message}}}"#);
        let placed = one(&in_entry("messaging", &item));
        assert_eq!(placed.place, person("2002"), "{message}");
        check_kept(&placed, "messaging", &item);
    }
}

#[test]
fn watermarks_are_moments_and_bad_mids_are_dropped() {
    let watermark = Timestamp::from_millis(1_767_225_599_000);
    let placed = event(r#""delivery":{"watermark":1767225599,"mids":["m_1",5,null,"a b",{}],"seq":3}"#);
    assert_eq!(placed.fact.kind, InboundKind::Delivered { watermark, mids: vec![mid("m_1"), mid("5")] });
    let placed = event(r#""delivery":{"watermark":"1767225599000","mids":null}"#);
    assert_eq!(placed.fact.kind, InboundKind::Delivered { watermark, mids: Vec::new() });
    assert_eq!(event(r#""read":{"watermark":1767225599000}"#).fact.kind, InboundKind::Read { watermark });
}

#[test]
fn a_tap_and_a_link_are_read() {
    let referral = Referral {
        source: "SHORTLINK".to_owned(),
        kind: "OPEN_THREAD".to_owned(),
        reference: Some("spring".to_owned()),
        ..Referral::default()
    };
    let json = r#"{"source":"SHORTLINK","type":"OPEN_THREAD","ref":"spring"}"#;
    assert_eq!(event(&format!(r#""referral":{json}"#)).fact.kind, InboundKind::Referral(referral.clone()));
    let expected = Postback {
        mid: Some(mid("m_1")),
        title: "Start".to_owned(),
        payload: Some("GO".to_owned()),
        referral: Some(referral),
        ..Postback::default()
    };
    let inside = format!(r#""postback":{{"mid":"m_1","title":"Start","payload":"GO","referral":{json}}}"#);
    let beside = format!(r#""postback":{{"mid":"m_1","title":"Start","payload":"GO"}},"referral":{json}"#);
    for members in [inside, beside] {
        assert_eq!(event(&members).fact.kind, InboundKind::Postback(expected.clone()));
    }
}

#[test]
fn what_is_not_known_or_not_whole_is_kept_exactly_as_it_came() {
    for members in [
        r#""reaction" : {"mid":"m_1","action":"shrug"}"#,
        r#""reaction":{"action":"react"}"#,
        r#""message_edit":{"mid":"m_1","num_edit":1}"#,
        r#""something_new":{"a":[1,2,{"b":null}]}"#,
        r#""calls":{"id":"1"}"#,
        r#""message":{"is_deleted":true}"#,
        r#""message":{"mid":"m_1","text":5}"#,
        r#""message":{"mid":"m_1","attachments":{}}"#,
        r#""message":{"mid":"m_1","attachments":[["image"]]}"#,
        r#""message":{"mid":"a b"}"#,
        r#""message":["m_1"]"#,
        r#""message":{"mid":"m_1","mid":"m_2"}"#,
        r#""message":{"mid":"m_1"},"read":{"watermark":1}"#,
        r#""referral":{"source":"ADS"},"lead":{"data":[]}"#,
        r#""delivery":{"mids":["m_1"]}"#,
        r#""read":{"watermark":1e400}"#,
        r#""read":{"watermark":null}"#,
        r#""postback":{"payload":{"a":1}}"#,
        r#""optin":{}"#,
        r#""optin":{"type":"something_new","payload":"P"}"#,
        r#""optin":{"type":"one_time_notif_req","payload":"P"}"#,
        r#""optin":{"type":"notification_messages","notification_messages_token":"t","notification_messages_status":"PAUSE"}"#,
        r#""account_linking":{"status":"perhaps"}"#,
        r#""pass_thread_control":{"new_owner_app_id":"a b"}"#,
        r#""pass_thread_control":{},"take_thread_control":{}"#,
        r#""message":{"mid":"m_1"},"template":{"type":"coupon"}"#,
        r#""template":{"type":"receipt"}"#,
        r#""message_request":"decline""#,
        r#""response_feedback":{"mid":"m_1","feedback":"So-so"}"#,
        r#""messaging_feedback":{"feedback_screens":{}}"#,
        r#""order":{"products":[5]}"#,
        r#""lead":{"data":[]}"#,
    ] {
        let item = format!("{{{ENDS},{members}}}");
        let placed = one(&in_entry("messaging", &item));
        assert_eq!((placed.place.clone(), placed.fact.stated_at.as_millis()), (person("2002"), 1_767_225_599_000));
        check_kept(&placed, "messaging", &item);
    }
}

#[test]
fn optional_fields_may_be_null() {
    let placed =
        event(r#""message":{"mid":"m_1","text":null,"attachments":null,"is_echo":null,"reply_to":null},"read":null"#);
    assert_eq!(placed.fact.kind, InboundKind::Message(Message { mid: Some(mid("m_1")), ..Message::default() }));
}

#[test]
fn items_that_are_no_objects_do_not_spoil_their_neighbours() {
    let good = format!(r#"{{{ENDS},"message":{{"mid":"m_1"}}}}"#);
    let batch = batch(&in_entry("messaging", &format!(r#"5,[{{"id":"2002"}}],{good},null,"x""#)));
    let kinds: Vec<_> = batch.facts.iter().map(|placed| placed.fact.kind.as_str()).collect();
    assert_eq!(kinds, ["unrecognized", "unrecognized", "message", "unrecognized", "unrecognized"]);
    check_kept(&batch.facts[1], "messaging", r#"[{"id":"2002"}]"#);
    assert_eq!((&batch.facts[0].place, batch.unplaced), (&Place::Page, 0));
}

#[test]
fn an_entry_may_hold_several_events_also_as_a_bystander() {
    let event = |mid: &str| format!(r#"{{{ENDS},"message":{{"mid":"{mid}"}}}}"#);
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":1001,"time":"1767225600","standby":[{},{}],"messaging":[{}]}},{{"id":"1002","messaging":[{}]}}]}}"#,
        event("m_1"),
        event("m_2"),
        event("m_3"),
        event("m_4"),
    );
    let facts: Vec<_> = batch(&body).facts.into_iter().map(|placed| placed.fact).collect();
    let seen: Vec<_> = facts.iter().map(|fact| (fact.page.as_str(), fact.standby)).collect();
    assert_eq!(seen, [("1001", true), ("1001", true), ("1001", false), ("1002", false)]);
    assert_eq!(facts[0].fact, fact_of(&in_entry("messaging", &event("m_1"))), "a bystander hears the same fact");
}

#[test]
fn changes_are_kept_under_the_name_of_their_field() {
    for (field, change) in [
        ("feed", r#"{"field":"feed","value":{"item":"comment","created_time":1}}"#),
        ("feed", r#"{"field":"feed","value":{"item":"comment","verb":"shout","comment_id":"5_6","post_id":"5"}}"#),
        ("feed", r#"{"field":"feed","value":{"item":"post","verb":"add","created_time":"noon"}}"#),
        ("calls", r#"{"field":"calls","value":{"id":"1"}}"#),
        ("messages", r#"{"field":"messages","value":{"sender":{"id":"2002"},"new":1}}"#),
        ("marketing_message_reads", r#"{"field":"marketing_message_reads","value":{"page_id":"1001"}}"#),
        ("inbox_labels", r#"{"field":"inbox_labels","value":{"action":"add","label":{"id":"1"}}}"#),
    ] {
        let placed = one(&in_entry("changes", change));
        assert_eq!((&placed.place, placed.fact.stated_at.as_millis()), (&Place::Page, 1_767_225_600_123));
        check_kept(&placed, field, change);
    }
    for nameless in ["7", r#"{"value":1}"#, r#"{"field":"a b"}"#, r#"{"field":9}"#] {
        check_kept(&one(&in_entry("changes", nameless)), "changes", nameless);
    }
}

#[test]
fn an_entry_of_an_unknown_shape_is_kept() {
    let entry = r#"{"id":"1001","time":1767225600123,"calls":[{"id":"1"}]}"#;
    check_kept(&one(&format!(r#"{{"object":"page","entry":[{entry}]}}"#)), "entry", entry);
    let body = r#"{"object":"page","entry":[{"id":"1001","messaging":{"a":1}}]}"#;
    check_kept(&one(body), "messaging", r#"{"a":1}"#);
    let body = r#"{"object":"page","entry":[{"id":"1001","changes":{"field":"calls"}}]}"#;
    check_kept(&one(body), "changes", r#"{"field":"calls"}"#);
}

#[test]
fn the_page_is_found_in_the_event_when_the_entry_does_not_name_it() {
    for item in [
        format!(r#"{{{ENDS},"message":{{"mid":"m_1"}}}}"#),
        format!(r#"{{{ECHO_ENDS},"message":{{"mid":"m_1","is_echo":true}}}}"#),
    ] {
        let placed = one(&format!(r#"{{"object":"page","entry":[{{"messaging":[{item}]}}]}}"#));
        assert_eq!((placed.fact.page.as_str(), placed.place), ("1001", person("2002")), "{item}");
    }
}

#[test]
fn what_belongs_to_no_page_is_counted_and_the_rest_is_read() {
    let event = format!(r#"{{{ENDS},"message":{{"mid":"m_1"}}}}"#);
    let body = format!(
        r#"{{"object":"page","entry":[5,{{"id":"a b","messaging":[{{}},{event},7]}},{{"changes":[{{"field":"feed"}}]}}]}}"#
    );
    let batch = batch(&body);
    assert_eq!((batch.facts.len(), batch.unplaced), (1, 4));
}

#[test]
fn a_person_known_by_a_reference_alone_is_placed_by_it() {
    let by_ref = Place::UserRef(OptinRef::parse("ref-1").unwrap());
    for item in [
        r#"{"sender":{"user_ref":"ref-1"},"recipient":{"id":"1001"},"timestamp":1767225599000,"postback":{"title":"T"}}"#,
        r#"{"recipient":{"id":"1001"},"timestamp":1767225599000,"optin":{"ref":"r","user_ref":"ref-1"}}"#,
    ] {
        let placed = one(&in_entry("messaging", item));
        assert_eq!((placed.place, placed.fact.person), (by_ref.clone(), None), "{item}");
    }
    let nobody = r#"{"recipient":{"id":"1001"},"timestamp":1767225599000,"policy_enforcement":{"action":"block"}}"#;
    assert_eq!(one(&in_entry("messaging", nobody)).place, Place::Page);
}

#[test]
fn a_time_that_is_not_stated_is_the_entrys_or_ours() {
    let event = r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"read":{"watermark":1767225599000}}"#;
    assert_eq!(one(&in_entry("messaging", event)).fact.stated_at.as_millis(), 1_767_225_600_123);
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1001","messaging":[{event}]}}]}}"#);
    assert_eq!(one(&body).fact.stated_at, NOW);
    let unreadable = event.replace(r#""read""#, r#""timestamp":"noon","read""#);
    let placed = one(&in_entry("messaging", &unreadable));
    check_kept(&placed, "messaging", &unreadable);
    assert_eq!((placed.fact.stated_at.as_millis(), placed.place), (1_767_225_600_123, person("2002")));
}

#[test]
fn bodies_that_are_not_ours_to_read_are_told_apart_without_their_content() {
    for (body, expected) in [
        (&b"\xff\xfe"[..], Unreadable::NotUtf8),
        (b"", Unreadable::NotJson),
        (b"{\"object\":\"page\"", Unreadable::NotJson),
        (b"{} {}", Unreadable::NotJson),
        (b"[\"page\",[]]", Unreadable::NotObject),
        (b"{\"object\":\"page\",\"entry\":[],\"entry\":[]}", Unreadable::NotObject),
        (b"{\"object\":\"instagram\",\"entry\":[]}", Unreadable::NotPage),
        (b"{\"object\":[\"page\"],\"entry\":[]}", Unreadable::NotPage),
        (b"{\"entry\":[]}", Unreadable::NotPage),
        (b"{\"object\":\"page\"}", Unreadable::NoEntries),
        (b"{\"object\":\"page\",\"entry\":{}}", Unreadable::NoEntries),
    ] {
        assert_eq!(parse(body, NOW), Err(expected));
    }
    assert_eq!(Unreadable::NotPage.to_string(), "the body's `object` is not `page`");
}

#[test]
fn a_deeply_nested_event_is_kept() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for members in
        [format!(r#""message":{{"text":{deep}}}"#), format!(r#""message_edit":{deep}"#), format!(r#""new":{deep}"#)]
    {
        assert_eq!(event(&members).fact.kind.as_str(), "unrecognized");
    }
    assert_eq!(event(&format!(r#""message":{{"new":{deep}}}"#)).fact.kind.as_str(), "message");
}
