//! One event of an entry: which Page, whom, when, and what.

use super::{Place, wire};
use crate::json::{self, Id, Object, Words};
use crate::metadata;
use domain::event::{Attachment, Echo, InboundKind, Message, Postback, Referral};
use domain::id::{AppId, Mid, OptinRef, PageId, Psid};
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event, as far as it could be read.
pub(super) struct Event {
    /// The Page it concerns, by its entry or else by its own ends.
    pub(super) page: Option<PageId>,
    /// Whom it is about.
    pub(super) place: Place,
    /// When it happened, if it says so.
    pub(super) time: Option<Timestamp>,
    /// What happened; nothing where the kind is not known or lacks what it needs.
    pub(super) kind: Option<InboundKind>,
}

impl Event {
    /// Reads an item of `messaging` or `standby`; nothing when it is not a readable object.
    pub(super) fn read(raw: &RawValue, entrys_page: Option<&PageId>) -> Option<Self> {
        let ends: wire::Ends<'_> = json::object(raw)?;
        let sender: wire::Party<'_> = ends.sender.and_then(json::object).unwrap_or_default();
        let recipient: wire::Party<'_> = ends.recipient.and_then(json::object).unwrap_or_default();
        let is_echo = ends.message.and_then(json::object::<wire::Flags>).and_then(|flags| flags.is_echo) == Some(true);
        let page = match entrys_page {
            Some(page) => Some(page.clone()),
            None => id(if is_echo { &sender } else { &recipient }).and_then(|id| PageId::parse(&id).ok()),
        };
        // Also an echo that can't be read as one must not take the Page for the person.
        let is_from_page = page.as_ref().is_some_and(|page| id(&sender).as_deref() == Some(page.as_str()));
        let person = if is_echo || is_from_page { recipient } else { sender };
        let place = place(&person, ends.optin);
        let time = ends.timestamp.map(json::moment);
        let is_typed = place != Place::Page && time != Some(None);
        let kind = if is_typed { kind(raw) } else { None };
        Some(Self { page, place, time: time.flatten(), kind })
    }
}

/// The field that an item of `changes` names, when it looks like one of the platform's words.
pub(super) fn changed_field(change: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Change {
        field: String,
    }
    let is_word = |field: &str| {
        (1..=64).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match json::object::<Change>(change) {
        Some(Change { field }) if is_word(&field) => field,
        _ => "changes".to_owned(),
    }
}

fn id(party: &wire::Party<'_>) -> Option<String> {
    party.id.and_then(json::text)
}

fn place(person: &wire::Party<'_>, optin: Option<&RawValue>) -> Place {
    if person.id.is_some() {
        return id(person).and_then(|id| Psid::parse(&id).ok()).map_or(Place::Page, Place::Person);
    }
    // A checkbox opt-in has no sender at all: the reference stands in the opt-in itself.
    let optin = || optin.and_then(json::object::<wire::Party<'_>>).and_then(|optin| optin.user_ref);
    let user_ref = person.user_ref.or_else(optin).and_then(json::text);
    user_ref.and_then(|user_ref| OptinRef::parse(&user_ref).ok()).map_or(Place::Page, Place::UserRef)
}

/// The kind, if it is one that this version reads, stands alone, and has all that it needs.
fn kind(raw: &RawValue) -> Option<InboundKind> {
    let kinds: wire::Kinds = json::object(raw)?;
    let wire::Kinds { message, delivery, read, postback, referral, other: None } = kinds else {
        return None;
    };
    match (message, delivery, read, postback) {
        (Some(Object(message)), None, None, None) => said(message, referral),
        (None, Some(Object(delivery)), None, None) if referral.is_none() => {
            let mids = delivery.mids.unwrap_or_default();
            let mids = mids.iter().filter_map(|mid| Mid::parse(&json::text(mid)?).ok()).collect();
            Some(InboundKind::Delivered { watermark: json::moment(&delivery.watermark?)?, mids })
        }
        (None, None, Some(Object(read)), None) if referral.is_none() => {
            Some(InboundKind::Read { watermark: json::moment(&read.watermark?)? })
        }
        (None, None, None, Some(Object(postback))) => Some(InboundKind::Postback(Postback {
            mid: mid(postback.mid)?,
            title: words(postback.title),
            payload: postback.payload,
            referral: postback.referral.or(referral).map(came_from),
        })),
        (None, None, None, None) => referral.map(|referral| InboundKind::Referral(came_from(referral))),
        _ => None,
    }
}

fn said(message: wire::Message, beside: Option<Object<wire::Referral>>) -> Option<InboundKind> {
    if message.is_deleted == Some(true) || message.is_unsupported == Some(true) {
        return None;
    }
    let attachments = message.attachments.unwrap_or_default().into_iter().map(attachment).collect();
    let text = words(message.text);
    if message.is_echo == Some(true) {
        let metadata = message.metadata.unwrap_or_default();
        let (send, foreign) = metadata::read(&metadata);
        return Some(InboundKind::Echo(Echo {
            mid: mid(message.mid)??,
            app: message.app_id.map(|app| AppId::parse(&app.0)).transpose().ok()?,
            send,
            foreign_metadata: foreign.filter(|foreign| !foreign.is_empty()).map(str::to_owned),
            text,
            attachments,
        }));
    }
    Some(InboundKind::Message(Message {
        mid: mid(message.mid)?,
        text,
        quick_reply: message.quick_reply.and_then(|reply| reply.0.payload),
        reply_to: mid(message.reply_to.and_then(|reply_to| reply_to.0.mid))?,
        attachments,
        referral: message.referral.or(beside).map(came_from),
    }))
}

/// A message id, which may be absent; nothing at all when there is one of a form that is not known.
fn mid(mid: Option<Id>) -> Option<Option<Mid>> {
    mid.map(|mid| Mid::parse(&mid.0)).transpose().ok()
}

fn words(words: Option<Words>) -> String {
    words.unwrap_or_default().0
}

fn attachment(Object(attachment): Object<wire::Attachment>) -> Attachment {
    let (url, title) = attachment.payload.map_or((None, None), |Object(payload)| (payload.url, payload.title));
    Attachment {
        kind: attachment.r#type.unwrap_or_default(),
        url: url.or(attachment.url),
        title: title.or(attachment.title).map(|title| title.0),
    }
}

fn came_from(Object(referral): Object<wire::Referral>) -> Referral {
    Referral {
        source: referral.source.unwrap_or_default(),
        kind: referral.r#type.unwrap_or_default(),
        reference: referral.r#ref.map(|reference| reference.0),
        ad: referral.ad_id.map(|ad| ad.0),
    }
}
