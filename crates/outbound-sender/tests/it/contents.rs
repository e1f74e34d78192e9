//! Every kind of message goes the same way: judged, claimed, written once, settled by its echo.

#[path = "../../../domain/tests/content/samples.rs"]
mod samples;

use crate::sandbox::{ASHA, PAGE, Sandbox};
use crate::words::{metadata, reason, says, wrong_fields};
use api::convert;
use api::proto::compliance::v1::{FeedbackTemplate, Matter, Purpose, UtilityTemplate, matter};
use api::proto::content::v1 as wire;
use api::proto::outbound::v1::{Content as PbContent, SendMessageRequest, State, content};
use domain::content::{Content, Media};
use domain::event::Event;
use domain::id::{AppId, Mid};
use messenger::client::As;
use samples::{Names, all};
use serde_json::json;
use simulator::{Deed, NewApp};
use std::time::Duration;
use tonic::Code;

const OTHER_APP: &str = "5005";

/// A bot's answer of this kind.
fn sends(request_id: &str, content: &Content) -> SendMessageRequest {
    SendMessageRequest { content: Some(convert::content(content)), ..says(ASHA, request_id, "") }
}

fn sample(name: &str, names: &Names) -> Content {
    all(names).into_iter().find(|(known, _)| *known == name).unwrap().1
}

impl Sandbox {
    /// Makes what the samples name. Asha has written.
    async fn names(&self) -> Names {
        let app = NewApp { id: OTHER_APP.to_owned(), secret: "another-secret".to_owned(), ..NewApp::default() };
        self.admin.add_app(&app).await.unwrap();
        // Where people can still be asked for recurring notifications.
        self.admin.set_page(PAGE, &json!({ "region": "EU" })).await.unwrap();
        let client = self.client();
        let (page, token) = self.page_and_token();
        let us = As { page: &page, token: &token };
        let url = "https://shop.example/a.png".into();
        let saved = client.upload(us, Media::Image, &url).await.answer.unwrap();
        let persona = client.create_persona(us, "Ravi", &url).await.answer.unwrap();
        let body = "Hello {{1}}, your order will arrive at your place {{2}} in the morning.";
        let template = json!({
            "name": "order_update", "language": "en_US", "category": "UTILITY",
            "components": [{ "type": "BODY", "text": body }],
        });
        assert_eq!(self.graph("message_templates", &template).await["status"], "APPROVED");
        let deed = Deed::Write {
            text: Some("which one?".to_owned()),
            attachments: Vec::new(),
            sticker_id: None,
            quick_reply: None,
            reply_to: None,
        };
        let mid = self.admin.act(ASHA, PAGE, &deed).await.unwrap().mid.unwrap();
        self.has_all_webhooks().await;
        Names { saved, persona, mid: Mid::parse(&mid).unwrap(), app: AppId::parse(OTHER_APP).unwrap() }
    }
}

