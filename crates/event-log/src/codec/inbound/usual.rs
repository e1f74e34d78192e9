//! The quick way to read what people and Pages write to each other, delivered and read.

use crate::codec::usual::{Extent, Fields, Value, text};
use crate::codec::{fact, optional, required};
use domain::event::{Echo, Inbound, InboundKind, Message};
use domain::id::{AppId, Mid, PageId, Psid, SendId};
use domain::time::Timestamp;

/// The fact in these bytes, if it is of a usual kind and has no uncommon parts.
pub(in crate::codec) fn read(bytes: &[u8], extent: Extent) -> Option<Box<Inbound>> {
    let (mut id, mut page, mut person, mut kind) = (None, None, None, None);
    let (mut stated_at_ms, mut received_at_ms, mut standby) = (0, 0, false);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(raw)) => id = Some(fact(raw).ok()?),
            (2, Value::Bytes(raw)) => page = Some(required(text(raw)?, PageId::parse, "page").ok()?),
            (3, Value::Bytes(raw)) => person = optional(text(raw)?, Psid::parse, "person").ok()?,
            (4, Value::Number(ms)) => stated_at_ms = ms.cast_signed(),
            (5, Value::Number(ms)) => received_at_ms = ms.cast_signed(),
            (6, Value::Number(truth)) => standby = truth != 0,
            (16, Value::Bytes(raw)) => kind = Some(InboundKind::Message(message(raw, extent)?)),
            (17, Value::Bytes(raw)) => kind = Some(InboundKind::Echo(echo(raw, extent)?)),
            (18, Value::Bytes(raw)) => kind = Some(delivered(raw, extent)?),
            (19, Value::Bytes(raw)) => kind = Some(seen(raw)?),
            _ => return None,
        }
        // A second one may have to be taken together with the first.
        if kind.is_some() && fields.next()?.is_some() {
            return None;
        }
    }
    Some(Box::new(Inbound {
        fact: id?,
        page: page?,
        person,
        stated_at: Timestamp::from_millis(stated_at_ms),
        received_at: Timestamp::from_millis(received_at_ms),
        standby,
        kind: kind?,
    }))
}

fn message(bytes: &[u8], extent: Extent) -> Option<Message> {
    let mut message = Message::default();
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1 | 2 | 4, Value::Bytes(_)) if extent == Extent::ToJudge => (),
            (1, Value::Bytes(raw)) => message.mid = mid(raw)?,
            (2, Value::Bytes(raw)) => text(raw)?.clone_into(&mut message.text),
            (3, Value::Bytes(raw)) => message.quick_reply = Some(text(raw)?.to_owned()),
            (4, Value::Bytes(raw)) => message.reply_to = mid(raw)?,
            _ => return None,
        }
    }
    Some(message)
}

fn echo(bytes: &[u8], extent: Extent) -> Option<Echo> {
    let (mut id, mut app, mut send, mut said, mut reply_to) = (None, None, None, String::new(), None);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (2 | 5 | 7, Value::Bytes(_)) if extent == Extent::ToJudge => (),
            (1, Value::Bytes(raw)) => id = mid(raw)?,
            (2, Value::Bytes(raw)) => app = optional(text(raw)?, AppId::parse, "echo.app").ok()?,
            (3, Value::Bytes(raw)) => send = Some(SendId::parse(text(raw)?).ok()?),
            (5, Value::Bytes(raw)) => said = text(raw)?.to_owned(),
            (7, Value::Bytes(raw)) => reply_to = mid(raw)?,
            _ => return None,
        }
    }
    Some(Echo {
        mid: id?,
        app,
        send,
        foreign_metadata: None,
        text: said,
        attachments: Vec::new(),
        reply_to,
        is_unsupported: false,
        hop_context: None,
    })
}

fn delivered(bytes: &[u8], extent: Extent) -> Option<InboundKind> {
    let (mut watermark_ms, mut mids) = (0, Vec::new());
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Number(ms)) => watermark_ms = ms.cast_signed(),
            (2, Value::Bytes(_)) if extent == Extent::ToJudge => (),
            (2, Value::Bytes(raw)) => mids.push(mid(raw)??),
            _ => return None,
        }
    }
    Some(InboundKind::Delivered { watermark: Timestamp::from_millis(watermark_ms), mids })
}

fn seen(bytes: &[u8]) -> Option<InboundKind> {
    let mut fields = Fields::of(bytes);
    let watermark_ms = match fields.next()? {
        None => 0,
        Some((1, Value::Number(ms))) if fields.next()?.is_none() => ms.cast_signed(),
        Some(_) => return None,
    };
    Some(InboundKind::Read { watermark: Timestamp::from_millis(watermark_ms) })
}

fn mid(bytes: &[u8]) -> Option<Option<Mid>> {
    optional(text(bytes)?, Mid::parse, "mid").ok()
}
