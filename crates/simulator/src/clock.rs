//! The simulator's own time: the machine's clock plus an offset, so that windows can be let pass.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Real time plus an offset that only grows.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Now, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "this is the simulator's only clock, and it stands for Meta's")]
        let now = SystemTime::now();
        let since_1970 = now.duration_since(UNIX_EPOCH).expect("the machine's clock is past 1970");
        let real_ms = i64::try_from(since_1970.as_millis()).expect("milliseconds since 1970 fit 63 bits");
        real_ms.saturating_add(self.offset_ms())
    }

    /// How far this clock is ahead of the machine's, in milliseconds.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock forward by so many milliseconds; the caller has bounded them.
    pub(crate) fn advance(&self, ms: u64) {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }
}
