//! Inbound facts to and from the stored schema.

mod arrival;
mod change;
mod consent;
mod control;
mod filled;
mod message;
pub(super) mod usual;

use super::{Undecodable, fact, optional, required, text_of};
use api::proto::log::v1 as wire;
use domain::event::{Inbound, InboundKind, Unrecognized};
use domain::id::{Mid, PageId, Psid};
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
        InboundKind::Message(message) => Kind::Message(message::message_to_wire(message)),
        InboundKind::Echo(echo) => Kind::Echo(message::echo_to_wire(echo)),
        InboundKind::Delivered { watermark, mids } => Kind::Delivered(wire::Delivered {
            watermark_ms: watermark.as_millis(),
            mids: mids.iter().map(|mid| mid.as_str().to_owned()).collect(),
        }),
        InboundKind::Read { watermark } => Kind::Read(wire::Read { watermark_ms: watermark.as_millis() }),
        InboundKind::Postback(postback) => Kind::Postback(arrival::postback_to_wire(postback)),
        InboundKind::Referral(referral) => Kind::Referral(arrival::referral_to_wire(referral)),
        InboundKind::Unsent(unsent) => Kind::Unsent(message::unsent_to_wire(unsent)),
        InboundKind::Edit(edit) => Kind::Edit(message::edit_to_wire(edit)),
        InboundKind::Reaction(reaction) => Kind::Reaction(message::reaction_to_wire(reaction)),
        InboundKind::OptIn(opt_in) => Kind::OptIn(consent::opt_in_to_wire(opt_in)),
        InboundKind::AccountLink(link) => Kind::AccountLink(consent::link_to_wire(link)),
        InboundKind::ThreadControl(control) => Kind::ThreadControl(control::control_to_wire(control)),
        InboundKind::AppRoles(apps) => Kind::AppRoles(control::roles_to_wire(apps)),
        InboundKind::PolicyEnforcement(policy) => Kind::PolicyEnforcement(control::policy_to_wire(policy)),
        InboundKind::ResponseFeedback(feedback) => Kind::ResponseFeedback(message::thumb_to_wire(feedback)),
        InboundKind::CustomerFeedback(feedback) => Kind::CustomerFeedback(filled::feedback_to_wire(feedback)),
        InboundKind::CustomerInformation(told) => Kind::CustomerInformation(filled::information_to_wire(told)),
        InboundKind::Order(order) => Kind::Order(filled::order_to_wire(order)),
        InboundKind::Form(id) => Kind::Form(wire::Form { id: id.clone() }),
        InboundKind::GamePlay(play) => Kind::GamePlay(filled::play_to_wire(play)),
        InboundKind::Lead(lead) => Kind::Lead(arrival::lead_to_wire(lead)),
        InboundKind::Coupon(coupon) => {
            Kind::Coupon(wire::Coupon { payload: coupon.payload.clone(), code: coupon.code.clone() })
        }
        InboundKind::RequestAccepted => Kind::RequestAccepted(wire::Nothing {}),
        InboundKind::Comment(comment) => Kind::Comment(change::comment_to_wire(comment)),
        InboundKind::Feed(feed) => Kind::Feed(change::feed_to_wire(feed)),
        InboundKind::InboxLabel(label) => Kind::InboxLabel(change::label_to_wire(label)),
        InboundKind::Marketing(message) => Kind::MarketingMessage(change::marketing_to_wire(message)),
        InboundKind::SubscriberUpload(upload) => Kind::SubscriberUpload(change::upload_to_wire(upload)),
        InboundKind::TemplateStatus(status) => Kind::TemplateStatus(change::template_to_wire(status)),
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
        Kind::Message(message) => InboundKind::Message(message::message_from_wire(message)?),
        Kind::Echo(echo) => InboundKind::Echo(message::echo_from_wire(echo)?),
        Kind::Delivered(delivered) => InboundKind::Delivered {
            watermark: Timestamp::from_millis(delivered.watermark_ms),
            mids: delivered.mids.iter().map(|mid| required(mid, Mid::parse, "mids")).collect::<Result<_, _>>()?,
        },
        Kind::Read(read) => InboundKind::Read { watermark: Timestamp::from_millis(read.watermark_ms) },
        Kind::Postback(postback) => InboundKind::Postback(arrival::postback_from_wire(postback)?),
        Kind::Referral(referral) => InboundKind::Referral(arrival::referral_from_wire(referral)),
        Kind::Unsent(unsent) => InboundKind::Unsent(message::unsent_from_wire(&unsent)?),
        Kind::Edit(edit) => InboundKind::Edit(message::edit_from_wire(edit)?),
        Kind::Reaction(reaction) => InboundKind::Reaction(message::reaction_from_wire(reaction)?),
        Kind::OptIn(opt_in) => InboundKind::OptIn(consent::opt_in_from_wire(opt_in)?),
        Kind::AccountLink(link) => InboundKind::AccountLink(consent::link_from_wire(&link)?),
        Kind::ThreadControl(control) => InboundKind::ThreadControl(control::control_from_wire(control)?),
        Kind::AppRoles(apps) => InboundKind::AppRoles(control::roles_from_wire(apps)?),
        Kind::PolicyEnforcement(policy) => InboundKind::PolicyEnforcement(control::policy_from_wire(policy)?),
        Kind::ResponseFeedback(feedback) => InboundKind::ResponseFeedback(message::thumb_from_wire(&feedback)?),
        Kind::CustomerFeedback(feedback) => InboundKind::CustomerFeedback(filled::feedback_from_wire(feedback)),
        Kind::CustomerInformation(told) => InboundKind::CustomerInformation(filled::information_from_wire(told)),
        Kind::Order(order) => InboundKind::Order(filled::order_from_wire(order)),
        Kind::Form(form) => InboundKind::Form(form.id),
        Kind::GamePlay(play) => InboundKind::GamePlay(filled::play_from_wire(play)),
        Kind::Lead(lead) => InboundKind::Lead(arrival::lead_from_wire(lead)?),
        Kind::Coupon(coupon) => {
            InboundKind::Coupon(domain::event::Coupon { payload: coupon.payload, code: coupon.code })
        }
        Kind::RequestAccepted(_) => InboundKind::RequestAccepted,
        Kind::Comment(comment) => InboundKind::Comment(change::comment_from_wire(comment)?),
        Kind::Feed(feed) => InboundKind::Feed(change::feed_from_wire(feed)?),
        Kind::InboxLabel(label) => InboundKind::InboxLabel(change::label_from_wire(label)),
        Kind::MarketingMessage(message) => InboundKind::Marketing(change::marketing_from_wire(message)?),
        Kind::SubscriberUpload(upload) => InboundKind::SubscriberUpload(change::upload_from_wire(upload)),
        Kind::TemplateStatus(status) => InboundKind::TemplateStatus(change::template_from_wire(status)),
        Kind::Unrecognized(unknown) => {
            InboundKind::Unrecognized(Unrecognized { field: unknown.field, raw: unknown.raw })
        }
    })
}

/// One of a few words.
fn word<T>(raw: &str, parse: fn(&str) -> Option<T>, field: &'static str) -> Result<T, Undecodable> {
    parse(raw).ok_or(Undecodable::Field(field))
}

/// One of a few words that may be absent, which the schema writes as an empty text.
fn optional_word<T>(raw: &str, parse: fn(&str) -> Option<T>, field: &'static str) -> Result<Option<T>, Undecodable> {
    if raw.is_empty() { Ok(None) } else { word(raw, parse, field).map(Some) }
}

/// The text of a secret's bytes.
fn secret<'a>(bytes: &'a [u8], field: &'static str) -> Result<&'a str, Undecodable> {
    std::str::from_utf8(bytes).map_err(|_| Undecodable::Field(field))
}

fn moment(ms: Option<i64>) -> Option<Timestamp> {
    ms.map(Timestamp::from_millis)
}

fn millis(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::as_millis)
}
