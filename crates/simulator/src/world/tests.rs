//! The pure judgement: who may call, what may be said, and the windows to the millisecond.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::access::{App, Credentials, authorize};
use super::judge::{Accepted, MessagingType, Tag, judge};
use super::limits::TAGS_RETIRED_AT_MS;
use super::{Action, Limits, Refusal, World};

const T0: i64 = 1_767_225_600_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const PAGE: &str = "1001";
const ASHA: &str = "2002";
const STRANGER: &str = "2003";

/// Asha wrote at `T0`; the stranger is known and never acted.
fn world() -> World {
    let mut world = World::new(7, Limits::from_pack().unwrap());
    world.add_page(PAGE.to_owned(), SecretString::from("EAAtesttoken123"));
    world.act(PAGE, ASHA, Action::Write, T0);
    world.person_mut(PAGE, STRANGER).unwrap();
    world
}

fn judged(world: &World, fields: &Value, now_ms: i64) -> Result<Accepted, Refusal> {
    judge(world.page(PAGE).unwrap(), &world.limits, fields.as_object().unwrap(), now_ms)
}

#[track_caller]
fn check(world: &World, fields: Value, now_ms: i64, expected: Result<(), Refusal>) {
    assert_eq!(judged(world, &fields, now_ms).map(|_| ()), expected);
}

fn text(psid: &str) -> Value {
    json!({"recipient": {"id": psid}, "message": {"text": "hi"}})
}

fn tagged(tag: &str) -> Value {
    let mut fields = text(ASHA);
    fields["messaging_type"] = json!("MESSAGE_TAG");
    fields["tag"] = json!(tag);
    fields
}

#[track_caller]
fn check_shape(refusal: Refusal, expected: (u16, u32, Option<u32>)) {
    let shape = refusal.shape();
    assert_eq!((shape.status, shape.code, shape.subcode), expected);
}

#[test]
fn the_standard_window_is_half_open() {
    let world = world();
    check(&world, text(ASHA), T0 + DAY - 1, Ok(()));
    check(&world, text(ASHA), T0 + DAY, Err(Refusal::OutsideWindow));
    check(&world, text(ASHA), T0 + DAY + 1, Err(Refusal::OutsideWindow));
    check_shape(Refusal::OutsideWindow, (400, 10, Some(2_018_278)));
}

#[test]
fn the_human_agent_window_is_half_open() {
    let world = world();
    check(&world, tagged("HUMAN_AGENT"), T0 + 7 * DAY - 1, Ok(()));
    check(&world, tagged("HUMAN_AGENT"), T0 + 7 * DAY, Err(Refusal::OutsideWindow));
    check(&world, tagged("HUMAN_AGENT"), T0 + 7 * DAY + 1, Err(Refusal::OutsideWindow));
}

#[test]
fn a_tap_or_a_link_reopens_the_standard_window_but_not_the_human_agents() {
    for action in [Action::Tap, Action::OpenLink] {
        let mut world = world();
        world.act(PAGE, ASHA, action, T0 + 10 * DAY);
        check(&world, text(ASHA), T0 + 11 * DAY - 1, Ok(()));
        check(&world, tagged("HUMAN_AGENT"), T0 + 11 * DAY - 1, Ok(()));
        check(&world, tagged("HUMAN_AGENT"), T0 + 11 * DAY, Err(Refusal::OutsideWindow));
    }
}

#[test]
fn a_late_fact_does_not_move_a_window_back() {
    let mut world = world();
    world.act(PAGE, ASHA, Action::Write, T0 - 5 * HOUR);
    check(&world, text(ASHA), T0 + DAY - 1, Ok(()));
    check(&world, tagged("HUMAN_AGENT"), T0 + 7 * DAY - 1, Ok(()));
}

#[test]
fn the_three_retired_tags_end_at_an_instant() {
    let mut world = world();
    for tag in ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"] {
        check(&world, tagged(tag), TAGS_RETIRED_AT_MS - 1, Ok(()));
        check(&world, tagged(tag), TAGS_RETIRED_AT_MS, Err(Refusal::TagRetired));
    }
    // Also inside an open window, and under another type.
    world.act(PAGE, ASHA, Action::Write, TAGS_RETIRED_AT_MS);
    let mut fields = tagged("ACCOUNT_UPDATE");
    fields["messaging_type"] = json!("RESPONSE");
    check(&world, fields, TAGS_RETIRED_AT_MS + 1, Err(Refusal::TagRetired));
    check_shape(Refusal::TagRetired, (400, 100, None));
}

