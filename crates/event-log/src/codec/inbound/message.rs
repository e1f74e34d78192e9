//! Messages of both sides, and what is done with them.

use super::{arrival, millis, moment, word};
use crate::codec::{Undecodable, optional, optional_mid, required, text_of};
use api::proto::log::v1 as wire;
use domain::event::{
    Attachment, Booking, Echo, Edit, Entity, Message, PriorMessage, Product, Reaction, ReactionAction,
    ResponseFeedback, Side, Thumb, Unsent,
};
use domain::id::{AppId, Mid, OptinRef, SendId};

pub(super) fn message_to_wire(message: &Message) -> wire::Message {
    wire::Message {
        mid: text_of(message.mid.as_ref(), Mid::as_str),
        text: message.text.clone(),
        quick_reply: message.quick_reply.clone(),
        reply_to: text_of(message.reply_to.as_ref(), Mid::as_str),
        attachments: message.attachments.iter().map(attachment_to_wire).collect(),
        referral: message.referral.as_ref().map(arrival::referral_to_wire),
        is_self_reply: message.is_self_reply,
        commands: message.commands.clone(),
        sticker: message.sticker.clone(),
        seq: message.seq,
        entities: message.entities.iter().map(entity_to_wire).collect(),
        is_unsupported: message.is_unsupported,
        prior_message: message.prior_message.as_ref().map(prior_to_wire),
        hop_context: message.hop_context.as_ref().map(arrival::hop_to_wire),
    }
}

pub(super) fn message_from_wire(message: wire::Message) -> Result<Message, Undecodable> {
    Ok(Message {
        mid: optional_mid(&message.mid)?,
        text: message.text,
        quick_reply: message.quick_reply,
        reply_to: optional_mid(&message.reply_to)?,
        is_self_reply: message.is_self_reply,
        attachments: message.attachments.into_iter().map(attachment_from_wire).collect(),
        referral: message.referral.map(arrival::referral_from_wire),
        commands: message.commands,
        sticker: message.sticker,
        seq: message.seq,
        entities: message.entities.into_iter().map(entity_from_wire).collect(),
        is_unsupported: message.is_unsupported,
        prior_message: message.prior_message.map(prior_from_wire).transpose()?,
        hop_context: message.hop_context.map(arrival::hop_from_wire).transpose()?,
    })
}

pub(super) fn echo_to_wire(echo: &Echo) -> wire::Echo {
    wire::Echo {
        mid: echo.mid.as_str().to_owned(),
        app: text_of(echo.app.as_ref(), AppId::as_str),
        send: echo.send.as_ref().map(SendId::to_string).unwrap_or_default(),
        foreign_metadata: echo.foreign_metadata.clone(),
        text: echo.text.clone(),
        attachments: echo.attachments.iter().map(attachment_to_wire).collect(),
        reply_to: text_of(echo.reply_to.as_ref(), Mid::as_str),
        is_unsupported: echo.is_unsupported,
        hop_context: echo.hop_context.as_ref().map(arrival::hop_to_wire),
    }
}

pub(super) fn echo_from_wire(echo: wire::Echo) -> Result<Echo, Undecodable> {
    Ok(Echo {
        mid: required(&echo.mid, Mid::parse, "echo.mid")?,
        app: optional(&echo.app, AppId::parse, "echo.app")?,
        send: match echo.send.as_str() {
            "" => None,
            send => Some(SendId::parse(send).map_err(|_| Undecodable::Field("echo.send"))?),
        },
        foreign_metadata: echo.foreign_metadata,
        text: echo.text,
        attachments: echo.attachments.into_iter().map(attachment_from_wire).collect(),
        reply_to: optional_mid(&echo.reply_to)?,
        is_unsupported: echo.is_unsupported,
        hop_context: echo.hop_context.map(arrival::hop_from_wire).transpose()?,
    })
}

pub(super) fn unsent_to_wire(unsent: &Unsent) -> wire::Unsent {
    wire::Unsent { mid: unsent.mid.as_str().to_owned(), of: unsent.of.as_str().to_owned() }
}

pub(super) fn unsent_from_wire(unsent: &wire::Unsent) -> Result<Unsent, Undecodable> {
    Ok(Unsent {
        mid: required(&unsent.mid, Mid::parse, "unsent.mid")?,
        of: word(&unsent.of, Side::parse, "unsent.of")?,
    })
}

