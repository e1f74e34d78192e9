//! Figures of this build on this machine, each beside the limit that it is held to, measured in the same run.

mod asking;
mod client;
mod cold;
mod conversation_read;
mod evaluate;
mod fill;
mod fold;
mod ingress;
mod nats;
mod pace;
mod platform;
mod process;
mod rebuild;
mod rehearsal;
mod report;
mod send_deadline;
mod send_latency;
mod send_memory;
mod send_rate;
mod send_throughput;
mod sends;
mod simulator;
mod split;
mod workload;

use crate::output::Format;
use anyhow::Context;
use clap::{Args, ValueEnum};
use nats::{Missing, Nats};
use report::{Figure, note};
use std::path::PathBuf;
use tempfile::TempDir;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Webhooks over HTTP into the embedded log, beside the log alone.
    #[value(name = "ingress.embedded")]
    IngressEmbedded,
    /// The same into NATS JetStream.
    #[value(name = "ingress.jetstream")]
    IngressJetstream,
    /// Folding conversations from records, beside decoding alone.
    #[value(name = "fold")]
    Fold,
    /// Folding a whole log, beside an ordered read of it that decodes nothing.
    #[value(name = "rebuild")]
    Rebuild,
    /// Reading one conversation out of a large log, beside the same out of a small one.
    #[value(name = "conversation.read")]
    ConversationRead,
    /// How soon `standalone` is ready with an empty log, and what memory it then holds.
    #[value(name = "start.time", alias = "idle.memory")]
    Start,
    /// What memory a conversation costs the process that took it in.
    #[value(name = "conversations.memory")]
    ConversationsMemory,
    /// How many sends one core of the simulator takes, and what memory its people cost.
    #[value(name = "simulator.sends", alias = "simulator.memory")]
    Simulator,
    /// Asking whether something may be said, of a conversation in memory, 5,000 times a second.
    #[value(name = "evaluate.warm")]
    EvaluateWarm,
    /// The same of a conversation of 1,000 events that was never loaded.
    #[value(name = "evaluate.cold")]
    EvaluateCold,
    /// Judging the sends of a log once more by another rule pack.
    #[value(name = "rehearsal")]
    Rehearsal,
    /// How soon a message leaves after `SendMessage`, on an idle `standalone` and on both logs.
    #[value(name = "send.latency")]
    SendLatency,
    /// Sends a second through `standalone` to the simulator, with the Pages' limits off.
    #[value(name = "send.throughput")]
    SendThroughput,
    /// By how much `standalone` grows over many sends.
    #[value(name = "send.memory")]
    SendMemory,
    /// What share of messages makes its window where ten times too many are asked for, beside first in, first out.
    #[value(name = "send.deadline")]
    SendDeadline,
    /// How much of their limit twenty Pages use with enough to send, and the most that any second of one holds.
    #[value(name = "send.rate")]
    SendRate,
}

/// How long to measure, and on how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    /// Enough to see that everything works; its figures mean nothing.
    #[value(hide = true)]
    Tiny,
    /// A few minutes; the large log holds a million events.
    Small,
    /// Some ten minutes and 4 GB of disk; the large log holds five million events.
    Full,
}

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Which to measure; all when none is named.
    #[arg(value_enum)]
    names: Vec<Name>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// How long to measure, and on how much.
    #[arg(long, value_enum, default_value_t = Scale::Small)]
    scale: Scale,
    /// A running nats-server to measure on, such as `nats://127.0.0.1:4222`; it gets streams whose names begin with
    /// `BENCH`. Without it one is started, from `.tools/bin/nats-server` or the path.
    #[arg(long, value_name = "URL")]
    nats_url: Option<String>,
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// Interleaved rounds, of which the medians count; a round before them warms up.
    rounds: usize,
    /// The most deliveries of one round of the ingress, with 100 events each.
    batches: usize,
    /// The most deliveries of one round of the ingress, with one event each.
    singles: usize,
    /// Records that are folded.
    folded: usize,
    /// Records of the log that is rebuilt.
    rebuilt: usize,
    /// Records of the small and of the large log.
    small_log: usize,
    large_log: usize,
    /// Conversations read in one round.
    reads: usize,
    /// Conversations that a process has seen once.
    seen_once: usize,
    /// People of the simulator; half of them are written to.
    simulated: usize,
    /// Calls of one round at a steady rate.
    calls: usize,
    /// Conversations that were never loaded.
    strangers: usize,
    /// Sends that are judged once more.
    rehearsed: usize,
    /// Sends that are timed one by one.
    timed_sends: usize,
    /// Sends as fast as they go.
    sent: usize,
    /// Sends over which memory is looked at.
    remembered: usize,
    /// For how many seconds Pages send at their limit.
    sending: u32,
    /// Draws of the messages under overload.
    draws: u64,
}

