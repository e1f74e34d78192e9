//! What both sides write, and what is done with it.

use super::*;
use domain::event::{
    AdsContext, Booking, Edit, Entity, HopContext, PriorMessage, Product, Reaction, ReactionAction, ResponseFeedback,
    Side, Thumb, Unsent,
};

const LIKE: &str = "369239263222822";

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = vec![
        (
            "message",
            said(Message {
                seq: Some(73),
                commands: words(&["help", "order"]),
                entities: entities(),
                ..text("m_1", "hello there")
            }),
        ),
        ("message_quick_reply", said(Message { quick_reply: owned("RED"), ..text("m_2", "Red") })),
        (
            "message_self_reply",
            said(Message { reply_to: Some(mid("m_2")), is_self_reply: true, ..text("m_3", "and blue") }),
        ),
        ("message_attachments", said(Message { attachments: attachments(), ..text("m_4", "") })),
        ("message_reels_and_posts", said(Message { attachments: reels_and_posts(), ..text("m_5", "") })),
        ("message_appointment", said(Message { attachments: vec![appointment()], ..text("m_6", "") })),
        ("message_products", said(Message { attachments: vec![products()], ..text("m_7", "") })),
        ("message_from_ad", said(Message { referral: Some(ad()), ..text("m_8", "hi") })),
        (
            "message_from_shop",
            said(Message {
                referral: Some(Referral { product: owned("900"), ..Referral::default() }),
                ..text("m_9", "how much?")
            }),
        ),
        (
            "message_after_checkbox",
            said(Message {
                prior_message: Some(PriorMessage {
                    source: "checkbox_plugin".to_owned(),
                    identifier: OptinRef::parse("u-1").unwrap(),
                }),
                ..text("m_10", "yes")
            }),
        ),
        (
            "message_lead_summary",
            said(Message {
                hop_context: Some(hop_context(Some("messenger_lead_gen_complete"))),
                ..text("m_11", "Size: 42")
            }),
        ),
        (
            "message_legacy_sticker",
            said(Message {
                seq: Some(4),
                sticker: owned(LIKE),
                attachments: vec![attached("image", "https://cdn.example/s")],
                ..text("mid.12", "")
            }),
        ),
        ("message_unsupported", said(Message { is_unsupported: true, ..text("m_14", "") })),
    ];
    shapes.extend(echoes());
    shapes.extend(deeds());
    shapes
}

fn echoes() -> [Shape; 2] {
    let image = Attachment { asset: owned("77001"), ..attached("image", "https://cdn.example/e") };
    let fallback = Attachment { title: owned("A page"), ..attached("fallback", "https://shop.example/") };
    let echo = Echo {
        app: AppId::parse("263902037430900").ok(),
        foreign_metadata: owned("order 42"),
        text: "here".to_owned(),
        reply_to: Some(mid("m_1")),
        attachments: vec![image, fallback],
        ..Echo::of(mid("m_20"))
    };
    let unsupported = Echo { is_unsupported: true, ..Echo::of(mid("m_21")) };
    [
        ("echo", vec![of_person(InboundKind::Echo(echo))]),
        ("echo_unsupported", vec![of_person(InboundKind::Echo(unsupported))]),
    ]
}

fn deeds() -> [Shape; 9] {
    let unsent = |id, of| vec![of_person(InboundKind::Unsent(Unsent { mid: mid(id), of }))];
    let edit = Edit { mid: mid("m_1"), text: "hello you".to_owned(), n_edits: Some(1) };
    let reaction = |action, reaction: Option<&str>, emoji: Option<&str>| {
        let (reaction, emoji) = (reaction.map(str::to_owned), emoji.map(str::to_owned));
        vec![of_person(InboundKind::Reaction(Reaction { mid: mid("m_20"), action, reaction, emoji }))]
    };
    let thumb = |thumb| vec![of_person(InboundKind::ResponseFeedback(ResponseFeedback { mid: mid("m_20"), thumb }))];
    let watermark = Timestamp::from_millis(STATED);
    let delivered = InboundKind::Delivered { watermark, mids: vec![mid("m_20")] };
    [
        ("message_unsent", unsent("m_13", Side::Person)),
        ("echo_unsent", unsent("m_20", Side::Page)),
        ("message_edit", vec![of_person(InboundKind::Edit(edit))]),
        ("reaction", reaction(ReactionAction::React, Some("love"), Some("\u{2764}"))),
        ("reaction_taken_back", reaction(ReactionAction::Unreact, None, None)),
        ("response_feedback", thumb(Thumb::Good)),
        ("response_feedback_bad", thumb(Thumb::Bad)),
        ("delivery", vec![of_person(delivered).at(ENTRY)]),
        ("read", vec![of_person(InboundKind::Read { watermark })]),
    ]
}

