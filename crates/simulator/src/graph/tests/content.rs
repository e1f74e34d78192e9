//! What a message may hold: limits, templates, buttons, quick replies.

use serde_json::{Value, json};

use super::{ASHA, OK, Outcome, T0, WRONG, check, message, reply, send, template, text, with, world};

#[track_caller]
fn check_message(content: Value, expected: Outcome) {
    check(&mut world(), &message(content), T0, expected);
}

#[track_caller]
fn check_template(payload: Value, expected: Outcome) {
    check(&mut world(), &template(payload), T0, expected);
}

#[test]
fn a_recipient_is_a_psid_as_text_or_number() {
    let mut world = world();
    check(&mut world, &json!({"recipient": {"id": 2002}, "message": {"text": "hi"}}), T0, OK);
    for recipient in [json!(null), json!({}), json!("2002"), json!({"id": null}), json!({"user_ref": "x"}), json!([])] {
        check(&mut world, &json!({"recipient": recipient, "message": {"text": "hi"}}), T0, (400, 100, 2_018_001));
    }
    check(&mut world, &json!({"message": {"text": "hi"}}), T0, (400, 100, 2_018_001));
    check(
        &mut world,
        &json!({"recipient": {"phone_number": "+1"}, "message": {"text": "hi"}}),
        T0,
        (400, 200, 2_018_027),
    );
    check(&mut world, &json!({"recipient": {"id": ASHA, "user_ref": "x"}, "message": {"text": "hi"}}), T0, WRONG);
}

#[test]
fn a_call_holds_a_message_or_an_action() {
    let mut world = world();
    check(&mut world, &with(text(ASHA), json!({"sender_action": "typing_on"})), T0, (400, 100, 2_018_014));
    let action = |name: &str| json!({"recipient": {"id": ASHA}, "sender_action": name});
    for name in ["typing_on", "TYPING_OFF", "mark_seen"] {
        assert_eq!(send(&mut world, &action(name), T0).body, json!({"recipient_id": ASHA}), "{name}");
    }
    check(&mut world, &action("dance"), T0, WRONG);
    check(&mut world, &action("react"), T0, WRONG);
    check(&mut world, &json!({"recipient": {"id": ASHA}}), T0, WRONG);
}

#[test]
fn a_page_reacts_to_a_message_of_the_thread() {
    let mut world = world();
    let mid = send(&mut world, &text(ASHA), T0).body["message_id"].clone();
    let react =
        |name: &str, payload: Value| json!({"recipient": {"id": ASHA}, "sender_action": name, "payload": payload});
    check(&mut world, &react("react", json!({"message_id": mid, "reaction": "love"})), T0, OK);
    check(&mut world, &react("unreact", json!({"message_id": mid})), T0, OK);
    check(&mut world, &react("react", json!({"message_id": mid})), T0, WRONG);
    check(&mut world, &react("react", json!({"message_id": "m_x", "reaction": "love"})), T0, WRONG);
}

#[test]
fn a_message_has_one_body_within_limits() {
    let image = json!({"type": "image", "payload": {"url": "https://x.example/a.png"}});
    for (content, expected) in [
        (json!({"text": "é".repeat(2000)}), OK),
        (json!({"text": "é".repeat(2001)}), WRONG),
        (json!({"text": "hi", "metadata": "m".repeat(1000)}), OK),
        (json!({"text": "hi", "metadata": "m".repeat(1001)}), WRONG),
        (json!({"attachment": image}), OK),
        (json!({"attachment": image, "text": "hi"}), WRONG),
        (json!({"attachments": [image, image]}), OK),
        (json!({"attachments": [image, {"type": "video", "payload": {"url": "https://x.example/v"}}]}), WRONG),
        (json!({"attachment": {"type": "hologram", "payload": {"url": "https://x.example/a"}}}), WRONG),
        (json!({"attachment": {"type": "image"}}), WRONG),
        (json!({"attachment": {"type": "image", "payload": {"url": "not a url"}}}), WRONG),
        (
            json!({"attachment": {"type": "image", "payload": {"url": "https://gone.invalid/a.png"}}}),
            (400, 100, 2_018_008),
        ),
        (
            json!({"attachment": {"type": "video", "payload": {"url": "https://gone.invalid/a.mp4"}}}),
            (400, 100, 2_018_294),
        ),
        (json!({"attachment": {"type": "image", "payload": {"attachment_id": "1"}}}), (400, 100, 2_018_074)),
        (json!({"sticker_id": 369_239_263_222_822_u64}), OK),
        (json!({"sticker_id": "369239263222822"}), OK),
        (json!({"sticker_id": 5}), WRONG),
        (json!({}), WRONG),
        (json!({"text": ""}), WRONG),
        (json!({"text": null}), WRONG),
        (json!({"attachments": []}), WRONG),
        (json!("hi"), WRONG),
        (json!(7), WRONG),
        (json!([]), WRONG),
        (json!({"text": 7}), WRONG),
        (json!({"text": "hi", "metadata": {}}), WRONG),
        (json!({"text": "hi", "quick_replies": {}}), WRONG),
    ] {
        check_message(content, expected);
    }
}

