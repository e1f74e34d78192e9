//! The command line.

mod policy;
mod secrets;

pub(crate) use policy::{
    ActivateOptions, CheckPackOptions, ExplainOptions, HowOptions, ListPacksOptions, OverrideOptions, PinOptions,
    PolicyCommand, ProposedOptions, ReplayPackOptions, RetireOptions, ShowPackOptions,
};
pub(crate) use secrets::{RotateOptions, SecretsCommand};

use crate::bench::BenchOptions;
use crate::output::Format;
use crate::rebuild::RebuildOptions;
use crate::settings::Role;
use crate::simulate::{SIMULATOR_EXAMPLES, SimulatorOptions};
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::id::{PageId, Psid};
use domain::time::Timestamp;
use event_log::Checkpoint;
use std::path::PathBuf;

/// Business messaging on Messenger: takes webhooks into an event log, judges every message by dated rules, and never
/// sends twice.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    arg_required_else_help = true,
    after_help = "\
Try it, with nothing else installed:
  nuncio demo
Run everything in one process, on an embedded log:
  nuncio standalone --config nuncio.toml
Run roles apart, on NATS JetStream:
  nuncio run ingress --set log.backend=nats --set log.nats_url=nats://nats:4222 --set log.nats_durability=relaxed"
)]
pub(crate) struct Cli {
    /// The configuration file; `nuncio.toml` if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Sets one key, above file and environment; can be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs every role in one process, on the embedded log unless configured otherwise.
    #[command(after_help = "\
Examples:
  nuncio standalone
  NUNCIO_META__APP_SECRET=… NUNCIO_META__VERIFY_TOKEN=… nuncio standalone --set log.path=/var/lib/nuncio/log.sqlite")]
    Standalone,

    /// Runs some roles in this process. Roles in several processes share a log on NATS JetStream.
    #[command(after_help = "\
Examples:
  nuncio run ingress
  nuncio run compliance sender --config nuncio.toml")]
    Run {
        /// Which roles.
        #[arg(required = true, value_enum)]
        roles: Vec<Role>,
    },

    /// A Messenger Platform for trying and testing: takes sends, delivers signed webhooks, and has people on it.
    #[command(after_help = SIMULATOR_EXAMPLES)]
    Simulator(SimulatorOptions),

    /// Shows one message's whole way, against the simulator, and tells what happens.
    #[command(after_help = "\
Examples:
  nuncio demo
  nuncio demo --keep")]
    Demo {
        /// Stays up afterwards, and says where and what to try.
        #[arg(long)]
        keep: bool,
    },

    /// Brings the tables' schema to this version's. Nothing else ever changes it.
    #[command(after_help = "\
Examples:
  nuncio migrate
  NUNCIO_SQL__URL=postgres://nuncio@postgres/nuncio nuncio migrate --output json
  nuncio migrate --check")]
    Migrate(MigrateOptions),

    /// Drops tables that are filled from the log, so that they are filled anew.
    #[command(after_help = "\
The system may run: whoever fills a table begins again at the beginning of the log, and answers are the same meanwhile,
only slower. The history may be the last copy of what the log has lost: it is dropped when `nuncio log verify`, which runs
first, finds that the log has everything, or with --accept-loss.

Examples:
  nuncio rebuild snapshots
  nuncio rebuild history
  nuncio rebuild --all --accept-loss --output json")]
    Rebuild(RebuildOptions),

    /// Looks into the event log.
    #[command(subcommand)]
    Log(LogCommand),

    /// Looks at one conversation.
    #[command(subcommand)]
    Conversation(ConversationCommand),

    /// Looks at the rule packs, tries one on the past, and puts them into force.
    #[command(subcommand)]
    Policy(PolicyCommand),

    /// Explains a message's latest decision: the rules that spoke, the facts they looked at, and what would change it.
    #[command(after_help = "\
Examples:
  nuncio explain pages/1001/conversations/24601/messages/019a0b6e-7c11-7d2f-9a77-2f6f0a5f3c10
  nuncio explain pages/1001/conversations/24601/messages/019a0b6e-7c11-7d2f-9a77-2f6f0a5f3c10 --output json")]
    Explain(ExplainOptions),

    /// Measures this build on this machine, each figure beside its limit. Everything happens on loopback and in temp
    /// folders; no configuration is read.
    #[command(after_help = "\
Examples:
  nuncio bench
  nuncio bench fold rebuild --output json
  nuncio bench ingress.jetstream --nats-url nats://127.0.0.1:4222")]
    Bench(BenchOptions),

    /// Looks after sealed secrets.
    #[command(subcommand)]
    Secrets(SecretsCommand),

    /// Looks at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Args)]
pub(crate) struct MigrateOptions {
    /// Changes nothing; fails if something would be changed.
    #[arg(long)]
    pub(crate) check: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Prints records as they come, from the beginning or from now on. What people wrote is not shown.
    #[command(after_help = "\
Examples:
  nuncio log tail
  nuncio log tail --new --output json
  nuncio log tail --until-caught-up | wc -l")]
    Tail(TailOptions),

    /// Writes every record as it is stored: to standard output, or to a new file.
    #[command(after_help = "\
The export holds what people wrote, who they are, and every decision. Keep it as you keep the log itself.

Each line, or with `--output binary` each delimited message, is one record in the order of its stream, or a checkpoint;
the last is the checkpoint at which a later export can go on.

Examples:
  nuncio log export --to everything.jsonl
  nuncio log export --from 5f1c2ab09d3e7788@1024 --to later.jsonl
  nuncio log export --page 1001 --output binary > page-1001.bin")]
    Export(ExportOptions),

