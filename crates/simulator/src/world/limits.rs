//! The numbers of the rules. The windows come from the rule pack's data, so that simulator and judgement share a source
//! without sharing code.

use anyhow::Context;
use serde::Deserialize;

const PACK: &str = include_str!("../../../domain/packs/messenger-2020.toml");

/// 27 April 2026, 00:00 UTC: from here on three tags are answered with error 100 (Messenger Platform changelog).
pub(crate) const TAGS_RETIRED_AT_MS: i64 = 1_777_248_000_000;
/// Longest text, in characters (Send API reference; the unit is unverified, code points here).
pub(crate) const TEXT_CHARS: usize = 2000;
/// Longest `metadata`, in characters (Send API reference).
pub(crate) const METADATA_CHARS: usize = 1000;
/// Most quick replies of one message (quick replies page).
pub(crate) const QUICK_REPLIES: usize = 13;

/// How long the windows last, in milliseconds. Both are half-open: at the opening instant + length they are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From the last opening action.
    pub(crate) standard_ms: i64,
    /// From the person's last message, for human agents.
    pub(crate) human_agent_ms: i64,
}

#[derive(Deserialize)]
struct Pack {
    windows: Windows,
}

#[derive(Deserialize)]
struct Windows {
    standard: String,
    human_agent: String,
}

impl Limits {
    /// The windows of the pack that is compiled in.
    pub(crate) fn from_pack() -> anyhow::Result<Self> {
        Self::parse(PACK)
    }

    fn parse(pack: &str) -> anyhow::Result<Self> {
        let pack: Pack = toml::from_str(pack).context("cannot read the rule pack")?;
        Ok(Self {
            standard_ms: duration_ms(&pack.windows.standard).context("cannot read windows.standard")?,
            human_agent_ms: duration_ms(&pack.windows.human_agent).context("cannot read windows.human_agent")?,
        })
    }
}

/// A number and a unit, `h` or `d`, in milliseconds.
fn duration_ms(text: &str) -> anyhow::Result<i64> {
    let hours_per_unit = match text.chars().last() {
        Some('h') => 1,
        Some('d') => 24,
        _ => anyhow::bail!("`{text}` does not end in h or d"),
    };
    let number: i64 =
        text[..text.len() - 1].parse().with_context(|| format!("`{text}` is not a whole number of h or d"))?;
    number.checked_mul(hours_per_unit * 3_600_000).with_context(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pack_gives_24_hours_and_7_days() {
        let limits = Limits::from_pack().unwrap();
        assert_eq!(limits, Limits { standard_ms: 86_400_000, human_agent_ms: 604_800_000 });
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(duration_ms("36h").unwrap(), 129_600_000);
        for bad in ["", "h", "24", "24m", "1.5h", "é"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
