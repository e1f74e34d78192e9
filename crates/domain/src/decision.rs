//! What somebody wants to say, and what the rules answer.

use crate::id::{AgentId, RecordId};
use crate::pack::Rule;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who speaks, why, and what kind of thing is said. Never how: the route is chosen here, not by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Who speaks.
    pub actor: Actor,
    /// Why.
    pub purpose: Purpose,
}

/// Who speaks for the Page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// A person of the staff.
    Human(AgentId),
    /// A person of the staff who sends what a model drafted.
    AiAssistedHuman(AgentId),
    /// A program that converses.
    Bot,
    /// A rule or a business event that triggers a message.
    Automation,
    /// One message to many.
    Broadcast,
}

impl Actor {
    /// Whether a person decided to send this, word for word.
    pub const fn is_human(&self) -> bool {
        match self {
            Self::Human(_) | Self::AiAssistedHuman(_) => true,
            Self::Bot | Self::Automation | Self::Broadcast => false,
        }
    }
}

/// Why something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// An answer to what the person asked, or part of that conversation.
    Conversation,
    /// Advertising, offers, anything meant to sell.
    Promotion,
}

/// The way a message takes through the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    /// Inside the standard window: `messaging_type` `RESPONSE`.
    Response,
    /// By the tag `HUMAN_AGENT`.
    HumanAgent,
}

impl Route {
    /// The route's name, for pages and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "RESPONSE",
            Self::HumanAgent => "HUMAN_AGENT",
        }
    }
}

/// The rules' answer to an intent at one moment, with everything needed to explain it and to make it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Yes, and by which route; or no.
    pub verdict: Verdict,
    /// Every rule that spoke, in the order in which they were asked.
    pub findings: Vec<Finding>,
    /// What would turn a refusal into permission; empty when allowed.
    pub remedies: Vec<Remedy>,
    /// The moment it was made for.
    pub at: Timestamp,
    /// The first moment at which it no longer holds, all else unchanged. None: time alone changes nothing.
    pub holds_until: Option<Timestamp>,
    /// The pack it was judged by.
    pub pack: PackRef,
    /// [`crate::evaluate::VERSION`] of the code that judged.
    pub evaluator: u32,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It may be said, this way.
    Allowed(Route),
    /// It may not be said now.
    Blocked,
}

/// One rule's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The records of the facts it looked at.
    pub facts: Vec<RecordId>,
    /// The span it measured, when it measured one: from the fact to the limit.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Something that would lift a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remedy {
    /// The person writes, taps a button, or comes in by a link.
    PersonActs,
    /// The person writes; nothing less will do.
    PersonWrites,
    /// A person of the staff answers before this moment.
    HumanAnswersBefore(Timestamp),
    /// The same without promotion, by a person of the staff, before this moment.
    WithoutPromotionBefore(Timestamp),
}

/// A pack by name and by the digest of its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackRef {
    /// The pack's name.
    pub name: String,
    /// SHA-256 of the pack's text.
    pub digest: [u8; 32],
}

impl Decision {
    /// The route, when it is allowed.
    pub const fn route(&self) -> Option<Route> {
        match self.verdict {
            Verdict::Allowed(route) => Some(route),
            Verdict::Blocked => None,
        }
    }

    /// The rule that a refusal is named by: the first that forbids.
    pub fn reason(&self) -> Option<Rule> {
        self.findings.iter().map(|finding| finding.rule).find(|rule| rule.forbids())
    }
}
