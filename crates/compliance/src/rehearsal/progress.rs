//! How far a rehearsal has come, told while it goes on.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a rehearsal has come; shared by whoever works and whoever asks.
#[derive(Debug)]
pub struct Progress {
    n_records: u64,
    /// How many places of the log each part has passed.
    passed: Vec<AtomicU64>,
    n_sends: AtomicU64,
}

/// How far it has come at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many of the log's records were passed, looked at or not; each part passes its share of every place.
    pub records: u64,
    /// How many there are.
    pub of_records: u64,
    /// How many sends were judged.
    pub sends: u64,
}

impl Progress {
    /// Nothing yet, of so many records in so many parts.
    pub fn new(n_records: u64, n_parts: u16) -> Self {
        let passed = (0..n_parts).map(|_| AtomicU64::new(0)).collect();
        Self { n_records, passed, n_sends: AtomicU64::new(0) }
    }

    /// How far it is now.
    pub fn seen(&self) -> Seen {
        let passed: u64 = self.passed.iter().map(|part| part.load(Ordering::Relaxed)).sum();
        let records = passed / (self.passed.len() as u64).max(1);
        Seen { records, of_records: self.n_records, sends: self.n_sends.load(Ordering::Relaxed) }
    }

    /// A part stands behind so many places.
    pub(crate) fn pass(&self, part: u16, places: u64) {
        if let Some(passed) = self.passed.get(usize::from(part)) {
            passed.fetch_max(places.min(self.n_records), Ordering::Relaxed);
        }
    }

    /// So many more sends were judged.
    pub(crate) fn judged(&self, n_sends: u64) {
        self.n_sends.fetch_add(n_sends, Ordering::Relaxed);
    }

    /// A part is done, or was before.
    pub(crate) fn done(&self, part: u16) {
        self.pass(part, self.n_records);
    }
}