    /// Holds the log against the history that the conversation role keeps of it, record by record.
    #[command(after_help = "\
It finds records that the log has lost, bytes that were altered on either side, records that cannot be read, and a log that
ends before its history does, as one that was brought back from an older copy. What was erased is no finding, and neither is
what is appended meanwhile. It ends with 0 only if nothing was found; each finding says what to do about it.

Examples:
  nuncio log verify
  nuncio log verify --output json --set sql.url=postgres://nuncio@postgres/nuncio
  nuncio log verify --without-history")]
    Verify(VerifyOptions),

    /// Says that the log was brought back from a backup and has lost what came after it.
    #[command(after_help = "\
Stop every role first, and start them again afterwards: whoever runs on would go on in the log that was.

What it does: the log begins a new incarnation, so that checkpoints from before are refused instead of skipping what is
appended in the place of what was lost; and sends that wait in it are called unknown and are not sent, since each may have
gone out in what was lost. Running it twice does no harm.

Examples:
  nuncio log restored --lost-after 2026-11-22T03:00:00Z
  nuncio log restored --lost-after 2026-11-22T03:00:00Z --set log.backend=nats")]
    Restored(RestoredOptions),

    /// Reads bodies again that were kept in quarantine, and appends the facts that this version finds in them.
    #[command(after_help = "\
Facts keep the moment at which their body came. Those that are in the log already are not appended again, so running it
twice does no harm. On the embedded log the process must be stopped, except for --dry-run.

Examples:
  nuncio log replay-quarantine --dry-run
  nuncio log replay-quarantine --since 2026-11-20T00:00:00Z --output json")]
    ReplayQuarantine(ReplayOptions),

    /// Types facts that an older version kept unrecognized, and appends them as this version understands them.
    #[command(after_help = "\
No record is rewritten: facts are appended with the ids that they would have had at once, and keep the moment at which they
came. Those that are in the log already are not appended again, so running it twice does no harm. On the embedded log the
process must be stopped, except for --dry-run.

Examples:
  nuncio log replay-unrecognized --dry-run
  nuncio log replay-unrecognized --since 2026-11-20T00:00:00Z --output json")]
    ReplayUnrecognized(RetypeOptions),
}

#[derive(Debug, Args)]
pub(crate) struct RetypeOptions {
    /// Appends nothing, and says what would be.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only facts that came at this moment or later.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// Needs no database: finds what cannot be read, and places where nothing stands though nothing was erased.
    #[arg(long)]
    pub(crate) without_history: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayOptions {
    /// Appends nothing, and says what would be.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only bodies that came at this moment or later; those older than 30 days are passed over anyway.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RestoredOptions {
    /// The moment up to which the log is whole: when the backup was begun.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) lost_after: Timestamp,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// Only what comes behind this checkpoint, which an earlier export gave.
    #[arg(long, value_name = "CHECKPOINT", value_parser = Checkpoint::parse)]
    pub(crate) from: Option<Checkpoint>,
    /// Only this Page.
    #[arg(long, value_parser = PageId::parse)]
    pub(crate) page: Option<PageId>,
    /// How to write.
    #[arg(long, value_enum, default_value_t = ExportFormat::Json)]
    pub(crate) output: ExportFormat,
    /// A file that is not there yet, readable by its owner alone; without it, standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line: what is readable of the record, and its bytes in hexadecimal.
    Json,
    /// Delimited protobuf messages (`proto/nuncio/log/v1/export.proto`), with the bytes as they are.
    Binary,
}

#[derive(Debug, Args)]
pub(crate) struct TailOptions {
    /// Only what comes from now on.
    #[arg(long)]
    pub(crate) new: bool,
    /// Ends when all that is there has been printed.
    #[arg(long, conflicts_with = "new")]
    pub(crate) until_caught_up: bool,
    /// Only this Page.
    #[arg(long, value_parser = PageId::parse)]
    pub(crate) page: Option<PageId>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConversationCommand {
    /// Prints one conversation's history and where it stands, with what was said.
    #[command(after_help = "\
Examples:
  nuncio conversation show 1001 24601
  nuncio conversation show 1001 24601 --output json")]
    Show(ShowOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    /// The Page's id.
    #[arg(value_parser = PageId::parse)]
    pub(crate) page: PageId,
    /// The person's PSID.
    #[arg(value_parser = Psid::parse)]
    pub(crate) psid: Psid,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Says whether roles could start with this configuration: ends with 0 if so, else with 78 and every wrong key.
    #[command(after_help = "\
It looks at the configuration alone: whether servers are there, and what they are worth, is found out at the start.

Examples:
  nuncio config check
  nuncio config check ingress sender --config nuncio.toml")]
    Check {
        /// Which roles are to start; all unless named.
        #[arg(value_enum)]
        roles: Vec<Role>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        output: Format,
    },

    /// Prints every key with its value and where that came from; secrets are masked.
    #[command(after_help = "\
Examples:
  nuncio config print
  NUNCIO_GRPC__LISTEN=0.0.0.0:50051 nuncio config print --output json")]
    Print {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        output: Format,
    },
}

fn time(raw: &str) -> Result<Timestamp, String> {
    api::convert::parse_rfc3339(raw).ok_or_else(|| "a time looks like 2026-11-22T03:00:00Z".to_owned())
}

fn key_value(raw: &str) -> Result<(String, String), String> {
    let (key, value) = raw.split_once('=').ok_or("it looks like KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
