//! Decisions in words on the wire: the domain makes the words.

use crate::convert::{self, timestamp};
use crate::proto::compliance::v1 as pb;
use domain::decision::{Decision, Intent};
use domain::explain::{Because, WouldChange, explain};
use domain::pack::Packs;

/// Everything that would lift a refusal, in sentences.
pub fn remedies(decision: &Decision) -> String {
    decision.remedies.iter().map(|one| domain::explain::remedy(*one)).collect::<Vec<_>>().join(" ")
}

/// A decision as a person reads it: a line for the verdict, one for each rule that spoke, one for what would change it.
pub fn decision(decision: &Decision, packs: &Packs) -> Vec<String> {
    explain(decision, packs).lines()
}

/// A message's latest decision, and what was asked for.
pub fn explanation(
    name: String,
    decision: &Decision,
    intent: &Intent,
    revision: u64,
    packs: &Packs,
) -> pb::Explanation {
    pb::Explanation {
        name,
        decision: Some(convert::decision(decision, packs)),
        actor: Some(convert::actor(&intent.actor)),
        purpose: convert::purpose(intent.purpose).into(),
        matter: Some(convert::matter(intent)),
        lines: explain(decision, packs).lines(),
        revision,
    }
}

pub(crate) fn finding(because: Because) -> pb::Finding {
    pb::Finding {
        rule: because.rule.id().to_owned(),
        forbids: because.rule.forbids(),
        sentence: because.says,
        source: because.source,
        fact_records: because.facts.iter().map(ToString::to_string).collect(),
        start_time: because.span.map(|(from, _)| timestamp(from)),
        end_time: because.span.map(|(_, to)| timestamp(to)),
        about: because.about.unwrap_or_default(),
    }
}

pub(crate) fn remedy(change: WouldChange) -> pb::Remedy {
    use domain::decision::Remedy;
    let plain = |kind| (kind, None, None, pb::Route::Unspecified);
    let (kind, before, after, route) = match change.remedy {
        Remedy::PersonActs => plain(pb::RemedyKind::PersonActs),
        Remedy::PersonWrites => plain(pb::RemedyKind::PersonWrites),
        Remedy::HumanAnswersBefore(end) => (pb::RemedyKind::HumanAnswers, Some(end), None, pb::Route::HumanAgent),
        Remedy::WithoutPromotionBefore(end) => {
            (pb::RemedyKind::WithoutPromotion, Some(end), None, pb::Route::HumanAgent)
        }
        Remedy::After(at) => (pb::RemedyKind::After, None, Some(at), pb::Route::Unspecified),
        Remedy::MessagingOn => plain(pb::RemedyKind::MessagingOn),
        Remedy::Granted(_) => plain(pb::RemedyKind::Granted),
        Remedy::ThreadPassed => plain(pb::RemedyKind::ThreadPassed),
        Remedy::PersonResumes => plain(pb::RemedyKind::PersonResumes),
        Remedy::Named(_) => plain(pb::RemedyKind::Named),
        Remedy::NotRecurring => plain(pb::RemedyKind::NotRecurring),
        Remedy::NotPromotional => plain(pb::RemedyKind::NotPromotional),
        Remedy::AsTemplate => plain(pb::RemedyKind::AsTemplate),
        Remedy::Paid(route) => (pb::RemedyKind::Paid, None, None, convert::route(route)),
        Remedy::OptIn(route) => (pb::RemedyKind::OptIn, None, None, convert::route(route)),
        Remedy::TopicOf(_) => plain(pb::RemedyKind::TopicOf),
        Remedy::ShorterTitle(_) => plain(pb::RemedyKind::ShorterTitle),
        Remedy::RightReleased => plain(pb::RemedyKind::RightReleased),
    };
    pb::Remedy {
        kind: kind.into(),
        sentence: change.says,
        before_time: before.map(timestamp),
        after_time: after.map(timestamp),
        route: route.into(),
    }
}
