//! Several apps on one Page: who hears what, and signed by whom.

use serde_json::{Value, json};
use simulator::{AppConfig, WebhookTarget};

use crate::receiver::{Received, Receiver};
use crate::sandbox::{ASHA, DEADLINE, PAGE, Sandbox, message};

const OTHER: &str = "other-token";

/// App 4004 with the first receiver, app 5005 with the second.
async fn two() -> (Sandbox, Receiver, Receiver) {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let target =
        |receiver: &Receiver| WebhookTarget { url: receiver.url.clone(), verify_token: "verify-me".to_owned() };
    let sandbox = Sandbox::start_with(|config| {
        config.webhook = Some(target(&first));
        config.apps.push(AppConfig {
            id: "5005".to_owned(),
            secret: "other-secret".into(),
            webhook: Some(target(&second)),
            pages: vec![(PAGE.to_owned(), OTHER.to_owned())],
        });
    })
    .await;
    (sandbox, first, second)
}

fn entry(received: &Received) -> Value {
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    body["entry"][0].clone()
}

#[tokio::test]
async fn every_app_hears_under_its_own_signature_and_echoes_name_the_sender() {
    let (sandbox, first, second) = two().await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.graph_as(OTHER, "POST", "/me/messages", message("hi")).await.mid();
    let (ours, theirs) = (first.wait_for(3).await, second.wait_for(3).await);
    assert_eq!(ours[0].body, theirs[0].body);
    assert_ne!(ours[0].headers["x-hub-signature-256"], theirs[0].headers["x-hub-signature-256"]);
    assert_eq!(
        (&ours[1].event()["message"]["app_id"], &theirs[1].event()["message"]["app_id"]),
        (&json!(5005), &json!(5005))
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn an_app_hears_only_the_fields_it_subscribed_to() {
    let (sandbox, first, second) = two().await;
    let fields = json!({"subscribed_fields": "messages,message_reads"});
    let done = sandbox.graph_as(OTHER, "POST", "/me/subscribed_apps", fields).await;
    assert_eq!(done.body["success"], true);
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.admin.read(ASHA, PAGE).await.unwrap();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    assert_eq!((first.received().len(), second.received().len()), (4, 2));
    let gone = sandbox.graph_as(OTHER, "DELETE", "/me/subscribed_apps", Value::Null).await;
    assert_eq!(gone.body["success"], true);
    sandbox.admin.write(ASHA, PAGE, "again").await.unwrap();
    assert_eq!(sandbox.admin.wait_idle(DEADLINE).await.unwrap(), 0);
    assert_eq!((first.received().len(), second.received().len()), (5, 2));
    sandbox.stop().await;
}

#[tokio::test]
async fn with_a_default_app_the_others_stand_by() {
    let (sandbox, first, second) = two().await;
    sandbox.admin.set_page(PAGE, &json!({"default_app": "4004"})).await.unwrap();
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    let (owner, other) = (entry(&first.wait_for(1).await[0]), entry(&second.wait_for(1).await[0]));
    assert_eq!(owner["messaging"], other["standby"]);
    assert_eq!(
        sandbox.graph_as(OTHER, "POST", "/me/messages", message("no")).await.error(),
        (400, 10, Some(2_018_300))
    );
    sandbox.send(message("hi")).await.mid();
    assert!(sandbox.admin.set_page(PAGE, &json!({"default_app": "9"})).await.is_err());
    assert!(sandbox.admin.set_page(PAGE, &json!({"colour": "red"})).await.is_err());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_policy_step_is_told_and_stops_the_page() {
    let (sandbox, first, _second) = two().await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    first.wait_for(1).await;
    sandbox.admin.enforce(PAGE, "block", Some("spam")).await.unwrap();
    let event = first.wait_for(2).await[1].event();
    assert_eq!(
        (event.get("sender"), &event["policy_enforcement"]),
        (None, &json!({"action": "block", "reason": "spam"}))
    );
    assert_eq!(sandbox.send(message("hi")).await.error(), (400, 368, None));
    sandbox.admin.enforce(PAGE, "unblock", None).await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.stop().await;
}

#[tokio::test]
async fn the_staff_answers_in_the_inbox_and_takes_the_thread() {
    let (sandbox, first, _second) = two().await;
    sandbox.admin.set_page(PAGE, &json!({"default_app": "4004"})).await.unwrap();
    assert!(sandbox.admin.reply_by_hand(PAGE, ASHA, "hi").await.is_err());
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.admin.reply_by_hand(PAGE, ASHA, "A person speaks").await.unwrap();
    let echo = first.wait_for(2).await.into_iter().map(|one| entry(&one)).find(|entry| {
        entry["standby"][0]["message"]["is_echo"] == true || entry["messaging"][0]["message"]["is_echo"] == true
    });
    let echo = echo.unwrap();
    let event = echo.get("standby").or(echo.get("messaging")).unwrap();
    assert_eq!(event[0]["message"]["app_id"], 263_902_037_430_900_u64);
    assert_eq!(sandbox.send(message("no")).await.error(), (400, 10, Some(2_018_300)));
    sandbox.stop().await;
}
