//! Each family of endpoints over HTTP: what it takes, what it answers, and what it refuses.

use serde_json::{Value, json};
use simulator::{Deed, Limits};

use crate::receiver::Receiver;
use crate::sandbox::{ASHA, DEADLINE, GONE, PAGE, Sandbox, TOKEN, WRONG, message, with_asha, with_asha_and};

const BOUND: &str = "multipart/form-data; boundary=x";

#[tokio::test]
async fn personas_are_made_used_listed_in_pages_and_deleted() {
    let sandbox = with_asha().await;
    let picture = "https://x.example/a.png";
    let mut ids = Vec::new();
    for n in 0..3 {
        let fields = json!({"name": format!("Agent {n}"), "profile_picture_url": picture});
        ids.push(sandbox.good("POST", "/me/personas", fields).await["id"].as_str().unwrap().to_owned());
    }
    for bad in [
        json!({}),
        json!({"name": "x".repeat(51), "profile_picture_url": picture}),
        json!({"name": "x", "profile_picture_url": "x"}),
    ] {
        assert_eq!(sandbox.refused("POST", "/me/personas", bad).await, WRONG);
    }
    let shown = sandbox.good("GET", &format!("/{}", ids[0]), Value::Null).await;
    assert_eq!(shown, json!({"id": ids[0], "name": "Agent 0", "profile_picture_url": picture}));
    let mut fields = message("hi");
    fields["persona_id"] = json!(ids[0]);
    sandbox.send(fields.clone()).await.mid();
    let first = sandbox.good("GET", "/me/personas?limit=2", Value::Null).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    assert!(first["paging"]["next"].as_str().unwrap().contains(after));
    let rest = sandbox.good("GET", &format!("/me/personas?limit=2&after={after}"), Value::Null).await;
    assert_eq!((rest["data"].as_array().unwrap().len(), rest["paging"].get("next")), (1, None));
    let before = rest["paging"]["cursors"]["before"].as_str().unwrap();
    let back = sandbox.good("GET", &format!("/me/personas?limit=2&before={before}"), Value::Null).await;
    assert_eq!(back["data"], first["data"]);
    assert_eq!(sandbox.refused("GET", "/me/personas?after=%21", Value::Null).await, WRONG);
    assert_eq!(sandbox.good("DELETE", &format!("/{}", ids[0]), Value::Null).await, json!({"success": true}));
    assert_eq!(sandbox.refused("DELETE", &format!("/{}", ids[0]), Value::Null).await, GONE);
    assert_eq!(sandbox.refused("GET", &format!("/{}", ids[0]), Value::Null).await, GONE);
    assert_eq!(sandbox.send(fields).await.error(), WRONG);
    sandbox.stop().await;
}