#[test]
fn a_tag_beside_another_type_opens_nothing() {
    let mut fields = tagged("HUMAN_AGENT");
    fields["messaging_type"] = json!("UPDATE");
    check(&world(), fields, T0 + 2 * DAY, Err(Refusal::OutsideWindow));
}

#[test]
fn nobody_is_written_to_first() {
    let world = world();
    check(&world, text(STRANGER), T0, Err(Refusal::OutsideWindow));
    let mut account_update = tagged("ACCOUNT_UPDATE");
    account_update["recipient"] = json!({"id": STRANGER});
    check(&world, account_update, T0, Err(Refusal::OutsideWindow));
    check(
        &world,
        json!({"recipient": {"id": STRANGER}, "sender_action": "typing_on"}),
        T0,
        Err(Refusal::OutsideWindow),
    );
    check(&world, text("9999"), T0, Err(Refusal::NoMatchingUser));
    check_shape(Refusal::NoMatchingUser, (400, 100, Some(2_018_001)));
}

#[test]
fn a_recipient_is_a_psid_as_text_or_number() {
    let world = world();
    check(&world, json!({"recipient": {"id": 2002}, "message": {"text": "hi"}}), T0, Ok(()));
    for recipient in [json!(null), json!({}), json!("2002"), json!({"id": null}), json!({"user_ref": "x"}), json!([])] {
        check(&world, json!({"recipient": recipient, "message": {"text": "hi"}}), T0, Err(Refusal::NoMatchingUser));
    }
    check(&world, json!({"message": {"text": "hi"}}), T0, Err(Refusal::NoMatchingUser));
}

#[test]
fn a_call_holds_a_message_or_an_action() {
    let world = world();
    let mut both = text(ASHA);
    both["sender_action"] = json!("typing_on");
    check(&world, both, T0, Err(Refusal::MessageAndAction));
    check_shape(Refusal::MessageAndAction, (400, 100, Some(2_018_014)));
    let action = |name: &str| json!({"recipient": {"id": ASHA}, "sender_action": name});
    assert!(judged(&world, &action("mark_seen"), T0) == Ok(Accepted::Action { psid: ASHA.to_owned() }));
    assert!(matches!(judged(&world, &action("dance"), T0), Err(Refusal::Parameter(_))));
    assert!(matches!(judged(&world, &json!({"recipient": {"id": ASHA}}), T0), Err(Refusal::Parameter(_))));
}

#[track_caller]
fn check_message(message: Value, is_good: bool) {
    let outcome = judged(&world(), &json!({"recipient": {"id": ASHA}, "message": message.clone()}), T0);
    match outcome {
        Ok(_) => assert!(is_good, "accepted {message}"),
        Err(refusal) => {
            assert!(!is_good, "refused {message}");
            check_shape(refusal, (400, 100, None));
        }
    }
}

#[test]
fn a_message_has_text_or_attachments_within_limits() {
    check_message(json!({"text": "é".repeat(2000)}), true);
    check_message(json!({"text": "é".repeat(2001)}), false);
    check_message(json!({"text": "hi", "metadata": "m".repeat(1000)}), true);
    check_message(json!({"text": "hi", "metadata": "m".repeat(1001)}), false);
    check_message(json!({"attachment": {"type": "image", "payload": {"url": "http://x"}}}), true);
    check_message(json!({"attachments": [{"type": "image"}, {"type": "image"}]}), true);
    check_message(json!({"attachment": {"type": "hologram"}}), false);
    check_message(json!({"text": "pick", "quick_replies": vec![json!({}); 13]}), true);
    check_message(json!({"text": "pick", "quick_replies": vec![json!({}); 14]}), false);
    for nothing in [json!({}), json!({"text": ""}), json!({"text": null}), json!({"attachments": []})] {
        check_message(nothing, false);
    }
    for garbage in [json!("hi"), json!(7), json!([]), json!({"text": 7}), json!({"text": "hi", "metadata": {}})] {
        check_message(garbage, false);
    }
}

