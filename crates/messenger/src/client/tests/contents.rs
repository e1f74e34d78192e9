//! Every kind of message, recipient and right as the Send API gets it: one JSON file each.

#[path = "../../../../domain/tests/content/samples.rs"]
mod samples;

use super::*;
use crate::client::errors::Lack;
use domain::content::Words;
use domain::id::{CommentId, OptinRef, PostId, Token};
use samples::{Names, all};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn request(content: Content) -> SendRequest {
    let metadata = "c.1001.x".to_owned();
    SendRequest { recipient: asha(), messaging_type: MessagingType::Response, content, metadata }
}

fn to(recipient: Recipient) -> SendRequest {
    SendRequest { recipient, ..request(Content::text("hello")) }
}

fn by(messaging_type: MessagingType) -> SendRequest {
    SendRequest { messaging_type, ..request(Content::text("hello")) }
}

fn bodies() -> Vec<(&'static str, SendRequest)> {
    let mut bodies: Vec<_> =
        all(&Names::default()).into_iter().map(|(name, content)| (name, request(content))).collect();
    let token = || Token::parse("token-1").unwrap();
    let phone = |name| Recipient::Phone { number: "+1(212)555-2368".into(), name };
    let names: (Words, Words) = ("Asha".into(), "Rao".into());
    bodies.extend([
        ("to_a_checkbox", to(Recipient::Checkbox(OptinRef::parse("u-1").unwrap()))),
        ("to_a_comment", to(Recipient::Comment(CommentId::parse("5_6").unwrap()))),
        ("to_a_post", to(Recipient::Post(PostId::parse("1001_5").unwrap()))),
        ("to_a_one_time_token", to(Recipient::OneTime(token()))),
        ("to_a_repeated_token", to(Recipient::Repeated(token()))),
        ("to_a_phone", to(phone(None))),
        ("to_a_phone_by_name", to(phone(Some(names)))),
        ("by_update", by(MessagingType::Update)),
        ("by_utility", by(MessagingType::Utility)),
        ("by_human_agent", by(MessagingType::MessageTag(Tag::HumanAgent))),
        ("by_customer_feedback", by(MessagingType::MessageTag(Tag::CustomerFeedback))),
        ("by_confirmed_event_update", by(MessagingType::MessageTag(Tag::ConfirmedEventUpdate))),
        ("by_post_purchase_update", by(MessagingType::MessageTag(Tag::PostPurchaseUpdate))),
        ("by_account_update", by(MessagingType::MessageTag(Tag::AccountUpdate))),
    ]);
    bodies
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden_sends").join(format!("{name}.json"))
}

#[test]
fn every_kind_is_written_as_its_file_shows() {
    let mut written = Vec::new();
    for (name, request) in bodies() {
        let (file, body) = (file(name), request.body());
        // A kind that has no file yet gets one, which is to be read before it is committed.
        if !file.exists() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, format!("{body:#}\n")).unwrap();
            written.push(name);
        }
        let expected: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(body, expected, "{name}");
    }
    assert!(written.is_empty(), "read and commit the files that were written just now: {written:?}");
}

#[test]
fn every_file_of_bodies_is_looked_at() {
    let known: BTreeSet<_> = bodies().iter().map(|(name, _)| format!("{name}.json")).collect();
    let folder = std::fs::read_dir(file("").parent().unwrap()).unwrap();
    let found: BTreeSet<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, known);
}

#[test]
fn no_request_shows_whom_or_what_it_names() {
    for (name, request) in bodies() {
        let shown = format!("{request:?}");
        for secret in ["2002", "token-1", "555-2368", "Asha", "hello", "shop.example"] {
            assert!(!shown.contains(secret), "{name}: {shown}");
        }
    }
}

#[test]
fn some_errors_are_read_by_what_was_sent() {
    let error = |code| ApiError { status: 400, code, ..ApiError::default() };
    let token = Token::parse("token-1").unwrap();
    let tagged = by(MessagingType::MessageTag(Tag::HumanAgent));
    let (_, asks) = bodies().into_iter().find(|(name, _)| *name == "one_time_request").unwrap();
    let (_, video) = bodies().into_iter().find(|(name, _)| *name == "video").unwrap();
    let plain = by(MessagingType::Response);
    let comment = to(Recipient::Comment(CommentId::parse("5_6").unwrap()));
    for (request, code, expected) in [
        (&plain, 100, ErrorClass::Message),
        (&to(Recipient::OneTime(token.clone())), 100, ErrorClass::Token),
        (&to(Recipient::Repeated(token)), 100, ErrorClass::Token),
        (&plain, 10, ErrorClass::Page(Lack::Permission)),
        (&tagged, 10, ErrorClass::Feature),
        (&asks, 10, ErrorClass::Feature),
        (&plain, 613, ErrorClass::Rate(Scope::Page)),
        (&video, 613, ErrorClass::Rate(Scope::Media)),
        (&comment, 613, ErrorClass::Rate(Scope::PrivateReplies)),
        (&comment, 4, ErrorClass::Rate(Scope::App)),
    ] {
        assert_eq!(request.class_of(&error(code)), expected, "{request:?} {code}");
    }
    let dead = ApiError { subcode: 2_018_278, ..error(10) };
    assert_eq!(tagged.class_of(&dead), ErrorClass::Message);
}
