//! Filling a log quickly, as if its records had come in over a long time.

use super::workload::Workload;
use domain::id::StreamId;
use event_log::EventLog;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Records appended by one call, and calls in flight.
const TOGETHER: usize = 1_000;
const IN_FLIGHT: usize = 4;

/// When the first record was written: 2024-11-14.
const BEGINNING_MS: i64 = 1_731_600_000_000;

/// Appends so many records of so many people, who take turns: each one's records are spread over the whole log.
pub(super) async fn fill(log: &Arc<dyn EventLog>, n_records: usize, n_people: usize) -> anyhow::Result<()> {
    Filling::new(n_people).append(log, n_records).await
}

/// A log that is filled bit by bit.
pub(super) struct Filling {
    workload: Workload,
    n_people: usize,
    at_ms: i64,
}

impl Filling {
    pub(super) fn new(n_people: usize) -> Self {
        Self { workload: Workload::new(n_people), n_people, at_ms: BEGINNING_MS }
    }

    /// Appends so many more records.
    pub(super) async fn append(&mut self, log: &Arc<dyn EventLog>, n_records: usize) -> anyhow::Result<()> {
        let mut sizes: VecDeque<_> = std::iter::repeat_n(TOGETHER, n_records / TOGETHER).collect();
        sizes.extend(Some(n_records % TOGETHER).filter(|rest| *rest > 0));
        let mut calls: JoinSet<anyhow::Result<()>> = JoinSet::new();
        while let Some(size) = sizes.pop_front() {
            let records = self.workload.records_since(log.identity(), &mut self.at_ms, size);
            let log = Arc::clone(log);
            calls.spawn(async move {
                log.append_all(&records).await?;
                Ok(())
            });
            if calls.len() >= IN_FLIGHT
                && let Some(ended) = calls.join_next().await
            {
                ended??;
            }
        }
        while let Some(ended) = calls.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Appends so many more records to each of these streams of its people.
    pub(super) async fn append_tails(
        &mut self,
        log: &Arc<dyn EventLog>,
        streams: &[StreamId],
        lengths: impl Iterator<Item = usize>,
    ) -> anyhow::Result<()> {
        let mut left: HashMap<_, _> = streams.iter().zip(lengths).collect();
        while left.values().any(|left| *left > 0) {
            let mut records = self.workload.records_since(log.identity(), &mut self.at_ms, self.n_people);
            records.retain(|record| {
                let wanted = left.get_mut(&record.stream).filter(|left| **left > 0);
                wanted.map(|left| *left -= 1).is_some()
            });
            log.append_all(&records).await?;
        }
        Ok(())
    }
}
