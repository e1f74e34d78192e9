//! Decisions in words, made when they are read.

use crate::convert::rfc3339;
use domain::decision::{Decision, Remedy, Verdict};
use domain::pack::Packs;

/// What would lift a refusal, as one sentence.
pub fn remedy(remedy: Remedy) -> String {
    match remedy {
        Remedy::PersonActs => "It is allowed once the person writes, taps a button or comes in by a link.".to_owned(),
        Remedy::PersonWrites => "It is allowed once the person writes again.".to_owned(),
        Remedy::HumanAnswersBefore(end) => {
            format!("A person of the staff may answer until {}.", rfc3339(end))
        }
        Remedy::WithoutPromotionBefore(end) => {
            format!("A person of the staff may answer without promotion until {}.", rfc3339(end))
        }
    }
}

/// Everything that would lift a refusal, in sentences.
pub fn remedies(decision: &Decision) -> String {
    decision.remedies.iter().map(|one| remedy(*one)).collect::<Vec<_>>().join(" ")
}

/// A decision as a person reads it: a line for the verdict, one for each rule that spoke, one for what would change it.
pub fn decision(decision: &Decision, packs: &Packs) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match decision.verdict {
        Verdict::Allowed(route) => {
            let until = decision.holds_until.map(|end| format!(" until {}", rfc3339(end))).unwrap_or_default();
            format!("allowed by route {}{until}", route.as_str())
        }
        Verdict::Blocked => "blocked".to_owned(),
    });
    for finding in &decision.findings {
        let says = packs.find(&decision.pack).map(|pack| pack.sentence(finding.rule).says.as_str()).unwrap_or_default();
        let span =
            finding.span.map(|(from, to)| format!(" [{} to {}]", rfc3339(from), rfc3339(to))).unwrap_or_default();
        lines.push(format!("{}: {says}{span}", finding.rule.id()));
    }
    lines.extend(decision.remedies.iter().map(|one| remedy(*one)));
    lines.push(format!("judged by {} (evaluator {})", decision.pack.name, decision.evaluator));
    lines
}
