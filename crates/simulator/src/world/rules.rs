//! The rule packs, read by the simulator itself: the text is shared with the judgement that it checks, the code is not.
//! The pack in force at the moment of a call applies. A pack need not state everything: `facts` fills the rest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::Deserialize;

use super::facts;
use crate::moment;

/// Every pack there is.
const PACKS: [&str; 5] = [
    include_str!("../../../domain/packs/messenger-2020.toml"),
    include_str!("../../../domain/packs/messenger-2024.toml"),
    include_str!("../../../domain/packs/messenger-2025.toml"),
    include_str!("../../../domain/packs/messenger-2026.toml"),
    include_str!("../../../domain/packs/messenger-2026-09.toml"),
];

/// The action of writing a first message after an ad.
const AD_MESSAGE: &str = "ad_message";

/// Tags that the packs say nothing of: one has its own length in `windows`, the other is for news alone.
const OTHER_TAGS: [&str; 2] = ["HUMAN_AGENT", "NON_PROMOTIONAL_SUBSCRIPTION"];

/// All packs by the moment from which they are in force.
pub(crate) struct Rules(Vec<Pack>);

/// The rules of one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pack {
    pub(crate) name: String,
    from_ms: i64,
    /// How long the windows last, in milliseconds. All are half-open: at the opening instant + length they are closed.
    pub(crate) standard_ms: i64,
    pub(crate) human_agent_ms: i64,
    /// After the first message that an ad led to.
    pub(crate) ad_opened_ms: i64,
    opened_by: BTreeSet<String>,
    tags: BTreeMap<String, Way>,
    routes: BTreeMap<String, Way>,
}

/// A tag, or another way to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    from_ms: Option<i64>,
    until_ms: Option<i64>,
    /// It ended before the pack came into force.
    is_over: bool,
    /// How long the right to it lasts.
    pub(crate) within_ms: Option<i64>,
    /// How long the right rests between two uses.
    pub(crate) cooldown_ms: Option<i64>,
}

#[derive(Deserialize)]
struct PackText {
    name: String,
    in_force_from: String,
    windows: Windows,
    #[serde(default)]
    tags: BTreeMap<String, WayText>,
    #[serde(default)]
    routes: BTreeMap<String, WayText>,
}

#[derive(Deserialize)]
struct WayText {
    from: Option<String>,
    until: Option<String>,
    within: Option<String>,
    cooldown: Option<String>,
}

#[derive(Deserialize)]
struct Windows {
    standard: String,
    human_agent: String,
    /// For how long each action opens the window: a span, or `standard`.
    opened_by: BTreeMap<String, String>,
}

impl Rules {
    /// The packs that are compiled in.
    pub(crate) fn compiled_in() -> anyhow::Result<Self> {
        Self::parse(&PACKS)
    }

    /// These packs.
    pub(crate) fn parse(texts: &[&str]) -> anyhow::Result<Self> {
        anyhow::ensure!(!texts.is_empty(), "there must be a rule pack");
        let mut packs = texts.iter().map(|text| Pack::parse(text)).collect::<anyhow::Result<Vec<_>>>()?;
        packs.sort_by_key(|pack| pack.from_ms);
        Ok(Self(packs))
    }

    /// The pack in force at that moment; before the first one, the first one.
    pub(crate) fn at(&self, now_ms: i64) -> &Pack {
        let begun = self.0.iter().rev().find(|pack| pack.from_ms <= now_ms);
        begun.or_else(|| self.0.first()).expect("there is at least one pack")
    }
}

impl Pack {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let PackText { name, in_force_from, windows, tags, routes } =
            toml::from_str(text).context("cannot read a rule pack")?;
        let from_ms = instant(&in_force_from)?;
        let standard_ms = duration_ms(&windows.standard).context("cannot read windows.standard")?;
        let ad_opened_ms = match windows.opened_by.get(AD_MESSAGE).map(String::as_str) {
            None | Some("standard") => standard_ms,
            Some(span) => duration_ms(span).context("cannot read windows.opened_by.ad_message")?,
        };
        let ways = |texts: BTreeMap<String, WayText>| {
            let way = |(name, text): (String, WayText)| Ok((name, Way::read(text, from_ms)?));
            texts.into_iter().map(way).collect::<anyhow::Result<_>>()
        };
        Ok(Self {
            name,
            from_ms,
            standard_ms,
            human_agent_ms: duration_ms(&windows.human_agent).context("cannot read windows.human_agent")?,
            ad_opened_ms,
            opened_by: windows.opened_by.into_keys().collect(),
            tags: ways(tags)?,
            routes: ways(routes)?,
        })
    }

    /// Whether an action of that name opens the standard window.
    pub(crate) fn is_opened_by(&self, action: &str) -> bool {
        self.opened_by.contains(action)
    }

    /// Whether a tag is not there, or not any more, at that moment.
    pub(crate) fn is_retired(&self, tag: &str, now_ms: i64) -> bool {
        !OTHER_TAGS.contains(&tag) && self.tags.get(tag).is_none_or(|tag| !tag.applies(now_ms))
    }

    /// How long after the person's last message a tag reaches; none: any time.
    pub(crate) fn tag_within_ms(&self, tag: &str) -> Option<i64> {
        self.tags.get(tag)?.within_ms
    }

    /// A way to send, if it is there at that moment.
    pub(crate) fn route(&self, name: &str, now_ms: i64) -> Option<&Way> {
        self.routes.get(name).filter(|way| way.applies(now_ms))
    }

    /// The same, ended or not.
    pub(crate) fn route_ever(&self, name: &str) -> Option<&Way> {
        self.routes.get(name)
    }
}

