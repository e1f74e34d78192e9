//! Writing to the terminal: text for people, JSON for programs.

use crate::settings::Role;
use clap::ValueEnum;
use service_kit::Shown;
use std::io::{self, Write};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON value, or one a line.
    Json,
}

/// Writes one line to standard output.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Says something beside what is printed.
pub(crate) fn note(text: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{text}")
}

/// Word that these roles could start.
pub(crate) fn good_config(roles: &[Role], format: Format) -> anyhow::Result<()> {
    let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    line(&match format {
        Format::Json => serde_json::json!({ "ok": true, "roles": roles }).to_string(),
        Format::Text => format!("the configuration is good for: {}", roles.join(", ")),
    })?;
    Ok(())
}

/// The configuration, key by key.
pub(crate) fn config(shown: &[Shown], format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let rows: Vec<_> = shown
                .iter()
                .map(|one| {
                    let Shown { key, value, origin, help, .. } = one;
                    serde_json::json!({ "key": key, "value": value, "origin": origin, "help": help })
                })
                .collect();
            line(&serde_json::to_string_pretty(&rows)?)?;
        }
        Format::Text => {
            let width = |of: fn(&Shown) -> &str| shown.iter().map(|one| of(one).chars().count()).max().unwrap_or(0);
            let (keys, values) = (width(|one| &one.key), width(|one| &one.value));
            for Shown { key, value, origin, .. } in shown {
                line(&format!("{key:keys$}  {value:values$}  {origin}"))?;
            }
        }
    }
    Ok(())
}
