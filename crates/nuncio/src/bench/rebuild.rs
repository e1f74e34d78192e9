//! Rebuilding: every conversation folded by a follower from the beginning, beside an ordered read that decodes nothing.

use super::fill::fill;
use super::ingress::open_jetstream;
use super::nats::Nats;
use super::report::{Figure, median, per_second};
use super::{Sizes, Stage};
use domain::conversation::Conversation;
use domain::id::StreamId;
use event_log::raw::{self, RawRead};
use event_log::sqlite::{Config, SqliteLog};
use event_log::{Checkpoint, EventLog, Filter, Followed, LogError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Records of one conversation.
const LENGTH: usize = 50;

/// Measures on the embedded log.
pub(super) async fn embedded(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let path = stage.fresh_path();
    let log = Arc::new(SqliteLog::open(&path, Config::default())?);
    let raw = async || raw::embedded(&log).await;
    measure("rebuild", Arc::clone(&log) as _, raw, stage.sizes, figures).await
}

/// Measures on JetStream.
pub(super) async fn jetstream(stage: &mut Stage, nats: &Nats, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let log = Arc::new(open_jetstream(stage, nats).await?);
    let raw = async || raw::jetstream(&log).await;
    measure("rebuild.jetstream", Arc::clone(&log) as _, raw, stage.sizes, figures).await
}

async fn measure(
    name: &str,
    log: Arc<dyn EventLog>,
    raw: impl AsyncFn() -> Result<RawRead, LogError>,
    sizes: Sizes,
    figures: &mut Vec<Figure>,
) -> anyhow::Result<()> {
    let n_records = sizes.rebuilt;
    fill(&log, n_records, (n_records / LENGTH).max(1)).await?;
    let (mut rebuilt, mut read) = (Vec::new(), Vec::new());
    for number in 0..=sizes.rounds {
        let began = Instant::now();
        let found = rebuild(&*log).await?;
        let rebuild_took = began.elapsed();
        let began = Instant::now();
        let raw = raw().await?;
        let raw_took = began.elapsed();
        let counts = (found as u64, raw.records);
        anyhow::ensure!(counts == (n_records as u64, n_records as u64), "read {counts:?} of {n_records} records");
        // The first round only warms up.
        if number > 0 {
            rebuilt.push(per_second(n_records, rebuild_took));
            read.push(per_second(n_records, raw_took));
        }
    }
    figures.push(Figure {
        name: name.to_owned(),
        value: median(rebuilt),
        unit: "records/s",
        limit_name: "an ordered read of the same log that decodes nothing",
        limit: median(read),
    });
    Ok(())
}

/// Folds every conversation, and answers how many records there were.
async fn rebuild(log: &dyn EventLog) -> anyhow::Result<usize> {
    let mut states: HashMap<StreamId, Conversation> = HashMap::new();
    let mut n_records = 0;
    let mut follower = log.follow(Filter::default(), Checkpoint::beginning()).await?;
    loop {
        match follower.next().await? {
            Followed::Record(stored) => {
                n_records += 1;
                match states.get_mut(&stored.record.stream) {
                    Some(state) => stored.events().for_each(|event| state.evolve(event)),
                    None => {
                        let state = Conversation::fold(stored.events());
                        states.insert(stored.record.stream.clone(), state);
                    }
                }
            }
            Followed::CaughtUp(_) => return Ok(n_records),
            Followed::Checkpoint(_) => (),
        }
    }
}
