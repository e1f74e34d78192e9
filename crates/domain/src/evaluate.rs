//! May this be said now? The one place that judges.

#[cfg(test)]
mod tests;

use crate::conversation::{Conversation, Fact, Opening};
use crate::decision::{Decision, Finding, Intent, Purpose, Remedy, Route, Verdict};
use crate::pack::{Pack, Rule};
use crate::time::{Span, Timestamp};

/// The version of this code. It grows whenever the same facts and pack could give another decision, so that a stored
/// decision says which code made it.
pub const VERSION: u32 = 1;

/// Judges `intent` by `pack` on what is known of the conversation at `now`.
///
/// Pure: the same arguments give the same decision, byte for byte. A refusal names every rule that stands in the way
/// and everything that would lift it.
pub fn evaluate(pack: &Pack, conversation: &Conversation, intent: &Intent, now: Timestamp) -> Decision {
    let judge = Judge { pack, intent, now, findings: Vec::new() };
    if conversation.is_suppressed() {
        return judge.suppressed();
    }
    let Some(opened) = conversation.last_opening(pack.opened_by()) else {
        return judge.never_opened();
    };
    let window = Window::after(opened, pack.standard());
    if window.is_open(now) {
        return judge.allow(Route::Response, Rule::WindowOpen, window);
    }
    let staff = conversation.last_opening(&[Opening::Message]);
    judge.outside(window, staff.map(|written| Window::after(written, pack.human_agent())))
}

/// A span of permission that a fact opened; half-open, so at its end it is closed.
#[derive(Clone, Copy)]
struct Window {
    fact: Fact,
    end: Timestamp,
}

impl Window {
    fn after(fact: Fact, length: Span) -> Self {
        Self { fact, end: fact.at.plus(length) }
    }

    /// Open until just before its end. A fact a little ahead of `now` counts: clocks differ by seconds.
    fn is_open(self, now: Timestamp) -> bool {
        now < self.end
    }

    fn finding(self, rule: Rule) -> Finding {
        Finding { rule, facts: vec![self.fact.record], span: Some((self.fact.at, self.end)) }
    }
}

struct Judge<'a> {
    pack: &'a Pack,
    intent: &'a Intent,
    now: Timestamp,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn suppressed(mut self) -> Decision {
        self.findings.push(Finding { rule: Rule::RecipientSuppressed, facts: Vec::new(), span: None });
        self.block(vec![Remedy::PersonWrites])
    }

    fn never_opened(mut self) -> Decision {
        self.findings.push(Finding { rule: Rule::NoUserInitiation, facts: Vec::new(), span: None });
        self.block(vec![Remedy::PersonActs])
    }

    /// The standard window is closed; the staff may have more time, if the person wrote at all.
    fn outside(mut self, window: Window, staff: Option<Window>) -> Decision {
        self.findings.push(window.finding(Rule::WindowClosed));
        let is_human = self.intent.actor.is_human();
        let is_promotion = self.intent.purpose == Purpose::Promotion;
        let open_staff = staff.filter(|staff| staff.is_open(self.now));
        if let Some(staff) = open_staff
            && is_human
            && !is_promotion
        {
            // The closed window is why this route is taken, not a refusal: only what allows is named.
            self.findings.clear();
            return self.allow(Route::HumanAgent, Rule::HumanAgentOpen, staff);
        }
        if !is_human {
            self.findings.push(Finding { rule: Rule::ActorNotHuman, facts: Vec::new(), span: None });
        }
        if is_promotion {
            self.findings.push(Finding { rule: Rule::PromotionOutsideWindow, facts: Vec::new(), span: None });
        }
        if let Some(staff) = staff.filter(|staff| !staff.is_open(self.now)) {
            self.findings.push(staff.finding(Rule::HumanAgentClosed));
        }
        let mut remedies = vec![Remedy::PersonActs];
        if let Some(staff) = open_staff {
            let remedy = if is_promotion { Remedy::WithoutPromotionBefore } else { Remedy::HumanAnswersBefore };
            remedies.push(remedy(staff.end));
        }
        self.block(remedies)
    }

    fn allow(mut self, route: Route, rule: Rule, window: Window) -> Decision {
        self.findings.push(window.finding(rule));
        self.decide(Verdict::Allowed(route), Vec::new(), Some(window.end))
    }

    fn block(self, remedies: Vec<Remedy>) -> Decision {
        self.decide(Verdict::Blocked, remedies, None)
    }

    fn decide(self, verdict: Verdict, remedies: Vec<Remedy>, holds_until: Option<Timestamp>) -> Decision {
        Decision {
            verdict,
            findings: self.findings,
            remedies,
            at: self.now,
            holds_until,
            pack: self.pack.reference().clone(),
            evaluator: VERSION,
        }
    }
}
