//! Decisions to and from the stored schema.

pub(super) mod usual;

use super::{Undecodable, right, uuid};
use api::proto::log::v1 as wire;
use domain::decision::{About, Capability, Decision, Finding, PackRef, ReferenceKind, Remedy, Route, Tag, Verdict};
use domain::id::RecordId;
use domain::pack::Rule;
use domain::time::Timestamp;
use prost::Message as _;

/// A decision as the bytes that are stored with a send; equal decisions give equal bytes.
pub fn decision_bytes(decision: &Decision) -> Vec<u8> {
    to_wire(decision).encode_to_vec()
}

pub(super) fn to_wire(decision: &Decision) -> wire::Decision {
    let verdict = match decision.verdict {
        Verdict::Blocked => wire::Verdict::Blocked,
        Verdict::Allowed(route) => route_to_wire(route),
    };
    wire::Decision {
        verdict: verdict.into(),
        findings: decision.findings.iter().map(finding_to_wire).collect(),
        remedies: decision.remedies.iter().map(remedy_to_wire).collect(),
        at_ms: decision.at.as_millis(),
        holds_until_ms: decision.holds_until.map(Timestamp::as_millis),
        pack_name: decision.pack.name.clone(),
        pack_digest: decision.pack.digest.to_vec(),
        evaluator: decision.evaluator,
        overrides_digest: decision.overrides.map(|digest| digest.to_vec()).unwrap_or_default(),
        right: decision.right.as_ref().map(right::right_to_wire),
    }
}

const fn route_to_wire(route: Route) -> wire::Verdict {
    match route {
        Route::Response => wire::Verdict::Response,
        Route::HumanAgent => wire::Verdict::HumanAgent,
        Route::Update => wire::Verdict::Update,
        Route::Tag(Tag::ConfirmedEventUpdate) => wire::Verdict::ConfirmedEventUpdate,
        Route::Tag(Tag::PostPurchaseUpdate) => wire::Verdict::PostPurchaseUpdate,
        Route::Tag(Tag::AccountUpdate) => wire::Verdict::AccountUpdate,
        Route::Tag(Tag::CustomerFeedback) => wire::Verdict::CustomerFeedback,
        Route::OneTime => wire::Verdict::OneTime,
        Route::Recurring => wire::Verdict::Recurring,
        Route::Marketing => wire::Verdict::Marketing,
        Route::Utility => wire::Verdict::Utility,
        Route::PrivateReply => wire::Verdict::PrivateReply,
        Route::Sponsored => wire::Verdict::Sponsored,
        Route::CustomerMatching => wire::Verdict::CustomerMatching,
        Route::GroupChat => wire::Verdict::GroupChat,
    }
}

/// The route of a verdict that allows.
fn route_from_wire(verdict: wire::Verdict) -> Option<Route> {
    Route::ALL.into_iter().find(|route| route_to_wire(*route) == verdict)
}

fn finding_to_wire(finding: &Finding) -> wire::Finding {
    use wire::finding::About as Wire;
    wire::Finding {
        about: finding.about.as_ref().map(|about| match about {
            About::Tag(tag) => Wire::Tag(tag.as_str().to_owned()),
            About::Right(right) => Wire::Right(right::right_to_wire(right)),
        }),
        rule: finding.rule.id().to_owned(),
        facts: finding.facts.iter().map(|record| record.as_uuid().as_bytes().to_vec()).collect(),
        from_ms: finding.span.map(|(from, _)| from.as_millis()),
        to_ms: finding.span.map(|(_, to)| to.as_millis()),
    }
}

fn remedy_to_wire(remedy: &Remedy) -> wire::Remedy {
    use wire::remedy::Kind;
    let kind = match remedy {
        Remedy::PersonActs => Kind::PersonActs(wire::Nothing {}),
        Remedy::PersonWrites => Kind::PersonWrites(wire::Nothing {}),
        Remedy::HumanAnswersBefore(end) => Kind::HumanAnswersBeforeMs(end.as_millis()),
        Remedy::WithoutPromotionBefore(end) => Kind::WithoutPromotionBeforeMs(end.as_millis()),
        Remedy::After(at) => Kind::AfterMs(at.as_millis()),
        Remedy::MessagingOn => Kind::MessagingOn(wire::Nothing {}),
        Remedy::Granted(capability) => Kind::Granted(capability.as_str().to_owned()),
        Remedy::ThreadPassed => Kind::ThreadPassed(wire::Nothing {}),
        Remedy::PersonResumes => Kind::PersonResumes(wire::Nothing {}),
        Remedy::Named(kind) => Kind::Named(kind.as_str().to_owned()),
        Remedy::NotRecurring => Kind::NotRecurring(wire::Nothing {}),
        Remedy::NotPromotional => Kind::NotPromotional(wire::Nothing {}),
        Remedy::AsTemplate => Kind::AsTemplate(wire::Nothing {}),
        Remedy::Paid(route) => Kind::Paid(route_to_wire(*route).into()),
        Remedy::OptIn(route) => Kind::OptIn(route_to_wire(*route).into()),
        Remedy::TopicOf(id) => Kind::TopicOf(id.as_bytes().to_vec()),
        Remedy::ShorterTitle(chars) => Kind::ShorterTitle(*chars),
        Remedy::RightReleased => Kind::RightReleased(wire::Nothing {}),
    };
    wire::Remedy { kind: Some(kind) }
}

