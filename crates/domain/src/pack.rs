//! Rule packs: limits, ways and sentences as data, in force from an instant.

mod parse;
mod registry;
mod rule;
mod text;

#[cfg(test)]
mod tests;

pub use registry::{Asked, Change, Packs, Refused};
pub use rule::Rule;
pub use text::Problem;

use crate::conversation::Opening;
use crate::decision::{Actor, Capability, PackRef, Purpose, ReferenceKind, Tag};
use crate::time::{Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The packs that come with this version, each with its file's name, in the order in which they take effect.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("messenger-2020.toml", include_str!("../packs/messenger-2020.toml")),
    ("messenger-2024.toml", include_str!("../packs/messenger-2024.toml")),
    ("messenger-2025.toml", include_str!("../packs/messenger-2025.toml")),
    ("messenger-2026.toml", include_str!("../packs/messenger-2026.toml")),
    ("messenger-2026-09.toml", include_str!("../packs/messenger-2026-09.toml")),
];

/// One set of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    reference: PackRef,
    overrides: Option<[u8; 32]>,
    text: Arc<str>,
    in_force_from: Timestamp,
    windows: Windows,
    routes: BTreeMap<Capability, RouteRule>,
    tags: BTreeMap<Tag, TagRule>,
    asks: Asks,
    limits: Limits,
    restrictions: Restrictions,
    thread_control: Span,
    frequency: Option<Frequency>,
    block_rate: Option<BlockRateLimit>,
    sentences: BTreeMap<Rule, Sentence>,
}

/// How long the Page may write freely.
#[derive(Clone, Debug, PartialEq)]
pub struct Windows {
    /// After an action for which nothing else is said.
    pub standard: Span,
    /// How long the staff may answer after the person's last message.
    pub human_agent: Span,
    /// The actions that open the window, each with how long it stays open.
    pub opened_by: BTreeMap<Opening, Span>,
}

/// From when until when something applies within a pack; half-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dated {
    /// The first moment; none: as long as the pack.
    pub from: Option<Timestamp>,
    /// The first moment at which it does not apply any more; none: as long as the pack.
    pub until: Option<Timestamp>,
    /// Whether it ended before the pack takes effect: by this pack it never applies, whenever something is judged by it.
    pub is_over: bool,
}

impl Dated {
    /// Whether it applies at this moment.
    pub fn applies(self, now: Timestamp) -> bool {
        !self.is_over && self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// A way that messages can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// When it is open.
    pub dated: Dated,
    /// Whether a Page has it of which nothing else is known.
    pub on_by_default: bool,
    /// How long the right to it lasts, where it needs one that ends.
    pub within: Option<Span>,
    /// How long the right to it rests between two uses, where it can be used again.
    pub cooldown: Option<Span>,
}

/// A tag for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagRule {
    /// When the platform takes it.
    pub dated: Dated,
    /// Whether a Page has it of which nothing else is known.
    pub on_by_default: bool,
    /// The purpose that it is for.
    pub purpose: Purpose,
    /// What must be named.
    pub needs: Option<ReferenceKind>,
    /// Whether it may be used for what comes again and again.
    pub allows_recurring: bool,
    /// Whether it carries a template of its own and nothing else.
    pub is_template_only: bool,
    /// How long after the person's last message; none: any time.
    pub within: Option<Span>,
}

/// What may be asked of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asks {
    /// For one message.
    pub one_time: Ask,
    /// For repeated ones.
    pub recurring: Ask,
}

/// A request to agree to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The longest title, in characters.
    pub title_chars: u32,
    /// How long until the same person may be asked for the same title again; none: at any time.
    pub every: Option<Span>,
}

/// Numbers of the platform that are no right to send by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in characters.
    pub text_chars: u32,
    /// The longest metadata, in characters.
    pub metadata_chars: u32,
    /// The longest name of a persona, in characters.
    pub persona_name_chars: u32,
    /// How many messages a second a Page may send before the platform stops it.
    pub sends_per_second: u32,
    /// How many calls a second with texts the platform takes of a Page.
    pub texts_per_second: u32,
    /// How many calls a second with audio and video it takes.
    pub media_per_second: u32,
    /// How many private replies an hour it takes.
    pub private_replies_per_hour: u32,
    /// How many calls in 24 hours the app has for each person whom it can write to.
    pub app_calls_per_engaged_person: u32,
}

/// What to reckon with when the platform restricts a Page and does not say for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restrictions {
    /// How long the first restriction lasts, the second, and so on; the last step stands for all that follow.
    pub ladder: Vec<Span>,
    /// How long an earlier restriction counts.
    pub memory: Span,
    /// Who may write all the same while one lasts.
    pub may_try: MayTry,
}

/// Who may write for a Page that is restricted, one person to another. What goes to many stops at once whatever is said
/// here, and so does what nobody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MayTry {
    /// Nobody.
    #[default]
    Nobody,
    /// People of the staff.
    People,
    /// They, and bots that converse.
    PeopleAndBots,
}

