//! From a pack's text to a pack: the one place that knows the keys.

use super::text::Text;
use super::{Ask, Asks, BadPack, Dated, Limits, Pack, Restrictions, RouteRule, Rule, Sentence, TagRule, Windows};
use super::{BlockRateLimit, Frequency, MayTry};
use crate::conversation::Opening;
use crate::decision::{Capability, PackRef, Purpose, ReferenceKind, Tag};
use crate::time::{Span, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest that a right to a private reply, and a cap on requests, can last: the fold remembers no longer.
const LONGEST_REPLY: Span = Span::from_hours(31 * 24);
/// The longest that a one-time token can last: the fold remembers no longer.
const LONGEST_TOKEN: Span = Span::from_hours(2 * 366 * 24);

/// The longest span over which messages to one person are counted.
const LONGEST_FREQUENCY: Span = Span::from_hours(31 * 24);

/// What a Page must not change of a pack.
const FIXED: [&str; 3] = ["name", "in_force_from", "rules"];

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody wants it to be a pack: it must say something of every rule.
    Operator,
    /// It was a pack before: rules that it knows nothing of are later than it.
    Log,
}

/// Reads a pack, with a Page's own changes on top of it where there are some.
pub(super) fn parse(file: &str, text: &str, overrides: Option<(&str, &str)>, origin: Origin) -> Result<Pack, BadPack> {
    let mut layers = vec![(file, text)];
    layers.extend(overrides);
    let mut keys = Text::new(&layers);
    let name = keys.text("name");
    let in_force_from = keys.required_instant("in_force_from");
    let pack = Pack {
        in_force_from,
        windows: windows(&mut keys),
        routes: routes(&mut keys, in_force_from),
        tags: tags(&mut keys, in_force_from),
        asks: asks(&mut keys),
        limits: limits(&mut keys),
        restrictions: restrictions(&mut keys),
        thread_control: keys.required_span("thread.control"),
        frequency: frequency(&mut keys),
        block_rate: block_rate(&mut keys),
        sentences: sentences(&mut keys, origin),
        reference: PackRef { name: name.clone(), digest: Sha256::digest(text).into() },
        overrides: overrides.map(|(_, text)| Sha256::digest(text).into()),
        text: Arc::from(text),
    };
    if let Some((file, text)) = overrides {
        let own = Text::new(&[(file, text)]);
        for key in FIXED.into_iter().filter(|key| own.has(key)) {
            keys.wrong(key, "is the same for every Page");
        }
    }
    let problems = keys.problems();
    if problems.is_empty() { Ok(pack) } else { Err(BadPack { name, problems }) }
}

fn windows(keys: &mut Text) -> Windows {
    let standard = keys.required_span("windows.standard");
    let human_agent = keys.required_span("windows.human_agent");
    let mut opened_by = BTreeMap::new();
    for name in keys.names("windows.opened_by") {
        let key = format!("windows.opened_by.{name}");
        let Some(opening) = Opening::ALL.into_iter().find(|opening| opening.as_str() == name) else {
            keys.pass_over(&key);
            keys.wrong(&key, "is no action that a person can take");
            continue;
        };
        let is_standard = keys.word(&key, "\"standard\" or a span such as \"7d\"", |word| {
            if word == "standard" { Some(None) } else { super::text::span_of(word).map(Some) }
        });
        if let Some(length) = is_standard {
            opened_by.insert(opening, length.unwrap_or(standard));
        }
    }
    if !keys.has("windows.opened_by") {
        keys.wrong("windows.opened_by", "is missing; it must name the actions that open the window");
    }
    Windows { standard, human_agent, opened_by }
}

fn dated(keys: &mut Text, table: &str, in_force_from: Timestamp) -> Dated {
    let (from, until) = (keys.instant(&format!("{table}.from")), keys.instant(&format!("{table}.until")));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        keys.wrong(&format!("{table}.until"), "is not after `from`");
    }
    Dated { from, until, is_over: until.is_some_and(|until| until <= in_force_from) }
}

/// What is known of a way: which keys it has besides its dates.
struct Form {
    within: Option<Span>,
    has_cooldown: bool,
}

const fn form(route: Capability) -> Form {
    let (within, has_cooldown) = match route {
        Capability::OneTime => (Some(LONGEST_TOKEN), false),
        Capability::PrivateReply => (Some(LONGEST_REPLY), false),
        Capability::Recurring | Capability::Marketing => (None, true),
        Capability::HumanAgent
        | Capability::RecurringException
        | Capability::Utility
        | Capability::Sponsored
        | Capability::CustomerMatching
        | Capability::GroupChat
        | Capability::ChatWidget
        | Capability::CustomerFeedback => (None, false),
    };
    Form { within, has_cooldown }
}

fn routes(keys: &mut Text, in_force_from: Timestamp) -> BTreeMap<Capability, RouteRule> {
    let mut routes = BTreeMap::new();
    for name in keys.names("routes") {
        let table = format!("routes.{name}");
        let Some(route) = Capability::parse(&name).filter(|route| *route != Capability::CustomerFeedback) else {
            keys.pass_over(&table);
            keys.wrong(&table, "is no way that a message can take");
            continue;
        };
        let Form { within: longest, has_cooldown } = form(route);
        let within = longest.map(|_| keys.required_span(&format!("{table}.within")));
        if within.zip(longest).is_some_and(|(within, longest)| within > longest) {
            keys.wrong(&format!("{table}.within"), &format!("is more than {} days", longest_days(longest)));
        }
        let cooldown = has_cooldown.then(|| keys.required_span(&format!("{table}.cooldown")));
        let on_by_default = keys.flag(&format!("{table}.on_by_default")).unwrap_or(true);
        routes.insert(route, RouteRule { dated: dated(keys, &table, in_force_from), on_by_default, within, cooldown });
    }
    routes
}

