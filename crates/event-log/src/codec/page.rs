//! What happens to a Page, and what a person wants of it, to and from the stored schema.

use super::{Undecodable, required};
use api::proto::log::v1 as wire;
use domain::decision::Capability;
use domain::event::{Consent, ConsentBy, ConsentKind, PageStep, PageStepKind};
use domain::id::AppId;
use domain::time::Timestamp;
use wire::page_step::Kind;

pub(super) fn to_wire(step: &PageStep) -> wire::PageStep {
    let kind = match &step.kind {
        PageStepKind::Connected { app } => Kind::Connected(app.as_str().to_owned()),
        PageStepKind::MessagingSwitched { is_on } => Kind::MessagingOn(*is_on),
        PageStepKind::CapabilityChanged { capability, is_granted } => {
            let (capability, is_granted) = (capability.as_str().to_owned(), *is_granted);
            Kind::CapabilityChanged(wire::CapabilityChanged { capability, is_granted })
        }
        PageStepKind::Refused { code, subcode } => Kind::Refused(wire::Rejected { code: *code, subcode: *subcode }),
        PageStepKind::BlockRateCrossed { is_above, sends, blocks } => {
            Kind::BlockRateCrossed(wire::BlockRateCrossed { is_above: *is_above, sends: *sends, blocks: *blocks })
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
