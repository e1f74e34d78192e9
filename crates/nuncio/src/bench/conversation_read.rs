//! Reading one conversation, scattered over a large log, beside the same in a small one.

use super::Stage;
use super::fill::fill;
use super::report::{Figure, median, note};
use super::workload::stream_of;
use event_log::EventLog;
use event_log::sqlite::{Config, SqliteLog};
use std::sync::Arc;
use std::time::Instant;

/// Records of one conversation.
const LENGTH: usize = 50;

/// A stride that has no divisor in common with the number of people, so that it comes round to all of them.
const STRIDE: usize = 7_919;

/// Measures on the embedded log.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let sizes = stage.sizes;
    let small = Filled::make(stage, sizes.small_log).await?;
    let large = Filled::make(stage, sizes.large_log).await?;
    let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
    for number in 0..=sizes.rounds {
        for (log, found) in [(&small, &mut of_small), (&large, &mut of_large)] {
            for turn in 0..sizes.reads {
                let took_us = log.read((number * sizes.reads + turn) * STRIDE).await?;
                // The first round only warms up.
                if number > 0 {
                    found.push(took_us);
                }
            }
        }
    }
    figures.push(Figure {
        name: "conversation.read".to_owned(),
        value: median(of_large),
        unit: "us",
        limit_name: "the same out of the small log",
        limit: median(of_small),
    });
    Ok(())
}

struct Filled {
    log: Arc<dyn EventLog>,
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
        Ok(Self { log, n_people })
    }

    /// Reads a conversation and answers how many microseconds that took.
    async fn read(&self, person: usize) -> anyhow::Result<f64> {
        let stream = stream_of(self.log.identity(), person % self.n_people);
        let began = Instant::now();
        let records = self.log.read(&stream, 0).await?;
        let took = began.elapsed();
        anyhow::ensure!(records.len().abs_diff(LENGTH) < 4, "a conversation has {} records", records.len());
        Ok(took.as_secs_f64() * 1e6)
    }
}
