//! Threads by API: conversations, control, templates, and tokens to notify.

use serde_json::{Value, json};
use simulator::{Deed, Limits, NewApp, NewPage};

use crate::sandbox::{ASHA, GONE, PAGE, T0, WRONG, message, with_asha};

#[tokio::test]
async fn conversations_list_all_messages_and_let_twenty_be_read() {
    let sandbox = with_asha().await;
    let mut mids = Vec::new();
    for n in 0..20 {
        sandbox.admin.advance_clock(std::time::Duration::from_secs(1)).await.unwrap();
        mids.push(sandbox.send(message(&format!("hi {n}"))).await.mid());
    }
    sandbox.admin.advance_clock(std::time::Duration::from_secs(1)).await.unwrap();
    sandbox.admin.write("3003", PAGE, "me too").await.unwrap();
    let list = sandbox.good("GET", "/me/conversations?platform=messenger", Value::Null).await;
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["t_3003", "t_2002"]);
    let one = sandbox.good("GET", &format!("/me/conversations?user_id={ASHA}"), Value::Null).await;
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    let path = "/t_2002?fields=message_count,participants,messages.limit(2)%7Bmessage,from%7D";
    let conversation = sandbox.good("GET", path, Value::Null).await;
    assert_eq!(
        (&conversation["message_count"], &conversation["messages"]["data"][0]["message"]),
        (&json!(21), &json!("hi 19"))
    );
    assert_eq!(conversation["messages"]["data"][0]["from"]["id"], PAGE);
    let all = sandbox.good("GET", "/t_2002/messages?limit=100&fields=message,created_time", Value::Null).await;
    let all = all["data"].as_array().unwrap();
    assert_eq!((all.len(), all[20].get("message"), &all[19]["message"]), (21, None, &json!("hi 0")));
    assert_eq!(all[0]["created_time"], "2026-05-28T20:27:00+0000");
    let read = sandbox.good("GET", &format!("/{}?fields=message,to", mids[0]), Value::Null).await;
    assert_eq!((&read["message"], &read["to"]["data"][0]["id"]), (&json!("hi 0"), &json!(ASHA)));
    let oldest = all[20]["id"].as_str().unwrap();
    assert_eq!(sandbox.refused("GET", &format!("/{oldest}"), Value::Null).await, (400, 9_000_001, None));
    assert_eq!(sandbox.refused("GET", "/m_x", Value::Null).await, GONE);
    assert_eq!(sandbox.refused("GET", "/t_9/messages", Value::Null).await, GONE);
    assert_eq!(sandbox.refused("GET", "/t_2002?fields=a%7B", Value::Null).await, (400, 2500, None));
    sandbox.admin.set_limits(&Limits::meta()).await.unwrap();
    for expected in [200, 200, 400] {
        assert_eq!(sandbox.graph("GET", "/me/conversations", Value::Null).await.status, expected);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn control_of_a_thread_goes_round() {
    let sandbox = with_asha().await;
    let admin = &sandbox.admin;
    admin.add_app(&NewApp { id: "5005".to_owned(), secret: "s".to_owned(), ..NewApp::default() }).await.unwrap();
    let page = NewPage { id: PAGE.to_owned(), access_token: "other".to_owned(), app: Some("5005".to_owned()) };
    admin.add_page_of(&page).await.unwrap();
    let to = |more: Value| {
        let mut fields = json!({"recipient": {"id": ASHA}});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    assert_eq!(sandbox.refused("POST", "/me/take_thread_control", to(json!({}))).await, (400, 2_018_171, None));
    admin.set_page(PAGE, &json!({"default_app": "4004"})).await.unwrap();
    assert_eq!(
        sandbox.good("GET", &format!("/me/thread_owner?recipient={ASHA}"), Value::Null).await["data"],
        json!([])
    );
    admin.write(ASHA, PAGE, "hello again").await.unwrap();
    let done =
        sandbox.good("POST", "/me/pass_thread_control", to(json!({"target_app_id": 5005, "metadata": "yours"}))).await;
    assert_eq!(done, json!({"success": true}));
    let owner = sandbox.good("GET", &format!("/me/thread_owner?recipient={ASHA}"), Value::Null).await;
    assert_eq!(owner["data"][0]["thread_owner"]["app_id"], "5005");
    assert_eq!(sandbox.send(message("no")).await.error(), (400, 10, Some(2_018_300)));
    sandbox.graph_as("other", "POST", "/me/messages", message("yes")).await.mid();
    assert_eq!(
        sandbox.refused("POST", "/me/extend_thread_control", to(json!({"duration": 60}))).await,
        (400, 2_018_171, None)
    );
    let long = sandbox.graph_as("other", "POST", "/me/extend_thread_control", to(json!({"duration": 604_801}))).await;
    assert_eq!(long.error(), WRONG);
    let extended =
        sandbox.graph_as("other", "POST", "/me/extend_thread_control", to(json!({"duration": 604_800}))).await;
    assert_eq!(extended.body, json!({"success": true}));
    sandbox.good("POST", "/me/request_thread_control", to(json!({}))).await;
    sandbox.good("POST", "/me/take_thread_control", to(json!({}))).await;
    sandbox.send(message("mine again")).await.mid();
    sandbox.good("POST", "/me/release_thread_control", to(json!({}))).await;
    assert_eq!(sandbox.refused("POST", "/me/release_thread_control", to(json!({}))).await, (400, 2_018_171, None));
    assert_eq!(
        sandbox.refused("POST", "/me/pass_thread_control", to(json!({"target_app_id": "9"}))).await,
        (400, 100, Some(2_018_164))
    );
    sandbox.good("POST", "/me/pass_thread_control", to(json!({"target_app_id": "263902037430900"}))).await;
    let rows = admin.webhooks().await.unwrap();
    let kinds = rows.iter().filter(|row| row.kind == "handover").count();
    assert_eq!(kinds, 4, "pass, request, take, pass");
    sandbox.stop().await;
}

#[tokio::test]
async fn templates_are_judged_and_filled() {
    let sandbox = with_asha().await;
    let make = |name: &str, text: &str| json!({"name": name, "language": "en_US", "category": "UTILITY", "components": [{"type": "BODY", "text": text}]});
    let good = sandbox
        .good("POST", "/me/message_templates", make("shipped", "Your order {{1}} comes on {{2}} at the latest."))
        .await;
    assert_eq!((&good["status"], &good["category"]), (&json!("APPROVED"), &json!("UTILITY")));
    for (name, text, reason) in [
        ("a", "{{1}} is your order number today.", "INCORRECT_PARAMS"),
        ("b", "Your order {{2}} comes with {{1}} very soon.", "INCORRECT_PARAMS"),
        ("c", "On {{1}} {{2}} {{3}} day.", "PARAMS_TO_WORD_RATIO_EXCEED_LIMIT"),
        ("d", "Our sale begins on {{1}} in every shop.", "TAG_SHOULD_BE_MARKETING"),
    ] {
        let made = sandbox.good("POST", "/me/message_templates", make(name, text)).await;
        assert_eq!((&made["status"], &made["rejection_reason"]), (&json!("REJECTED"), &json!(reason)), "{text}");
    }
    assert_eq!(sandbox.refused("POST", "/me/message_templates", make("Shipped!", "x")).await, WRONG);
    assert_eq!(sandbox.refused("POST", "/me/message_templates", make("shipped", "x")).await, WRONG);
    let fill = |name: &str, texts: &[&str]| {
        let parameters: Vec<_> = texts.iter().map(|text| json!({"type": "text", "text": text})).collect();
        json!({"recipient": {"id": ASHA}, "messaging_type": "UTILITY", "message": {"template": {"name": name,
            "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": parameters}]}}})
    };
    sandbox.admin.advance_clock(std::time::Duration::from_secs(30 * 86_400)).await.unwrap();
    assert_eq!(sandbox.send(message("too late")).await.error(), (400, 10, Some(2_018_278)));
    sandbox.send(fill("shipped", &["1", "Monday"])).await.mid();
    for bad in [fill("shipped", &["1"]), fill("shipped", &["1", "2", "3"]), fill("d", &["1"]), fill("none", &[])] {
        assert_eq!(sandbox.send(bad).await.error(), WRONG);
    }
    let listed = sandbox.good("GET", "/me/message_templates?name=shipped", Value::Null).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let library = sandbox.good("GET", "/message_template_library?name_or_content=appointment", Value::Null).await;
    assert_eq!(library["data"][0]["body_params"], json!(["1"]));
    let named = json!({"name": "named", "language": "en_US", "category": "UTILITY", "parameter_format": "NAMED",
        "components": [{"type": "BODY", "text": "Dear {{customer}} we got your letter."}]});
    sandbox.good("POST", "/me/message_templates", named).await;
    assert_eq!(sandbox.send(fill("named", &["Asha"])).await.error(), WRONG);
    let mut filled = fill("named", &["Asha"]);
    filled["message"]["template"]["components"][0]["parameters"][0]["parameter_name"] = json!("customer");
    sandbox.send(filled).await.mid();
    sandbox.good("DELETE", "/me/message_templates?name=shipped", Value::Null).await;
    assert_eq!(sandbox.refused("DELETE", "/me/message_templates?name=shipped", Value::Null).await, GONE);
    sandbox.stop().await;
}