#[tokio::test]
async fn every_kind_of_message_is_sent_once_and_known_by_its_echo() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    let mut n_sent = 0;
    for (name, content) in all(&names) {
        let message = sandbox.send(sends(name, &content)).await;
        let sent = sandbox.becomes(&message.name, State::Sent).await;
        let rows = sandbox.rows().await;
        let row = rows.last().unwrap();
        n_sent += 1;
        assert_eq!((rows.len(), row.mid.as_str()), (n_sent, sent.mid.as_str()), "{name}");
        let expected = if name == "utility" { "UTILITY" } else { "RESPONSE" };
        assert_eq!(row.messaging_type, expected, "{name}");
    }
    sandbox.has_all_webhooks().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn the_callers_note_travels_behind_our_send_id() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    let message = sandbox.send(sends("1", &sample("text_with_everything", &names))).await;
    sandbox.becomes(&message.name, State::Sent).await;
    let row = sandbox.rows().await.pop().unwrap();
    let (send, note) = messenger::metadata::read(row.metadata.as_deref().unwrap());
    assert!(send.is_some());
    assert_eq!(note, Some("order 42"));
    assert_eq!(row.persona.as_deref(), Some(names.persona.as_str()));
    // Its echo brings both back, each in its own place.
    sandbox.has_all_webhooks().await;
    let records = sandbox.records(ASHA).await;
    let echo = records.iter().flat_map(|stored| &stored.record.events).find_map(|event| {
        let Event::Inbound(inbound) = event else { return None };
        inbound.kind.echo()
    });
    let echo = echo.unwrap();
    assert_eq!((&echo.send, echo.foreign_metadata.as_deref()), (&send, Some("order 42")));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_that_an_error_says_may_have_gone_out_is_settled_by_its_echo_whatever_it_holds() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    sandbox.admin.inject(simulator::FaultKind::SentButError, 1).await.unwrap();
    let message = sandbox.send(sends("1", &sample("generic", &names))).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.rows().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn every_broken_limit_is_named_before_anything_is_recorded() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let long = |n: usize| "x".repeat(n);
    let button = wire::PostbackButton { title: long(21), payload: String::new() };
    let buttons = vec![wire::Button { kind: Some(wire::button::Kind::Postback(button)) }];
    let template = wire::ButtonTemplate { text: long(641), buttons };
    let template = wire::Template { kind: Some(wire::template::Kind::Button(template)) };
    let wrong =
        PbContent { kind: Some(content::Kind::Template(template)), metadata: long(851), ..PbContent::default() };
    let status = sandbox.refused(SendMessageRequest { content: Some(wrong), ..says(ASHA, "1", "") }).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let fields = [
        "content.template.button.text",
        "content.template.button.buttons[0].postback.title",
        "content.template.button.buttons[0].postback.payload",
        "content.metadata",
    ];
    assert_eq!(wrong_fields(&status), fields);
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_said_of_a_message_must_be_what_it_says() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    let said = |content| Some(Matter { content: Some(content), ..Matter::default() });
    let template = |name: &str| {
        said(matter::Content::UtilityTemplate(UtilityTemplate { name: name.to_owned(), language: "en_US".to_owned() }))
    };
    let utility = sample("utility", &names);
    let feedback = said(matter::Content::FeedbackTemplate(FeedbackTemplate {}));
    for (request, matter) in [
        (says(ASHA, "1", "hello"), feedback.clone()),
        (sends("2", &utility), feedback),
        (sends("3", &utility), template("another")),
        (sends("4", &sample("one_time_request", &names)), said(matter::Content::OneTimeRequestTitle("x".to_owned()))),
    ] {
        let status = sandbox.refused(SendMessageRequest { matter, ..request }).await;
        assert_eq!((status.code(), wrong_fields(&status)), (Code::InvalidArgument, vec!["matter.content".to_owned()]));
    }
    let message = sandbox.send(SendMessageRequest { matter: template("order_update"), ..sends("5", &utility) }).await;
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn the_rules_are_asked_about_what_a_message_is() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    let promotion = Purpose::Promotion.into();
    let utility = SendMessageRequest { purpose: promotion, ..sends("1", &sample("utility", &names)) };
    let status = sandbox.refused(utility).await;
    assert_eq!(reason(&status), "PROMOTION_IN_TEMPLATE");
    // After the window a bot may send a template that was approved, and nothing else.
    let stranger = "5151515151";
    sandbox.hears_ago(stranger, Duration::from_secs(30 * 3_600)).await;
    let to_stranger = |request: SendMessageRequest| SendMessageRequest {
        parent: format!("pages/{PAGE}/conversations/{stranger}"),
        ..request
    };
    let status = sandbox.refused(to_stranger(sends("1", &sample("image", &names)))).await;
    assert_eq!(reason(&status), "WINDOW_CLOSED");
    assert!(metadata(&status, "message").starts_with("pages/"));
    let message = sandbox.send(to_stranger(sends("2", &sample("utility", &names)))).await;
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.stop().await;
}