#[tokio::test]
async fn attachments_are_saved_for_ninety_days() {
    let sandbox = with_asha().await;
    let of = |kind: &str, url: &str| json!({"message": {"attachment": {"type": kind, "payload": {"url": url, "is_reusable": true}}}});
    let uploaded = sandbox.good("POST", "/me/message_attachments", of("image", "https://x.example/a.png")).await;
    let id = uploaded["attachment_id"].as_str().unwrap().to_owned();
    let sending = |id: &str| {
        let payload = json!({"attachment_id": id});
        json!({"recipient": {"id": ASHA}, "message": {"attachment": {"type": "image", "payload": payload}}})
    };
    sandbox.send(sending(&id)).await.mid();
    let mut saving = of("image", "https://x.example/b.png");
    saving["recipient"] = json!({"id": ASHA});
    let saved = sandbox.send(saving).await.body["attachment_id"].as_str().unwrap().to_owned();
    sandbox.send(sending(&saved)).await.mid();
    for (fields, expected) in [
        (of("image", "https://gone.invalid/a.png"), (400, 100, Some(2_018_008))),
        (of("hologram", "https://x.example/a"), WRONG),
        (json!({"message": {"attachment": {"type": "image"}}}), (400, 100, Some(2_018_047))),
        (json!({}), WRONG),
    ] {
        assert_eq!(sandbox.refused("POST", "/me/message_attachments", fields).await, expected);
    }
    let part = |kind: &str, mime: &str, n_bytes: usize| {
        let message = format!("{{\"attachment\":{{\"type\":\"{kind}\",\"payload\":{{\"is_reusable\":true}}}}}}");
        let content = "b".repeat(n_bytes);
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"message\"\r\n\r\n{message}\r\n--x\r\ncontent-disposition: form-data; name=\"filedata\"; filename=\"f\"\r\ncontent-type: {mime}\r\n\r\n{content}\r\n--x--\r\n"
        )
    };
    let path = format!("/v25.0/me/message_attachments?access_token={TOKEN}");
    let file = sandbox.call(&path, "", BOUND, &part("image", "image/png", 100)).await.unwrap();
    assert!(file.body["attachment_id"].is_string(), "{}", file.body);
    for (body, expected) in [
        (part("image", "video/mp4", 100), (400, 100, Some(2_018_047))),
        (part("image", "image/png", (8 << 20) + 1), (400, 100, Some(2_018_109))),
        ("--x".to_owned(), WRONG),
    ] {
        assert_eq!(sandbox.call(&path, "", BOUND, &body).await.unwrap().error(), expected);
    }
    sandbox.admin.advance_clock(std::time::Duration::from_secs(90 * 86_400)).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "still there?").await.unwrap();
    assert_eq!(sandbox.send(sending(&id)).await.error(), (400, 100, Some(2_018_074)));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_profile_is_set_read_and_deleted() {
    let sandbox = with_asha().await;
    let path = "/me/messenger_profile";
    let menu =
        json!([{"locale": "default", "call_to_actions": [{"type": "postback", "title": "Help", "payload": "H"}]}]);
    assert_eq!(sandbox.refused("POST", path, json!({"persistent_menu": menu})).await, WRONG);
    let both = json!({"get_started": {"payload": "GO"}, "persistent_menu": menu});
    assert_eq!(sandbox.good("POST", path, both).await, json!({"result": "success"}));
    let greeting = json!({"greeting": [{"locale": "default", "text": "Hello!"}],
        "ice_breakers": [{"question": "Open?", "payload": "OPEN"}], "whitelisted_domains": ["https://x.example"],
        "commands": [{"locale": "default", "commands": [{"name": "help", "description": "Helps"}]}],
        "account_linking_url": "https://x.example/login"});
    sandbox.good("POST", path, greeting).await;
    for bad in [
        json!({}),
        json!({"get_started": {}}),
        json!({"greeting": [{"locale": "default", "text": "x".repeat(161)}]}),
        json!({"ice_breakers": vec![json!({"question": "q", "payload": "p"}); 5]}),
        json!({"persistent_menu": [{"locale": "de_DE", "call_to_actions": []}]}),
        json!({"persistent_menu": [{"locale": "default", "call_to_actions": vec![json!({"type": "postback", "title": "t", "payload": "p"}); 21]}]}),
        json!({"commands": [{"locale": "default", "commands": [{"name": "/help", "description": "Helps"}]}]}),
        json!({"whitelisted_domains": ["x"]}),
        json!({"account_linking_url": "http://x.example"}),
        json!({"subject_to_new_eu_privacy_rules": true}),
    ] {
        assert_eq!(sandbox.refused("POST", path, bad.clone()).await, WRONG, "{bad}");
    }
    let read = sandbox.good("GET", "/me/messenger_profile?fields=get_started,greeting", Value::Null).await;
    assert_eq!(read["data"][0]["get_started"], json!({"payload": "GO"}));
    assert_eq!(sandbox.refused("GET", "/me/messenger_profile?fields=colour", Value::Null).await, WRONG);
    let own = json!({"psid": ASHA, "persistent_menu": menu});
    sandbox.good("POST", "/me/custom_user_settings", own).await;
    let read = sandbox.good("GET", &format!("/me/custom_user_settings?psid={ASHA}"), Value::Null).await;
    assert_eq!(
        (&read["data"][0]["user_level_persistent_menu"], &read["data"][0]["page_level_persistent_menu"]),
        (&menu, &menu)
    );
    let gone = format!("/me/custom_user_settings?psid={ASHA}&params=[\"persistent_menu\"]").replace('"', "%22");
    sandbox.good("DELETE", &gone, Value::Null).await;
    assert_eq!(sandbox.refused("DELETE", path, json!({"fields": ["get_started"]})).await, WRONG);
    sandbox.good("DELETE", path, json!({"fields": ["get_started", "persistent_menu"]})).await;
    assert_eq!(sandbox.good("GET", "/me/messenger_profile?fields=get_started", Value::Null).await["data"], json!([]));
    sandbox.admin.set_limits(&Limits::meta()).await.unwrap();
    for _ in 0..10 {
        sandbox.good("GET", "/me/messenger_profile?fields=greeting", Value::Null).await;
    }
    assert_eq!(sandbox.refused("GET", "/me/messenger_profile?fields=greeting", Value::Null).await, (400, 613, None));
    let own = format!("/me/custom_user_settings?psid={ASHA}");
    for _ in 0..10 {
        sandbox.good("GET", &own, Value::Null).await;
    }
    assert_eq!(sandbox.refused("GET", &own, Value::Null).await, (400, 613, None));
    sandbox.stop().await;
}

