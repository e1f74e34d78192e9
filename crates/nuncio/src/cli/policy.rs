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

    /// Judges the sends of the past once more by a proposed pack, and tells which would have fared otherwise.
    #[command(after_help = "\
Each send is judged at the moment of its latest judgement in the range, on what was known then, and counted once. Nothing is
sent and nothing is recorded. The log is read directly, on all cores, also beside the process that writes it; stopped by
Ctrl-C, that cannot be taken up again. With --server a running process does it, keeps the result for 30 days, and goes on
after it was stopped or restarted.

Examples:
  nuncio policy replay --pack own.toml
  nuncio policy replay --pack own.toml --page 1001 --from 2026-04-01T00:00:00Z --to 2026-05-01T00:00:00Z --output json
  nuncio policy replay --pack own.toml --server http://127.0.0.1:50051
  nuncio policy replay --in-force")]
    Replay(ReplayPackOptions),

    /// Puts a rule pack into force from the instant that it names: one of a file, or one that is known.
    #[command(after_help = "\
It asks a running process with the role compliance, and is judged by within a second. What is so already is no error.
A name needs at least the first 8 digits of the digest, as `nuncio policy list` shows them.

Examples:
  nuncio policy activate own.toml --dry-run
  nuncio policy activate own.toml
  nuncio policy activate messenger-2026@9f86d081 --server http://nuncio-compliance:50051 --output json")]
    Activate(ActivateOptions),

    /// Takes a rule pack out of force. It stays known, and Pages that are pinned to it stay so.
    #[command(after_help = "\
Examples:
  nuncio policy retire own@9f86d081 --dry-run
  nuncio policy retire own@9f86d081")]
    Retire(RetireOptions),

    /// Judges a Page by one rule pack whatever the time, or by the one in force again.
    #[command(after_help = "\
Examples:
  nuncio policy pin 1001 messenger-2020@9f86d081
  nuncio policy pin 1001 --free")]
    Pin(PinOptions),

    /// Gives a Page numbers and flags of its own in every rule pack, or takes them away.
    #[command(after_help = "\
The file is a piece of a pack with all that is the Page's own, such as:

  [windows.opened_by]
  ad_message = \"3d\"
  [frequency]
  most = 2
  within = \"24h\"

Examples:
  nuncio policy override 1001 page-1001.toml --dry-run
  nuncio policy override 1001 page-1001.toml
  nuncio policy override 1001 --none")]
    Override(OverrideOptions),
}

/// How a change is asked for.
#[derive(Debug, Args)]
pub(crate) struct HowOptions {
    /// Changes nothing, and says what would be.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where the role compliance answers; unless given, where `grpc.listen` says.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ActivateOptions {
    /// A file with a whole pack, or a known pack's name, `@`, and at least 8 digits of its digest.
    #[arg(value_name = "FILE|NAME@DIGEST")]
    pub(crate) pack: String,
    #[command(flatten)]
    pub(crate) how: HowOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RetireOptions {
    /// The pack's name, `@`, and at least 8 digits of its digest.
    #[arg(value_name = "NAME@DIGEST")]
    pub(crate) pack: String,
    #[command(flatten)]
    pub(crate) how: HowOptions,
}

#[derive(Debug, Args)]
pub(crate) struct PinOptions {
    /// The Page's id.
    #[arg(value_parser = PageId::parse)]
    pub(crate) page: PageId,
    /// The pack's name, `@`, and at least 8 digits of its digest.
    #[arg(value_name = "NAME@DIGEST", required_unless_present = "free")]
    pub(crate) pack: Option<String>,
    /// By the pack in force again.
    #[arg(long, conflicts_with = "pack")]
    pub(crate) free: bool,
    #[command(flatten)]
    pub(crate) how: HowOptions,
}

#[derive(Debug, Args)]
pub(crate) struct OverrideOptions {
    /// The Page's id.
    #[arg(value_parser = PageId::parse)]
    pub(crate) page: PageId,
    /// A file with all that is the Page's own.
    #[arg(required_unless_present = "none")]
    pub(crate) file: Option<PathBuf>,
    /// Nothing is the Page's own any more.
    #[arg(long, conflicts_with = "file")]
    pub(crate) none: bool,
    #[command(flatten)]
    pub(crate) how: HowOptions,
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

/// What the past is judged by: one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ProposedOptions {
    /// The proposed pack's file.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The proposed pack's file.
    #[arg(long, value_name = "FILE")]
    pub(crate) pack: Option<PathBuf>,
    /// Judges by the packs in force, each at its own time: whether this version makes the same of the past.
    #[arg(long)]
    pub(crate) in_force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayPackOptions {
    #[command(flatten)]
    pub(crate) proposed: ProposedOptions,
    /// Only this Page.
    #[arg(long, value_parser = PageId::parse)]
    pub(crate) page: Option<PageId>,
    /// Only judgements of this moment or later.
    #[arg(long, visible_alias = "since", value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<Timestamp>,
    /// Only judgements before this moment.
    #[arg(long, visible_alias = "until", value_name = "TIME", value_parser = time)]
    pub(crate) to: Option<Timestamp>,
    /// Lets a running process do it, which offers gRPC here.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}