impl Way {
    fn read(text: WayText, pack_from_ms: i64) -> anyhow::Result<Self> {
        let moment = |text: Option<String>| text.map(|text| instant(&text)).transpose();
        let span = |text: Option<String>| text.map(|text| duration_ms(&text)).transpose();
        let until_ms = moment(text.until)?;
        Ok(Self {
            from_ms: moment(text.from)?,
            until_ms,
            is_over: until_ms.is_some_and(|until_ms| until_ms <= pack_from_ms),
            within_ms: span(text.within)?,
            cooldown_ms: span(text.cooldown)?,
        })
    }

    fn applies(&self, now_ms: i64) -> bool {
        !self.is_over
            && self.from_ms.is_none_or(|from_ms| from_ms <= now_ms)
            && self.until_ms.is_none_or(|until_ms| now_ms < until_ms)
    }
}

fn instant(text: &str) -> anyhow::Result<i64> {
    moment::parse_utc(text).with_context(|| format!("`{text}` is no moment"))
}

/// A number and a unit, `h` or `d`, in milliseconds.
fn duration_ms(text: &str) -> anyhow::Result<i64> {
    let unit = match text.chars().last() {
        Some('h') => facts::HOUR,
        Some('d') => facts::DAY,
        _ => anyhow::bail!("`{text}` does not end in h or d"),
    };
    let number: i64 =
        text[..text.len() - 1].parse().with_context(|| format!("`{text}` is not a whole number of h or d"))?;
    number.checked_mul(unit).with_context(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_of_the_folder_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/packs");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let texts: Vec<_> = files
            .filter(|file| file.extension().is_some_and(|extension| extension == "toml"))
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        assert_eq!(texts.len(), PACKS.len());
        assert!(texts.iter().all(|text| PACKS.contains(&text.as_str())));
    }

    #[test]
    fn the_pack_in_force_is_the_last_that_has_begun() {
        let rules = Rules::compiled_in().unwrap();
        let first = rules.at(0);
        assert_eq!(
            (first.name.as_str(), first.standard_ms, first.human_agent_ms),
            ("messenger-2020", 86_400_000, 604_800_000)
        );
        let later = "name = \"later\"\nin_force_from = \"2027-01-01T00:00:00Z\"\n[windows]\nstandard = \"1h\"\nhuman_agent = \"2d\"\n[windows.opened_by]\nmessage = \"standard\"\nad_message = \"3d\"\n[tags.ACCOUNT_UPDATE]\nuntil = \"2027-02-01T00:00:00Z\"";
        let packs = Rules(vec![first.clone(), Pack::parse(later).unwrap()]);
        let begins = 1_798_761_600_000;
        assert_eq!(packs.at(begins - 1).name, "messenger-2020");
        let later = packs.at(begins);
        assert_eq!((later.name.as_str(), later.ad_opened_ms), ("later", 3 * facts::DAY));
        assert!(later.is_opened_by("message") && !later.is_opened_by("reaction"));
        let ends = begins + 31 * facts::DAY;
        assert!(!later.is_retired("ACCOUNT_UPDATE", ends - 1) && later.is_retired("ACCOUNT_UPDATE", ends));
        assert!(!later.is_retired("HUMAN_AGENT", ends) && later.is_retired("CUSTOMER_FEEDBACK", begins));
    }

    #[test]
    fn ads_open_a_day_and_seven_from_their_date_on() {
        let rules = Rules::compiled_in().unwrap();
        let from_ms = facts::AD_WINDOW_FROM_MS;
        assert_eq!([from_ms - 1, from_ms].map(|at| rules.at(at).ad_opened_ms), [facts::DAY, 7 * facts::DAY]);
    }

    #[test]
    fn ways_come_and_go_as_the_packs_say() {
        let rules = Rules::compiled_in().unwrap();
        let is_there = |name: &str, at_ms: i64| rules.at(at_ms).route(name, at_ms).is_some();
        assert!(!is_there("recurring", 0) && is_there("customer_matching", 0));
        let end_ms = facts::RECURRING_ENDED_AT_MS;
        assert!(is_there("recurring", end_ms - 1) && !is_there("recurring", end_ms));
        let newest = rules.at(i64::MAX);
        assert_eq!(newest.route_ever("recurring").unwrap().cooldown_ms, Some(2 * facts::DAY));
        // Ended before the pack came into force: never there by that pack.
        assert!(newest.route("recurring", 0).is_none() && newest.is_retired("ACCOUNT_UPDATE", 0));
        assert!(Rules::parse(&[]).is_err());
    }

    #[test]
    fn three_tags_end_at_one_instant() {
        let rules = Rules::compiled_in().unwrap();
        let end_ms = facts::TAGS_RETIRED_AT_MS;
        for tag in ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"] {
            assert_eq!([end_ms - 1, end_ms].map(|at| rules.at(at).is_retired(tag, at)), [false, true], "{tag}");
        }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(duration_ms("36h").unwrap(), 129_600_000);
        for bad in ["", "h", "24", "24m", "1.5h", "é"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