#[tokio::test]
async fn labels_are_given_and_taken() {
    let receiver = Receiver::start().await;
    let url = receiver.url.clone();
    let target = simulator::WebhookTarget { url, verify_token: String::new() };
    let sandbox = with_asha_and(|config| config.webhook = Some(target)).await;
    let vip = sandbox.good("POST", "/me/custom_labels", json!({"page_label_name": "VIP"})).await["id"].clone();
    let vip = vip.as_str().unwrap();
    assert_eq!(sandbox.refused("POST", "/me/custom_labels", json!({"page_label_name": "VIP"})).await, WRONG);
    sandbox.good("POST", &format!("/{vip}/label?user={ASHA}"), Value::Null).await;
    sandbox.admin.advance_clock(std::time::Duration::from_millis(1)).await.unwrap();
    let change: Value = serde_json::from_slice(&receiver.wait_for(2).await[1].body).unwrap();
    let change = &change["entry"][0]["changes"][0];
    assert_eq!(
        (&change["field"], &change["value"]["label"]["page_label_name"]),
        (&json!("inbox_labels"), &json!("VIP"))
    );
    let of_asha = sandbox.good("GET", &format!("/{ASHA}/custom_labels"), Value::Null).await;
    assert_eq!(of_asha["data"], json!([{"id": vip, "page_label_name": "VIP"}]));
    sandbox.good("DELETE", &format!("/{vip}/label?user={ASHA}"), Value::Null).await;
    assert_eq!(sandbox.good("GET", &format!("/{ASHA}/custom_labels"), Value::Null).await["data"], json!([]));
    assert_eq!(sandbox.good("GET", &format!("/{vip}"), Value::Null).await["page_label_name"], "VIP");
    sandbox.good("DELETE", &format!("/{vip}"), Value::Null).await;
    assert_eq!(sandbox.refused("POST", &format!("/{vip}/label?user={ASHA}"), Value::Null).await, GONE);
    sandbox.admin.set_page(PAGE, &json!({"contact_terms": false})).await.unwrap();
    assert_eq!(sandbox.refused("GET", "/me/custom_labels", Value::Null).await, (400, 2, Some(2_018_344)));
    sandbox.stop().await;
}

#[tokio::test]
async fn profiles_are_shown_to_whom_they_may() {
    let sandbox = with_asha().await;
    let profile = sandbox.good("GET", &format!("/{ASHA}?fields=name,first_name,profile_pic,locale"), Value::Null).await;
    assert_eq!((&profile["id"], &profile["locale"]), (&json!(ASHA), &json!("en_US")));
    assert!(profile["name"].as_str().unwrap().starts_with(profile["first_name"].as_str().unwrap()));
    let phone = simulator::NewPerson {
        page: PAGE.to_owned(),
        psid: Some("7".to_owned()),
        phone_only: true,
        ..Default::default()
    };
    sandbox.admin.add_person(&phone).await.unwrap();
    assert_eq!(sandbox.refused("GET", "/7", Value::Null).await, (400, 2_018_218, None));
    sandbox.act("8", Deed::Comment { text: "nice".to_owned(), post_id: None }).await;
    assert_eq!(sandbox.good("GET", "/8", Value::Null).await, json!({}));
    assert_eq!(sandbox.refused("GET", "/9", Value::Null).await, GONE);
    sandbox.admin.set_page(PAGE, &json!({"profile_access": false})).await.unwrap();
    assert_eq!(sandbox.refused("GET", &format!("/{ASHA}"), Value::Null).await, (400, 2_018_247, None));
    let page = sandbox.good("GET", "/me?fields=name,messaging_feature_status", Value::Null).await;
    assert_eq!((&page["id"], &page["messaging_feature_status"]["hop_v2"]), (&json!(PAGE), &json!(false)));
    let token = sandbox.act(ASHA, Deed::LinkAccount { authorization_code: "c".to_owned() }).await.id.unwrap();
    let linking = format!("/me?fields=recipient&account_linking_token={token}");
    assert_eq!(sandbox.good("GET", &linking, Value::Null).await["recipient"], ASHA);
    assert_eq!(
        sandbox.good("POST", "/me/unlink_accounts", json!({"psid": ASHA})).await,
        json!({"result": "unlink account success"})
    );
    assert_eq!(
        sandbox.refused("GET", "/me?fields=recipient&account_linking_token=x", Value::Null).await,
        (400, 10_303, None)
    );
    let debug = sandbox.good("GET", &format!("/debug_token?input_token={TOKEN}"), Value::Null).await;
    assert_eq!((&debug["data"]["profile_id"], &debug["data"]["is_valid"]), (&json!(PAGE), &json!(true)));
    sandbox.stop().await;
}

