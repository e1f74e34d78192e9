//! The commands about rule packs and decisions.

use super::time;
use crate::output::Format;
use clap::{Args, Subcommand};
use domain::id::PageId;
use domain::time::Timestamp;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ExplainOptions {
    /// The message, as `SendMessage` named it.
    pub(crate) message: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Prints the rule packs that are known, in the order in which they take effect.
    #[command(after_help = "\
Examples:
  nuncio policy list
  nuncio policy list --page 1001 --output json")]
    List(ListPacksOptions),

    /// Prints one rule pack.
    #[command(after_help = "\
Examples:
  nuncio policy show messenger-2026
  nuncio policy show messenger-2026 > own.toml")]
    Show(ShowPackOptions),

    /// Says whether a file is a rule pack, or everything that is wrong with it, with lines and keys.
    #[command(after_help = "\
Examples:
  nuncio policy check own.toml")]
    Check(CheckPackOptions),

    /// Judges every decision in the log once more by a proposed pack, at its own moment, and tells which would be others.
    #[command(after_help = "\
Nothing is sent and nothing is recorded.

Examples:
  nuncio policy replay own.toml
  nuncio policy replay own.toml --page 1001 --since 2026-10-01T00:00:00Z --output json")]
    Replay(ReplayPackOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ListPacksOptions {
    /// Marks the pack that this Page is judged by.
    #[arg(long, value_parser = PageId::parse)]
    pub(crate) page: Option<PageId>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ShowPackOptions {
    /// The pack's name; with `@` and the first digits of its digest where there are several.
    pub(crate) name: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CheckPackOptions {
    /// The file.
    pub(crate) file: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayPackOptions {
    /// The proposed pack's file.
    pub(crate) file: PathBuf,
    /// Only this Page.
    #[arg(long, value_parser = PageId::parse)]
    pub(crate) page: Option<PageId>,
    /// Only decisions of this moment or later.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only decisions before this moment.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}
