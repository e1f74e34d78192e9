//! Filling a log quickly, as if its records had come in over a long time.

use super::workload::Workload;
use event_log::EventLog;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Records appended by one call, and calls in flight.
const TOGETHER: usize = 1_000;
const IN_FLIGHT: usize = 4;

/// When the first record was written: 2024-11-14.
const BEGINNING_MS: i64 = 1_731_600_000_000;

/// Appends so many records of so many people, who take turns: each one's records are spread over the whole log.
pub(super) async fn fill(log: &Arc<dyn EventLog>, n_records: usize, n_people: usize) -> anyhow::Result<()> {
    let mut workload = Workload::new(n_people);
    let mut at_ms = BEGINNING_MS;
    let mut sizes: VecDeque<_> = std::iter::repeat_n(TOGETHER, n_records / TOGETHER).collect();
    sizes.extend(Some(n_records % TOGETHER).filter(|rest| *rest > 0));
    let mut calls: JoinSet<anyhow::Result<()>> = JoinSet::new();
    while let Some(size) = sizes.pop_front() {
        let records = workload.records_since(log.identity(), &mut at_ms, size);
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