#[tokio::test]
async fn insights_reviews_and_moderation_answer_for_the_page() {
    let sandbox = with_asha().await;
    sandbox.act(ASHA, Deed::Report {}).await;
    sandbox.send(message("hi")).await.mid();
    let path = "/me/insights?metric=page_messages_new_conversations_unique,page_messages_reported_conversations_unique&period=day";
    let insights = sandbox.good("GET", path, Value::Null).await;
    let value = |n: usize| insights["data"][n]["values"].as_array().unwrap().last().unwrap()["value"].clone();
    assert_eq!((value(0), value(1)), (json!(1), json!(1)));
    assert_eq!(sandbox.refused("GET", "/me/insights?metric=page_fans_of_fans", Value::Null).await, WRONG);
    let review = sandbox.good("GET", "/me/messaging_feature_review", Value::Null).await;
    assert!(review["data"].as_array().unwrap().contains(&json!({"feature": "human_agent", "status": "approved"})));
    let ban = |action: &str| json!({"user_ids": [ASHA], "actions": [action]});
    sandbox.good("POST", "/me/moderate_conversations", ban("BAN_USER")).await;
    assert_eq!(sandbox.send(message("hi")).await.error(), (400, 551, Some(1_545_041)));
    sandbox.good("POST", "/me/moderate_conversations", ban("UNBAN_USER")).await;
    sandbox.send(message("hi")).await.mid();
    assert_eq!(sandbox.refused("POST", "/me/moderate_conversations", ban("TICKLE")).await, WRONG);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_app_sets_its_callback_by_handshake() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start().await;
    let app = "4004|test-app-secret-0001";
    let fields = |token: &str| json!({"object": "page", "callback_url": receiver.url, "verify_token": token, "fields": "messages"});
    assert_eq!(sandbox.graph_as(app, "POST", "/4004/subscriptions", fields("wrong")).await.error(), (400, 2200, None));
    assert_eq!(
        sandbox.graph_as(app, "POST", "/4004/subscriptions", fields("verify-me")).await.body,
        json!({"success": true})
    );
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.send(message("hi")).await.mid();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    assert_eq!(receiver.received().len(), 1, "only the field that was asked for");
    let listed = sandbox.graph_as(app, "GET", "/4004/subscriptions", Value::Null).await.body;
    assert_eq!(listed["data"][0]["callback_url"], receiver.url);
    assert_eq!(sandbox.graph_as(app, "GET", "/9/subscriptions", Value::Null).await.error(), GONE);
    assert_eq!(sandbox.graph_as(app, "POST", "/1001/messages", message("hi")).await.error(), (401, 190, None));
    sandbox.graph_as(app, "DELETE", "/4004/subscriptions", Value::Null).await;
    sandbox.admin.write(ASHA, PAGE, "anybody?").await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    let apps = sandbox.graph("GET", "/me/subscribed_apps", Value::Null).await.body;
    assert_eq!(apps["data"][0]["id"], "4004");
    assert_eq!(
        sandbox.refused("POST", "/me/subscribed_apps", json!({"subscribed_fields": "messages,noise"})).await,
        WRONG
    );
    assert_eq!(sandbox.refused("POST", "/me/subscribed_apps", json!({})).await, WRONG);
    sandbox.stop().await;
}
