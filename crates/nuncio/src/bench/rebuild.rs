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
use event_log::{Checkpoint, EventLog, Filter, Followed, LogError, Stored};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Rounds of this take seconds, so there are fewer.
const MOST_ROUNDS: usize = 7;

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
    let (mut rebuilt, mut followed, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..=sizes.rounds.min(MOST_ROUNDS) {
        let mut states = HashMap::new();
        let of_rebuild = time(n_records, follow(&*log, |stored| fold(&mut states, &stored))).await?;
        let of_follow = time(n_records, follow(&*log, |stored| drop(black_box(stored)))).await?;
        let of_raw = time(n_records, async { Ok(raw().await?.records as usize) }).await?;
        // The first round only warms up.
        if number > 0 {
            rebuilt.push(of_rebuild);
            followed.push(of_follow);
            read.push(of_raw);
        }
    }
    let (value, unit) = (median(rebuilt), "records/s");
    let limit_name = "an ordered read of the same log that decodes nothing";
    figures.push(Figure { name: name.to_owned(), value, unit, limit_name, limit: median(read) });
    let limit_name = "following the same log and doing nothing";
    figures.push(Figure { name: format!("{name}.followed"), value, unit, limit_name, limit: median(followed) });
    Ok(())
}

/// How many records a second went through `work`, which answers their number: it has to be all of them.
async fn time(n_records: usize, work: impl Future<Output = anyhow::Result<usize>>) -> anyhow::Result<f64> {
    let began = Instant::now();
    let found = work.await?;
    let took = began.elapsed();
    anyhow::ensure!(found == n_records, "read {found} of {n_records} records");
    Ok(per_second(n_records, took))
}

/// Takes every record of the log, and answers how many there were.
async fn follow(log: &dyn EventLog, mut take: impl FnMut(Box<Stored>)) -> anyhow::Result<usize> {
    let mut n_records = 0;
    let mut follower = log.follow(Filter::default(), Checkpoint::beginning()).await?;
    loop {
        match follower.next().await? {
            Followed::Record(stored) => {
                n_records += 1;
                take(stored);
            }
            Followed::CaughtUp(_) => return Ok(n_records),
            Followed::Checkpoint(_) => (),
        }
    }
}

/// Folds a record into its conversation.
fn fold(states: &mut HashMap<StreamId, Conversation>, stored: &Stored) {
    match states.get_mut(&stored.record.stream) {
        Some(state) => stored.events().for_each(|event| state.evolve(event)),
        None => {
            let state = Conversation::fold(stored.events());
            states.insert(stored.record.stream.clone(), state);
        }
    }
}
