//! What people do, and the webhook that tells of it.

use serde_json::{Value, json};
use simulator::{Deed, NewPerson};

use crate::receiver::Receiver;
use crate::sandbox::{ASHA, PAGE, Sandbox, message};

struct Stage {
    sandbox: Sandbox,
    receiver: Receiver,
    n_seen: usize,
}

impl Stage {
    async fn set() -> Self {
        let receiver = Receiver::start().await;
        let sandbox = Sandbox::start_towards(&receiver.url).await;
        sandbox
            .admin
            .set_echo(simulator::EchoSetting { timing: simulator::EchoTiming::Never, delay_ms: None })
            .await
            .unwrap();
        let mut stage = Self { sandbox, receiver, n_seen: 0 };
        stage.after(ASHA, Deed::write("hello")).await;
        stage
    }

    /// The one event that a deed brings.
    async fn after(&mut self, psid: &str, deed: Deed) -> Value {
        self.sandbox.act(psid, deed).await;
        self.next().await
    }

    async fn next(&mut self) -> Value {
        let received = self.receiver.wait_for(self.n_seen + 1).await;
        let body: Value = serde_json::from_slice(&received[self.n_seen].body).unwrap();
        self.n_seen += 1;
        let entry = &body["entry"][0];
        let array = ["messaging", "changes"].into_iter().find(|array| entry.get(array).is_some()).unwrap();
        entry[array][0].clone()
    }

    /// A send, with its delivery out of the way.
    async fn send(&mut self, fields: Value) -> String {
        let mid = self.sandbox.send(fields).await.mid();
        assert!(self.next().await.get("delivery").is_some());
        mid
    }
}

