//! A rehearsal's result, for people and for programs.

use crate::output::{self, Format};
use api::convert::{moment, rfc3339};
use api::proto::compliance::v1::{Purpose, RehearsalOutcome, RehearsalResult};
use serde_json::{Value, json};

/// Prints it.
pub(super) fn print(result: &RehearsalResult, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Text => table(result)?,
        Format::Json => output::line(&serde_json::to_string_pretty(&whole(result))?)?,
    }
    Ok(())
}

fn table(result: &RehearsalResult) -> std::io::Result<()> {
    let RehearsalResult { sends, to_block, to_allow, counts, left_off_counts, samples } = result;
    output::line(&format!("{sends} sends: {to_block} would be blocked, {to_allow} would be allowed"))?;
    for row in counts {
        let broadcast = if row.broadcast.is_empty() { String::new() } else { format!("  broadcast {}", row.broadcast) };
        let (word, purpose) = (word(row.outcome()), purpose(row.purpose()));
        output::line(&format!("{:>8}  {word} ({})  {}  {purpose}{broadcast}", row.sends, row.rule, row.parent))?;
    }
    if *left_off_counts > 0 {
        output::line(&format!("          and {left_off_counts} rows with no more sends than these"))?;
    }
    for sample in samples {
        let at = sample.judge_time.as_ref().and_then(moment).map(rfc3339).unwrap_or_default();
        let shown = if sample.message.is_empty() { &sample.send } else { &sample.message };
        output::line(&format!("  {at}  {shown}  {} ({})", word(sample.outcome()), sample.rule))?;
    }
    Ok(())
}

fn whole(result: &RehearsalResult) -> Value {
    let RehearsalResult { sends, to_block, to_allow, counts, left_off_counts, samples } = result;
    let named = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let counts = counts.iter().map(|row| {
        json!({
            "page": row.parent.strip_prefix("pages/").unwrap_or_default(),
            "purpose": purpose(row.purpose()),
            "broadcast": named(&row.broadcast),
            "outcome": word(row.outcome()),
            "rule": row.rule,
            "n": row.sends,
        })
    });
    let samples = samples.iter().map(|sample| {
        json!({
            "at": sample.judge_time.as_ref().and_then(moment).map(rfc3339),
            "send": sample.send,
            "message": named(&sample.message),
            "purpose": purpose(sample.purpose()),
            "broadcast": named(&sample.broadcast),
            "outcome": word(sample.outcome()),
            "rule": sample.rule,
        })
    });
    json!({
        "sends": sends,
        "to_block": to_block,
        "to_allow": to_allow,
        "counts": counts.collect::<Vec<_>>(),
        "left_off_counts": left_off_counts,
        "samples": samples.collect::<Vec<_>>(),
    })
}

const fn word(outcome: RehearsalOutcome) -> &'static str {
    match outcome {
        RehearsalOutcome::Unspecified => "same",
        RehearsalOutcome::ToBlock => "would be blocked",
        RehearsalOutcome::ToAllow => "would be allowed",
    }
}

fn purpose(purpose: Purpose) -> String {
    purpose.as_str_name().trim_start_matches("PURPOSE_").to_ascii_lowercase()
}
