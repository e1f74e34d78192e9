//! The rule packs, read by the simulator itself: the text is shared with the judgement that it checks, the code is not.
//! The pack in force at the moment of a call applies. A pack need not state everything: `facts` fills the rest.

use anyhow::Context;
use serde::Deserialize;

use super::facts;
use crate::moment;

/// Every pack there is.
const PACKS: [&str; 1] = [include_str!("../../../domain/packs/messenger-2020.toml")];

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
    /// After the first message that an ad led to; none where the pack leaves it to its date.
    ad_opened_ms: Option<i64>,
    opened_by: Vec<String>,
    /// The tags that may be used; none where the pack leaves them to their dates.
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct PackText {
    name: String,
    in_force_from: String,
    windows: Windows,
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Windows {
    standard: String,
    human_agent: String,
    ad_opened: Option<String>,
    opened_by: Vec<String>,
}

impl Rules {
    /// The packs that are compiled in.
    pub(crate) fn compiled_in() -> anyhow::Result<Self> {
        let mut packs = PACKS.into_iter().map(Pack::parse).collect::<anyhow::Result<Vec<_>>>()?;
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
        let PackText { name, in_force_from, windows, tags } =
            toml::from_str(text).context("cannot read a rule pack")?;
        let from_ms = moment::parse_utc(&in_force_from).with_context(|| format!("`{in_force_from}` is no moment"))?;
        Ok(Self {
            name,
            from_ms,
            standard_ms: duration_ms(&windows.standard).context("cannot read windows.standard")?,
            human_agent_ms: duration_ms(&windows.human_agent).context("cannot read windows.human_agent")?,
            ad_opened_ms: windows.ad_opened.as_deref().map(duration_ms).transpose()?,
            opened_by: windows.opened_by,
            tags,
        })
    }

    /// Whether an action of that name opens the standard window.
    pub(crate) fn is_opened_by(&self, action: &str) -> bool {
        self.opened_by.iter().any(|name| name == action)
    }

    /// How long the first message after an ad opens the window at that moment.
    pub(crate) fn ad_opened_ms(&self, now_ms: i64) -> i64 {
        let dated = if now_ms < facts::AD_WINDOW_FROM_MS { self.standard_ms } else { facts::AD_WINDOW_MS };
        self.ad_opened_ms.unwrap_or(dated)
    }

    /// Whether a tag has ended by that moment.
    pub(crate) fn is_retired(&self, tag: &str, now_ms: i64) -> bool {
        match &self.tags {
            Some(tags) => !tags.iter().any(|known| known == tag),
            None => now_ms >= facts::TAGS_RETIRED_AT_MS && facts::RETIRED_TAGS.contains(&tag),
        }
    }
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
        let pack = rules.at(1_767_225_600_000);
        assert_eq!(
            (pack.name.as_str(), pack.standard_ms, pack.human_agent_ms),
            ("messenger-2020", 86_400_000, 604_800_000)
        );
        assert_eq!(rules.at(0).name, "messenger-2020");
        let later = "name = \"later\"\nin_force_from = \"2027-01-01T00:00:00Z\"\ntags = [\"HUMAN_AGENT\"]\n[windows]\nstandard = \"1h\"\nhuman_agent = \"2d\"\nad_opened = \"3d\"\nopened_by = [\"message\"]";
        let packs = Rules(vec![pack.clone(), Pack::parse(later).unwrap()]);
        let begins = 1_798_761_600_000;
        assert_eq!(packs.at(begins - 1).name, "messenger-2020");
        assert_eq!(packs.at(begins).name, "later");
        assert!(packs.at(begins).is_retired("ACCOUNT_UPDATE", 0) && !packs.at(begins).is_opened_by("reaction"));
        assert_eq!(packs.at(begins).ad_opened_ms(0), 3 * facts::DAY);
    }

    #[test]
    fn ads_open_a_day_and_seven_from_their_date_on() {
        let rules = Rules::compiled_in().unwrap();
        let pack = rules.at(facts::AD_WINDOW_FROM_MS);
        assert_eq!(pack.ad_opened_ms(facts::AD_WINDOW_FROM_MS - 1), facts::DAY);
        assert_eq!(pack.ad_opened_ms(facts::AD_WINDOW_FROM_MS), 7 * facts::DAY);
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(duration_ms("36h").unwrap(), 129_600_000);
        for bad in ["", "h", "24", "24m", "1.5h", "é"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
