//! Asking whether something may be said: of a conversation that is in memory, at a steady rate, and of one that was never
//! loaded.

use super::client::Client;
use super::fill::fill;
use super::ingress::open_jetstream;
use super::nats::{self, Missing};
use super::process::Process;
use super::report::{Figure, note, percentile};
use super::workload::{PAGE, Workload, psid};
use super::{Stage, pace};
use crate::grpc::incoming;
use anyhow::Context;
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::compliance::v1::{Actor, Bot, EvaluateSendRequest, Purpose, actor};
use compliance::ComplianceService;
use compliance::rehearsal::{self, Rehearsals};
use event_log::sqlite::{Config, SqliteLog};
use event_log::{Conversations, EventLog};
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use sql::{Create, Database, Options};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Events of a conversation that was never loaded.
const LENGTH: usize = 1_000;

/// Connections over which the steady rate comes.
const CONNECTIONS: usize = 4;

/// Measures a conversation that is in memory, in a process of its own, at a steady rate whatever the answers take.
pub(super) async fn warm(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let (folder, sizes) = (stage.fresh_path(), stage.sizes);
    let process = Process::start(&folder)?;
    let delivery = Workload::strangers(1).deliveries(1, 1).pop().context("one delivery was made")?;
    let status = Client::connect(process.address).await?.ask(&delivery.request).await?;
    anyhow::ensure!(status == 200, "a delivery was answered {status}");
    let grpc = process.grpc.context("it offers gRPC")?;
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(Endpoint::from_shared(format!("http://{grpc}"))?.connect().await?);
    }
    let answer = evaluate(channels[0].clone(), 0).await?;
    anyhow::ensure!(answer > 0, "the conversation is there");
    let (mut evaluated, mut checked) = (Vec::new(), Vec::new());
    for number in 0..=sizes.rounds.min(10) {
        let of_calls = pace::open_loop(sizes.calls, |nth| {
            let channel = channels[nth % CONNECTIONS].clone();
            async move { evaluate(channel, 0).await.map(drop) }
        });
        let of_calls = of_calls.await?;
        let of_checks = pace::open_loop(sizes.calls, |nth| {
            let mut client = HealthClient::new(channels[nth % CONNECTIONS].clone());
            async move { Ok(client.check(HealthCheckRequest::default()).await.map(drop)?) }
        });
        let of_checks = of_checks.await?;
        // The first round only warms up.
        if number > 0 {
            evaluated.extend(of_calls);
            checked.extend(of_checks);
        }
    }
    let limit_name = "an empty call of the same server at the same rate";
    for (name, share) in [("evaluate.warm.p50", 0.5), ("evaluate.warm.p99", 0.99)] {
        let (value, limit) = (percentile(&mut evaluated, share), percentile(&mut checked, share));
        figures.push(Figure { name: name.to_owned(), value, unit: "us", limit_name, limit });
    }
    Ok(())
}

/// Measures conversations that were never loaded, on both logs.
pub(super) async fn cold(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let path = stage.fresh_path();
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
    cold_on("evaluate.cold", log, stage, figures).await?;
    match stage.nats(nats::Sync::Lazy) {
        Ok(nats) => {
            let log: Arc<dyn EventLog> = Arc::new(open_jetstream(stage, &nats).await?);
            cold_on("evaluate.cold.jetstream", log, stage, figures).await
        }
        Err(error) if error.is::<Missing>() => Ok(note(&format!("evaluate.cold.jetstream is skipped: {error}"))?),
        Err(error) => Err(error),
    }
}

async fn cold_on(
    name: &str,
    log: Arc<dyn EventLog>,
    stage: &mut Stage,
    figures: &mut Vec<Figure>,
) -> anyhow::Result<()> {
    let n_people = stage.sizes.strangers;
    fill(&log, n_people * LENGTH, n_people).await?;
    let (channel, _serving) = serve(&log, stage).await?;
    let (mut evaluated, mut read) = (Vec::new(), Vec::new());
    for person in 0..n_people {
        let began = Instant::now();
        evaluate(channel.clone(), person).await?;
        evaluated.push(began.elapsed().as_secs_f64() * 1e6);
        let stream = super::workload::stream_of(log.identity(), person);
        let began = Instant::now();
        let records = log.read(&stream, 0).await?;
        read.push(began.elapsed().as_secs_f64() * 1e6);
        anyhow::ensure!(records.len().abs_diff(LENGTH) < 4, "a conversation has {} records", records.len());
    }
    let (value, limit) = (percentile(&mut evaluated, 0.99), percentile(&mut read, 0.99));
    let limit_name = "reading the same records from the log";
    figures.push(Figure { name: format!("{name}.p99"), value, unit: "us", limit_name, limit });
    Ok(())
}

/// The service on this log in this process, with nothing in memory and no snapshots.
async fn serve(log: &Arc<dyn EventLog>, stage: &mut Stage) -> anyhow::Result<(Channel, JoinSet<()>)> {
    let url = SecretString::from(format!("sqlite:{}", stage.fresh_path().display()));
    let database = Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await?;
    let (clock, ids) = (Clock::system(), Ids::random());
    let (is_durable, metrics) = (false, Metrics::new("bench", "0"));
    let (of_log, of_clock, of_ids) = (Arc::clone(log), clock.clone(), ids.clone());
    let rehearsals =
        Rehearsals::new(rehearsal::Deps { log: of_log, database, is_durable, clock: of_clock, ids: of_ids });
    let conversations = Conversations::new(Arc::clone(log));
    let deps = compliance::Deps { log: Arc::clone(log), conversations, database: None, clock, ids, metrics };
    let service = ComplianceService::server(deps, rehearsals);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        // It ends with the set that it runs in.
        Server::builder().add_service(service).serve_with_incoming(incoming(listener)).await.ok();
    });
    Ok((Endpoint::from_shared(format!("http://{address}"))?.connect().await?, serving))
}

/// Asks once about one of the workload's people. Answers the revision that was judged.
async fn evaluate(channel: Channel, person: usize) -> anyhow::Result<u64> {
    let request = EvaluateSendRequest {
        parent: format!("pages/{PAGE}/conversations/{}", psid(person)),
        actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
        purpose: Purpose::Conversation.into(),
        at_time: None,
        matter: None,
    };
    let answer = ComplianceClient::new(channel).evaluate_send(request).await?;
    Ok(answer.into_inner().revision)
}