pub(super) fn from_wire(decision: Option<wire::Decision>) -> Result<Box<Decision>, Undecodable> {
    let decision = decision.ok_or(Undecodable::Field("decision"))?;
    let verdict = if decision.verdict() == wire::Verdict::Blocked {
        Verdict::Blocked
    } else {
        let route = route_from_wire(decision.verdict());
        Verdict::Allowed(route.ok_or(Undecodable::Field("decision.verdict"))?)
    };
    let overrides = match decision.overrides_digest.as_slice() {
        [] => None,
        digest => Some(digest.try_into().map_err(|_| Undecodable::Field("decision.overrides_digest"))?),
    };
    let digest = decision.pack_digest.as_slice().try_into();
    let findings: Result<_, _> = decision.findings.into_iter().map(finding_from_wire).collect();
    let remedies: Result<_, _> = decision.remedies.into_iter().map(remedy_from_wire).collect();
    Ok(Box::new(Decision {
        verdict,
        findings: findings?,
        remedies: remedies?,
        at: Timestamp::from_millis(decision.at_ms),
        holds_until: decision.holds_until_ms.map(Timestamp::from_millis),
        pack: PackRef {
            name: decision.pack_name,
            digest: digest.map_err(|_| Undecodable::Field("decision.pack_digest"))?,
        },
        evaluator: decision.evaluator,
        overrides,
        right: decision.right.map(right::right_from_wire).transpose()?,
    }))
}

fn finding_from_wire(finding: wire::Finding) -> Result<Finding, Undecodable> {
    use wire::finding::About as Wire;
    let record = |bytes: &Vec<u8>| uuid(bytes, "finding.facts").map(RecordId::new);
    Ok(Finding {
        rule: Rule::from_id(&finding.rule).ok_or(Undecodable::Field("finding.rule"))?,
        facts: finding.facts.iter().map(record).collect::<Result<_, _>>()?,
        span: match (finding.from_ms, finding.to_ms) {
            (None, None) => None,
            (Some(from), Some(to)) => Some((Timestamp::from_millis(from), Timestamp::from_millis(to))),
            (Some(_), None) | (None, Some(_)) => return Err(Undecodable::Field("finding.to_ms")),
        },
        about: match finding.about {
            None => None,
            Some(Wire::Tag(tag)) => Some(About::Tag(Tag::parse(&tag).ok_or(Undecodable::Field("finding.tag"))?)),
            Some(Wire::Right(right)) => Some(About::Right(right::right_from_wire(right)?)),
        },
    })
}

fn remedy_from_wire(remedy: wire::Remedy) -> Result<Remedy, Undecodable> {
    use wire::remedy::Kind;
    Ok(match remedy.kind.ok_or(Undecodable::Field("remedy"))? {
        Kind::PersonActs(_) => Remedy::PersonActs,
        Kind::PersonWrites(_) => Remedy::PersonWrites,
        Kind::HumanAnswersBeforeMs(end) => Remedy::HumanAnswersBefore(Timestamp::from_millis(end)),
        Kind::WithoutPromotionBeforeMs(end) => Remedy::WithoutPromotionBefore(Timestamp::from_millis(end)),
        Kind::AfterMs(at) => Remedy::After(Timestamp::from_millis(at)),
        Kind::MessagingOn(_) => Remedy::MessagingOn,
        Kind::Granted(word) => Remedy::Granted(Capability::parse(&word).ok_or(Undecodable::Field("remedy.granted"))?),
        Kind::ThreadPassed(_) => Remedy::ThreadPassed,
        Kind::PersonResumes(_) => Remedy::PersonResumes,
        Kind::Named(word) => Remedy::Named(match word.as_str() {
            "event" => ReferenceKind::Event,
            "order" => ReferenceKind::Order,
            _ => return Err(Undecodable::Field("remedy.named")),
        }),
        Kind::NotRecurring(_) => Remedy::NotRecurring,
        Kind::NotPromotional(_) => Remedy::NotPromotional,
        Kind::AsTemplate(_) => Remedy::AsTemplate,
        Kind::Paid(route) => Remedy::Paid(route_of(route, "remedy.paid")?),
        Kind::OptIn(route) => Remedy::OptIn(route_of(route, "remedy.opt_in")?),
        Kind::TopicOf(id) => Remedy::TopicOf(right::token_id(&id)?),
        Kind::ShorterTitle(chars) => Remedy::ShorterTitle(chars),
        Kind::RightReleased(_) => Remedy::RightReleased,
    })
}

fn route_of(number: i32, field: &'static str) -> Result<Route, Undecodable> {
    wire::Verdict::try_from(number).ok().and_then(route_from_wire).ok_or(Undecodable::Field(field))
}
