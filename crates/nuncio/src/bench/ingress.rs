//! The ingress over HTTP beside its log alone: the same records, as many appends in flight, the same log settings, the
//! same generator on the same cores.

use super::client::Client;
use super::nats::{Nats, Sync};
use super::process::own_cpu;
use super::report::{Figure, median, per_second};
use super::split;
use super::workload::{APP, Delivery, SECRET, VERIFY_TOKEN, Workload};
use super::{Sizes, Stage};
use anyhow::Context;
use domain::id::AppId;
use event_log::EventLog;
use event_log::jetstream::{self, JetStreamLog};
use event_log::sqlite::{self, SqliteLog};
use messenger::signature::AppSecrets;
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webhook_ingress::{Config, Deps, Ingress};

/// Deliveries in flight with 100 events each: 800 appends.
const BATCHES_IN_FLIGHT: usize = 8;
/// Events of such a delivery.
const EVENTS_TOGETHER: usize = 100;
/// Deliveries in flight with one event each.
const SINGLES_IN_FLIGHT: usize = 128;
/// What a round may take: on a slow disk it has fewer deliveries, or measuring would take hours.
const LONGEST_ROUND_S: f64 = 0.5;
/// How many people write.
const PEOPLE: usize = 100_000;

/// Two logs of one make, so that neither side's facts are the other's duplicates.
pub(super) struct Bed<'a> {
    raw: Arc<dyn EventLog>,
    ingress: Running,
    /// The server beside us, whose CPU time counts too.
    nats: Option<&'a Nats>,
}

/// An ingress on a port of its own.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    stop: CancellationToken,
    task: JoinSet<anyhow::Result<()>>,
}

/// What one round took.
#[derive(Clone, Copy)]
pub(super) struct Round {
    pub(super) n_events: usize,
    pub(super) took: Duration,
    pub(super) cpu: Duration,
}

impl Round {
    fn rate(self) -> f64 {
        per_second(self.n_events, self.took)
    }

    /// Microseconds of CPU time for each event.
    pub(super) fn cpu_us(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.n_events as f64
    }
}

/// How deliveries come.
#[derive(Clone, Copy)]
struct Shape {
    n_deliveries: usize,
    n_events: usize,
    in_flight: usize,
}

/// Measures on the embedded log.
pub(super) async fn embedded(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let mut open = || -> anyhow::Result<Arc<dyn EventLog>> {
        let path = stage.fresh_path();
        Ok(Arc::new(SqliteLog::open(&path, sqlite::Config::default())?))
    };
    let bed = Bed { raw: open()?, ingress: Running::start(open()?).await?, nats: None };
    bed.measure("ingress.embedded", stage.sizes, figures).await
}

/// Measures on JetStream.
pub(super) async fn jetstream(stage: &mut Stage, nats: &Nats, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let raw = Arc::new(open_jetstream(stage, nats).await?);
    let ingress = Running::start(Arc::new(open_jetstream(stage, nats).await?)).await?;
    let bed = Bed { raw, ingress, nats: Some(nats) };
    let name = if nats.sync == Sync::Lazy { "ingress.jetstream.lazy_sync" } else { "ingress.jetstream" };
    bed.measure(name, stage.sizes, figures).await
}

/// A new log on a server.
pub(super) async fn open_jetstream(stage: &mut Stage, nats: &Nats) -> anyhow::Result<JetStreamLog> {
    let name = stage.fresh();
    let subject = format!("{}.log", name.to_lowercase());
    let config = jetstream::Config { url: nats.url.clone(), name, subject, ..jetstream::Config::default() };
    Ok(JetStreamLog::open(config).await?)
}

impl Running {
    pub(super) async fn start(log: Arc<dyn EventLog>) -> anyhow::Result<Self> {
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app: AppId::parse(APP)?,
            secrets: AppSecrets { current: SecretString::from(SECRET), previous: None },
            verify_token: SecretString::from(VERIFY_TOKEN),
            body_limit: 4 << 20,
            body_timeout: Duration::from_secs(10),
            append_timeout: Duration::from_secs(10),
            max_in_flight: 1_024,
            max_connections: 1_024,
            max_buffered: 256 << 20,
        };
        let (log_ready, is_log_ready) = watch::channel(true);
        let metrics = Metrics::new("nuncio", env!("CARGO_PKG_VERSION"));
        let deps = Deps { log, log_ready: is_log_ready, clock: Clock::system(), ids: Ids::random(), metrics };
        let ingress = Ingress::bind(config, deps).await?;
        let (address, stop, mut task) = (ingress.address()?, CancellationToken::new(), JoinSet::new());
        let run = ingress.run(stop.clone());
        task.spawn(async move {
            // Held for as long as it runs: it says that the log works.
            let _log_ready = log_ready;
            run.await
        });
        Ok(Self { address, stop, task })
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.task.join_next().await.context("the ingress ran")??
    }
}

