//! What the story plays on: the simulator, and every role on an embedded log, in one process.

use crate::app::{self, Running};
use crate::output::line;
use crate::settings::{Role, Settings};
use anyhow::Context;
use service_kit::{Drained, Health, Layers, LogFormat, Shutdown};
use simulator::{AdminClient, Config, Simulator};
use std::net::SocketAddr;
use std::time::Duration;
use tempfile::TempDir;

pub(super) const PAGE: &str = "1001";
const TOKEN: &str = "demo-page-token";
const SECRET: &str = "demo-app-secret";
const VERIFY_TOKEN: &str = "demo-verify-token";

/// Everything that runs.
pub(super) struct Stage {
    pub(super) running: Running,
    pub(super) people: AdminClient,
    simulator: Shutdown,
    simulator_address: SocketAddr,
    folder: TempDir,
}

impl Stage {
    /// Starts the simulator, then Nuncio, then subscribes one to the other. With `keep` the usual ports are taken.
    pub(super) async fn set(keep: bool) -> anyhow::Result<Self> {
        let filter = if keep { "warn" } else { "error" };
        service_kit::init_logs(LogFormat::Human, filter).context("cannot start logging")?;
        let port = |usual: u16| if keep { usual } else { 0 };
        let folder = tempfile::Builder::new().prefix("nuncio-demo-").tempdir().context("cannot make a folder")?;

        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], port(8090))),
            app_secret: SECRET.into(),
            pages: vec![(PAGE.to_owned(), TOKEN.to_owned())],
            require_proof: true,
            ..Config::default()
        };
        let simulator = Simulator::bind(config).await?;
        let simulator_address = simulator.address();
        let backstage = Shutdown::new(Health::new(), Duration::ZERO, Duration::from_secs(5));
        backstage.spawn("simulator", simulator.run(backstage.stop()));

        let health = Health::new();
        let shutdown = Shutdown::new(health.clone(), Duration::ZERO, Duration::from_secs(5));
        let settings = settings(&folder, simulator_address, port)?;
        let running = app::start(settings, &Role::ALL, health, shutdown).await?;

        let people = AdminClient::new(format!("http://{simulator_address}"));
        let webhook = running.addresses.webhook.context("the ingress listens")?;
        people.subscribe(&format!("http://{webhook}/webhook"), VERIFY_TOKEN).await?;
        Ok(Self { running, people, simulator: backstage, simulator_address, folder })
    }

    /// Says what is up and what to try, and stays until a signal comes.
    pub(super) async fn stay(self) -> anyhow::Result<()> {
        let addresses = self.running.addresses;
        let grpc = addresses.grpc.context("gRPC listens")?;
        let webhook = addresses.webhook.context("the ingress listens")?;
        let log = self.folder.path().join("log.sqlite");
        let simulator = self.simulator_address;
        let (admin, program, log) = (addresses.admin, program(), log.display());
        line(&format!(
            "
It all stays up until you press Ctrl-C:
  webhooks   http://{webhook}/webhook
  gRPC       {grpc} (with reflection)
  probes     http://{admin}/readyz and /metrics
  simulator  http://{simulator}/ (a page to play Ada on)

Try, in another terminal:
  1. make Ada write once more:
     curl -s http://{simulator}/admin/people/24601/write -H 'content-type: application/json' \\
       -d '{{\"page\":\"{PAGE}\",\"text\":\"are you still there?\"}}'
  2. read her conversation from the log:
     {program} conversation show {PAGE} 24601 --set log.path={log}
  3. watch everything that happens:
     {program} log tail --set log.path={log}"
        ))?;
        self.end().await
    }

    /// Stops everything, and removes the log.
    pub(super) async fn clear(self) -> anyhow::Result<()> {
        self.running.shutdown.trigger();
        self.end().await
    }

    /// Waits for the end, drains first Nuncio and then the simulator, and removes the log.
    async fn end(self) -> anyhow::Result<()> {
        let Running { shutdown, log, .. } = self.running;
        drop(log);
        let drained = shutdown.wait_for_signal_and_drain().await;
        self.simulator.trigger();
        let backstage = self.simulator.wait_for_signal_and_drain().await;
        ended(drained)?;
        ended(backstage)
    }
}

fn ended(drained: Drained) -> anyhow::Result<()> {
    match drained {
        Drained::Clean => Ok(()),
        Drained::DeadlinePassed => anyhow::bail!("something still ran when the demo should have ended"),
        Drained::Failed(error) => Err(error),
    }
}

/// How this program is called, for commands to copy.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "nuncio".to_owned())
}

/// The configuration of the demo, by the same path as any other.
fn settings(folder: &TempDir, simulator: SocketAddr, port: impl Fn(u16) -> u16) -> anyhow::Result<Settings> {
    let flags = [
        ("log.path", folder.path().join("log.sqlite").display().to_string()),
        ("sql.url", format!("sqlite:{}", folder.path().join("tables.sqlite").display())),
        ("webhook.listen", format!("127.0.0.1:{}", port(8080))),
        ("grpc.listen", format!("127.0.0.1:{}", port(50051))),
        ("admin.listen", format!("127.0.0.1:{}", port(9090))),
        ("meta.app_secret", SECRET.to_owned()),
        ("meta.verify_token", VERIFY_TOKEN.to_owned()),
        ("meta.graph_url", format!("http://{simulator}")),
        ("pages.1001.access_token", TOKEN.to_owned()),
    ];
    let flags: Vec<_> = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    // Neither file nor environment: the demo is the same everywhere.
    let mut reader = Layers::load(None, std::iter::empty(), &flags)?.reader();
    let settings = Settings::read(&mut reader, &Role::ALL);
    reader.finish()?;
    Ok(settings)
}
