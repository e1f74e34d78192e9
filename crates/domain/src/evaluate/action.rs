//! May this be done without saying anything: that somebody types is shown, what was written is marked as seen, a reaction?
//!
//! The platform gives actions no window; the person must have begun the conversation. What bars every message bars them too,
//! and whoever opted out is left alone altogether: unlike an answer, an action answers nothing.

use super::look::{Look, bare};
use super::{Facts, VERSION, gates};
use crate::decision::{Decision, Intent, Remedy, Route, Verdict};
use crate::pack::{Packs, Rule};
use crate::time::Timestamp;

/// Judges an action of this actor by the pack in force, on what is known at `now`. Of a refusal every rule in the way is
/// named, and what would lift it. What is allowed is so for this moment alone.
pub fn action(packs: &Packs, facts: &Facts<'_>, intent: &Intent, now: Timestamp) -> Decision {
    let pack = packs.in_force_for(facts.page_id, now);
    let mut look = Look::new(pack, *facts, intent, now);
    gates::bar(&mut look);
    if look.person().reach().opted_out().is_some() {
        look.against(bare(Rule::OptedOut));
        look.helps(Remedy::PersonResumes);
    }
    if !look.is_suppressed() && look.last_action().is_none() {
        look.never_began();
    }
    let verdict = if look.findings.is_empty() { Verdict::Allowed(Route::Response) } else { Verdict::Blocked };
    Decision {
        verdict,
        findings: look.findings,
        remedies: look.remedies,
        at: now,
        holds_until: None,
        pack: pack.reference().clone(),
        overrides: pack.overrides(),
        right: None,
        evaluator: VERSION,
    }
}

#[cfg(test)]
mod tests;