impl MayTry {
    /// The value with this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "nobody" => Some(Self::Nobody),
            "people" => Some(Self::People),
            "people_and_bots" => Some(Self::PeopleAndBots),
            _ => None,
        }
    }

    /// The value's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::People => "people",
            Self::PeopleAndBots => "people_and_bots",
        }
    }

    /// Whether this speaker may.
    pub const fn lets(self, actor: &Actor) -> bool {
        match actor {
            Actor::Human(_) | Actor::AiAssistedHuman(_) => matches!(self, Self::People | Self::PeopleAndBots),
            Actor::Bot => matches!(self, Self::PeopleAndBots),
            Actor::Automation | Actor::Broadcast => false,
        }
    }
}

/// How often one person may be written to by automation and broadcasts, taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// So many messages at most.
    pub most: u32,
    /// Within a span of this length, wherever it begins.
    pub within: Span,
}

/// From which share of blocks on a Page writes to too many who do not want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRateLimit {
    /// More blocks than this, of a thousand sends.
    pub per_mille: u32,
    /// Fewer sends than this say nothing.
    pub least_sends: u32,
    /// Over how long both are counted; at most [`BlockRateLimit::LONGEST`].
    pub within: Span,
}

impl BlockRateLimit {
    /// The longest span: sends and blocks are counted over no longer one.
    pub const LONGEST: Span = Span::from_hours(24);

    /// Whether these counts are above it.
    pub fn is_above(&self, sends: u64, blocks: u64) -> bool {
        sends >= u64::from(self.least_sends) && blocks * 1_000 > u64::from(self.per_mille) * sends
    }
}

/// What a pack says of one rule, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// One sentence that anybody understands.
    pub says: String,
    /// Where the platform says so.
    pub source: String,
}

/// The text is no rule pack. Everything that is wrong with it is named at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rule pack{}:\n  {}", named(name), listed(problems))]
pub struct BadPack {
    /// The pack's name, where it says one.
    pub name: String,
    /// Everything that is wrong, by place.
    pub problems: Vec<Problem>,
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" (`{name}`)") }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

impl Pack {
    /// Reads a pack from its text; `file` is what problems call it.
    ///
    /// # Errors
    /// Names everything that is wrong at once, each with its line and key.
    pub fn parse(file: &str, text: &str) -> Result<Self, BadPack> {
        parse::parse(file, text, None, parse::Origin::Operator)
    }

    /// Reads a pack that an earlier version took: rules that came later have no sentence in it.
    ///
    /// # Errors
    /// As [`Pack::parse`], but for missing sentences.
    pub fn read_back(file: &str, text: &str) -> Result<Self, BadPack> {
        parse::parse(file, text, None, parse::Origin::Log)
    }

    /// This pack with a Page's own numbers and flags.
    ///
    /// # Errors
    /// Names everything that is wrong with the changes at once.
    pub fn with_overrides(&self, file: &str, overrides: &str) -> Result<Self, BadPack> {
        parse::parse(&self.reference.name, &self.text, Some((file, overrides)), parse::Origin::Log)
    }

    /// The pack's name and digest.
    pub const fn reference(&self) -> &PackRef {
        &self.reference
    }

    /// The digest of a Page's own changes, where it has some.
    pub const fn overrides(&self) -> Option<[u8; 32]> {
        self.overrides
    }

    /// The whole text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The instant from which it applies.
    pub const fn in_force_from(&self) -> Timestamp {
        self.in_force_from
    }

    /// How long the Page may write freely.
    pub const fn windows(&self) -> &Windows {
        &self.windows
    }

    /// A way that messages can take; none: there is no such way.
    pub fn route(&self, route: Capability) -> Option<&RouteRule> {
        self.routes.get(&route)
    }

    /// Every way there is, but the window and tags.
    pub const fn routes(&self) -> &BTreeMap<Capability, RouteRule> {
        &self.routes
    }

    /// Every tag there is.
    pub const fn tags(&self) -> &BTreeMap<Tag, TagRule> {
        &self.tags
    }

    /// What may be asked of people.
    pub const fn asks(&self) -> &Asks {
        &self.asks
    }

    /// Numbers that are no right to send by themselves.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What to reckon with when the Page is restricted.
    pub const fn restrictions(&self) -> &Restrictions {
        &self.restrictions
    }

    /// How long another app keeps a thread after the last thing that happened in it.
    pub const fn thread_control(&self) -> Span {
        self.thread_control
    }

    /// How often one person may be written to by automation and broadcasts; none: as often as anybody likes.
    pub const fn frequency(&self) -> Option<Frequency> {
        self.frequency
    }

    /// From which share of blocks on a Page writes to too many who do not want it; none: nobody looks.
    pub const fn block_rate(&self) -> Option<BlockRateLimit> {
        self.block_rate
    }

    /// What the pack says of `rule`.
    pub fn sentence(&self, rule: Rule) -> &Sentence {
        self.sentences.get(&rule).expect("parsing made sure that every rule has a sentence")
    }
}
