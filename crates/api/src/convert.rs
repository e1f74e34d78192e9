//! Between the domain and the gRPC types.

use crate::proto::compliance::v1 as pb;
use crate::status::Violations;
use domain::decision::{Actor, Decision, Intent, Purpose, Route, Verdict};
use domain::explain::explain;
use domain::id::AgentId;
use domain::pack::Packs;
use domain::right::Right;
use domain::time::Timestamp;

mod content;
mod matter;
mod moments;

pub use content::{content, take_content, take_media};
pub use matter::{matter, post_of, take_matter};
pub use moments::{duration, take_moment, take_wait};

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
    domain::explain::moment(at)
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
            violations.add("actor", "is required: one of human, ai_assisted_human, bot, automation, broadcast");
            None
        }
        Some(Kind::Human(agent)) => agent_id(&agent, "actor.human.agent_id", violations).map(Actor::Human),
        Some(Kind::AiAssistedHuman(agent)) => {
            agent_id(&agent, "actor.ai_assisted_human.agent_id", violations).map(Actor::AiAssistedHuman)
        }
        Some(Kind::Bot(_)) => Some(Actor::Bot),
        Some(Kind::Automation(_)) => Some(Actor::Automation),
        Some(Kind::Broadcast(_)) => Some(Actor::Broadcast),
    };
    let given = pb::Purpose::try_from(purpose).ok();
    let purpose = Purpose::ALL.into_iter().find(|one| Some(self::purpose(*one)) == given);
    if purpose.is_none() {
        violations.add("purpose", "is required: PURPOSE_CONVERSATION, PURPOSE_PROMOTION, or another of its values");
    }
    Some(Intent::new(actor?, purpose?))
}

/// Who spoke, as it was asked for.
pub fn actor(actor: &Actor) -> pb::Actor {
    use pb::actor::Kind;
    let agent = |id: &AgentId| pb::HumanAgent { agent_id: id.as_str().to_owned() };
    let kind = match actor {
        Actor::Human(id) => Kind::Human(agent(id)),
        Actor::AiAssistedHuman(id) => Kind::AiAssistedHuman(agent(id)),
        Actor::Bot => Kind::Bot(pb::Bot {}),
        Actor::Automation => Kind::Automation(pb::Automation {}),
        Actor::Broadcast => Kind::Broadcast(pb::Broadcast {}),
    };
    pb::Actor { kind: Some(kind) }
}

/// Why something is said.
pub const fn purpose(purpose: Purpose) -> pb::Purpose {
    match purpose {
        Purpose::Conversation => pb::Purpose::Conversation,
        Purpose::Promotion => pb::Purpose::Promotion,
        Purpose::ConfirmedEvent => pb::Purpose::ConfirmedEventUpdate,
        Purpose::PostPurchase => pb::Purpose::PostPurchaseUpdate,
        Purpose::AccountUpdate => pb::Purpose::AccountUpdate,
        Purpose::CustomerFeedback => pb::Purpose::CustomerFeedback,
    }
}

/// A route; every one has the name that the domain gives it.
pub fn route(route: Route) -> pb::Route {
    pb::Route::from_str_name(&format!("ROUTE_{}", route.as_str())).unwrap_or(pb::Route::Unspecified)
}

fn agent_id(agent: &pb::HumanAgent, field: &str, violations: &mut Violations) -> Option<AgentId> {
    violations.take(field, AgentId::parse(&agent.agent_id))
}

/// A decision with its rules in words, as the pack it was judged by says them.
pub fn decision(decision: &Decision, packs: &Packs) -> pb::Decision {
    let told = explain(decision, packs);
    let verdict = match decision.verdict {
        Verdict::Blocked => pb::Verdict::Blocked,
        Verdict::Allowed(_) => pb::Verdict::Allowed,
    };
    let right = decision.right.as_ref().map(|right| match right {
        Right::OneTime(id) | Right::Repeated(id) => id.to_string(),
        Right::PrivateReply(comment) => comment.as_str().to_owned(),
    });
    pb::Decision {
        verdict: verdict.into(),
        route: decision.route().map_or(pb::Route::Unspecified, route).into(),
        findings: told.because.into_iter().map(crate::explain::finding).collect(),
        remedies: told.changes.into_iter().map(crate::explain::remedy).collect(),
        at_time: Some(timestamp(decision.at)),
        hold_until_time: decision.holds_until.map(timestamp),
        pack: decision.pack.name.clone(),
        pack_digest: hex::encode(decision.pack.digest),
        evaluator: decision.evaluator,
        sentence: told.says,
        overridden: told.is_overridden,
        right: right.unwrap_or_default(),
    }
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
    fn every_route_has_a_name_of_its_own_on_the_wire() {
        let routes: std::collections::BTreeSet<_> = Route::ALL.map(|one| i32::from(route(one))).into();
        assert_eq!(routes.len(), Route::ALL.len());
        assert!(!routes.contains(&pb::Route::Unspecified.into()));
    }

    #[test]
    fn an_intent_without_actor_and_purpose_names_both() {
        let mut violations = Violations::default();
        assert_eq!(intent(None, 0, &mut violations), None);
        assert_eq!(violations.into_status().message(), "wrong or missing: actor, purpose");
    }
}
