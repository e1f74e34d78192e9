//! Rule packs: limits and sentences as data, in force from an instant.

use crate::conversation::Opening;
use crate::decision::PackRef;
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The texts of the packs that come with this version, in the order in which they take effect.
pub const BUILT_IN: [&str; 1] = [include_str!("../packs/messenger-2020.toml")];

/// A rule, by the id under which callers, operators and stored decisions know it. Ids are never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// The standard window is open.
    WindowOpen,
    /// The standard window is closed.
    WindowClosed,
    /// The person never opened a conversation.
    NoUserInitiation,
    /// The staff may still answer.
    HumanAgentOpen,
    /// The staff may not answer any more.
    HumanAgentClosed,
    /// Not a person of the staff.
    ActorNotHuman,
    /// Promotion needs the standard window.
    PromotionOutsideWindow,
    /// The person was erased and has not written since.
    RecipientSuppressed,
}

impl Rule {
    /// Every rule there is.
    pub const ALL: [Self; 8] = [
        Self::WindowOpen,
        Self::WindowClosed,
        Self::NoUserInitiation,
        Self::HumanAgentOpen,
        Self::HumanAgentClosed,
        Self::ActorNotHuman,
        Self::PromotionOutsideWindow,
        Self::RecipientSuppressed,
    ];

    /// The rule's id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::WindowOpen => "WINDOW_OPEN",
            Self::WindowClosed => "WINDOW_CLOSED",
            Self::NoUserInitiation => "NO_USER_INITIATION",
            Self::HumanAgentOpen => "HUMAN_AGENT_OPEN",
            Self::HumanAgentClosed => "HUMAN_AGENT_CLOSED",
            Self::ActorNotHuman => "ACTOR_NOT_HUMAN",
            Self::PromotionOutsideWindow => "PROMOTION_OUTSIDE_WINDOW",
            Self::RecipientSuppressed => "RECIPIENT_SUPPRESSED",
        }
    }

    /// The rule with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.id() == id)
    }

    /// Whether the rule's word is a refusal.
    pub const fn forbids(self) -> bool {
        match self {
            Self::WindowOpen | Self::HumanAgentOpen => false,
            Self::WindowClosed
            | Self::NoUserInitiation
            | Self::HumanAgentClosed
            | Self::ActorNotHuman
            | Self::PromotionOutsideWindow
            | Self::RecipientSuppressed => true,
        }
    }
}

/// One set of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    reference: PackRef,
    in_force_from: Timestamp,
    standard: Span,
    human_agent: Span,
    opened_by: Vec<Opening>,
    sentences: BTreeMap<Rule, Sentence>,
}

/// What a pack says of one rule, for people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// One sentence that anybody understands.
    pub says: String,
    /// Where the platform says so.
    pub source: String,
}

/// The text is no rule pack.
#[derive(Debug, thiserror::Error)]
pub enum BadPack {
    /// Not the form of a pack at all.
    #[error("not a rule pack: {0}")]
    Form(String),
    /// Values that a pack cannot have; every one is named.
    #[error("rule pack `{name}`: {}", problems.join("; "))]
    Values {
        /// The pack's name.
        name: String,
        /// One sentence a problem, each beginning with the key.
        problems: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    in_force_from: String,
    windows: Windows,
    rules: BTreeMap<String, Sentence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    standard: String,
    human_agent: String,
    opened_by: Vec<String>,
}

impl Pack {
    /// Reads a pack from its text.
    ///
    /// # Errors
    /// Names every wrong value at once.
    pub fn parse(text: &str) -> Result<Self, BadPack> {
        let raw: Text = toml::from_str(text).map_err(|error| BadPack::Form(error.message().to_owned()))?;
        let mut problems = Vec::new();
        let mut check = |key: &str, value: Option<i64>, form: &str| {
            value.unwrap_or_else(|| {
                problems.push(format!("{key} is {form}"));
                0
            })
        };
        let from = raw.in_force_from.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
        let in_force_from = check("in_force_from", from, "an instant such as 2020-03-04T00:00:00Z");
        let standard = check("windows.standard", span_ms(&raw.windows.standard), "a span such as 24h or 7d");
        let human_agent = check("windows.human_agent", span_ms(&raw.windows.human_agent), "a span such as 24h or 7d");
        let mut opened_by = Vec::new();
        for word in &raw.windows.opened_by {
            match Opening::ALL.into_iter().find(|opening| opening.as_str() == word) {
                Some(opening) => opened_by.push(opening),
                None => problems.push(format!("windows.opened_by knows no action `{word}`")),
            }
        }
        let mut sentences = BTreeMap::new();
        for (id, sentence) in raw.rules {
            match Rule::from_id(&id) {
                Some(rule) => drop(sentences.insert(rule, sentence)),
                None => problems.push(format!("rules knows no rule `{id}`")),
            }
        }
        let missing = Rule::ALL.into_iter().filter(|rule| !sentences.contains_key(rule));
        problems.extend(missing.map(|rule| format!("rules.{} is missing", rule.id())));
        if !problems.is_empty() {
            return Err(BadPack::Values { name: raw.name, problems });
        }
        Ok(Self {
            reference: PackRef { name: raw.name, digest: Sha256::digest(text).into() },
            in_force_from: Timestamp::from_millis(in_force_from),
            standard: Span::from_millis(standard),
            human_agent: Span::from_millis(human_agent),
            opened_by,
            sentences,
        })
    }

