//! One look at one moment: what was asked, what was found in the way, and when time alone changes that.

use super::Facts;
use crate::conversation::{Conversation, Fact, Opening};
use crate::decision::{About, Capability, Finding, Intent, Remedy, Route};
use crate::pack::{Dated, Pack, Rule};
use crate::right::Right;
use crate::time::{Span, Timestamp};
use std::collections::BTreeSet;

/// A way that is open.
pub(super) struct Grant {
    pub(super) route: Route,
    pub(super) finding: Finding,
    pub(super) right: Option<Right>,
}

/// A span of permission that a fact opened; half-open, so at its end it is closed.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) fact: Fact,
    pub(super) end: Timestamp,
}

impl Window {
    pub(super) fn after(fact: Fact, length: Span) -> Self {
        Self { fact, end: fact.at.plus(length) }
    }

    /// Open until just before its end. A fact a little ahead of `now` counts: clocks differ by seconds.
    pub(super) fn is_open(self, now: Timestamp) -> bool {
        now < self.end
    }

    pub(super) fn finding(self, rule: Rule) -> Finding {
        Finding { rule, facts: vec![self.fact.record], span: Some((self.fact.at, self.end)), about: None }
    }
}

/// A rule that looked at nothing but the intent.
pub(super) const fn bare(rule: Rule) -> Finding {
    Finding { rule, facts: Vec::new(), span: None, about: None }
}

/// One look.
pub(super) struct Look<'a> {
    pub(super) pack: &'a Pack,
    pub(super) facts: Facts<'a>,
    pub(super) intent: &'a Intent,
    pub(super) now: Timestamp,
    /// Everything in the way, in the order in which it was met.
    pub(super) findings: Vec<Finding>,
    /// How often anything was found in the way, also what was met before: each way counts its own.
    pub(super) n_against: usize,
    /// Everything that would lift something of that.
    pub(super) remedies: Vec<Remedy>,
    /// Moments after `now` at which something that was looked at changes by itself.
    pub(super) edges: BTreeSet<Timestamp>,
}

impl<'a> Look<'a> {
    pub(super) fn new(pack: &'a Pack, facts: Facts<'a>, intent: &'a Intent, now: Timestamp) -> Self {
        let (findings, remedies, edges) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { pack, facts, intent, now, findings, n_against: 0, remedies, edges }
    }

    /// Notes that a rule stands in the way.
    pub(super) fn against(&mut self, finding: Finding) {
        self.n_against += 1;
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Notes that this would help.
    pub(super) fn helps(&mut self, remedy: Remedy) {
        if !self.remedies.contains(&remedy) {
            self.remedies.push(remedy);
        }
    }

    /// Whether a window is open now; its end is a moment of change.
    pub(super) fn is_open(&mut self, window: Window) -> bool {
        self.edges.insert(window.end);
        window.is_open(self.now)
    }

    /// Whether something dated applies now; both its dates are moments of change.
    pub(super) fn applies(&mut self, dated: Dated) -> bool {
        if !dated.is_over {
            self.edges.extend(dated.from.into_iter().chain(dated.until));
        }
        dated.applies(self.now)
    }

    /// Whether the Page has this: as was said of it, or as the pack says of every Page.
    pub(super) fn has(&self, capability: Capability, by_default: impl Fn() -> bool) -> bool {
        self.facts.page.capability(capability).unwrap_or_else(by_default)
    }

    /// Whether a way is there now, and the Page has it.
    pub(super) fn route(&mut self, capability: Capability) -> Closed {
        let Some(rule) = self.pack.route(capability).copied() else { return Closed::NotThere };
        if !self.applies(rule.dated) {
            return Closed::NotThere;
        }
        if self.has(capability, || rule.on_by_default) { Closed::No } else { Closed::NotGranted }
    }

    /// Notes that a way is closed, and whether the Page could be given it. Answers whether it is open.
    pub(super) fn route_or(&mut self, capability: Capability, closed: Rule) -> bool {
        match self.route(capability) {
            Closed::No => return true,
            Closed::NotThere => self.against(bare(closed)),
            Closed::NotGranted => {
                self.against(bare(closed));
                self.helps(Remedy::Granted(capability));
            }
        }
        false
    }

    /// The window that the person's actions opened and that ends last, open or not.
    pub(super) fn window(&self) -> Option<Window> {
        let (fact, end) = super::window_of(self.pack, self.facts.conversation)?;
        Some(Window { fact, end })
    }

    /// Every window that the person's actions opened, open or not.
    pub(super) fn windows(&self) -> Vec<Window> {
        let opened = self.pack.windows().opened_by.iter().filter_map(|(opening, length)| {
            Some(Window::after(self.facts.conversation.last_opening(&[*opening])?, *length))
        });
        opened.collect()
    }

    /// The person's last message, with how long it counts.
    pub(super) fn since_message(&self, length: Span) -> Option<Window> {
        let fact = self.facts.conversation.last_opening(&[Opening::Message])?;
        Some(Window::after(fact, length))
    }

    /// The person's own conversation, where there is one.
    pub(super) fn person(&self) -> &'a Conversation {
        self.facts.home.unwrap_or(self.facts.conversation)
    }

    /// Whether the person was erased and has not written since.
    pub(super) fn is_suppressed(&self) -> bool {
        self.person().is_suppressed() || self.facts.conversation.is_suppressed()
    }

    /// The latest of all that the person ever did.
    pub(super) fn last_action(&self) -> Option<Fact> {
        self.person().last_opening(&Opening::ALL)
    }

    /// Notes that the person must have begun the conversation, and that they did not.
    pub(super) fn never_began(&mut self) {
        self.against(bare(Rule::NoUserInitiation));
        self.helps(Remedy::PersonActs);
    }

    /// A rule's word about a right.
    pub(super) fn about(rule: Rule, right: &Right, fact: Option<Fact>) -> Finding {
        let facts = fact.into_iter().map(|fact| fact.record).collect();
        Finding { rule, facts, span: None, about: Some(About::Right(right.clone())) }
    }
}

/// Why a way is closed, if it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// It is open.
    No,
    /// The pack has no such way, or not now.
    NotThere,
    /// The Page has not been given it.
    NotGranted,
}
