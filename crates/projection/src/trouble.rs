//! Saying once that something is away, and once that it is back.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a table's work is held up. What holds it up is tried again for as long as it takes, and told once.
#[derive(Debug)]
pub(crate) struct Trouble {
    table: &'static str,
    is_told: AtomicBool,
}

impl Trouble {
    pub(crate) const fn new(table: &'static str) -> Self {
        Self { table, is_told: AtomicBool::new(false) }
    }

    /// Work is held up by something that may pass.
    pub(crate) fn passing(&self, error: &(dyn Error + 'static)) {
        let table = self.table;
        if self.is_told.swap(true, Ordering::Relaxed) {
            tracing::debug!(table, error, "the table {table} still waits");
        } else {
            tracing::warn!(table, error, "the table {table} does not follow the log now; it is tried again");
        }
    }

    /// Work is held up by something that somebody has to mend.
    pub(crate) fn lasting(&self, error: &(dyn Error + 'static)) {
        let table = self.table;
        if self.is_told.swap(true, Ordering::Relaxed) {
            tracing::debug!(table, error, "the table {table} still waits");
        } else {
            tracing::error!(
                table,
                error,
                "the table {table} cannot follow the log; it is tried again, and if what it holds is damaged, \
                 `nuncio rebuild {table}` fills it anew"
            );
        }
    }

    /// Work goes on.
    pub(crate) fn over(&self) {
        let table = self.table;
        if self.is_told.swap(false, Ordering::Relaxed) {
            tracing::info!(table, "the table {table} follows the log again");
        }
    }
}