fn longest_days(longest: Option<Span>) -> i64 {
    longest.map_or(0, |longest| longest.as_millis() / 86_400_000)
}

fn tags(keys: &mut Text, in_force_from: Timestamp) -> BTreeMap<Tag, TagRule> {
    let mut tags = BTreeMap::new();
    for name in keys.names("tags") {
        let table = format!("tags.{name}");
        let Some(tag) = Tag::parse(&name) else {
            keys.pass_over(&table);
            keys.wrong(&table, "is no tag");
            continue;
        };
        let purpose = keys.required_word(&format!("{table}.purpose"), "a purpose", Purpose::parse);
        let needs = keys.word(&format!("{table}.needs"), "\"event\" or \"order\"", |word| match word {
            "event" => Some(ReferenceKind::Event),
            "order" => Some(ReferenceKind::Order),
            _ => None,
        });
        let rule = TagRule {
            dated: dated(keys, &table, in_force_from),
            on_by_default: keys.flag(&format!("{table}.on_by_default")).unwrap_or(true),
            purpose: purpose.unwrap_or(Purpose::Conversation),
            needs,
            allows_recurring: keys.flag(&format!("{table}.recurring")).unwrap_or(false),
            is_template_only: keys.flag(&format!("{table}.template_only")).unwrap_or(false),
            within: keys.span(&format!("{table}.within")),
        };
        tags.insert(tag, rule);
    }
    tags
}

fn asks(keys: &mut Text) -> Asks {
    let mut ask = |table: &str| {
        let every = keys.span(&format!("{table}.every"));
        if every > Some(LONGEST_REPLY) {
            keys.wrong(&format!("{table}.every"), "is more than 31 days");
        }
        Ask { title_chars: keys.number(&format!("{table}.title_chars")), every }
    };
    Asks { one_time: ask("asks.one_time"), recurring: ask("asks.recurring") }
}

fn limits(keys: &mut Text) -> Limits {
    let mut number = |name: &str| keys.number(&format!("limits.{name}"));
    Limits {
        text_chars: number("text_chars"),
        metadata_chars: number("metadata_chars"),
        persona_name_chars: number("persona_name_chars"),
        sends_per_second: number("sends_per_second"),
        texts_per_second: number("texts_per_second"),
        media_per_second: number("media_per_second"),
        private_replies_per_hour: number("private_replies_per_hour"),
        app_calls_per_engaged_person: number("app_calls_per_engaged_person"),
    }
}

fn restrictions(keys: &mut Text) -> Restrictions {
    let ladder = keys.spans("restrictions.ladder");
    if ladder.is_empty() {
        keys.wrong("restrictions.ladder", "has no step");
    }
    let who = "\"nobody\", \"people\" or \"people_and_bots\"";
    let may_try = keys.word("restrictions.may_try", who, MayTry::parse).unwrap_or_default();
    Restrictions { ladder, memory: keys.required_span("restrictions.memory"), may_try }
}

fn frequency(keys: &mut Text) -> Option<Frequency> {
    if !keys.has("frequency") {
        return None;
    }
    let frequency = Frequency { most: keys.number("frequency.most"), within: keys.required_span("frequency.within") };
    if frequency.within > LONGEST_FREQUENCY {
        keys.wrong("frequency.within", "is more than 31 days");
    }
    Some(frequency)
}

fn block_rate(keys: &mut Text) -> Option<BlockRateLimit> {
    if !keys.has("block_rate") {
        return None;
    }
    let limit = BlockRateLimit {
        per_mille: keys.number("block_rate.per_mille"),
        least_sends: keys.number("block_rate.least_sends"),
        within: keys.required_span("block_rate.within"),
    };
    if limit.per_mille > 1_000 {
        keys.wrong("block_rate.per_mille", "is more than 1000");
    }
    if limit.within > BlockRateLimit::LONGEST {
        keys.wrong("block_rate.within", "is more than 24 hours");
    }
    Some(limit)
}

fn sentences(keys: &mut Text, origin: Origin) -> BTreeMap<Rule, Sentence> {
    for name in keys.names("rules") {
        if Rule::from_id(&name).is_none() {
            let key = format!("rules.{name}");
            keys.pass_over(&key);
            keys.wrong(&key, "is no rule");
        }
    }
    let mut sentence = |rule: &Rule| {
        let table = format!("rules.{}", rule.id());
        if !keys.has(&table) && origin == Origin::Log {
            let says = format!("The rule {}, for which this pack is too old to have words.", rule.id());
            return Some((*rule, Sentence { says, source: String::new() }));
        }
        if !keys.has(&table) {
            keys.wrong(&table, "is missing");
            return None;
        }
        let says = keys.text(&format!("{table}.says"));
        Some((*rule, Sentence { says, source: keys.text(&format!("{table}.source")) }))
    };
    Rule::ALL.iter().filter_map(&mut sentence).collect()
}
