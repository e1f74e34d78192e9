//! The kinds that the log began with, with what was added to them.

use super::{app, mid, owned};
use crate::codec::tests::at;
use domain::event::{
    AdsContext, Attachment, Booking, Echo, Entity, HopContext, InboundKind, Message, Postback, PriorMessage, Product,
    Referral,
};
use domain::id::OptinRef;

pub(super) fn kinds() -> Vec<(&'static str, InboundKind)> {
    vec![
        ("message_with_details", InboundKind::Message(message())),
        (
            "echo_with_details",
            InboundKind::Echo(Echo {
                reply_to: Some(mid("m_1")),
                is_unsupported: true,
                hop_context: Some(hop_context()),
                attachments: vec![Attachment {
                    kind: "image".to_owned(),
                    asset: owned("900"),
                    ..Attachment::default()
                }],
                ..Echo::of(mid("m_2"))
            }),
        ),
        (
            "postback_with_details",
            InboundKind::Postback(Postback { hop_context: Some(hop_context()), ..Postback::default() }),
        ),
        ("referral_with_details", InboundKind::Referral(referral())),
    ]
}

pub(super) fn hop_context() -> HopContext {
    HopContext { app: Some(app("413")), metadata: owned("messenger_lead_gen_complete") }
}

pub(super) fn referral() -> Referral {
    Referral {
        source: "ADS".to_owned(),
        kind: "OPEN_THREAD".to_owned(),
        product: owned("8"),
        referer: owned("https://shop.example/"),
        is_guest: true,
        ads_context: Some(Box::new(AdsContext {
            title: owned("Spring"),
            photo_url: owned("https://cdn.example/photo"),
            video_url: owned("https://cdn.example/video"),
            post: owned("1001_5"),
            product: owned("9"),
            flow: owned("10"),
        })),
        ..Referral::default()
    }
}

fn message() -> Message {
    let booking = Booking {
        id: owned("b-1"),
        status: "confirmed".to_owned(),
        starts_at: Some(at(3_600_000)),
        ends_at: Some(at(7_200_000)),
        timezone: owned("Europe/Berlin"),
    };
    let product = Product {
        id: "p-1".to_owned(),
        retailer: owned("sku-1"),
        title: owned("Shoe"),
        subtitle: owned("red"),
        image_url: owned("https://cdn.example/shoe"),
    };
    Message {
        mid: Some(mid("m_1")),
        is_self_reply: true,
        commands: vec!["help".to_owned(), "order".to_owned()],
        sticker: owned("369239263222822"),
        seq: Some(73),
        entities: vec![Entity { name: "greeting".to_owned(), value: "true".to_owned(), confidence: "0.97".to_owned() }],
        is_unsupported: true,
        prior_message: Some(PriorMessage {
            source: "checkbox_plugin".to_owned(),
            identifier: OptinRef::parse("u/1").unwrap(),
        }),
        hop_context: Some(hop_context()),
        referral: Some(referral()),
        attachments: vec![Attachment {
            kind: "appointment_booking".to_owned(),
            sticker: owned("1"),
            reel: owned("2"),
            post: owned("3"),
            booking: Some(booking),
            products: vec![product, Product { id: "p-2".to_owned(), ..Product::default() }],
            ..Attachment::default()
        }],
        ..Message::default()
    }
}
