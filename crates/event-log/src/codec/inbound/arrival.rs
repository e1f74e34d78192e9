//! Buttons, links, ads, and the flows that ads begin.

use super::word;
use crate::codec::{Undecodable, optional, optional_mid, text_of};
use api::proto::log::v1 as wire;
use domain::event::{AdsContext, HopContext, Lead, LeadAnswer, LeadEnd, Postback, Referral};
use domain::id::{AppId, Mid};

pub(super) fn postback_to_wire(postback: &Postback) -> wire::Postback {
    wire::Postback {
        mid: text_of(postback.mid.as_ref(), Mid::as_str),
        title: postback.title.clone(),
        payload: postback.payload.clone(),
        referral: postback.referral.as_ref().map(referral_to_wire),
        hop_context: postback.hop_context.as_ref().map(hop_to_wire),
    }
}

pub(super) fn postback_from_wire(postback: wire::Postback) -> Result<Postback, Undecodable> {
    Ok(Postback {
        mid: optional_mid(&postback.mid)?,
        title: postback.title,
        payload: postback.payload,
        referral: postback.referral.map(referral_from_wire),
        hop_context: postback.hop_context.map(hop_from_wire).transpose()?,
    })
}

pub(super) fn referral_to_wire(referral: &Referral) -> wire::Referral {
    wire::Referral {
        source: referral.source.clone(),
        kind: referral.kind.clone(),
        reference: referral.reference.clone(),
        ad: referral.ad.clone(),
        product: referral.product.clone(),
        referer: referral.referer.clone(),
        is_guest: referral.is_guest,
        ads_context: referral.ads_context.as_deref().map(|ad| wire::AdsContext {
            title: ad.title.clone(),
            photo_url: ad.photo_url.clone(),
            video_url: ad.video_url.clone(),
            post: ad.post.clone(),
            product: ad.product.clone(),
            flow: ad.flow.clone(),
        }),
    }
}

pub(super) fn referral_from_wire(referral: wire::Referral) -> Referral {
    Referral {
        source: referral.source,
        kind: referral.kind,
        reference: referral.reference,
        ad: referral.ad,
        product: referral.product,
        referer: referral.referer,
        is_guest: referral.is_guest,
        ads_context: referral.ads_context.map(|ad| {
            let wire::AdsContext { title, photo_url, video_url, post, product, flow } = ad;
            Box::new(AdsContext { title, photo_url, video_url, post, product, flow })
        }),
    }
}

pub(super) fn hop_to_wire(context: &HopContext) -> wire::HopContext {
    wire::HopContext { app: text_of(context.app.as_ref(), AppId::as_str), metadata: context.metadata.clone() }
}

pub(super) fn hop_from_wire(context: wire::HopContext) -> Result<HopContext, Undecodable> {
    Ok(HopContext { app: optional(&context.app, AppId::parse, "hop_context.app")?, metadata: context.metadata })
}

pub(super) fn lead_to_wire(lead: &Lead) -> wire::Lead {
    let answer = |one: &LeadAnswer| wire::LeadAnswer { question: one.question.clone(), answer: one.answer.clone() };
    wire::Lead {
        end: lead.end.as_str().to_owned(),
        referral: Some(referral_to_wire(&lead.referral)),
        answers: lead.answers.iter().map(answer).collect(),
        hop_context: lead.hop_context.as_ref().map(hop_to_wire),
    }
}

pub(super) fn lead_from_wire(lead: wire::Lead) -> Result<Lead, Undecodable> {
    let answer = |one: wire::LeadAnswer| LeadAnswer { question: one.question, answer: one.answer };
    Ok(Lead {
        end: word(&lead.end, LeadEnd::parse, "lead.end")?,
        referral: referral_from_wire(lead.referral.ok_or(Undecodable::Field("lead.referral"))?),
        answers: lead.answers.into_iter().map(answer).collect(),
        hop_context: lead.hop_context.map(hop_from_wire).transpose()?,
    })
}
