//! Between the domain and the gRPC types.

use crate::explain;
use crate::proto::compliance::v1 as pb;
use crate::status::Violations;
use domain::decision::{Actor, Decision, Intent, Purpose, Remedy, Route, Verdict};
use domain::id::AgentId;
use domain::pack::{Pack, Packs};
use domain::time::Timestamp;

/// A moment as gRPC writes it.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let ms = at.as_millis();
    let nanos = i32::try_from(ms.rem_euclid(1_000) * 1_000_000).expect("less than a second of nanoseconds");
    prost_types::Timestamp { seconds: ms.div_euclid(1_000), nanos }
}

/// A moment as gRPC wrote it, with what is below a millisecond cut off; none when it lies outside all time.
pub fn moment(timestamp: &prost_types::Timestamp) -> Option<Timestamp> {
    let seconds_ms = timestamp.seconds.checked_mul(1_000)?;
    let is_valid = (0..1_000_000_000).contains(&timestamp.nanos);
    let ms = seconds_ms.checked_add(i64::from(timestamp.nanos / 1_000_000))?;
    is_valid.then_some(Timestamp::from_millis(ms))
}

/// A moment as RFC 3339 text in UTC; far-off moments as milliseconds.
pub fn rfc3339(at: Timestamp) -> String {
    let written = jiff::Timestamp::from_millisecond(at.as_millis());
    written.map_or_else(|_| format!("{} ms", at.as_millis()), |time| time.to_string())
}

/// Reads a moment as people write it for machines (RFC 3339), with `Z` or an offset.
pub fn parse_rfc3339(raw: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = raw.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

/// Who speaks and why, or notes what is missing.
pub fn intent(actor: Option<pb::Actor>, purpose: i32, violations: &mut Violations) -> Option<Intent> {
    use pb::actor::Kind;
    let actor = match actor.and_then(|actor| actor.kind) {
        None => {
            violations.add("actor", "is required: one of human, ai_assisted_human, bot, automation");
            None
        }
        Some(Kind::Human(agent)) => agent_id(&agent, "actor.human.agent_id", violations).map(Actor::Human),
        Some(Kind::AiAssistedHuman(agent)) => {
            agent_id(&agent, "actor.ai_assisted_human.agent_id", violations).map(Actor::AiAssistedHuman)
        }
        Some(Kind::Bot(_)) => Some(Actor::Bot),
        Some(Kind::Automation(_)) => Some(Actor::Automation),
    };
    let purpose = match pb::Purpose::try_from(purpose) {
        Ok(pb::Purpose::Conversation) => Some(Purpose::Conversation),
        Ok(pb::Purpose::Promotion) => Some(Purpose::Promotion),
        Ok(pb::Purpose::Unspecified) | Err(_) => {
            violations.add("purpose", "is required: PURPOSE_CONVERSATION or PURPOSE_PROMOTION");
            None
        }
    };
    Some(Intent { actor: actor?, purpose: purpose? })
}

fn agent_id(agent: &pb::HumanAgent, field: &str, violations: &mut Violations) -> Option<AgentId> {
    violations.take(field, AgentId::parse(&agent.agent_id))
}

/// A decision with its rules in words, as the pack it was judged by says them.
pub fn decision(decision: &Decision, packs: &Packs) -> pb::Decision {
    let pack = packs.find(&decision.pack);
    let (verdict, route) = match decision.verdict {
        Verdict::Blocked => (pb::Verdict::Blocked, pb::Route::Unspecified),
        Verdict::Allowed(Route::Response) => (pb::Verdict::Allowed, pb::Route::Response),
        Verdict::Allowed(Route::HumanAgent) => (pb::Verdict::Allowed, pb::Route::HumanAgent),
    };
    pb::Decision {
        verdict: verdict.into(),
        route: route.into(),
        findings: decision.findings.iter().map(|finding| self::finding(finding, pack)).collect(),
        remedies: decision.remedies.iter().map(|remedy| self::remedy(*remedy)).collect(),
        at_time: Some(timestamp(decision.at)),
        hold_until_time: decision.holds_until.map(timestamp),
        pack: decision.pack.name.clone(),
        pack_digest: hex::encode(decision.pack.digest),
        evaluator: decision.evaluator,
    }
}

fn finding(finding: &domain::decision::Finding, pack: Option<&Pack>) -> pb::Finding {
    let sentence = pack.map(|pack| pack.sentence(finding.rule));
    pb::Finding {
        rule: finding.rule.id().to_owned(),
        forbids: finding.rule.forbids(),
        sentence: sentence.map(|sentence| sentence.says.clone()).unwrap_or_default(),
        source: sentence.map(|sentence| sentence.source.clone()).unwrap_or_default(),
        fact_records: finding.facts.iter().map(ToString::to_string).collect(),
        start_time: finding.span.map(|(from, _)| timestamp(from)),
        end_time: finding.span.map(|(_, to)| timestamp(to)),
    }
}

fn remedy(remedy: Remedy) -> pb::Remedy {
    let (kind, before) = match remedy {
        Remedy::PersonActs => (pb::RemedyKind::PersonActs, None),
        Remedy::PersonWrites => (pb::RemedyKind::PersonWrites, None),
        Remedy::HumanAnswersBefore(end) => (pb::RemedyKind::HumanAnswers, Some(end)),
        Remedy::WithoutPromotionBefore(end) => (pb::RemedyKind::WithoutPromotion, Some(end)),
    };
    pb::Remedy { kind: kind.into(), sentence: explain::remedy(remedy), before_time: before.map(timestamp) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_survive_the_way_there_and_back_also_before_1970() {
        for ms in [0, 1, 999, 1_767_225_600_123, -1, -1_001] {
            let at = Timestamp::from_millis(ms);
            assert_eq!(moment(&timestamp(at)), Some(at));
        }
        assert_eq!(moment(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), None);
        assert_eq!(moment(&prost_types::Timestamp { seconds: 0, nanos: -1 }), None);
    }

    #[test]
    fn an_intent_without_actor_and_purpose_names_both() {
        let mut violations = Violations::default();
        assert_eq!(intent(None, 0, &mut violations), None);
        assert_eq!(violations.into_status().message(), "wrong or missing: actor, purpose");
    }
}
