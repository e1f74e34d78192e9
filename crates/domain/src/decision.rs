//! What somebody wants to say, and what the rules answer.

mod intent;
mod route;

pub use intent::{Actor, ContentKind, Intent, Purpose, Reference, ReferenceKind, To};
pub use route::{Capability, Route, Tag};

use crate::id::RecordId;
use crate::pack::Rule;
use crate::right::{Right, TokenId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// SHA-256 of the Page's own changes to the pack, when it has some.
    pub overrides: Option<[u8; 32]>,
    /// The right that it takes up: the send that leaves by it must hold it.
    pub right: Option<Right>,
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
    /// What it speaks of, where there is more than one such thing.
    pub about: Option<About>,
}

/// What a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// A tag.
    Tag(Tag),
    /// A right.
    Right(Right),
}

/// Something that would lift a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Remedy {
    /// The person writes, taps a button, or comes in by a link.
    PersonActs,
    /// The person writes; nothing less will do.
    PersonWrites,
    /// A person of the staff answers before this moment.
    HumanAnswersBefore(Timestamp),
    /// The same without promotion, by a person of the staff, before this moment.
    WithoutPromotionBefore(Timestamp),
    /// Nothing but time: from this moment on.
    After(Timestamp),
    /// The Page's messaging is switched on.
    MessagingOn,
    /// The Page is given this.
    Granted(Capability),
    /// The app that has the thread passes it on.
    ThreadPassed,
    /// The person asks for messages again.
    PersonResumes,
    /// It names what it is about.
    Named(ReferenceKind),
    /// It is not one of many of its sort.
    NotRecurring,
    /// It promotes nothing.
    NotPromotional,
    /// It is the platform's template for this.
    AsTemplate,
    /// It takes this way, which costs money: the caller has to say that it will pay.
    Paid(Route),
    /// The person agrees to this sort of message, which is asked for inside the window.
    OptIn(Route),
    /// It is about what the person agreed to with this token.
    TopicOf(TokenId),
    /// The title has at most so many characters.
    ShorterTitle(u32),
    /// Another send gives back what it holds.
    RightReleased,
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
