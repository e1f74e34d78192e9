//! Messages of both sides, and what is done with them.

use super::{Beside, arrival};
use crate::json::{self, Detail, Id, Integer, Moment, Object, Scalar, Words};
use crate::metadata;
use domain::event::{
    Attachment, Booking, Echo, Edit, Entity, InboundKind, Message, PriorMessage, Product, Reaction, ReactionAction,
    ResponseFeedback, Side, Thumb, Unsent,
};
use domain::id::{AppId, Mid, OptinRef};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A message of either side. `is_echo` tells them apart.
#[derive(Deserialize)]
struct Wire {
    mid: Option<Id>,
    text: Option<Words>,
    quick_reply: Option<Object<QuickReply>>,
    reply_to: Option<Object<ReplyTo>>,
    attachments: Option<Vec<Object<Attached>>>,
    referral: Option<Object<arrival::Wire>>,
    is_echo: Option<bool>,
    is_deleted: Option<bool>,
    is_unsupported: Option<bool>,
    app_id: Option<Id>,
    metadata: Option<String>,
    #[serde(default)]
    commands: Detail<Vec<Detail<Command>>>,
    #[serde(default)]
    sticker_id: Detail<Id>,
    #[serde(default)]
    seq: Detail<Integer>,
    #[serde(default)]
    nlp: Detail<Nlp>,
}

#[derive(Deserialize)]
struct QuickReply {
    payload: Option<String>,
}

#[derive(Deserialize)]
struct ReplyTo {
    mid: Option<Id>,
    #[serde(default)]
    is_self_reply: Detail<bool>,
}

#[derive(Deserialize)]
struct Command {
    name: String,
}

#[derive(Deserialize)]
struct Nlp {
    entities: BTreeMap<String, Detail<Vec<Detail<Found>>>>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    value: Detail<Scalar>,
    #[serde(default)]
    confidence: Detail<Scalar>,
}

#[derive(Deserialize)]
struct Attached {
    r#type: Option<String>,
    payload: Option<Object<Payload>>,
    /// Echoes have these two beside the type instead of in the payload.
    title: Option<Words>,
    url: Option<String>,
}

#[derive(Default, Deserialize)]
struct Payload {
    title: Option<Words>,
    url: Option<String>,
    #[serde(default)]
    attachment_id: Detail<Id>,
    #[serde(default)]
    sticker_id: Detail<Id>,
    #[serde(default)]
    reel_video_id: Detail<Id>,
    #[serde(default)]
    id: Detail<Id>,
    #[serde(default)]
    booking_id: Detail<Id>,
    #[serde(default)]
    status: Detail<String>,
    #[serde(default)]
    start_time: Detail<Moment>,
    #[serde(default)]
    end_time: Detail<Moment>,
    #[serde(default)]
    timezone: Detail<String>,
    #[serde(default)]
    product: Detail<Products>,
}

#[derive(Deserialize)]
struct Products {
    elements: Vec<Detail<Element>>,
}

#[derive(Deserialize)]
struct Element {
    id: Id,
    #[serde(default)]
    retailer_id: Detail<Id>,
    #[serde(default)]
    title: Detail<Words>,
    #[serde(default)]
    subtitle: Detail<Words>,
    #[serde(default)]
    image_url: Detail<String>,
}

#[derive(Deserialize)]
struct Prior {
    source: String,
    identifier: Id,
}

pub(super) fn said(raw: &RawValue, beside: Beside<'_>, is_from_page: bool) -> Option<InboundKind> {
    let message: Wire = json::object(raw)?;
    // Also where it is not used: an event of which a part is unreadable is kept whole.
    let came_beside = beside.referral.map(json::object::<arrival::Wire>);
    if matches!(came_beside, Some(None)) {
        return None;
    }
    let is_echo = message.is_echo == Some(true);
    if message.is_deleted == Some(true) {
        let of = if is_echo || is_from_page { Side::Page } else { Side::Person };
        return Some(InboundKind::Unsent(Unsent { mid: mid(message.mid)??, of }));
    }
    let attachments = message.attachments.unwrap_or_default().into_iter().map(attachment).collect();
    let text = words(message.text);
    let is_unsupported = message.is_unsupported == Some(true);
    let hop_context = arrival::hop_context(beside);
    let answered = message.reply_to.map(|Object(reply_to)| reply_to);
    let is_self_reply = answered.as_ref().and_then(|reply_to| reply_to.is_self_reply.0) == Some(true);
    let reply_to = answered.and_then(|reply_to| reply_to.mid);
    if is_echo {
        let metadata = message.metadata.unwrap_or_default();
        let (send, foreign) = metadata::read(&metadata);
        return Some(InboundKind::Echo(Echo {
            mid: mid(message.mid)??,
            app: message.app_id.map(|app| AppId::parse(&app.0)).transpose().ok()?,
            send,
            foreign_metadata: foreign.filter(|foreign| !foreign.is_empty()).map(str::to_owned),
            text,
            attachments,
            // An echo settles a send: what it answers must not make it unreadable.
            reply_to: mid(reply_to).flatten(),
            is_unsupported,
            hop_context,
        }));
    }
    let commands = message.commands.0.unwrap_or_default();
    Some(InboundKind::Message(Message {
        mid: mid(message.mid)?,
        text,
        quick_reply: message.quick_reply.and_then(|reply| reply.0.payload),
        reply_to: mid(reply_to)?,
        is_self_reply,
        attachments,
        referral: message.referral.map(|Object(wire)| wire).or(came_beside.flatten()).map(arrival::referral),
        commands: commands.into_iter().filter_map(|command| Some(command.0?.name)).collect(),
        sticker: message.sticker_id.0.map(|id| id.0),
        seq: message.seq.0.map(|seq| seq.0),
        entities: message.nlp.0.map(entities).unwrap_or_default(),
        is_unsupported,
        prior_message: beside.prior_message.and_then(prior_message),
        hop_context,
    }))
}

