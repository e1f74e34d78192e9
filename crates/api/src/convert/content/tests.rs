//! What is said comes back from its schema, and what cannot be is named by its field.

#[path = "../../../../domain/tests/content/samples.rs"]
mod samples;

use super::*;
use samples::{Names, all};

#[track_caller]
fn check_wrong(wrong: pb::Content, expected: &str) {
    let mut violations = Violations::default();
    assert_eq!(take_content(Some(wrong), "content", &mut violations), None);
    assert_eq!(violations.into_status().message(), format!("wrong or missing: {expected}"));
}

fn template(kind: pb::template::Kind) -> pb::Content {
    pb::Content { kind: Some(Kind::Template(pb::Template { kind: Some(kind) })), ..pb::Content::default() }
}

#[test]
fn every_kind_comes_back_from_the_wire() {
    for (name, one) in all(&Names::default()) {
        let mut violations = Violations::default();
        assert_eq!(take_content(Some(content(&one)), "content", &mut violations), Some(one), "{name}");
        assert!(violations.is_empty(), "{name}");
    }
}

#[test]
fn a_message_without_a_kind_is_none() {
    check_wrong(pb::Content::default(), "content");
    let mut violations = Violations::default();
    assert_eq!(take_content(None, "content", &mut violations), None);
    assert!(!violations.is_empty());
}

#[test]
fn every_part_that_cannot_be_is_named_at_once() {
    let wrong = pb::Content {
        kind: Some(Kind::Attachment(pb::Attachment::default())),
        quick_replies: vec![pb::QuickReply::default()],
        reply_to: "a b".to_owned(),
        persona_id: "a/b".to_owned(),
        notification: 99,
        hand_over: Some(pb::HandOver::default()),
        ..pb::Content::default()
    };
    check_wrong(
        wrong,
        "content.attachment.media, content.attachment.source, content.quick_replies[0], content.reply_to, \
         content.persona_id, content.notification, content.hand_over",
    );
    let buttons = vec![pb::Button::default(); 2];
    let media = pb::MediaTemplate { media: pb::Media::File.into(), buttons, ..pb::MediaTemplate::default() };
    check_wrong(
        template(pb::template::Kind::Media(media)),
        "content.template.media.media, content.template.media, content.template.media.buttons[0], \
         content.template.media.buttons[1]",
    );
    let item = pb::ReceiptItem { price: "free".to_owned(), ..pb::ReceiptItem::default() };
    let receipt = pb::ReceiptTemplate { items: vec![item], ..pb::ReceiptTemplate::default() };
    check_wrong(
        template(pb::template::Kind::Receipt(receipt)),
        "content.template.receipt.summary.total_cost, content.template.receipt.items[0].price",
    );
}
