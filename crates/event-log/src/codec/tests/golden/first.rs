//! The kinds that the log began with.

use crate::codec::tests::at;
use domain::event::{Attachment, Echo, InboundKind, Message, Postback, Referral, Unrecognized};
use domain::id::{AppId, Mid, PageId, PersonKey, SendId};
use uuid::Uuid;

pub(super) fn kinds() -> Vec<(&'static str, InboundKind)> {
    let send = SendId::new(PageId::parse("1001").unwrap(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(9));
    vec![
        ("message", InboundKind::Message(message())),
        ("message_without_details", InboundKind::Message(Message::default())),
        (
            "echo",
            InboundKind::Echo(Echo {
                app: Some(AppId::parse("77").unwrap()),
                send: Some(send),
                foreign_metadata: Some("order 42".to_owned()),
                text: "yes".to_owned(),
                attachments: vec![image()],
                ..Echo::of(mid("m_2"))
            }),
        ),
        ("delivery", InboundKind::Delivered { watermark: at(-1), mids: vec![mid("m_1"), mid("m_2")] }),
        ("read", InboundKind::Read { watermark: at(-1) }),
        (
            "postback",
            InboundKind::Postback(Postback {
                mid: Some(mid("m_3")),
                title: "Get started".to_owned(),
                payload: Some("GO".to_owned()),
                referral: Some(referral()),
                ..Postback::default()
            }),
        ),
        ("referral", InboundKind::Referral(referral())),
        (
            "unrecognized",
            InboundKind::Unrecognized(Unrecognized { field: "messaging".to_owned(), raw: r#"{"new":1}"#.to_owned() }),
        ),
    ]
}

fn mid(id: &str) -> Mid {
    Mid::parse(id).unwrap()
}

fn message() -> Message {
    Message {
        mid: Some(mid("m_1")),
        text: "is it still there? 😀".to_owned(),
        quick_reply: Some("yes".to_owned()),
        reply_to: Some(mid("m_0")),
        attachments: vec![image(), Attachment { kind: "fallback".to_owned(), ..Attachment::default() }],
        referral: Some(referral()),
        ..Message::default()
    }
}

fn image() -> Attachment {
    Attachment {
        kind: "image".to_owned(),
        url: Some("https://cdn.example/1".to_owned()),
        title: Some("a cat".to_owned()),
        ..Attachment::default()
    }
}

fn referral() -> Referral {
    Referral {
        source: "ADS".to_owned(),
        kind: "OPEN_THREAD".to_owned(),
        reference: Some("spring".to_owned()),
        ad: Some("7".to_owned()),
        ..Referral::default()
    }
}
