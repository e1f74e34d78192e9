//! What happens to a Page, and what a person wants of it, to and from the stored schema.

use super::{Undecodable, required};
use api::proto::log::v1 as wire;
use domain::decision::Capability;
use domain::event::{Consent, ConsentBy, ConsentKind, PageStep, PageStepKind};
use domain::id::{AppId, RequestId};
use domain::time::Timestamp;
use wire::page_step::Kind;

pub(super) fn to_wire(step: &PageStep) -> wire::PageStep {
    let rejected =
        |code: i64, subcode: i64| wire::Rejected { code, subcode, concern: wire::Concern::Unspecified.into() };
    let kind = match &step.kind {
        PageStepKind::Connected { app } => Kind::Connected(app.as_str().to_owned()),
        PageStepKind::MessagingSwitched { is_on } => Kind::MessagingOn(*is_on),
        PageStepKind::CapabilityChanged { capability, is_granted } => {
            let (capability, is_granted) = (capability.as_str().to_owned(), *is_granted);
            Kind::CapabilityChanged(wire::CapabilityChanged { capability, is_granted })
        }
        PageStepKind::BlockRateCrossed { is_above, sends, blocks } => {
            Kind::BlockRateCrossed(wire::BlockRateCrossed { is_above: *is_above, sends: *sends, blocks: *blocks })
        }
        PageStepKind::Refused { code, subcode } => Kind::Refused(rejected(*code, *subcode)),
        PageStepKind::Registered { name } => {
            Kind::Registered(wire::PageRegistered { name: name.clone().unwrap_or_default() })
        }
        PageStepKind::TokenRotated => Kind::TokenRotated(true),
        PageStepKind::TokenDead { code, subcode } => Kind::TokenDead(rejected(*code, *subcode)),
        PageStepKind::TokenWell => Kind::TokenWell(true),
        PageStepKind::PermissionLost { code, subcode } => Kind::PermissionLost(rejected(*code, *subcode)),
        PageStepKind::PermissionWell => Kind::PermissionWell(true),
        PageStepKind::SubscriptionLost { missing } => {
            Kind::SubscriptionLost(wire::SubscriptionLost { missing: missing.clone() })
        }
        PageStepKind::SubscriptionWell => Kind::SubscriptionWell(true),
        PageStepKind::Paused { reason } => Kind::Paused(wire::PagePaused { reason: reason.clone() }),
        PageStepKind::Resumed => Kind::Resumed(true),
        PageStepKind::Asked { request, digest } => {
            Kind::Asked(wire::PageAsked { request: request.as_str().to_owned(), digest: digest.to_vec() })
        }
    };
    wire::PageStep { at_ms: step.at.as_millis(), kind: Some(kind) }
}

pub(super) fn from_wire(step: wire::PageStep) -> Result<PageStep, Undecodable> {
    let kind = match step.kind.ok_or(Undecodable::Field("page_step.kind"))? {
        Kind::Connected(app) => PageStepKind::Connected { app: required(&app, AppId::parse, "page_step.app")? },
        Kind::MessagingOn(is_on) => PageStepKind::MessagingSwitched { is_on },
        Kind::CapabilityChanged(changed) => PageStepKind::CapabilityChanged {
            capability: Capability::parse(&changed.capability).ok_or(Undecodable::Field("page_step.capability"))?,
            is_granted: changed.is_granted,
        },
        Kind::Refused(refused) => PageStepKind::Refused { code: refused.code, subcode: refused.subcode },
        Kind::BlockRateCrossed(wire::BlockRateCrossed { is_above, sends, blocks }) => {
            PageStepKind::BlockRateCrossed { is_above, sends, blocks }
        }
        Kind::Registered(told) => PageStepKind::Registered { name: Some(told.name).filter(|name| !name.is_empty()) },
        Kind::TokenRotated(_) => PageStepKind::TokenRotated,
        Kind::TokenDead(told) => PageStepKind::TokenDead { code: told.code, subcode: told.subcode },
        Kind::TokenWell(_) => PageStepKind::TokenWell,
        Kind::PermissionLost(told) => PageStepKind::PermissionLost { code: told.code, subcode: told.subcode },
        Kind::PermissionWell(_) => PageStepKind::PermissionWell,
        Kind::SubscriptionLost(told) => PageStepKind::SubscriptionLost { missing: told.missing },
        Kind::SubscriptionWell(_) => PageStepKind::SubscriptionWell,
        Kind::Paused(told) => PageStepKind::Paused { reason: told.reason },
        Kind::Resumed(_) => PageStepKind::Resumed,
        Kind::Asked(told) => PageStepKind::Asked {
            request: required(&told.request, RequestId::parse, "page_step.request")?,
            digest: told.digest.try_into().map_err(|_| Undecodable::Field("page_step.digest"))?,
        },
    };
    Ok(PageStep { at: Timestamp::from_millis(step.at_ms), kind })
}

pub(super) const fn consent_to_wire(consent: Consent) -> wire::Consent {
    wire::Consent {
        at_ms: consent.at.as_millis(),
        is_opt_in: match consent.kind {
            ConsentKind::OptedOut => false,
            ConsentKind::OptedIn => true,
        },
        is_by_word: match consent.by {
            ConsentBy::Word => true,
            ConsentBy::Caller => false,
        },
    }
}

pub(super) const fn consent_from_wire(consent: wire::Consent) -> Consent {
    Consent {
        at: Timestamp::from_millis(consent.at_ms),
        kind: if consent.is_opt_in { ConsentKind::OptedIn } else { ConsentKind::OptedOut },
        by: if consent.is_by_word { ConsentBy::Word } else { ConsentBy::Caller },
    }
}