fn entities(nlp: Nlp) -> Vec<Entity> {
    let all = nlp.entities.into_iter().flat_map(|(name, found)| {
        found.0.unwrap_or_default().into_iter().filter_map(move |one| Some((name.clone(), one.0?)))
    });
    let text = |detail: Detail<Scalar>| detail.0.unwrap_or_default().0;
    all.map(|(name, found)| Entity { name, value: text(found.value), confidence: text(found.confidence) }).collect()
}

fn prior_message(raw: &RawValue) -> Option<PriorMessage> {
    let prior: Prior = json::object(raw)?;
    Some(PriorMessage { source: prior.source, identifier: OptinRef::parse(&prior.identifier.0).ok()? })
}

fn attachment(Object(attached): Object<Attached>) -> Attachment {
    let payload = attached.payload.map(|Object(payload)| payload).unwrap_or_default();
    let text = |detail: Detail<Id>| detail.0.map(|id| id.0);
    let (booking_id, status) = (text(payload.booking_id), payload.status.0);
    let is_booking = booking_id.is_some() || status.is_some();
    let booking = is_booking.then(|| Booking {
        id: booking_id,
        status: status.unwrap_or_default(),
        starts_at: payload.start_time.0.map(|at| at.0),
        ends_at: payload.end_time.0.map(|at| at.0),
        timezone: payload.timezone.0,
    });
    let products = payload.product.0.map(|products| products.elements).unwrap_or_default();
    Attachment {
        kind: attached.r#type.unwrap_or_default(),
        url: payload.url.or(attached.url),
        title: payload.title.or(attached.title).map(|title| title.0),
        asset: text(payload.attachment_id),
        sticker: text(payload.sticker_id),
        reel: text(payload.reel_video_id),
        post: text(payload.id),
        booking,
        products: products.into_iter().filter_map(|element| element.0).map(product).collect(),
    }
}

fn product(element: Element) -> Product {
    Product {
        id: element.id.0,
        retailer: element.retailer_id.0.map(|id| id.0),
        title: element.title.0.map(|title| title.0),
        subtitle: element.subtitle.0.map(|subtitle| subtitle.0),
        image_url: element.image_url.0,
    }
}

pub(super) fn delivered(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Delivery<'a> {
        watermark: Option<Moment>,
        #[serde(borrow)]
        mids: Option<Vec<&'a RawValue>>,
    }
    let delivery: Delivery<'_> = json::object(raw)?;
    let mids = delivery.mids.unwrap_or_default();
    let mids = mids.iter().filter_map(|mid| Mid::parse(&json::text(mid)?).ok()).collect();
    Some(InboundKind::Delivered { watermark: delivery.watermark?.0, mids })
}

pub(super) fn seen(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Read {
        watermark: Moment,
    }
    let read: Read = json::object(raw)?;
    Some(InboundKind::Read { watermark: read.watermark.0 })
}

pub(super) fn edit(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Edited {
        mid: Id,
        text: Words,
        num_edit: Option<Integer>,
    }
    let edit: Edited = json::object(raw)?;
    let (mid, n_edits) = (Mid::parse(&edit.mid.0).ok()?, edit.num_edit.map(|count| count.0));
    Some(InboundKind::Edit(Edit { mid, text: edit.text.0, n_edits }))
}

pub(super) fn reaction(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Reacted {
        mid: Id,
        action: String,
        reaction: Option<String>,
        emoji: Option<Words>,
    }
    let reacted: Reacted = json::object(raw)?;
    Some(InboundKind::Reaction(Reaction {
        mid: Mid::parse(&reacted.mid.0).ok()?,
        action: ReactionAction::parse(&reacted.action)?,
        reaction: reacted.reaction,
        emoji: reacted.emoji.map(|emoji| emoji.0),
    }))
}

pub(super) fn response_feedback(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Judged {
        mid: Id,
        feedback: String,
    }
    let judged: Judged = json::object(raw)?;
    let (mid, thumb) = (Mid::parse(&judged.mid.0).ok()?, Thumb::parse(&judged.feedback)?);
    Some(InboundKind::ResponseFeedback(ResponseFeedback { mid, thumb }))
}

/// A message id, which may be absent; nothing at all when there is one of a form that is not known.
pub(super) fn mid(mid: Option<Id>) -> Option<Option<Mid>> {
    mid.map(|mid| Mid::parse(&mid.0)).transpose().ok()
}

pub(super) fn words(words: Option<Words>) -> String {
    words.unwrap_or_default().0
}