#[test]
fn quick_replies_are_thirteen_whole_ones() {
    let reply = |title: &str, payload: Value| json!({"content_type": "text", "title": title, "payload": payload});
    let of = |replies: Vec<Value>| json!({"text": "pick", "quick_replies": replies});
    check_message(of(vec![reply("Yes", json!("Y")); 13]), OK);
    check_message(of(vec![reply("Yes", json!("Y")); 14]), WRONG);
    check_message(of(vec![reply(&"t".repeat(20), json!("p".repeat(1000)))]), OK);
    check_message(of(vec![reply(&"t".repeat(21), json!("p"))]), WRONG);
    check_message(of(vec![reply("t", json!("p".repeat(1001)))]), WRONG);
    check_message(of(vec![reply("t", json!(7))]), OK);
    check_message(of(vec![reply("", json!("p"))]), WRONG);
    check_message(
        of(vec![json!({"content_type": "text", "title": "", "payload": "", "image_url": "https://x.example/a"})]),
        OK,
    );
    check_message(of(vec![json!({"content_type": "user_email"}), json!({"content_type": "user_phone_number"})]), OK);
    check_message(of(vec![json!({"content_type": "location"})]), WRONG);
    check_message(of(vec![json!("Yes")]), WRONG);
}

#[test]
fn every_template_has_its_own_limits() {
    let image = json!({"url": "https://x.example/a.png", "action": {"type": "web_url", "url": "https://x.example/a"}});
    let hero = json!({"url": "https://x.example/a.png", "is_hero_image": true});
    let grid = |images: Value, buttons: Value| {
        let element = json!({"title": "T", "images": images, "buttons": buttons});
        json!({"template_type": "image_grid", "elements": [element]})
    };
    let button = |kind: &str| match kind {
        "web_url" => json!({"type": kind, "title": "Open", "url": "https://x.example"}),
        "phone_number" => json!({"type": kind, "title": "Call", "payload": "+1 650 555-1234"}),
        _ => json!({"type": kind, "title": "Go", "payload": "GO"}),
    };
    let generic = |elements: Vec<Value>| json!({"template_type": "generic", "elements": elements});
    let element = json!({"title": "T", "subtitle": "S"});
    let buttons = |buttons: Vec<Value>| json!({"template_type": "button", "text": "pick", "buttons": buttons});
    let receipt = json!({"template_type": "receipt", "recipient_name": "A", "order_number": "1", "currency": "EUR",
        "payment_method": "Visa", "summary": {"total_cost": 9.5}});
    for (payload, expected) in [
        (generic(vec![element.clone(); 10]), OK),
        (generic(vec![element.clone(); 11]), WRONG),
        (generic(vec![]), WRONG),
        (generic(vec![json!({"title": "T"})]), WRONG),
        (generic(vec![json!({"title": "t".repeat(81), "subtitle": "s"})]), WRONG),
        (generic(vec![with(element.clone(), json!({"buttons": vec![button("postback"); 4]}))]), WRONG),
        (
            generic(vec![with(
                element,
                json!({"default_action": {"type": "web_url", "url": "https://x.example", "title": "no"}}),
            )]),
            WRONG,
        ),
        (buttons(vec![button("web_url"), button("postback"), button("phone_number")]), OK),
        (buttons(vec![]), WRONG),
        (buttons(vec![button("postback"); 4]), WRONG),
        (buttons(vec![json!({"type": "postback", "title": "t".repeat(21), "payload": "P"})]), WRONG),
        (buttons(vec![json!({"type": "postback", "title": "t", "payload": "p".repeat(1001)})]), WRONG),
        (buttons(vec![json!({"type": "phone_number", "title": "t", "payload": "12345"})]), WRONG),
        (
            buttons(vec![
                json!({"type": "web_url", "title": "t", "url": "http://x.example", "messenger_extensions": true}),
            ]),
            WRONG,
        ),
        (buttons(vec![json!({"type": "account_link", "url": "https://x.example/login"})]), OK),
        (buttons(vec![json!({"type": "account_link", "url": "http://x.example/login"})]), WRONG),
        (buttons(vec![json!({"type": "audio_call", "title": "Call", "expires_in_days": 7})]), OK),
        (buttons(vec![json!({"type": "audio_call"})]), WRONG),
        (buttons(vec![json!({"type": "audio_call", "title": "Call", "expires_in_days": 8})]), WRONG),
        (buttons(vec![json!({"type": "payment", "title": "t"})]), WRONG),
        (json!({"template_type": "button", "text": "x".repeat(641), "buttons": [button("postback")]}), WRONG),
        (
            json!({"template_type": "media", "elements": [{"media_type": "image", "url": "https://www.facebook.com/p/1"}]}),
            OK,
        ),
        (
            json!({"template_type": "media", "elements": [{"media_type": "image", "url": "https://x.example/1"}]}),
            (400, 2_018_184, 0),
        ),
        (json!({"template_type": "media", "elements": [{"media_type": "image"}]}), (400, 2_018_182, 0)),
        (receipt.clone(), OK),
        (with(receipt.clone(), json!({"summary": {}})), WRONG),
        (with(receipt, json!({"order_number": null})), WRONG),
        (json!({"template_type": "product", "elements": [{"id": "5"}]}), OK),
        (json!({"template_type": "product", "elements": [{"id": "x"}]}), (400, 100, 2_018_320)),
        (json!({"template_type": "coupon", "title": "T", "coupon_code": "SAVE"}), OK),
        (json!({"template_type": "coupon", "title": "T", "coupon_code": "SA VE"}), WRONG),
        (json!({"template_type": "coupon", "title": "T"}), WRONG),
        (grid(json!([image, image]), json!([])), OK),
        (grid(json!([image]), json!([])), WRONG),
        (grid(json!([image, {}]), json!([])), WRONG),
        (grid(json!([hero, hero]), json!([])), WRONG),
        (grid(json!([image, {"url": "https://x.example/a", "action": {"type": "postback"}}]), json!([])), WRONG),
        (grid(json!([image, image]), json!([{"type": "account_unlink"}])), WRONG),
        (
            json!({"template_type": "customer_information", "countries": ["DE"], "business_privacy": {"url": "https://x.example"}, "expires_in_days": 7}),
            OK,
        ),
        (
            json!({"template_type": "customer_information", "countries": ["DE"], "business_privacy": {"url": "https://x.example"}, "expires_in_days": 8}),
            WRONG,
        ),
        (json!({"template_type": "instant_form", "form_id": "12"}), OK),
        (json!({"template_type": "instant_form", "form_id": "x"}), (400, 1, 2_018_382)),
        (json!({"template_type": "one_time_notif_req", "title": "t".repeat(65), "payload": "P"}), OK),
        (json!({"template_type": "one_time_notif_req", "title": "t".repeat(66), "payload": "P"}), WRONG),
        (json!({"template_type": "airline_itinerary"}), WRONG),
        (json!({}), WRONG),
    ] {
        check_template(payload, expected);
    }
    let product = template(json!({"template_type": "product", "elements": [{"id": "5"}]}));
    let old = reply(&mut world(), "POST", "/v7.0/me/messages", &product, T0);
    assert_eq!(super::outcome(&old), (400, 100, 2_018_328));
}

#[test]
fn types_and_tags_are_known_ones() {
    let mut world = world();
    for (more, expected) in [
        (json!({}), OK),
        (json!({"messaging_type": "UPDATE"}), OK),
        (json!({"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}), OK),
        (json!({"tag": "HUMAN_AGENT"}), OK),
        (json!({"messaging_type": "MESSAGE_TAG"}), WRONG),
        (json!({"messaging_type": "MESSAGE_TAG", "tag": "SHIPPING_UPDATE"}), WRONG),
        (json!({"messaging_type": "UTILITY"}), WRONG),
        (json!({"messaging_type": "SHOUT"}), WRONG),
        (json!({"messaging_type": 7}), WRONG),
        (json!({"notification_type": "SILENT_PUSH"}), OK),
        (json!({"notification_type": "LOUD"}), WRONG),
        (json!({"persona_id": "1"}), WRONG),
        (json!({"thread_control": {"control_type": "pass", "app_id": "9"}}), (400, 100, 2_018_164)),
        (json!({"thread_control": {"control_type": "release"}}), OK),
    ] {
        check(&mut world, &with(text(ASHA), more), T0, expected);
    }
}