impl Scale {
    const fn sizes(self) -> Sizes {
        match self {
            Self::Tiny => Sizes {
                rounds: 1,
                batches: 8,
                singles: 64,
                folded: 1_000,
                rebuilt: 1_000,
                small_log: 1_000,
                large_log: 2_000,
                reads: 10,
                seen_once: 1_000,
                simulated: 200,
                calls: 100,
                strangers: 3,
                rehearsed: 400,
                timed_sends: 5,
                sent: 100,
                remembered: 400,
                sending: 3,
                draws: 2,
            },
            Self::Small => Sizes {
                rounds: 21,
                batches: 100,
                singles: 4_000,
                folded: 200_000,
                rebuilt: 200_000,
                small_log: 100_000,
                large_log: 1_000_000,
                reads: 200,
                seen_once: 200_000,
                simulated: 100_000,
                calls: 5_000,
                strangers: 200,
                rehearsed: 200_000,
                timed_sends: 500,
                sent: 20_000,
                remembered: 50_000,
                sending: 60,
                draws: 20,
            },
            Self::Full => Sizes {
                rounds: 41,
                batches: 200,
                singles: 8_000,
                folded: 500_000,
                rebuilt: 1_000_000,
                small_log: 100_000,
                large_log: 5_000_000,
                reads: 500,
                seen_once: 1_000_000,
                simulated: 100_000,
                calls: 25_000,
                strangers: 500,
                rehearsed: 500_000,
                timed_sends: 2_000,
                sent: 100_000,
                remembered: 1_000_000,
                sending: 60,
                draws: 20,
            },
        }
    }
}

/// Measures, and prints what came out. Fails when something that was named could not be measured.
pub(crate) async fn run(options: BenchOptions) -> anyhow::Result<()> {
    let sizes = options.scale.sizes();
    let names = if options.names.is_empty() { Name::value_variants() } else { &options.names };
    let folder = tempfile::Builder::new().prefix("nuncio-bench-").tempdir().context("cannot make a folder")?;
    let mut stage = Stage { sizes, folder, nats_url: options.nats_url, n_logs: 0 };
    let mut figures = Vec::new();
    let mut missed = Vec::new();
    for name in names {
        note(&format!("measuring {} …", label(*name)))?;
        match stage.measure(*name, &mut figures).await {
            Ok(()) => (),
            Err(error) if error.is::<Missing>() => {
                note(&format!("{} is skipped: {error}", label(*name)))?;
                missed.push(label(*name));
            }
            Err(error) => return Err(error.context(format!("{} could not be measured", label(*name)))),
        }
    }
    report::print(&figures, options.output)?;
    let was_asked_for = !options.names.is_empty();
    anyhow::ensure!(missed.is_empty() || !was_asked_for, "asked for and skipped: {}", missed.join(", "));
    Ok(())
}

fn label(name: Name) -> String {
    name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Where everything is measured: a folder that goes with it, and a server when one is needed.
struct Stage {
    sizes: Sizes,
    folder: TempDir,
    nats_url: Option<String>,
    /// Numbers logs, so that no two share a name.
    n_logs: u32,
}

impl Stage {
    async fn measure(&mut self, name: Name, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
        match name {
            Name::IngressEmbedded => ingress::embedded(self, figures).await,
            Name::IngressJetstream => {
                for sync in self.servers() {
                    ingress::jetstream(self, &sync?, figures).await?;
                }
                Ok(())
            }
            Name::Fold => fold::measure(self, figures),
            Name::Rebuild => {
                rebuild::embedded(self, figures).await?;
                match self.nats(nats::Sync::Lazy) {
                    Ok(nats) => rebuild::jetstream(self, &nats, figures).await,
                    Err(error) if error.is::<Missing>() => Ok(note(&format!("rebuild.jetstream is skipped: {error}"))?),
                    Err(error) => Err(error),
                }
            }
            Name::ConversationRead => conversation_read::measure(self, figures).await,
            Name::Start => process::start(self, figures).await,
            Name::ConversationsMemory => process::conversations(self, figures).await,
            Name::Simulator => simulator::measure(self, figures).await,
            Name::EvaluateWarm => evaluate::warm(self, figures).await,
            Name::EvaluateCold => cold::measure(self, figures).await,
            Name::Rehearsal => rehearsal::measure(self, figures).await,
            Name::SendLatency => send_latency::measure(self, figures).await,
            Name::SendThroughput => send_throughput::measure(self, figures).await,
            Name::SendMemory => send_memory::measure(self, figures).await,
            Name::SendDeadline => {
                send_deadline::measure(self, figures);
                Ok(())
            }
            Name::SendRate => send_rate::measure(self, figures).await,
        }
    }

    /// The server given, or one for each way of syncing, started when its turn comes.
    fn servers(&self) -> impl Iterator<Item = anyhow::Result<Nats>> + use<> {
        let given = self.nats_url.clone();
        let syncs = if given.is_some() { &[nats::Sync::Given][..] } else { &[nats::Sync::Always, nats::Sync::Lazy] };
        syncs.iter().map(move |sync| Nats::get(given.as_deref(), *sync))
    }

    fn nats(&self, sync: nats::Sync) -> anyhow::Result<Nats> {
        Nats::get(self.nats_url.as_deref(), sync)
    }

    /// A name that no other log of this run has.
    fn fresh(&mut self) -> String {
        self.n_logs += 1;
        format!("BENCH{}_{}", std::process::id(), self.n_logs)
    }
    /// A place in the folder that nothing else uses.
    fn fresh_path(&mut self) -> PathBuf {
        let name = self.fresh();
        self.folder.path().join(name)
    }
}
