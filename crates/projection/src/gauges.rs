//! What can be seen of a table's work from outside.

use event_log::Checkpoint;
use service_kit::{Counter, Gauge, Metrics};

/// The numbers of one table.
pub(crate) struct Gauges {
    table: &'static str,
    records: Counter,
    lag: Gauge,
    rebuilds: Counter,
}

impl Gauges {
    pub(crate) fn new(metrics: &Metrics, table: &'static str) -> Self {
        let records = "records whose effect was stored in a table";
        let lag = "places in the log behind which a table is; only the replica that fills it tells";
        let rebuilds = "how often a table was filled from the beginning of the log";
        let gauges = Self {
            table,
            records: metrics.counter("nuncio.projection.records", "{record}", records),
            lag: metrics.gauge("nuncio.projection.lag", "{record}", lag),
            rebuilds: metrics.counter("nuncio.projection.rebuilds", "{rebuild}", rebuilds),
        };
        gauges.stored(0);
        gauges.silent();
        gauges.rebuilds.add(0, &[("table", table)]);
        gauges
    }

    pub(crate) fn stored(&self, n_records: usize) {
        self.records.add(n_records as u64, &[("table", self.table)]);
    }

    pub(crate) fn begun(&self) {
        self.rebuilds.add(1, &[("table", self.table)]);
    }

    pub(crate) fn lags(&self, reached: &Checkpoint, head: &Checkpoint) {
        let behind = |(shard, end): (u16, &u64)| end.saturating_sub(reached.position(shard));
        let lag: u64 = (0..).zip(&head.positions).map(behind).sum();
        self.lag.set(i64::try_from(lag).unwrap_or(i64::MAX), &[("table", self.table)]);
    }

    /// Somebody else fills the table, and tells; or nobody knows yet.
    pub(crate) fn silent(&self) {
        self.lag.set(0, &[("table", self.table)]);
    }
}
