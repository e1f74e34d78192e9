//! The simulator's own time: it runs with the machine's clock plus an offset, or stands still until it is moved.

use std::time::{SystemTime, UNIX_EPOCH};

/// The one clock. It stands for Meta's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The machine's time and so many milliseconds more.
    Running { offset_ms: i64 },
    /// Always this moment.
    Stopped { at_ms: i64 },
}

impl Clock {
    /// Now, in milliseconds since 1970.
    pub(crate) fn now_ms(self) -> i64 {
        match self {
            Self::Running { offset_ms } => machine_ms().saturating_add(offset_ms),
            Self::Stopped { at_ms } => at_ms,
        }
    }

    /// How far it is ahead of the machine's clock, in milliseconds.
    pub(crate) fn offset_ms(self) -> i64 {
        match self {
            Self::Running { offset_ms } => offset_ms,
            Self::Stopped { at_ms } => at_ms.saturating_sub(machine_ms()),
        }
    }

    pub(crate) fn is_stopped(self) -> bool {
        matches!(self, Self::Stopped { .. })
    }

    /// A clock that stands at this one's moment.
    pub(crate) fn stopped(self) -> Self {
        Self::Stopped { at_ms: self.now_ms() }
    }

    /// A clock that goes on from this one's moment.
    pub(crate) fn running(self) -> Self {
        Self::Running { offset_ms: self.offset_ms() }
    }

    /// A clock of the same kind that shows that moment now.
    pub(crate) fn set_to(self, at_ms: i64) -> Self {
        match self {
            Self::Running { .. } => Self::Running { offset_ms: at_ms.saturating_sub(machine_ms()) },
            Self::Stopped { .. } => Self::Stopped { at_ms },
        }
    }
}

fn machine_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the simulator's only clock, and it stands for Meta's")]
    let now = SystemTime::now();
    let since_1970 = now.duration_since(UNIX_EPOCH).expect("the machine's clock is past 1970");
    i64::try_from(since_1970.as_millis()).expect("milliseconds since 1970 fit 63 bits")
}
