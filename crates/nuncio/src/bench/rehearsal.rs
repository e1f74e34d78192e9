//! Rehearsing a pack on a log of sends, on two threads, beside following the same records and doing nothing with them.

use super::Stage;
use super::report::{Figure, median, note, per_second};
use super::sends::fill_sends;
use anyhow::Context;
use compliance::rehearsal::{Ended, Plan, Progress, Report, Scope, Threads, run};
use domain::id::Kind;
use domain::pack::{BUILT_IN, Pack};
use domain::rehearsal::Proposed;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{Checkpoint, EventLog, Filter, Followed, LogError, PARTITIONS};
use std::hint::black_box;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Rounds of this take seconds, so there are fewer.
const MOST_ROUNDS: usize = 7;

/// How many threads there are on either side.
const THREADS: u16 = 2;

/// Measures on the embedded log.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let (n_sends, rounds) = (stage.sizes.rehearsed, stage.sizes.rounds.min(MOST_ROUNDS));
    let path = stage.fresh_path();
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
    let began = Instant::now();
    fill_sends(&log, n_sends).await?;
    note(&format!("filled a log with {n_sends} sends in {:.0} s", began.elapsed().as_secs_f64()))?;
    let (mut rehearsed, mut followed) = (Vec::new(), Vec::new());
    for number in 0..=rounds {
        let (of_rehearsal, of_following) = (rehearse(&log, n_sends).await?, follow(&log, n_sends).await?);
        // The first round only warms up.
        if number > 0 {
            rehearsed.push(of_rehearsal);
            followed.push(of_following);
        }
    }
    figures.push(Figure {
        name: "rehearsal".to_owned(),
        value: median(rehearsed),
        unit: "sends/s",
        limit_name: "reading and decoding the same records on as many threads",
        limit: median(followed),
    });
    Ok(())
}

/// How many sends a second are judged by a pack that blocks some of them.
async fn rehearse(log: &Arc<dyn EventLog>, n_sends: usize) -> anyhow::Result<f64> {
    let text = BUILT_IN[3].1.replacen("standard = \"24h\"", "standard = \"1h\"", 1);
    let proposed = Proposed::Pack(Box::new(Pack::parse("proposed", &text)?));
    let began = Instant::now();
    let plan = Plan::new(&**log, Scope::default(), usize::from(THREADS)).await?;
    let (mut report, stop) = (Report::default(), CancellationToken::new());
    let threads = Threads(NonZero::new(usize::from(THREADS)).context("there are threads")?);
    let progress = Arc::new(Progress::new(plan.n_records(), plan.n_parts));
    let parts = 0..plan.n_parts;
    let job = (plan, proposed);
    let ended = run::<LogError>(Arc::clone(log), job, parts, (threads, progress), (&mut report, &stop)).await?;
    let took = began.elapsed();
    let (all, to_block, _) = report.tally.totals();
    anyhow::ensure!(ended == Ended::Done && all == n_sends as u64, "judged {all} of {n_sends} sends");
    anyhow::ensure!(to_block > 0 && to_block < all, "{to_block} of {all} would be blocked");
    Ok(per_second(n_sends, took))
}

/// How many sends a second go by when their records are followed and decoded.
async fn follow(log: &Arc<dyn EventLog>, n_sends: usize) -> anyhow::Result<f64> {
    let mut following: JoinSet<anyhow::Result<usize>> = JoinSet::new();
    let began = Instant::now();
    let share = |share| (0..PARTITIONS).filter(|partition| partition * THREADS / PARTITIONS == share).collect();
    let shares = (0..THREADS).map(share).collect();
    let filter = Filter { kinds: vec![Kind::Conversation, Kind::Comment], ..Filter::default() };
    for mut follower in log.follow_parts(filter, shares, Checkpoint::beginning()).await? {
        let runtime = Handle::current();
        following.spawn_blocking(move || {
            let mut n_records = 0;
            loop {
                let next = match follower.try_next()? {
                    Some(next) => next,
                    None => runtime.block_on(follower.next())?,
                };
                match next {
                    Followed::Record(stored) => {
                        n_records += 1;
                        drop(black_box(stored));
                    }
                    Followed::CaughtUp(_) => return Ok(n_records),
                    Followed::Checkpoint(_) => (),
                }
            }
        });
    }
    let mut n_records = 0;
    while let Some(ended) = following.join_next().await {
        n_records += ended??;
    }
    anyhow::ensure!(n_records >= 4 * n_sends, "followed {n_records} records of {n_sends} sends");
    Ok(per_second(n_sends, began.elapsed()))
}