impl Bed<'_> {
    async fn measure(self, name: &str, sizes: Sizes, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
        let batches = Shape { n_deliveries: sizes.batches, n_events: EVENTS_TOGETHER, in_flight: BATCHES_IN_FLIGHT };
        let singles = Shape { n_deliveries: sizes.singles, n_events: 1, in_flight: SINGLES_IN_FLIGHT };
        let mut workload = Workload::new(PEOPLE);
        for (name, shape) in [(name.to_owned(), batches), (format!("{name}.single"), singles)] {
            self.compare(&name, shape, sizes.rounds, &mut workload, figures).await?;
        }
        self.ingress.stop().await
    }

    async fn compare(
        &self,
        name: &str,
        shape: Shape,
        n_rounds: usize,
        workload: &mut Workload,
        figures: &mut Vec<Figure>,
    ) -> anyhow::Result<()> {
        let shape = self.fit(shape, workload).await?;
        let (mut raw_rounds, mut ingress_rounds, mut parts) = (Vec::new(), Vec::new(), split::Parts::default());
        for number in 0..=n_rounds {
            let deliveries = workload.deliveries(shape.n_deliveries, shape.n_events);
            let (mut raw, mut ingress) = (None, None);
            // Each side is as often the first as the second.
            for is_raw in [number % 2 == 0, number % 2 == 1] {
                if is_raw {
                    raw = Some(self.raw_round(&deliveries, workload, shape).await?);
                } else {
                    let requests = Arc::new(deliveries.iter().map(|one| one.request.clone()).collect());
                    ingress = Some(self.http_round(requests, shape, 200).await?);
                }
            }
            // The first round only warms up.
            if let (Some(raw), Some(ingress), 1..) = (raw, ingress, number) {
                raw_rounds.push(raw);
                ingress_rounds.push(ingress);
                let refused = Arc::new(deliveries.iter().map(Delivery::unsigned).collect());
                let http = self.http_round(refused, shape, 401).await?;
                parts.add(raw, ingress, http, &deliveries);
            }
        }
        let rate = |rounds: &[Round]| median(rounds.iter().map(|round| round.rate()).collect());
        figures.push(Figure {
            name: name.to_owned(),
            value: rate(&ingress_rounds),
            unit: "events/s",
            limit_name: "the same records appended to the log alone",
            limit: rate(&raw_rounds),
        });
        parts.tell(name, figures);
        Ok(())
    }

    /// The same shape with as few deliveries as a round can do with on this machine.
    async fn fit(&self, shape: Shape, workload: &mut Workload) -> anyhow::Result<Shape> {
        let probe = Shape { n_deliveries: shape.n_deliveries.min(2 * shape.in_flight), ..shape };
        let deliveries = workload.deliveries(probe.n_deliveries, probe.n_events);
        let round = self.raw_round(&deliveries, workload, probe).await?;
        let fitting = round.rate() * LONGEST_ROUND_S / shape.n_events as f64;
        let n_deliveries = (fitting as usize).clamp(probe.n_deliveries, shape.n_deliveries);
        Ok(Shape { n_deliveries, ..shape })
    }

    /// Appends every delivery's records, those of each together, as the ingress does.
    async fn raw_round(&self, deliveries: &[Delivery], workload: &Workload, shape: Shape) -> anyhow::Result<Round> {
        let records = |one: &Delivery| workload.records(self.raw.identity(), one);
        let deliveries: Arc<Vec<_>> = Arc::new(deliveries.iter().map(records).collect());
        let next = Arc::new(AtomicUsize::new(0));
        self.time(shape, |workers| {
            for _ in 0..shape.in_flight {
                let (log, deliveries, next) = (Arc::clone(&self.raw), Arc::clone(&deliveries), Arc::clone(&next));
                workers.spawn(async move {
                    while let Some(records) = deliveries.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let appended = log.append_all(records).await?;
                        anyhow::ensure!(appended.iter().all(|one| !one.is_duplicate), "a record was there already");
                    }
                    Ok(())
                });
            }
        })
        .await
    }

    /// Sends every request, each answered with `status`.
    async fn http_round(&self, requests: Arc<Vec<Vec<u8>>>, shape: Shape, status: u16) -> anyhow::Result<Round> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut clients = Vec::new();
        for _ in 0..shape.in_flight {
            clients.push(Client::connect(self.ingress.address).await?);
        }
        self.time(shape, |workers| {
            for mut client in clients {
                let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
                workers.spawn(async move {
                    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let answer = client.ask(request).await?;
                        anyhow::ensure!(answer == status, "a delivery was answered {answer}");
                    }
                    Ok(())
                });
            }
        })
        .await
    }

    async fn time(&self, shape: Shape, start: impl FnOnce(&mut JoinSet<anyhow::Result<()>>)) -> anyhow::Result<Round> {
        let mut workers = JoinSet::new();
        let (began, cpu_before) = (Instant::now(), self.cpu());
        start(&mut workers);
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        let (took, cpu) = (began.elapsed(), self.cpu().saturating_sub(cpu_before));
        Ok(Round { n_events: shape.n_deliveries * shape.n_events, took, cpu })
    }

    fn cpu(&self) -> Duration {
        own_cpu() + self.nats.map(Nats::cpu).unwrap_or_default()
    }
}
