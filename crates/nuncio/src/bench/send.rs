//! The sender from a caller's `SendMessage` on: how soon a message leaves, how many leave in a second, and what memory they
//! leave behind.

use super::client::Client;
use super::ingress::open_jetstream;
use super::nats::{self, Missing, Nats};
use super::platform::Platform;
use super::process::Process;
use super::report::{Figure, median, note, per_second, percentile};
use super::workload::{PAGE, Workload, psid};
use super::{Stage, fill};
use ::simulator::{AdminClient, Filter, Population};
use anyhow::Context;
use api::proto::compliance::v1::{Actor, Bot, Purpose, actor};
use api::proto::outbound::v1::outbound_client::OutboundClient;
use api::proto::outbound::v1::{Content, SendMessageRequest, content};
use event_log::EventLog;
use event_log::sqlite::{Config, SqliteLog};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// The Page's token at the platform.
const TOKEN: &str = "bench-token";
/// Calls in flight where throughput is measured, and over how many connections.
const IN_FLIGHT: usize = 256;
const CONNECTIONS: usize = 4;
/// How long the last messages may take to leave.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_micros(100);
/// How much a process may grow over all sends behind the first quarter: a tenth.
const GROWTH_BUDGET_PERCENT: f64 = 10.0;

/// Measures how soon a message leaves an idle `standalone`, on both logs.
pub(super) async fn latency(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
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

/// Measures how many sends a second go through `standalone` to a simulator in a process of its own.
pub(super) async fn throughput(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let n_sends = stage.sizes.sent;
    let simulator = Process::simulator(PAGE, TOKEN)?;
    let admin = AdminClient::new(format!("http://{}", simulator.address));
    let (count, first_psid) = (u32::try_from(n_sends + 1).context("that many people")?, Some(psid(0).parse()?));
    let script = ::simulator::Script::default();
    let people = Population { page: PAGE.to_owned(), count, first_psid, script, wrote_ago_ms: Some(1_000) };
    admin.populate(&people).await.context("the simulator cannot be populated")?;
    let process = standalone(stage, &format!("http://{}", simulator.address), &[])?;
    wrote(&process, n_sends + 1).await?;
    // The first takes the Page's lease and opens connections.
    ask_all(&process, 0..1, 1).await?;
    arrived(&admin, 1).await?;
    let began = Instant::now();
    ask_all(&process, 1..n_sends + 1, n_sends + 1).await?;
    arrived(&admin, n_sends + 1).await?;
    let value = per_second(n_sends, began.elapsed());
    let limit = alone(stage, n_sends).await?;
    let limit_name = "three records a send appended to the embedded log alone";
    figures.push(Figure { name: "send.throughput".to_owned(), value, unit: "sends/s", limit_name, limit });
    Ok(())
}

/// Waits until so many messages are at the simulator.
async fn arrived(admin: &AdminClient, n_messages: usize) -> anyhow::Result<()> {
    let filter = Filter { page: Some(PAGE.to_owned()), ..Filter::default() };
    let end = Instant::now() + PATIENCE;
    while admin.count_sends(&filter).await? < n_messages {
        anyhow::ensure!(Instant::now() < end, "the last messages did not arrive");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// How many sends a second the log alone would take: a send is asked for, claimed and settled.
async fn alone(stage: &mut Stage, n_sends: usize) -> anyhow::Result<f64> {
    let path = stage.fresh_path();
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
    let mut rates = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        fill::fill(&log, 3 * n_sends, n_sends).await?;
        rates.push(per_second(n_sends, began.elapsed()));
    }
    Ok(median(rates))
}

/// Measures by how much `standalone` grows between the first quarter of many sends and the last.
pub(super) async fn memory(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let n_sends = stage.sizes.remembered;
    let platform = Platform::start().await?;
    let process = standalone(stage, &format!("http://{}", platform.address), &[])?;
    // Everybody gets several messages, so that what grows with people is there after the first quarter.
    let n_people = (n_sends / 10).max(1);
    wrote(&process, n_people).await?;
    let mut resident = Vec::new();
    for quarter in 0..4 {
        let end = (quarter + 1) * n_sends / 4;
        ask_all(&process, quarter * n_sends / 4..end, n_people).await?;
        waited_for(|| (platform.n_messages() >= end).then_some(())).await?;
        resident.push(process.resident()? as f64);
    }
    figures.push(Figure {
        name: "send.memory".to_owned(),
        value: (resident[3] / resident[0] - 1.0) * 100.0,
        unit: "% grown",
        limit_name: "budget, not measured",
        limit: GROWTH_BUDGET_PERCENT,
    });
    Ok(())
}

/// A `standalone` that sends to the platform there as fast as it can.
fn standalone(stage: &mut Stage, platform: &str, more: &[(&str, &str)]) -> anyhow::Result<Process> {
    let token = format!("pages.{PAGE}.access_token");
    let mut settings = vec![("meta.graph_url", platform), (&token, TOKEN), ("sender.shaping", "false")];
    settings.extend(more);
    Process::start_with(&stage.fresh_path(), &settings)
}

/// Lets so many people write, so that they may be answered.
async fn wrote(process: &Process, n_people: usize) -> anyhow::Result<()> {
    let mut client = Client::connect(process.address).await?;
    let mut workload = Workload::strangers(n_people);
    let mut left = n_people;
    while left > 0 {
        let together = left.min(100);
        left -= together;
        let delivery = workload.deliveries(1, together).pop().context("one delivery was made")?;
        let status = client.ask(&delivery.request).await?;
        anyhow::ensure!(status == 200, "a delivery was answered {status}");
    }
    Ok(())
}

async fn channel(process: &Process) -> anyhow::Result<Channel> {
    let grpc = process.grpc.context("it offers gRPC")?;
    Ok(Endpoint::from_shared(format!("http://{grpc}"))?.tcp_nodelay(true).connect().await?)
}

/// Asks for these messages, many at a time, to so many people in turn.
async fn ask_all(process: &Process, numbers: Range<usize>, n_people: usize) -> anyhow::Result<()> {
    let (next, end) = (Arc::new(AtomicUsize::new(numbers.start)), numbers.end);
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(channel(process).await?);
    }
    let mut callers: JoinSet<anyhow::Result<()>> = JoinSet::new();
    for caller in 0..IN_FLIGHT {
        let (channel, next) = (channels[caller % CONNECTIONS].clone(), Arc::clone(&next));
        callers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok(());
                }
                ask(&channel, number, number % n_people, "Yes, it left us this morning.").await?;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}

/// Asks for one message.
async fn ask(channel: &Channel, number: usize, person: usize, text: &str) -> anyhow::Result<()> {
    let request = SendMessageRequest {
        parent: format!("pages/{PAGE}/conversations/{}", psid(person)),
        request_id: format!("bench-{number}"),
        actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
        purpose: Purpose::Conversation.into(),
        content: Some(Content { kind: Some(content::Kind::Text(text.to_owned())), ..Content::default() }),
        ..SendMessageRequest::default()
    };
    OutboundClient::new(channel.clone()).send_message(request).await?;
    Ok(())
}

/// Waits until there is something.
async fn waited_for<T>(look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        anyhow::ensure!(Instant::now() < end, "a message did not leave within {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
