//! A person, a Page and a pack, to ask questions of.

use crate::conversation::Conversation;
use crate::decision::{Actor, Capability, Decision, Intent, Purpose, Reference, Remedy, Route};
use crate::evaluate::{Facts, evaluate};
use crate::event::{Event, PageStepKind};
use crate::id::SendId;
use crate::pack::{Pack, Rule};
use crate::page::Page;
use crate::testing::{agent, at, built_in, fold, fold_page, page, page_step};

/// The packs by the year that they are named by.
pub(super) const P2020: usize = 0;
pub(super) const P2024: usize = 1;
pub(super) const P2025: usize = 2;
pub(super) const P2026: usize = 3;
pub(super) const P2026_09: usize = 4;

pub(super) struct World {
    pub(super) pack: Pack,
    pub(super) page: Page,
    pub(super) state: Conversation,
    pub(super) send: Option<SendId>,
}

impl World {
    pub(super) fn new(pack: usize, history: &[Event]) -> Self {
        Self { pack: built_in(pack), page: Page::default(), state: fold(history), send: None }
    }

    /// The same with these steps of the Page, all before anything else.
    pub(super) fn with_page(self, steps: &[PageStepKind]) -> Self {
        let steps: Vec<_> = steps.iter().map(|step| page_step(at(-1), step.clone())).collect();
        Self { page: fold_page(&steps), ..self }
    }

    pub(super) fn with_capability(self, capability: Capability) -> Self {
        self.with_page(&[PageStepKind::CapabilityChanged { capability, is_granted: true }])
    }

    pub(super) fn judge(&self, intent: &Intent, now_ms: i64) -> Decision {
        let page_id = page();
        let facts = Facts { send: self.send.as_ref(), ..Facts::new(&page_id, &self.page, &self.state) };
        evaluate(&self.pack, &facts, intent, at(now_ms))
    }

    /// It is allowed, by this route.
    #[track_caller]
    pub(super) fn allows(&self, intent: &Intent, now_ms: i64, route: Route) -> Decision {
        let decision = self.judge(intent, now_ms);
        assert_eq!(decision.route(), Some(route), "{:?}", decision.findings);
        decision
    }

    /// It is blocked, and these rules are in the way.
    #[track_caller]
    pub(super) fn blocks(&self, intent: &Intent, now_ms: i64, rules: &[Rule]) -> Decision {
        let decision = self.judge(intent, now_ms);
        assert_eq!(decision.route(), None);
        let found: Vec<_> = decision.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(found, rules);
        decision
    }

    /// It is blocked, and this is among what would help.
    #[track_caller]
    pub(super) fn is_helped(&self, intent: &Intent, now_ms: i64, remedy: Remedy) {
        let decision = self.judge(intent, now_ms);
        assert_eq!(decision.route(), None);
        assert!(decision.remedies.contains(&remedy), "{remedy:?} in {:?}", decision.remedies);
    }
}

pub(super) fn staff(purpose: Purpose) -> Intent {
    Intent::new(Actor::Human(agent()), purpose)
}

pub(super) fn bot(purpose: Purpose) -> Intent {
    Intent::new(Actor::Bot, purpose)
}

pub(super) fn broadcast(purpose: Purpose) -> Intent {
    Intent { broadcast: Some("b-1".to_owned()), ..Intent::new(Actor::Broadcast, purpose) }
}

pub(super) fn of_event(intent: Intent) -> Intent {
    Intent { reference: Some(Reference::Event("concert-7".to_owned())), ..intent }
}

pub(super) fn of_order(intent: Intent) -> Intent {
    Intent { reference: Some(Reference::Order("42".to_owned())), ..intent }
}

pub(super) fn about(topic: &str, intent: Intent) -> Intent {
    Intent { topic: Some(topic.to_owned()), ..intent }
}
