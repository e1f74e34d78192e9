//! Buttons, links, ads, and the flows that ads begin.

use super::Beside;
use super::message::{mid, words};
use crate::json::{self, Detail, Id, Object, Scalar, Words};
use domain::event::{AdsContext, Coupon, HopContext, InboundKind, Lead, LeadAnswer, LeadEnd, Postback, Referral};
use domain::id::AppId;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Where a person came from.
#[derive(Deserialize)]
pub(super) struct Wire {
    source: Option<String>,
    r#type: Option<String>,
    r#ref: Option<Id>,
    ad_id: Option<Id>,
    #[serde(default)]
    referer_uri: Detail<String>,
    #[serde(default)]
    is_guest_user: Detail<Scalar>,
    #[serde(default)]
    product: Detail<ShopProduct>,
    #[serde(default)]
    ads_context_data: Detail<Ad>,
}

#[derive(Deserialize)]
struct ShopProduct {
    id: Id,
}

#[derive(Deserialize)]
struct Ad {
    #[serde(default)]
    ad_title: Detail<Words>,
    #[serde(default)]
    photo_url: Detail<String>,
    #[serde(default)]
    video_url: Detail<String>,
    #[serde(default)]
    post_id: Detail<Id>,
    #[serde(default)]
    product_id: Detail<Id>,
    #[serde(default)]
    flow_id: Detail<Id>,
}

pub(super) fn postback(raw: &RawValue, beside: Beside<'_>) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Tapped {
        mid: Option<Id>,
        title: Option<Words>,
        payload: Option<String>,
        referral: Option<Object<Wire>>,
    }
    let tapped: Tapped = json::object(raw)?;
    let came_beside = match beside.referral {
        Some(raw) => Some(json::object::<Wire>(raw)?),
        None => None,
    };
    Some(InboundKind::Postback(Postback {
        mid: mid(tapped.mid)?,
        title: words(tapped.title),
        payload: tapped.payload,
        referral: tapped.referral.map(|Object(wire)| wire).or(came_beside).map(referral),
        hop_context: hop_context(beside),
    }))
}

/// A referral that stands alone.
pub(super) fn came(beside: Beside<'_>) -> Option<InboundKind> {
    Some(InboundKind::Referral(referral(json::object(beside.referral?)?)))
}

/// What came of an ad's conversation: a referral, and the answers beside it.
pub(super) fn lead(raw: &RawValue, beside: Beside<'_>) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Data {
        data: Option<Vec<Object<Answered>>>,
    }
    #[derive(Deserialize)]
    struct Answered {
        question: Option<Words>,
        answer: Option<Scalar>,
    }
    let lead: Data = json::object(raw)?;
    let referral = referral(json::object(beside.referral?)?);
    let answer = |Object(one): Object<Answered>| LeadAnswer {
        question: words(one.question),
        answer: one.answer.unwrap_or_default().0,
    };
    Some(InboundKind::Lead(Lead {
        end: LeadEnd::parse(&referral.kind)?,
        referral,
        answers: lead.data.unwrap_or_default().into_iter().map(answer).collect(),
        hop_context: hop_context(beside),
    }))
}

pub(super) fn referral(wire: Wire) -> Referral {
    Referral {
        source: wire.source.unwrap_or_default(),
        kind: wire.r#type.unwrap_or_default(),
        reference: wire.r#ref.map(|reference| reference.0),
        ad: wire.ad_id.map(|ad| ad.0),
        product: wire.product.0.map(|product| product.id.0),
        referer: wire.referer_uri.0,
        is_guest: wire.is_guest_user.0.is_some_and(|is_guest| is_guest.0 == "true"),
        ads_context: wire.ads_context_data.0.map(|ad| Box::new(ads_context(ad))),
    }
}

fn ads_context(ad: Ad) -> AdsContext {
    let text = |detail: Detail<Id>| detail.0.map(|id| id.0);
    AdsContext {
        title: ad.ad_title.0.map(|title| title.0),
        photo_url: ad.photo_url.0,
        video_url: ad.video_url.0,
        post: text(ad.post_id),
        product: text(ad.product_id),
        flow: text(ad.flow_id),
    }
}

/// Nothing where it is absent or unreadable: it only adds to what is said.
pub(super) fn hop_context(beside: Beside<'_>) -> Option<HopContext> {
    #[derive(Deserialize)]
    struct Hop {
        #[serde(default)]
        app_id: Detail<Id>,
        #[serde(default)]
        metadata: Detail<String>,
    }
    let hop: Hop = json::object(beside.hop_context?)?;
    let app = hop.app_id.0.and_then(|app| AppId::parse(&app.0).ok());
    (app.is_some() || hop.metadata.0.is_some()).then_some(HopContext { app, metadata: hop.metadata.0 })
}

pub(super) fn coupon(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Template {
        r#type: String,
        payload: Option<Words>,
        coupon_code: Option<Scalar>,
    }
    let template: Template = json::object(raw)?;
    let coupon =
        Coupon { payload: template.payload.map(|words| words.0), code: template.coupon_code.map(|code| code.0) };
    (template.r#type == "coupon").then_some(InboundKind::Coupon(coupon))
}

pub(super) fn request_accepted(raw: &RawValue) -> Option<InboundKind> {
    (json::text(raw).as_deref() == Some("accept")).then_some(InboundKind::RequestAccepted)
}
