//! Intents and decisions to and from the stored schema.

use super::{Undecodable, required, uuid};
use api::proto::log::v1 as wire;
use domain::decision::{Actor, Decision, Finding, Intent, PackRef, Purpose, Remedy, Route, Verdict};
use domain::id::{AgentId, RecordId};
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
        Verdict::Allowed(Route::Response) => wire::Verdict::Response,
        Verdict::Allowed(Route::HumanAgent) => wire::Verdict::HumanAgent,
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
    }
}

fn finding_to_wire(finding: &Finding) -> wire::Finding {
    wire::Finding {
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
    };
    wire::Remedy { kind: Some(kind) }
}

pub(super) fn from_wire(decision: Option<wire::Decision>) -> Result<Box<Decision>, Undecodable> {
    let decision = decision.ok_or(Undecodable::Field("decision"))?;
    let verdict = match decision.verdict() {
        wire::Verdict::Unspecified => return Err(Undecodable::Field("decision.verdict")),
        wire::Verdict::Blocked => Verdict::Blocked,
        wire::Verdict::Response => Verdict::Allowed(Route::Response),
        wire::Verdict::HumanAgent => Verdict::Allowed(Route::HumanAgent),
    };
    let digest = decision.pack_digest.as_slice().try_into();
    let findings: Result<_, _> = decision.findings.iter().map(finding_from_wire).collect();
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
    }))
}

fn finding_from_wire(finding: &wire::Finding) -> Result<Finding, Undecodable> {
    let record = |bytes: &Vec<u8>| uuid(bytes, "finding.facts").map(RecordId::new);
    Ok(Finding {
        rule: Rule::from_id(&finding.rule).ok_or(Undecodable::Field("finding.rule"))?,
        facts: finding.facts.iter().map(record).collect::<Result<_, _>>()?,
        span: match (finding.from_ms, finding.to_ms) {
            (None, None) => None,
            (Some(from), Some(to)) => Some((Timestamp::from_millis(from), Timestamp::from_millis(to))),
            (Some(_), None) | (None, Some(_)) => return Err(Undecodable::Field("finding.to_ms")),
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
    })
}

pub(super) fn intent_to_wire(intent: &Intent) -> wire::Intent {
    use wire::actor::Kind;
    let actor = match &intent.actor {
        Actor::Human(agent) => Kind::Human(agent.as_str().to_owned()),
        Actor::AiAssistedHuman(agent) => Kind::AiAssistedHuman(agent.as_str().to_owned()),
        Actor::Bot => Kind::Bot(wire::Nothing {}),
        Actor::Automation => Kind::Automation(wire::Nothing {}),
        Actor::Broadcast => Kind::Broadcast(wire::Nothing {}),
    };
    let purpose = match intent.purpose {
        Purpose::Conversation => wire::Purpose::Conversation,
        Purpose::Promotion => wire::Purpose::Promotion,
    };
    wire::Intent { actor: Some(wire::Actor { kind: Some(actor) }), purpose: purpose.into() }
}

pub(super) fn intent_from_wire(intent: Option<wire::Intent>) -> Result<Intent, Undecodable> {
    use wire::actor::Kind;
    let intent = intent.ok_or(Undecodable::Field("intent"))?;
    let purpose = match intent.purpose() {
        wire::Purpose::Unspecified => return Err(Undecodable::Field("intent.purpose")),
        wire::Purpose::Conversation => Purpose::Conversation,
        wire::Purpose::Promotion => Purpose::Promotion,
    };
    let agent = |id: &str| required(id, AgentId::parse, "intent.actor.agent");
    let actor = match intent.actor.and_then(|actor| actor.kind).ok_or(Undecodable::Field("intent.actor"))? {
        Kind::Human(id) => Actor::Human(agent(&id)?),
        Kind::AiAssistedHuman(id) => Actor::AiAssistedHuman(agent(&id)?),
        Kind::Bot(_) => Actor::Bot,
        Kind::Automation(_) => Actor::Automation,
        Kind::Broadcast(_) => Actor::Broadcast,
    };
    Ok(Intent { actor, purpose })
}
