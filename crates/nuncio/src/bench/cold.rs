//! Asking whether something may be said, of long conversations that are not in memory: as services load them, from the
//! snapshots that they wrote behind and the log's tail, and from the log alone.

use super::Stage;
use super::evaluate::evaluate;
use super::fill::Filling;
use super::ingress::open_jetstream;
use super::nats::{self, Missing};
use super::report::{Figure, note, percentile};
use super::workload::stream_of;
use crate::grpc::incoming;
use anyhow::Context;
use compliance::ComplianceService;
use compliance::rehearsal::{self, Rehearsals};
use domain::id::StreamId;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{Conversations, EventLog, Snapshots};
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use snapshots::SqlSnapshots;
use sql::{Create, Database, Options};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};

/// Events of a conversation when its snapshot is written.
const LENGTH: usize = 1_000;

/// Events that come behind a snapshot at most: with more, whoever loads the conversation writes a new one.
const LONGEST_TAIL: usize = 49;

/// Measures on both logs.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let path = stage.fresh_path();
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
    measure_on("evaluate.cold", log, stage, figures).await?;
    match stage.nats(nats::Sync::Lazy) {
        Ok(nats) => {
            let log: Arc<dyn EventLog> = Arc::new(open_jetstream(stage, &nats).await?);
            measure_on("evaluate.cold.jetstream", log, stage, figures).await
        }
        Err(error) if error.is::<Missing>() => Ok(note(&format!("evaluate.cold.jetstream is skipped: {error}"))?),
        Err(error) => Err(error),
    }
}

async fn measure_on(
    name: &str,
    log: Arc<dyn EventLog>,
    stage: &mut Stage,
    figures: &mut Vec<Figure>,
) -> anyhow::Result<()> {
    let n_people = stage.sizes.strangers;
    let streams: Vec<_> = (0..n_people).map(|person| stream_of(log.identity(), person)).collect();
    let mut filling = Filling::new(n_people);
    filling.append(&log, n_people * LENGTH).await?;
    let tables = stage.fresh_path();
    let floors = write_behind(&log, &streams, &tables).await?;
    let lengths = (0..n_people).map(|person| person * (LONGEST_TAIL + 1) / n_people);
    filling.append_tails(&log, &streams, lengths).await?;

    // Each of them is another process to the conversations: nothing is in its memory.
    let (kept, _writing) = open_snapshots(&log, &tables).await?;
    let by_snapshots = Conversations::new(Arc::clone(&log)).with_snapshots(Arc::new(kept));
    let (value, limit) = ask(&log, by_snapshots, &floors, stage).await?;
    let limit_name = "reading the snapshot's record and those behind it from the log";
    figures.push(Figure { name: format!("{name}.p99"), value, unit: "us", limit_name, limit });

    let from_the_beginning = vec![0; n_people];
    let (value, limit) = ask(&log, Conversations::new(Arc::clone(&log)), &from_the_beginning, stage).await?;
    let limit_name = "reading the same records from the log";
    figures.push(Figure { name: format!("{name}.log.p99"), value, unit: "us", limit_name, limit });
    Ok(())
}

/// Asks once about everybody, and reads from the log what lies behind each one's floor. Answers the 99th percentiles of
/// both in microseconds.
async fn ask(
    log: &Arc<dyn EventLog>,
    conversations: Conversations,
    floors: &[u64],
    stage: &mut Stage,
) -> anyhow::Result<(f64, f64)> {
    let (channel, _serving) = serve(log, conversations, stage).await?;
    let (mut evaluated, mut read) = (Vec::new(), Vec::new());
    for (person, floor) in floors.iter().enumerate() {
        let began = Instant::now();
        let revision = evaluate(channel.clone(), person).await?;
        evaluated.push(began.elapsed().as_secs_f64() * 1e6);
        let stream = stream_of(log.identity(), person);
        let began = Instant::now();
        let records = log.read(&stream, *floor).await?;
        read.push(began.elapsed().as_secs_f64() * 1e6);
        let last = records.last().context("a conversation is empty")?;
        anyhow::ensure!(last.position == revision, "a conversation was judged as it was before");
    }
    Ok((percentile(&mut evaluated, 0.99), percentile(&mut read, 0.99)))
}

/// Loads everybody's conversation as a service does, and waits until each has its snapshot. Answers the places before the
/// records that they end with.
async fn write_behind(log: &Arc<dyn EventLog>, streams: &[StreamId], tables: &Path) -> anyhow::Result<Vec<u64>> {
    let (kept, _writing) = open_snapshots(log, tables).await?;
    let kept = Arc::new(kept);
    let conversations = Conversations::new(Arc::clone(log)).with_snapshots(kept.clone());
    let mut floors = Vec::with_capacity(streams.len());
    for stream in streams {
        conversations.load(stream).await?;
        let snapshot = loop {
            match kept.read(stream).await {
                Some(snapshot) => break snapshot,
                None => sleep(Duration::from_millis(1)).await,
            }
        };
        floors.push(snapshot.revision - 1);
    }
    Ok(floors)
}

/// The snapshots in a file of tables, which is made if it is not there, and what writes them until it is dropped.
async fn open_snapshots(log: &Arc<dyn EventLog>, tables: &Path) -> anyhow::Result<(SqlSnapshots, JoinSet<()>)> {
    let url = SecretString::from(format!("sqlite:{}", tables.display()));
    let database = Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await?;
    database.migrate().await?;
    let (snapshots, writer) = SqlSnapshots::new(database, log.identity().incarnation(), &Metrics::new("bench", "0"));
    let mut writing = JoinSet::new();
    writing.spawn(writer.run(CancellationToken::new()));
    Ok((snapshots, writing))
}

/// The service on this log in this process, with nothing in memory.
async fn serve(
    log: &Arc<dyn EventLog>,
    conversations: Conversations,
    stage: &mut Stage,
) -> anyhow::Result<(Channel, JoinSet<()>)> {
    let url = SecretString::from(format!("sqlite:{}", stage.fresh_path().display()));
    let database = Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await?;
    let (clock, ids) = (Clock::system(), Ids::random());
    let (is_durable, metrics) = (false, Metrics::new("bench", "0"));
    let (of_log, of_clock, of_ids) = (Arc::clone(log), clock.clone(), ids.clone());
    let rehearsals =
        Rehearsals::new(rehearsal::Deps { log: of_log, database, is_durable, clock: of_clock, ids: of_ids });
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