#[tokio::test]
async fn notification_tokens_are_listed_and_helped_along() {
    let sandbox = with_asha().await;
    sandbox.admin.set_page(PAGE, &json!({"region": "EU"})).await.unwrap();
    let ask = json!({"template_type": "notification_messages", "title": "News", "payload": "N"});
    let ask = json!({"recipient": {"id": ASHA}, "message": {"attachment": {"type": "template", "payload": ask}}});
    sandbox.send(ask).await.mid();
    let token = sandbox.act(ASHA, Deed::Accept { title: None }).await.id.unwrap();
    let notify = json!({"recipient": {"notification_messages_token": token}, "message": {"text": "news!"}});
    sandbox.send(notify.clone()).await.mid();
    sandbox.admin.advance_clock(std::time::Duration::from_secs(3600)).await.unwrap();
    assert_eq!(sandbox.send(notify.clone()).await.error(), (400, 4, Some(2_018_354)));
    let listed = sandbox.good("GET", "/me/notification_message_tokens", Value::Null).await;
    assert_eq!((&listed["data"][0]["topic_title"], &listed["data"][0]["recipient_id"]), (&json!("News"), &json!(ASHA)));
    let shown = sandbox.good("GET", &format!("/notification_messages_{token}"), Value::Null).await;
    assert_eq!(shown["next_eligible_time"], T0 + 2 * 86_400_000);
    let help =
        json!({"developer_action": "ENABLE_FOLLOWUP_MESSAGE", "recipient": {"notification_messages_token": token}});
    sandbox.good("POST", "/me/notification_messages_dev_support", help).await;
    sandbox.send(notify).await.mid();
    sandbox.stop().await;
}
