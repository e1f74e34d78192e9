//! The state of one Page, folded from its stream: what it may do at all.

mod change;
mod ended;
mod health;
mod standing;
#[cfg(test)]
mod tests;

pub use change::{Asked, Change, Refusal, change};
pub use ended::{Ended, ended};
pub use health::{Health, Restricted, concerns_page};
pub use standing::{Barred, Paused, Standing};

use crate::conversation::Fact;
use crate::decision::Capability;
use crate::event::{Event, Inbound, InboundKind, PageStep, PageStepKind, Recorded};
use crate::id::AppId;
use crate::pack::{BlockRateLimit, Restrictions};
use crate::time::Timestamp;
use health::History;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a Page. Of one that nothing is known of, messaging is on, and the rule pack says what it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    app: Option<AppId>,
    switched: Option<Switched>,
    capabilities: BTreeMap<Capability, bool>,
    templates: BTreeMap<(String, String), Template>,
    history: History,
    standing: Standing,
    block_rate: Option<Crossed>,
}

/// How the Page's block rate stands to what its rule pack says, and by which record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Crossed {
    is_above: bool,
    fact: Fact,
}

/// How the Page's messaging is switched, and by which record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Switched {
    is_on: bool,
    fact: Fact,
}

/// The latest word on a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Template {
    stated_at: Timestamp,
    status: String,
}

impl Page {
    /// The state after one more event. Total, as every fold.
    pub fn evolve(&mut self, recorded: Recorded<'_>) {
        match recorded.event {
            Event::Inbound(inbound) => self.heard(recorded, inbound),
            Event::Page(step) => self.step(recorded, step),
            Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::Sending(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::System(_) => (),
        }
    }

    /// Folds a whole history.
    pub fn fold<'a>(history: impl IntoIterator<Item = Recorded<'a>>) -> Self {
        let mut state = Self::default();
        for recorded in history {
            state.evolve(recorded);
        }
        state
    }

    fn heard(&mut self, recorded: Recorded<'_>, inbound: &Inbound) {
        if let InboundKind::PolicyEnforcement(told) = &inbound.kind {
            let fact = Fact { at: inbound.at(), record: recorded.record };
            self.history.enforced(inbound.fact, fact, told.action);
        }
        if let InboundKind::TemplateStatus(told) = &inbound.kind {
            let key = (told.name.clone().unwrap_or_default(), told.language.clone().unwrap_or_default());
            let new = Template { stated_at: inbound.stated_at, status: told.status.clone() };
            let known = self.templates.entry(key).or_insert_with(|| new.clone());
            if new > *known {
                *known = new;
            }
        }
    }

    fn step(&mut self, recorded: Recorded<'_>, step: &PageStep) {
        let fact = Fact { at: step.at, record: recorded.record };
        match &step.kind {
            PageStepKind::Connected { app } => self.app = Some(app.clone()),
            PageStepKind::MessagingSwitched { is_on } => self.switched = Some(Switched { is_on: *is_on, fact }),
            PageStepKind::CapabilityChanged { capability, is_granted } => {
                self.capabilities.insert(*capability, *is_granted);
            }
            PageStepKind::Refused { code, subcode } => self.history.refused(fact, *code, *subcode),
            PageStepKind::BlockRateCrossed { is_above, .. } => {
                self.block_rate = Some(Crossed { is_above: *is_above, fact });
            }
            PageStepKind::Registered { .. }
            | PageStepKind::TokenRotated
            | PageStepKind::TokenDead { .. }
            | PageStepKind::TokenWell
            | PageStepKind::PermissionLost { .. }
            | PageStepKind::PermissionWell
            | PageStepKind::SubscriptionLost { .. }
            | PageStepKind::SubscriptionWell
            | PageStepKind::Paused { .. }
            | PageStepKind::Resumed
            | PageStepKind::Asked { .. } => self.standing.step(fact, &step.kind),
        }
    }

    /// Our app, under which we speak for the Page.
    pub const fn app(&self) -> Option<&AppId> {
        self.app.as_ref()
    }

    /// The fact by which the Page's messaging is off.
    pub fn messaging_off(&self) -> Option<Fact> {
        self.switched.filter(|switched| !switched.is_on).map(|switched| switched.fact)
    }

    /// How the Page stands with us: its registration, its token, its webhooks, and whether it is paused.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether what waits for the Page is to go on waiting.
    pub const fn is_paused(&self) -> bool {
        self.standing.paused().is_some()
    }

    /// Whether the Page has this capability; none: nobody said.
    pub fn capability(&self, capability: Capability) -> Option<bool> {
        self.capabilities.get(&capability).copied()
    }

    /// Whether the platform said that it does not approve this template.
    pub fn is_template_refused(&self, name: &str, language: &str) -> bool {
        let status = self.templates.get(&(name.to_owned(), language.to_owned())).map(|told| told.status.as_str());
        matches!(status, Some("REJECTED" | "DISABLED" | "PAUSED"))
    }

    /// The fact by which too many people block the Page when it writes.
    pub fn block_rate_above(&self) -> Option<Fact> {
        self.block_rate.filter(|crossed| crossed.is_above).map(|crossed| crossed.fact)
    }

    /// What happens to a Page of which so many sends ended lately, and so many of them in a block: nothing, unless that is
    /// above its limit and was not, or the other way round.
    pub fn weigh(&self, limit: Option<BlockRateLimit>, sends: u64, blocks: u64) -> Option<PageStepKind> {
        let is_above = limit.is_some_and(|limit| limit.is_above(sends, blocks));
        let was_above = self.block_rate_above().is_some();
        (is_above != was_above).then_some(PageStepKind::BlockRateCrossed { is_above, sends, blocks })
    }

    /// Whether the Page's stream tells already of what such an error says at this moment: while a restriction lasts, every
    /// send is refused anew, and one word of it a minute is enough.
    pub fn knows_refusal(&self, at: Timestamp, code: i64, subcode: i64) -> bool {
        self.history.knows(at, code, subcode)
    }

    /// How the platform stands to the Page at `now`.
    pub fn health(&self, ladder: &Restrictions, now: Timestamp) -> Health {
        self.history.health(ladder, now)
    }
}
