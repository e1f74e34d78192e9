//! The simulator as a process of its own.

use crate::cli::SimulatorOptions;
use anyhow::Context;
use service_kit::{Drained, Health, LogFormat, Shutdown};
use simulator::{Config, Simulator, WebhookTarget};
use std::time::Duration;

/// Runs until a signal comes.
pub(crate) async fn run(options: SimulatorOptions) -> anyhow::Result<()> {
    service_kit::init_logs(LogFormat::Human, "info").context("cannot start logging")?;
    let verify_token = options.verify_token;
    let config = Config {
        listen: options.listen,
        app_id: options.app_id,
        app_secret: options.app_secret.into(),
        pages: options.pages,
        webhook: options.webhook.map(|url| WebhookTarget { url, verify_token }),
        require_proof: options.require_proof,
        ..Config::default()
    };
    let simulator = Simulator::bind(config).await?;
    let address = simulator.address();
    tracing::info!(listener = "simulator", %address, "the simulator listens; play the customer on http://{address}/");
    let shutdown = Shutdown::new(Health::new(), Duration::ZERO, Duration::from_secs(5));
    shutdown.spawn("simulator", simulator.run(shutdown.stop()));
    match shutdown.wait_for_signal_and_drain().await {
        Drained::Clean | Drained::DeadlinePassed => Ok(()),
        Drained::Failed(error) => Err(error),
    }
}
