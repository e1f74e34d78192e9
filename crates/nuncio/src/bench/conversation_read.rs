//! One conversation that is not in memory, out of a large log, beside the same out of a small one: as services load it,
//! from its snapshot and the log behind it, and record by record from the log alone.

use super::Stage;
use super::fill::fill;
use super::report::{Figure, median, note};
use super::workload::stream_of;
use anyhow::Context;
use domain::conversation::Conversation;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{Conversations, EventLog, Snapshot, Snapshots, Stored};
use secrecy::SecretString;
use service_kit::Metrics;
use snapshots::SqlSnapshots;
use sql::{Create, Database, Options};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Records of one conversation.
const LENGTH: usize = 50;

/// A stride that has no divisor in common with the number of people, so that it comes round to all of them.
const STRIDE: usize = 7_919;

/// Measures on the embedded log.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let sizes = stage.sizes;
    let small = Filled::make(stage, sizes.small_log).await?;
    let large = Filled::make(stage, sizes.large_log).await?;
    let mut found = [(); 4].map(|()| Vec::new());
    for number in 0..=sizes.rounds {
        for (place, log) in [&small, &large].into_iter().enumerate() {
            for turn in 0..sizes.reads {
                let person = (number * sizes.reads + turn) * STRIDE;
                let (loaded, read) = (log.load(person).await?, log.read(person).await?);
                // The first round only warms up.
                if number > 0 {
                    found[place].push(loaded);
                    found[place + 2].push(read);
                }
            }
        }
    }
    let [loaded_small, loaded_large, read_small, read_large] = found.map(median);
    let limit_name = "the same out of the small log";
    let figure = |name: &str, value, limit| Figure { name: name.to_owned(), value, unit: "us", limit_name, limit };
    figures.push(figure("conversation.read", loaded_large, loaded_small));
    figures.push(figure("conversation.read.log", read_large, read_small));
    Ok(())
}

struct Filled {
    log: Arc<dyn EventLog>,
    snapshots: Arc<SqlSnapshots>,
    n_people: usize,
}

impl Filled {
    async fn make(stage: &mut Stage, n_records: usize) -> anyhow::Result<Self> {
        let path = stage.fresh_path();
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
        let n_people = (n_records / LENGTH).max(1);
        let began = Instant::now();
        fill(&log, n_records, n_people).await?;
        note(&format!("filled a log with {n_records} records in {:.0} s", began.elapsed().as_secs_f64()))?;
        let snapshots = Arc::new(keep_snapshots(&log, n_people, &stage.fresh_path()).await?);
        Ok(Self { log, snapshots, n_people })
    }

    /// Loads a conversation as a service does that has it not in memory, and answers how many microseconds that took.
    async fn load(&self, person: usize) -> anyhow::Result<f64> {
        let stream = stream_of(self.log.identity(), person % self.n_people);
        let conversations = Conversations::new(Arc::clone(&self.log)).with_snapshots(self.snapshots.clone());
        let began = Instant::now();
        let loaded = conversations.load(&stream).await?;
        let took = began.elapsed();
        anyhow::ensure!(loaded.revision > 0, "a conversation is empty");
        Ok(took.as_secs_f64() * 1e6)
    }

    /// Reads a conversation's every record from the log, and answers how many microseconds that took.
    async fn read(&self, person: usize) -> anyhow::Result<f64> {
        let stream = stream_of(self.log.identity(), person % self.n_people);
        let began = Instant::now();
        let records = self.log.read(&stream, 0).await?;
        let took = began.elapsed();
        anyhow::ensure!(records.len().abs_diff(LENGTH) < 4, "a conversation has {} records", records.len());
        Ok(took.as_secs_f64() * 1e6)
    }
}

/// Keeps a snapshot of everybody's conversation in a new file of tables.
async fn keep_snapshots(log: &Arc<dyn EventLog>, n_people: usize, path: &Path) -> anyhow::Result<SqlSnapshots> {
    let url = SecretString::from(format!("sqlite:{}", path.display()));
    let database = Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await?;
    database.migrate().await?;
    let metrics = Metrics::new("nuncio", env!("CARGO_PKG_VERSION"));
    let (snapshots, writer) = SqlSnapshots::new(database, log.identity().incarnation(), &metrics);
    let mut writing = JoinSet::new();
    writing.spawn(writer.run(CancellationToken::new()));
    for person in 0..n_people {
        let stream = stream_of(log.identity(), person);
        let records = log.read(&stream, 0).await?;
        let last = records.last().context("a conversation is empty")?;
        let state = Arc::new(Conversation::fold(records.iter().flat_map(Stored::events)));
        let snapshot = Snapshot { state, revision: last.position, last: last.record.id };
        while !snapshots.keep(&stream, snapshot.clone()) {
            sleep(Duration::from_millis(1)).await;
        }
        if person + 1 == n_people {
            // They are stored in order, so the last tells of all.
            while snapshots.read(&stream).await.is_none() {
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
    Ok(snapshots)
}
