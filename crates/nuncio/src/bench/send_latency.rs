//! How soon a message leaves after a caller's `SendMessage`.

use super::asking::{ask, channel, standalone, waited_for, wrote};
use super::ingress::open_jetstream;
use super::nats::{self, Missing, Nats};
use super::platform::Platform;
use super::report::{Figure, note, percentile};
use super::{Stage, fill};
use event_log::EventLog;
use event_log::sqlite::{Config, SqliteLog};
use std::sync::Arc;
use std::time::Instant;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Measures how soon a message leaves an idle `standalone`, on both logs.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let path = stage.fresh_path();
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
    latency_on("send.latency", &log, &[], stage, figures).await?;
    match stage.nats(nats::Sync::Lazy) {
        Ok(nats) => {
            let log: Arc<dyn EventLog> = Arc::new(open_jetstream(stage, &nats).await?);
            let name = stage.fresh();
            let settings = on_jetstream(&nats, &name);
            let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
            latency_on("send.latency.jetstream", &log, &settings, stage, figures).await
        }
        Err(error) if error.is::<Missing>() => Ok(note(&format!("send.latency.jetstream is skipped: {error}"))?),
        Err(error) => Err(error),
    }
}

fn on_jetstream(nats: &Nats, name: &str) -> Vec<(&'static str, String)> {
    vec![
        ("log.backend", "nats".to_owned()),
        ("log.nats_url", nats.url.clone()),
        ("log.nats_name", name.to_owned()),
        ("log.nats_subject", format!("{}.log", name.to_lowercase())),
        ("log.nats_durability", "relaxed".to_owned()),
    ]
}

async fn latency_on(
    name: &str,
    log: &Arc<dyn EventLog>,
    settings: &[(&str, &str)],
    stage: &mut Stage,
    figures: &mut Vec<Figure>,
) -> anyhow::Result<()> {
    let n_sends = stage.sizes.timed_sends;
    let platform = Platform::start().await?;
    let process = standalone(stage, &format!("http://{}", platform.address), settings)?;
    wrote(&process, n_sends + 1).await?;
    let channel = channel(&process).await?;
    let (mut sent, mut limits) = (Vec::new(), Vec::new());
    for number in 0..=n_sends {
        let text = format!("call {number}");
        let began = Instant::now();
        ask(&channel, number, number, &format!("*{text}*")).await?;
        let arrived = waited_for(|| platform.arrival(&text)).await?;
        let began_check = Instant::now();
        HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await?;
        fill::fill(log, 1, 1).await?;
        let of_limit = began_check.elapsed();
        // The first opens connections and takes the lease.
        if number > 0 {
            sent.push(arrived.duration_since(began).as_secs_f64() * 1e3);
            limits.push(of_limit.as_secs_f64() * 1e3);
        }
    }
    let limit_name = "an empty call of the same server and one append to such a log";
    for (part, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (value, limit) = (percentile(&mut sent, share), percentile(&mut limits, share));
        figures.push(Figure { name: format!("{name}.{part}"), value, unit: "ms", limit_name, limit });
    }
    Ok(())
}