pub(super) fn edit_to_wire(edit: &Edit) -> wire::Edit {
    wire::Edit { mid: edit.mid.as_str().to_owned(), text: edit.text.clone(), n_edits: edit.n_edits }
}

pub(super) fn edit_from_wire(edit: wire::Edit) -> Result<Edit, Undecodable> {
    Ok(Edit { mid: required(&edit.mid, Mid::parse, "edit.mid")?, text: edit.text, n_edits: edit.n_edits })
}

pub(super) fn reaction_to_wire(reaction: &Reaction) -> wire::Reaction {
    wire::Reaction {
        mid: reaction.mid.as_str().to_owned(),
        action: reaction.action.as_str().to_owned(),
        reaction: reaction.reaction.clone(),
        emoji: reaction.emoji.clone(),
    }
}

pub(super) fn reaction_from_wire(reaction: wire::Reaction) -> Result<Reaction, Undecodable> {
    Ok(Reaction {
        mid: required(&reaction.mid, Mid::parse, "reaction.mid")?,
        action: word(&reaction.action, ReactionAction::parse, "reaction.action")?,
        reaction: reaction.reaction,
        emoji: reaction.emoji,
    })
}

pub(super) fn thumb_to_wire(feedback: &ResponseFeedback) -> wire::ResponseFeedback {
    wire::ResponseFeedback { mid: feedback.mid.as_str().to_owned(), thumb: feedback.thumb.as_str().to_owned() }
}

pub(super) fn thumb_from_wire(feedback: &wire::ResponseFeedback) -> Result<ResponseFeedback, Undecodable> {
    Ok(ResponseFeedback {
        mid: required(&feedback.mid, Mid::parse, "response_feedback.mid")?,
        thumb: word(&feedback.thumb, Thumb::parse, "response_feedback.thumb")?,
    })
}

fn attachment_to_wire(one: &Attachment) -> wire::Attachment {
    wire::Attachment {
        kind: one.kind.clone(),
        url: one.url.clone(),
        title: one.title.clone(),
        asset: one.asset.clone(),
        sticker: one.sticker.clone(),
        reel: one.reel.clone(),
        post: one.post.clone(),
        booking: one.booking.as_ref().map(|booking| wire::Booking {
            id: booking.id.clone(),
            status: booking.status.clone(),
            starts_at_ms: millis(booking.starts_at),
            ends_at_ms: millis(booking.ends_at),
            timezone: booking.timezone.clone(),
        }),
        products: one.products.iter().map(product_to_wire).collect(),
    }
}

fn attachment_from_wire(one: wire::Attachment) -> Attachment {
    Attachment {
        kind: one.kind,
        url: one.url,
        title: one.title,
        asset: one.asset,
        sticker: one.sticker,
        reel: one.reel,
        post: one.post,
        booking: one.booking.map(|booking| Booking {
            id: booking.id,
            status: booking.status,
            starts_at: moment(booking.starts_at_ms),
            ends_at: moment(booking.ends_at_ms),
            timezone: booking.timezone,
        }),
        products: one.products.into_iter().map(product_from_wire).collect(),
    }
}

fn product_to_wire(product: &Product) -> wire::Product {
    wire::Product {
        id: product.id.clone(),
        retailer: product.retailer.clone(),
        title: product.title.clone(),
        subtitle: product.subtitle.clone(),
        image_url: product.image_url.clone(),
    }
}

fn product_from_wire(product: wire::Product) -> Product {
    let wire::Product { id, retailer, title, subtitle, image_url } = product;
    Product { id, retailer, title, subtitle, image_url }
}

fn entity_to_wire(entity: &Entity) -> wire::Entity {
    wire::Entity { name: entity.name.clone(), value: entity.value.clone(), confidence: entity.confidence.clone() }
}

fn entity_from_wire(entity: wire::Entity) -> Entity {
    let wire::Entity { name, value, confidence } = entity;
    Entity { name, value, confidence }
}

fn prior_to_wire(prior: &PriorMessage) -> wire::PriorMessage {
    wire::PriorMessage { source: prior.source.clone(), identifier: prior.identifier.as_str().to_owned() }
}

fn prior_from_wire(prior: wire::PriorMessage) -> Result<PriorMessage, Undecodable> {
    let identifier = required(&prior.identifier, OptinRef::parse, "prior_message.identifier")?;
    Ok(PriorMessage { source: prior.source, identifier })
}
