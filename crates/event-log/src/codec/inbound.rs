//! Inbound facts to and from the stored schema.

use super::{Undecodable, fact, optional, optional_mid, required, text_of};
use api::proto::log::v1 as wire;
use domain::event::{Attachment, Echo, Inbound, InboundKind, Message, Postback, Referral, Unrecognized};
use domain::id::{AppId, Mid, PageId, Psid, SendId};
use domain::time::Timestamp;
use wire::inbound::Kind;

pub(super) fn to_wire(inbound: &Inbound) -> wire::Inbound {
    wire::Inbound {
        fact: inbound.fact.as_bytes().to_vec(),
        page: inbound.page.as_str().to_owned(),
        person: text_of(inbound.person.as_ref(), Psid::as_str),
        stated_at_ms: inbound.stated_at.as_millis(),
        received_at_ms: inbound.received_at.as_millis(),
        standby: inbound.standby,
        sealed: None,
        kind: Some(kind_to_wire(&inbound.kind)),
    }
}

fn kind_to_wire(kind: &InboundKind) -> Kind {
    match kind {
        InboundKind::Message(message) => Kind::Message(wire::Message {
            mid: text_of(message.mid.as_ref(), Mid::as_str),
            text: message.text.clone(),
            quick_reply: message.quick_reply.clone(),
            reply_to: text_of(message.reply_to.as_ref(), Mid::as_str),
            attachments: attachments_to_wire(&message.attachments),
            referral: message.referral.as_ref().map(referral_to_wire),
        }),
        InboundKind::Echo(echo) => Kind::Echo(wire::Echo {
            mid: echo.mid.as_str().to_owned(),
            app: text_of(echo.app.as_ref(), AppId::as_str),
            send: echo.send.as_ref().map(SendId::to_string).unwrap_or_default(),
            foreign_metadata: echo.foreign_metadata.clone(),
            text: echo.text.clone(),
            attachments: attachments_to_wire(&echo.attachments),
        }),
        InboundKind::Delivered { watermark, mids } => Kind::Delivered(wire::Delivered {
            watermark_ms: watermark.as_millis(),
            mids: mids.iter().map(|mid| mid.as_str().to_owned()).collect(),
        }),
        InboundKind::Read { watermark } => Kind::Read(wire::Read { watermark_ms: watermark.as_millis() }),
        InboundKind::Postback(postback) => Kind::Postback(wire::Postback {
            mid: text_of(postback.mid.as_ref(), Mid::as_str),
            title: postback.title.clone(),
            payload: postback.payload.clone(),
            referral: postback.referral.as_ref().map(referral_to_wire),
        }),
        InboundKind::Referral(referral) => Kind::Referral(referral_to_wire(referral)),
        InboundKind::Unrecognized(unknown) => {
            Kind::Unrecognized(wire::Unrecognized { field: unknown.field.clone(), raw: unknown.raw.clone() })
        }
    }
}

pub(super) fn from_wire(inbound: wire::Inbound) -> Result<Inbound, Undecodable> {
    // Read without its sealed parts, a fact would pass for one that has none.
    if inbound.sealed.is_some() {
        return Err(Undecodable::Field("inbound.sealed"));
    }
    Ok(Inbound {
        fact: fact(&inbound.fact)?,
        page: required(&inbound.page, PageId::parse, "page")?,
        person: optional(&inbound.person, Psid::parse, "person")?,
        stated_at: Timestamp::from_millis(inbound.stated_at_ms),
        received_at: Timestamp::from_millis(inbound.received_at_ms),
        standby: inbound.standby,
        kind: kind_from_wire(inbound.kind.ok_or(Undecodable::Field("inbound.kind"))?)?,
    })
}

fn kind_from_wire(kind: Kind) -> Result<InboundKind, Undecodable> {
    Ok(match kind {
        Kind::Message(message) => InboundKind::Message(Message {
            mid: optional_mid(&message.mid)?,
            text: message.text,
            quick_reply: message.quick_reply,
            reply_to: optional_mid(&message.reply_to)?,
            attachments: attachments_from_wire(message.attachments),
            referral: message.referral.map(referral_from_wire),
        }),
        Kind::Echo(echo) => InboundKind::Echo(Echo {
            mid: required(&echo.mid, Mid::parse, "echo.mid")?,
            app: optional(&echo.app, AppId::parse, "echo.app")?,
            send: match echo.send.as_str() {
                "" => None,
                send => Some(SendId::parse(send).map_err(|_| Undecodable::Field("echo.send"))?),
            },
            foreign_metadata: echo.foreign_metadata,
            text: echo.text,
            attachments: attachments_from_wire(echo.attachments),
        }),
        Kind::Delivered(delivered) => InboundKind::Delivered {
            watermark: Timestamp::from_millis(delivered.watermark_ms),
            mids: delivered.mids.iter().map(|mid| required(mid, Mid::parse, "mids")).collect::<Result<_, _>>()?,
        },
        Kind::Read(read) => InboundKind::Read { watermark: Timestamp::from_millis(read.watermark_ms) },
        Kind::Postback(postback) => InboundKind::Postback(Postback {
            mid: optional_mid(&postback.mid)?,
            title: postback.title,
            payload: postback.payload,
            referral: postback.referral.map(referral_from_wire),
        }),
        Kind::Referral(referral) => InboundKind::Referral(referral_from_wire(referral)),
        Kind::Unrecognized(unknown) => {
            InboundKind::Unrecognized(Unrecognized { field: unknown.field, raw: unknown.raw })
        }
    })
}

fn attachments_to_wire(attachments: &[Attachment]) -> Vec<wire::Attachment> {
    let to_wire =
        |one: &Attachment| wire::Attachment { kind: one.kind.clone(), url: one.url.clone(), title: one.title.clone() };
    attachments.iter().map(to_wire).collect()
}

fn attachments_from_wire(attachments: Vec<wire::Attachment>) -> Vec<Attachment> {
    let from_wire = |one: wire::Attachment| Attachment { kind: one.kind, url: one.url, title: one.title };
    attachments.into_iter().map(from_wire).collect()
}

fn referral_to_wire(referral: &Referral) -> wire::Referral {
    wire::Referral {
        source: referral.source.clone(),
        kind: referral.kind.clone(),
        reference: referral.reference.clone(),
        ad: referral.ad.clone(),
    }
}

fn referral_from_wire(referral: wire::Referral) -> Referral {
    Referral { source: referral.source, kind: referral.kind, reference: referral.reference, ad: referral.ad }
}