fn said(message: Message) -> Vec<Expected> {
    vec![of_person(InboundKind::Message(message))]
}

pub(super) fn text(id: &str, text: &str) -> Message {
    Message { mid: Some(mid(id)), text: text.to_owned(), ..Message::default() }
}

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn hop_context(metadata: Option<&str>) -> HopContext {
    HopContext { app: AppId::parse("413038776280800").ok(), metadata: metadata.map(str::to_owned) }
}

fn entities() -> Vec<Entity> {
    let entity = |name: &str, value: &str, confidence: &str| Entity {
        name: name.to_owned(),
        value: value.to_owned(),
        confidence: confidence.to_owned(),
    };
    vec![entity("amount", "12.5", "0.5"), entity("greetings", "true", "0.9987")]
}

fn attached(kind: &str, url: &str) -> Attachment {
    Attachment { kind: kind.to_owned(), url: owned(url), ..Attachment::default() }
}

fn attachments() -> Vec<Attachment> {
    vec![
        Attachment { sticker: owned(LIKE), ..attached("image", "https://cdn.example/i") },
        attached("audio", "https://cdn.example/a"),
        attached("video", "https://cdn.example/v"),
        attached("file", "https://cdn.example/f"),
        Attachment { sticker: owned(LIKE), ..attached("sticker", "https://cdn.example/s") },
        Attachment { title: owned("A page"), ..attached("fallback", "https://shop.example/") },
        Attachment { kind: "fallback".to_owned(), ..Attachment::default() },
        Attachment { title: owned("Here"), ..attached("location", "https://maps.example/") },
    ]
}

fn reels_and_posts() -> Vec<Attachment> {
    let titled = |kind, url, title| Attachment { title: owned(title), ..attached(kind, url) };
    vec![
        Attachment { reel: owned("501"), ..titled("reel", "https://cdn.example/r", "R") },
        Attachment { reel: owned("502"), ..titled("ig_reel", "https://cdn.example/ir", "IR") },
        Attachment { post: owned("503"), ..titled("post", "https://cdn.example/p", "P") },
        Attachment { post: owned("504"), ..titled("ig_post", "https://cdn.example/ip", "IP") },
    ]
}

fn appointment() -> Attachment {
    let booking = Booking {
        id: owned("b-1"),
        status: "confirmed".to_owned(),
        starts_at: Some(Timestamp::from_millis(1_767_312_000_000)),
        ends_at: Some(Timestamp::from_millis(1_767_315_600_000)),
        timezone: owned("Europe/Berlin"),
    };
    Attachment { kind: "appointment_booking".to_owned(), booking: Some(booking), ..Attachment::default() }
}

fn products() -> Attachment {
    let shoe = Product {
        id: "900".to_owned(),
        retailer: owned("sku-1"),
        title: owned("Shoe"),
        subtitle: owned("red"),
        image_url: owned("https://cdn.example/shoe"),
    };
    let bare = Product { id: "901".to_owned(), ..Product::default() };
    Attachment { kind: "template".to_owned(), products: vec![shoe, bare], ..Attachment::default() }
}

fn ad() -> Referral {
    Referral {
        source: "ADS".to_owned(),
        kind: "OPEN_THREAD".to_owned(),
        reference: owned("spring"),
        ad: owned("600"),
        ads_context: Some(Box::new(AdsContext {
            title: owned("Spring"),
            photo_url: owned("https://cdn.example/ad"),
            video_url: owned("https://cdn.example/adv"),
            post: owned("1001_5"),
            product: owned("900"),
            flow: owned("70"),
        })),
        ..Referral::default()
    }
}
