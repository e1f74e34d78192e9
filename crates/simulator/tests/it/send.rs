//! The Send API over HTTP: where the token may be, which bodies are read, and what every mistake is answered.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::NewPerson;

use crate::sandbox::{ASHA, PAGE, Sandbox, TOKEN, bearer, message};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

async fn with_asha() -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox
}

#[tokio::test]
async fn the_token_may_be_in_header_query_or_body() {
    let sandbox = with_asha().await;
    let hi = message("hi");
    let mut with_token = hi.clone();
    with_token["access_token"] = json!(TOKEN);
    let cases = [
        ("/v25.0/1001/messages".to_owned(), bearer(), &hi),
        ("/me/messages".to_owned(), bearer(), &hi),
        (format!("/v26.0/me/messages?access_token={TOKEN}"), String::new(), &hi),
        ("/1001/messages".to_owned(), String::new(), &with_token),
    ];
    for (path, headers, body) in cases {
        let answer = sandbox.call(&path, &headers, JSON, &body.to_string()).await.unwrap();
        assert_eq!(answer.body["recipient_id"], ASHA, "{path}");
        let mid = answer.mid();
        assert_eq!(sandbox.admin.sends().await.unwrap().last().unwrap().mid, mid, "{path}");
        assert!(answer.head.contains("x-app-usage: {\"call_count\":1,"), "{}", answer.head);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn a_form_whose_values_are_json_is_read() {
    let sandbox = with_asha().await;
    let body = format!(
        "recipient=%7B%22id%22%3A%22{ASHA}%22%7D&messaging_type=RESPONSE&message=%7B%22text%22%3A%22caf%C3%A9+%26+co%22%2C%22metadata%22%3A%22s1%22%7D&access_token={TOKEN}"
    );
    sandbox.call("/v25.0/me/messages", "", FORM, &body).await.unwrap().mid();
    let sends = sandbox.admin.sends().await.unwrap();
    assert_eq!((sends[0].text.as_deref(), sends[0].metadata.as_deref()), (Some("café & co"), Some("s1")));
    assert_eq!((sends[0].seq, sends[0].messaging_type.as_str(), sends[0].tag.as_deref()), (1, "RESPONSE", None));
    sandbox.stop().await;
}

#[tokio::test]
async fn garbage_is_answered_100_and_nothing_breaks() {
    let sandbox = with_asha().await;
    let deep = "[".repeat(100_000);
    let garbage = ["{", "[]", "7", "\"x\"", "null", "\u{0}\u{1}", "{\"recipient\":7}", "{\"message\":{}}", &deep];
    for body in garbage {
        let start = &body[..body.len().min(20)];
        let answer = sandbox.call("/v25.0/me/messages", &bearer(), JSON, body).await.expect(start);
        let (status, code, _) = answer.error();
        assert_eq!((status, code), (400, 100), "{start}");
    }
    for body in ["%%%", "=&=&", "recipient=%ff", "recipient=[&message={"] {
        let answer = sandbox.call("/v25.0/me/messages", &bearer(), FORM, body).await.unwrap();
        assert_eq!((answer.error().0, answer.error().1), (400, 100), "{body}");
    }
    sandbox.send(message("still here")).await.mid();
    sandbox.stop().await;
}

#[track_caller]
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut fields = message("hi");
    change(&mut fields);
    fields
}

#[tokio::test]
async fn every_mistake_has_its_code() {
    let sandbox = with_asha().await;
    let known = NewPerson { page: PAGE.to_owned(), ..NewPerson::default() };
    let stranger = sandbox.admin.add_person(&known).await.unwrap();
    let cases = [
        (changed(|fields| fields["recipient"] = json!(null)), (400, 100, Some(2_018_001))),
        (changed(|fields| fields["recipient"]["id"] = json!("9")), (400, 100, Some(2_018_001))),
        (changed(|fields| fields["recipient"]["id"] = json!(stranger)), (400, 10, Some(2_018_278))),
        (changed(|fields| fields["sender_action"] = json!("typing_on")), (400, 100, Some(2_018_014))),
        (changed(|fields| fields["message"] = json!({})), (400, 100, None)),
        (changed(|fields| fields["message"]["text"] = json!("x".repeat(2001))), (400, 100, None)),
        (changed(|fields| fields["message"]["metadata"] = json!("x".repeat(1001))), (400, 100, None)),
        (changed(|fields| fields["messaging_type"] = json!("SHOUT")), (400, 100, None)),
        (changed(|fields| fields["messaging_type"] = json!("MESSAGE_TAG")), (400, 100, None)),
        (changed(|fields| fields["appsecret_proof"] = json!("00")), (400, 100, None)),
        (changed(|fields| fields["access_token"] = json!("wrong")), (200, 0, None)),
    ];
    for (fields, expected) in cases {
        let answer = sandbox.send(fields.clone()).await;
        // The header's token wins over the body's.
        let got = if answer.status == 200 { (200, 0, None) } else { answer.error() };
        assert_eq!(got, expected, "{fields}");
    }
    let hi = message("hi").to_string();
    for (path, headers, expected) in [
        ("/v25.0/me/messages", "", (401, 190, None)),
        ("/v25.0/me/messages", "authorization: Bearer wrong\r\n", (401, 190, None)),
        ("/v25.0/1002/messages", bearer().as_str(), (400, 100, Some(33))),
        ("/latest/me/messages", bearer().as_str(), (400, 2500, None)),
        ("/v25.0/me/nonsense/x", bearer().as_str(), (400, 2500, None)),
    ] {
        assert_eq!(sandbox.call(path, headers, JSON, &hi).await.unwrap().error(), expected, "{path}");
    }
    let calls = sandbox.admin.calls().await.unwrap();
    assert_eq!(calls.len(), 16);
    assert_eq!((calls[2].code, calls[2].subcode, calls[2].psid.as_ref()), (Some(10), Some(2_018_278), Some(&stranger)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_required_proof_is_required() {
    let sandbox = Sandbox::start_with(|config| config.require_proof = true).await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    assert_eq!(sandbox.send(message("hi")).await.error(), (400, 100, None));
    let proof = "cabbf4372ff38366c965bd6718f1a5ccc6a38c502232485ab27d495b39d625b6";
    let path = format!("/v25.0/me/messages?appsecret_proof={proof}");
    sandbox.call(&path, &bearer(), JSON, &message("hi").to_string()).await.unwrap().mid();
    sandbox.stop().await;
}

#[tokio::test]
async fn moving_the_clock_closes_the_windows() {
    let sandbox = with_asha().await;
    let human = changed(|fields| {
        fields["messaging_type"] = json!("MESSAGE_TAG");
        fields["tag"] = json!("HUMAN_AGENT");
    });
    sandbox.send(message("hi")).await.mid();
    let before = sandbox.admin.clock().await.unwrap();
    let after = sandbox.admin.advance_clock(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(after.offset_ms - before.offset_ms, 86_400_000);
    assert!(after.now_ms - before.now_ms >= 86_400_000);
    assert_eq!(sandbox.send(message("hi")).await.error(), (400, 10, Some(2_018_278)));
    sandbox.send(human.clone()).await.mid();
    sandbox.admin.advance_clock(Duration::from_secs(6 * 86_400)).await.unwrap();
    assert_eq!(sandbox.send(human).await.error(), (400, 10, Some(2_018_278)));
    sandbox.admin.write(ASHA, PAGE, "back").await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.stop().await;
}

#[tokio::test]
async fn a_sender_action_names_the_recipient_only() {
    let sandbox = with_asha().await;
    let answer = sandbox.send(json!({"recipient": {"id": ASHA}, "sender_action": "typing_on"})).await;
    assert_eq!((answer.status, answer.body), (200, json!({"recipient_id": ASHA})));
    assert!(sandbox.admin.sends().await.unwrap().is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_command_gets_a_sentence() {
    let sandbox = Sandbox::start().await;
    for (path, body) in [
        ("/admin/people/2002/write", r#"{"page":"9","text":"hi"}"#),
        ("/admin/people/2002/write", r#"{"page":"1001","text":"hi","at_ms":1,"ago_ms":1}"#),
        ("/admin/people/2002/read", r#"{"page":"1001"}"#),
        ("/admin/clock/advance", r#"{"ms":-1}"#),
        ("/admin/faults", r#"{"kind":"gremlins","count":1}"#),
        ("/admin/pages", r#"{"id":"","access_token":"x"}"#),
        ("/admin/echo", r#"{"timing":"never","surprise":1}"#),
        ("/admin/people", "{"),
    ] {
        let answer = sandbox.call(path, "", JSON, body).await.unwrap();
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(answer.body["error"].as_str().unwrap().ends_with('.'), "{}", answer.body);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn the_same_order_of_calls_gives_the_same_ids() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let sandbox = with_asha().await;
        let mids = [sandbox.send(message("a")).await.mid(), sandbox.send(message("b")).await.mid()];
        let person = NewPerson { page: PAGE.to_owned(), name: Some("Bo".to_owned()), ..NewPerson::default() };
        let psid = sandbox.admin.add_person(&person).await.unwrap();
        let people = sandbox.admin.people(PAGE).await.unwrap();
        assert!(people.iter().any(|row| row.psid == psid && row.name == person.name && row.last_opening_ms.is_none()));
        runs.push((mids, psid));
        sandbox.stop().await;
    }
    assert_eq!(runs[0], runs[1]);
}