    /// The pack's name and digest.
    pub const fn reference(&self) -> &PackRef {
        &self.reference
    }

    /// The instant from which it applies.
    pub const fn in_force_from(&self) -> Timestamp {
        self.in_force_from
    }

    /// How long the standard window stays open.
    pub const fn standard(&self) -> Span {
        self.standard
    }

    /// How long the staff may answer after the person's last message.
    pub const fn human_agent(&self) -> Span {
        self.human_agent
    }

    /// The actions that open the standard window.
    pub fn opened_by(&self) -> &[Opening] {
        &self.opened_by
    }

    /// What the pack says of `rule`.
    pub fn sentence(&self, rule: Rule) -> &Sentence {
        self.sentences.get(&rule).expect("parsing made sure that every rule has a sentence")
    }
}

/// A span as packs write it: a whole number and `h` or `d`.
fn span_ms(raw: &str) -> Option<i64> {
    let unit = match raw.chars().last()? {
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    raw[..raw.len() - 1].parse::<u32>().ok().filter(|count| *count > 0).map(|count| i64::from(count) * unit)
}

/// The packs that a process knows, in the order in which they take effect.
#[derive(Clone, Debug)]
pub struct Packs(Vec<Pack>);

impl Packs {
    /// The packs that come with this version.
    pub fn built_in() -> Self {
        let packs = BUILT_IN.iter().map(|text| Pack::parse(text).expect("a test reads every pack that we ship"));
        Self(packs.collect())
    }

    /// The pack in force at `now`; before the first one's instant, the first.
    pub fn in_force(&self, now: Timestamp) -> &Pack {
        let begun = self.0.iter().rev().find(|pack| pack.in_force_from <= now);
        begun.or(self.0.first()).expect("there is always a first pack")
    }

    /// The pack that a stored decision names, if this process knows it.
    pub fn find(&self, reference: &PackRef) -> Option<&Pack> {
        self.0.iter().find(|pack| pack.reference == *reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pack_applies_from_its_instant_and_before_it() {
        let packs = Packs::built_in();
        let first = packs.in_force(Timestamp::from_millis(0));
        assert_eq!(first.reference().name, "messenger-2020");
        assert_eq!(first.in_force_from(), Timestamp::from_millis(1_583_280_000_000));
        assert_eq!(packs.in_force(first.in_force_from()), first);
        assert_eq!(packs.find(first.reference()), Some(first));
        assert_eq!((first.standard(), first.human_agent()), (Span::from_hours(24), Span::from_hours(168)));
    }

    #[test]
    fn a_wrong_pack_is_refused_with_every_problem_at_once() {
        let text = BUILT_IN[0]
            .replace("standard = \"24h\"", "standard = \"a day\"")
            .replace("\"lead\"]", "\"wink\"]")
            .replace("[rules.WINDOW_OPEN]", "[rules.WINDOW_AJAR]");
        let error = Pack::parse(&text).unwrap_err().to_string();
        for problem in ["windows.standard is a span", "action `wink`", "rule `WINDOW_AJAR`", "WINDOW_OPEN is missing"] {
            assert!(error.contains(problem), "{problem} in: {error}");
        }
    }

    #[test]
    fn another_text_is_another_pack() {
        let one = Pack::parse(BUILT_IN[0]).unwrap();
        let other = Pack::parse(&format!("{}\n", BUILT_IN[0])).unwrap();
        assert_ne!(one.reference().digest, other.reference().digest);
    }
}