#[test]
fn types_and_tags_are_known_ones() {
    let world = world();
    let with = |messaging_type: Value, tag: Value| {
        let mut fields = text(ASHA);
        fields["messaging_type"] = messaging_type;
        fields["tag"] = tag;
        judged(&world, &fields, T0).map(|accepted| match accepted {
            Accepted::Message(message) => (message.messaging_type, message.tag),
            Accepted::Action { .. } => unreachable!("a message was sent"),
        })
    };
    assert_eq!(with(json!(null), json!(null)), Ok((MessagingType::Response, None)));
    assert_eq!(with(json!("UPDATE"), json!(null)), Ok((MessagingType::Update, None)));
    assert_eq!(
        with(json!("MESSAGE_TAG"), json!("HUMAN_AGENT")),
        Ok((MessagingType::MessageTag, Some(Tag::HumanAgent)))
    );
    assert_eq!(with(json!(null), json!("HUMAN_AGENT")), Ok((MessagingType::MessageTag, Some(Tag::HumanAgent))));
    assert!(matches!(with(json!("MESSAGE_TAG"), json!(null)), Err(Refusal::Parameter(_))));
    assert!(matches!(with(json!("MESSAGE_TAG"), json!("SHIPPING_UPDATE")), Err(Refusal::Parameter(_))));
    assert!(matches!(with(json!("SHOUT"), json!(null)), Err(Refusal::Parameter(_))));
    assert!(matches!(with(json!(7), json!(null)), Err(Refusal::Parameter(_))));
}

#[test]
fn a_reply_quotes_a_message_of_its_own_thread() {
    let mut world = world();
    let posted = world.post(PAGE, ASHA);
    let foreign = world.post(PAGE, STRANGER);
    let quoting = |mid: &str| {
        let mut fields = text(ASHA);
        fields["reply_to"] = json!({ "mid": mid });
        fields
    };
    check(&world, quoting(&posted), T0, Ok(()));
    assert!(matches!(judged(&world, &quoting(&foreign), T0), Err(Refusal::Parameter(_))));
}

#[track_caller]
fn check_access(
    require_proof: bool,
    token: Option<&str>,
    proof: Option<&str>,
    path: &str,
    expected: Result<(), Refusal>,
) {
    let secret = SecretString::from("test-app-secret-0001");
    let app = App { id: "4004".to_owned(), secret, require_proof };
    let credentials = Credentials { token: token.map(str::to_owned), proof: proof.map(str::to_owned) };
    let expected = expected.map(|()| PAGE.to_owned());
    assert_eq!(authorize(&app, &world(), &credentials, path), expected);
}

#[test]
fn the_token_names_the_page_and_the_proof_the_app() {
    const TOKEN: Option<&str> = Some("EAAtesttoken123");
    // HMAC-SHA256 of the token with the app secret, computed by other means.
    const PROOF: Option<&str> = Some("cabbf4372ff38366c965bd6718f1a5ccc6a38c502232485ab27d495b39d625b6");
    check_access(false, TOKEN, None, PAGE, Ok(()));
    check_access(false, TOKEN, None, "me", Ok(()));
    check_access(true, TOKEN, PROOF, PAGE, Ok(()));
    check_access(true, TOKEN, None, PAGE, Err(Refusal::ProofMissing));
    check_access(false, TOKEN, Some("00"), PAGE, Err(Refusal::ProofWrong));
    check_access(false, None, None, PAGE, Err(Refusal::TokenMissing));
    check_access(false, Some(""), None, PAGE, Err(Refusal::TokenMissing));
    check_access(false, Some("EAAother"), PROOF, PAGE, Err(Refusal::TokenInvalid));
    check_access(false, TOKEN, None, "1002", Err(Refusal::NotThisPage));
    check_shape(Refusal::TokenInvalid, (401, 190, None));
    check_shape(Refusal::ProofWrong, (400, 100, None));
}

#[test]
fn ids_follow_from_seed_and_order() {
    let mids = |seed: u64| {
        let mut world = World::new(seed, Limits::from_pack().unwrap());
        [world.ids.mid(), world.ids.mid()]
    };
    assert_eq!(mids(1), mids(1));
    assert_ne!(mids(1), mids(2));
    let [first, second] = mids(1);
    assert_ne!(first, second);
    assert!(first.starts_with("m_") && first.len() == 34, "{first}");
}