#[tokio::test]
async fn messages_carry_what_they_hold() {
    let mut stage = Stage::set().await;
    let mid = stage.send(message("choose")).await;
    let attachment = json!({"type": "image", "payload": {"url": "https://cdn.example/a.png"}});
    let write = |quick_reply: Option<&str>, reply_to: Option<&str>, attachments: Vec<Value>| Deed::Write {
        text: attachments.is_empty().then(|| "Yes".to_owned()),
        attachments,
        sticker_id: None,
        quick_reply: quick_reply.map(str::to_owned),
        reply_to: reply_to.map(str::to_owned),
    };
    let event = stage.after(ASHA, write(Some("YES"), None, Vec::new())).await;
    assert_eq!(
        (&event["message"]["text"], &event["message"]["quick_reply"]),
        (&json!("Yes"), &json!({"payload": "YES"}))
    );
    let event = stage.after(ASHA, write(None, Some(&mid), Vec::new())).await;
    assert_eq!(event["message"]["reply_to"], json!({"mid": mid, "is_self_reply": false}));
    let event = stage.after(ASHA, write(None, None, vec![attachment.clone()])).await;
    assert_eq!((event["message"].get("text"), &event["message"]["attachments"]), (None, &json!([attachment])));
    let sticker = Deed::Write {
        text: None,
        attachments: Vec::new(),
        sticker_id: Some(369_239_263_222_822),
        quick_reply: None,
        reply_to: None,
    };
    let event = stage.after(ASHA, sticker).await;
    assert_eq!(event["message"]["attachments"][0]["type"], "sticker");
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn a_tap_brings_back_the_payload_of_the_button() {
    let mut stage = Stage::set().await;
    let buttons = json!([{"type": "web_url", "title": "Open", "url": "https://x.example"},
        {"type": "postback", "title": "Buy", "payload": "BUY"}]);
    let mut fields = message("x");
    fields["message"] = json!({"attachment": {"type": "template",
        "payload": {"template_type": "button", "text": "Well?", "buttons": buttons}}});
    stage.send(fields).await;
    let event = stage.after(ASHA, Deed::Tap { mid: None, title: Some("Buy".to_owned()), button: None }).await;
    assert_eq!((&event["postback"]["title"], &event["postback"]["payload"]), (&json!("Buy"), &json!("BUY")));
    let mut fields = message("pick");
    fields["message"]["quick_replies"] = json!([{"content_type": "text", "title": "Red", "payload": "R"}]);
    let mid = stage.send(fields).await;
    let event = stage.after(ASHA, Deed::Tap { mid: Some(mid), title: None, button: None }).await;
    assert_eq!((&event["message"]["text"], &event["message"]["quick_reply"]["payload"]), (&json!("Red"), &json!("R")));
    let nothing = Deed::Tap { mid: None, title: Some("Green".to_owned()), button: None };
    assert!(stage.sandbox.admin.act(ASHA, PAGE, &nothing).await.is_err());
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn reactions_edits_and_unsending_name_their_message() {
    let mut stage = Stage::set().await;
    let ours = stage.send(message("hi")).await;
    let event = stage.after(ASHA, Deed::React { mid: ours.clone(), reaction: "love".to_owned() }).await;
    let expected = json!({"reaction": "love", "emoji": "\u{2764}\u{fe0f}", "action": "react", "mid": ours});
    assert_eq!(event["reaction"], expected);
    let event = stage.after(ASHA, Deed::Unreact { mid: ours.clone() }).await;
    assert_eq!(event["reaction"], json!({"action": "unreact", "mid": ours}));
    let theirs = stage.sandbox.act(ASHA, Deed::write("helo")).await.mid.unwrap();
    stage.next().await;
    for n in 1..=5 {
        let event = stage.after(ASHA, Deed::Edit { mid: theirs.clone(), text: format!("hello {n}") }).await;
        assert_eq!(event["message_edit"], json!({"mid": theirs, "text": format!("hello {n}"), "num_edit": n}));
    }
    let sixth = Deed::Edit { mid: theirs.clone(), text: "no".to_owned() };
    assert!(stage.sandbox.admin.act(ASHA, PAGE, &sixth).await.is_err());
    let event = stage.after(ASHA, Deed::Unsend { mid: theirs.clone() }).await;
    assert_eq!(event["message"], json!({"mid": theirs, "is_deleted": true}));
    assert!(stage.sandbox.admin.act(ASHA, PAGE, &Deed::Unsend { mid: ours }).await.is_err());
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn ads_name_themselves_in_the_message_that_follows() {
    let mut stage = Stage::set().await;
    let click = |text: Option<&str>| Deed::ClickAd {
        ad_id: "77".to_owned(),
        reference: Some("spring".to_owned()),
        ad_title: Some("Sale".to_owned()),
        text: text.map(str::to_owned),
    };
    let event = stage.after(ASHA, click(None)).await;
    assert_eq!((&event["referral"]["source"], &event["referral"]["ad_id"]), (&json!("ADS"), &json!("77")));
    let event = stage.after(ASHA, Deed::write("how much?")).await;
    assert_eq!(event["message"]["referral"]["ads_context_data"]["ad_title"], "Sale");
    let event = stage.after(ASHA, Deed::write("and this?")).await;
    assert!(event["message"].get("referral").is_none());
    let event = stage.after("3003", click(Some("hi"))).await;
    assert_eq!((&event["sender"]["id"], &event["message"]["referral"]["ref"]), (&json!("3003"), &json!("spring")));
    let lead = Deed::FinishLead {
        ad_id: "77".to_owned(),
        complete: true,
        answers: vec![("Size?".to_owned(), "M".to_owned())],
    };
    let event = stage.after(ASHA, lead).await;
    assert_eq!(
        (&event["referral"]["type"], &event["lead"]["data"][0]["answer"]),
        (&json!("LEAD_COMPLETE"), &json!("M"))
    );
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn consent_comments_boxes_and_accounts_are_told_of() {
    let mut stage = Stage::set().await;
    let mut fields = message("x");
    fields["message"] = json!({"attachment": {"type": "template",
        "payload": {"template_type": "one_time_notif_req", "title": "Back in stock", "payload": "STOCK"}}});
    stage.send(fields).await;
    let event = stage.after(ASHA, Deed::Accept { title: None }).await;
    assert_eq!((&event["optin"]["type"], &event["optin"]["payload"]), (&json!("one_time_notif_req"), &json!("STOCK")));
    let token = event["optin"]["one_time_notif_token"].as_str().unwrap().to_owned();
    stage.send(json!({"recipient": {"one_time_notif_token": token}, "message": {"text": "It is here"}})).await;
    let change =
        stage.after("3003", Deed::Comment { text: "nice".to_owned(), post_id: Some("1001_5".to_owned()) }).await;
    assert_eq!(
        (&change["field"], &change["value"]["item"], &change["value"]["post_id"]),
        (&json!("feed"), &json!("comment"), &json!("1001_5"))
    );
    let id = change["value"]["comment_id"].as_str().unwrap().to_owned();
    assert_eq!(change["value"]["from"]["id"], "3003");
    stage.send(json!({"recipient": {"comment_id": id}, "message": {"text": "thanks"}})).await;
    let change = stage.after("3003", Deed::Post { text: "hello Page".to_owned() }).await;
    assert_eq!((&change["value"]["item"], &change["value"]["message"]), (&json!("post"), &json!("hello Page")));
    let event =
        stage.after("4004", Deed::Checkbox { user_ref: "box".to_owned(), reference: Some("cart".to_owned()) }).await;
    assert_eq!((event.get("sender"), &event["optin"]), (None, &json!({"ref": "cart", "user_ref": "box"})));
    let event = stage.after("4004", Deed::write("it is me")).await;
    assert_eq!(event["prior_message"], json!({"source": "checkbox_plugin", "identifier": "box"}));
    let event = stage.after(ASHA, Deed::LinkAccount { authorization_code: "c0de".to_owned() }).await;
    assert_eq!(event["account_linking"], json!({"status": "linked", "authorization_code": "c0de"}));
    let event = stage.after(ASHA, Deed::OptIn { reference: "button".to_owned() }).await;
    assert_eq!(event["optin"], json!({"ref": "button"}));
    let raw = Deed::Raw { field: "send_cart".to_owned(), event: json!({"order": {"note": "quick"}}) };
    assert_eq!(stage.after(ASHA, raw).await["order"], json!({"note": "quick"}));
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn whoever_blocks_the_page_is_silent_until_they_unblock() {
    let mut stage = Stage::set().await;
    stage.sandbox.act(ASHA, Deed::Block {}).await;
    assert!(stage.sandbox.admin.write(ASHA, PAGE, "x").await.is_err());
    assert_eq!(stage.sandbox.send(message("hi")).await.error(), (400, 551, Some(1_545_041)));
    stage.sandbox.act(ASHA, Deed::Unblock {}).await;
    stage.after(ASHA, Deed::write("back")).await;
    stage.send(message("hi")).await;
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn the_thread_shows_what_the_person_sees() {
    let mut stage = Stage::set().await;
    let mut fields = message("pick");
    fields["message"]["quick_replies"] = json!([{"content_type": "text", "title": "Red", "payload": "R"}]);
    let mid = stage.send(fields).await;
    stage.sandbox.send(json!({"recipient": {"id": ASHA}, "sender_action": "typing_on"})).await;
    let rows = stage.sandbox.admin.thread(ASHA, PAGE, 0).await.unwrap();
    assert_eq!((rows.len(), rows[0].from_page, rows[0].text.as_deref()), (2, false, Some("hello")));
    assert_eq!((rows[1].mid.as_str(), rows[1].from_page, &rows[1].choices), (mid.as_str(), true, &vec![json!("Red")]));
    assert!(stage.sandbox.admin.thread(ASHA, PAGE, 2).await.unwrap().is_empty());
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn a_hundred_thousand_people_are_made_in_one_call() {
    let sandbox = Sandbox::start().await;
    let population = simulator::Population { page: PAGE.to_owned(), count: 100_000, ..Default::default() };
    let (first, last) = sandbox.admin.populate(&population).await.unwrap().unwrap();
    assert_ne!(first, last);
    let person = NewPerson { page: PAGE.to_owned(), psid: Some(last.clone()), ..NewPerson::default() };
    assert_eq!(sandbox.admin.add_person(&person).await.unwrap(), last);
    sandbox.admin.write(&first, PAGE, "hello").await.unwrap();
    sandbox.send(json!({"recipient": {"id": first}, "message": {"text": "hi"}})).await.mid();
    sandbox.stop().await;
}
