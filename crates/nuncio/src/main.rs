//! Nuncio: the one binary. Every role and every tool is a subcommand of it.

mod app;
mod bench;
mod cli;
mod demo;
mod erased;
mod export;
mod grpc;
mod inspect;
mod log;
mod migrate;
mod output;
mod pages;
mod policy;
mod rebuild;
mod rehearsals;
mod replay;
mod restored;
mod secrets;
mod settings;
mod simulate;
mod tables;
mod verify;

use anyhow::Context;
use clap::Parser;
use cli::{Cli, Command, ConfigCommand, ConversationCommand, LogCommand, PolicyCommand, SecretsCommand};
use service_kit::{Layers, Reader};
use settings::{Role, Settings};
use std::process::ExitCode;

/// Many threads allocate what others free, for months: the C library's allocator spends an eighth of the time of sending on
/// that, and keeps the holes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Pages of 2 MB would make a small process a large one. Where the kernel does not know the wish, nothing changes.
    rustix::thread::disable_transparent_huge_pages(true).ok();
    let cli = Cli::parse();
    service_kit::main(|| run(cli))
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let layers = || Layers::from_process(cli.config.as_deref(), &cli.set);
    match cli.command {
        Command::Standalone => app::run(settings(&layers()?, &Role::ALL)?, &Role::ALL).await,
        Command::Run { roles } => app::run(settings(&layers()?, &roles)?, &roles).await,
        Command::Simulator(options) => simulate::run(options).await,
        Command::Demo { keep } => demo::run(keep).await,
        Command::Migrate(options) => migrate::run(&tool_settings(&layers()?)?.sql_url, options).await,
        Command::Rebuild(options) => rebuild::run(&tool_settings(&layers()?)?, options).await,
        Command::Log(LogCommand::Tail(options)) => inspect::tail(tool_settings(&layers()?)?.log, options).await,
        Command::Log(LogCommand::Export(options)) => export::run(tool_settings(&layers()?)?.log, options).await,
        Command::Log(LogCommand::Restored(options)) => restored::run(tool_settings(&layers()?)?.log, options).await,
        Command::Log(LogCommand::Verify(options)) => verify::run(tool_settings(&layers()?)?, options).await,
        Command::Log(LogCommand::ReplayQuarantine(options)) => replay::run(tool_settings(&layers()?)?, options).await,
        Command::Log(LogCommand::ReplayUnrecognized(options)) => {
            replay::retype(tool_settings(&layers()?)?, options).await
        }
        Command::Conversation(ConversationCommand::Show(options)) => {
            inspect::show(tool_settings(&layers()?)?.log, options).await
        }
        Command::Policy(PolicyCommand::List(options)) => policy::list(tool_settings(&layers()?)?.log, options).await,
        Command::Policy(PolicyCommand::Show(options)) => policy::show(tool_settings(&layers()?)?.log, options).await,
        Command::Policy(PolicyCommand::Check(options)) => policy::check(&options),
        Command::Policy(PolicyCommand::Replay(options)) => {
            policy::replay::run(|| Ok(tool_settings(&layers()?)?.log), options).await
        }
        Command::Policy(PolicyCommand::Activate(options)) => {
            policy::activate(tool_settings(&layers()?)?.grpc_listen, options).await
        }
        Command::Policy(PolicyCommand::Retire(options)) => {
            policy::retire(tool_settings(&layers()?)?.grpc_listen, options).await
        }
        Command::Policy(PolicyCommand::Pin(options)) => {
            policy::pin(tool_settings(&layers()?)?.grpc_listen, options).await
        }
        Command::Policy(PolicyCommand::Override(options)) => {
            policy::overrides(tool_settings(&layers()?)?.grpc_listen, options).await
        }
        Command::Explain(options) => policy::explain_message(tool_settings(&layers()?)?.log, options).await,
        Command::Bench(options) => bench::run(options).await,
        Command::Secrets(SecretsCommand::Rotate(options)) => {
            secrets::rotate(&tool_settings(&layers()?)?, options).await
        }
        Command::Config(ConfigCommand::Check { roles, output }) => check_config(&layers()?, &roles, output),
        Command::Config(ConfigCommand::Print { output }) => print_config(&layers()?, output),
    }
}

fn settings(layers: &Layers, roles: &[Role]) -> anyhow::Result<Settings> {
    let mut reader = layers.reader();
    let settings = Settings::read(&mut reader, roles);
    reader.finish()?;
    service_kit::init_logs(settings.telemetry.format, &settings.telemetry.filter).context("cannot start logging")?;
    Ok(settings)
}

/// What a tool needs, which plays no role. All keys are known, so that a whole configuration passes.
fn tool_settings(layers: &Layers) -> anyhow::Result<Settings> {
    let mut reader = layers.reader();
    let settings = Settings::read(&mut reader, &[]);
    reader.finish()?;
    Ok(settings)
}

/// The same as starting these roles does first.
fn check_config(layers: &Layers, roles: &[Role], format: output::Format) -> anyhow::Result<()> {
    let roles = if roles.is_empty() { &Role::ALL } else { roles };
    let mut reader = layers.reader();
    let _settings = Settings::read(&mut reader, roles);
    reader.finish()?;
    output::good_config(roles, format)
}

fn print_config(layers: &Layers, format: output::Format) -> anyhow::Result<()> {
    let mut reader: Reader = layers.reader();
    let _settings = Settings::read(&mut reader, &[]);
    output::config(&reader.finish()?, format)
}
