//! What happens to the log as a whole.

use crate::time::Timestamp;

/// Something that concerns everything in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// When we recorded it.
    pub at: Timestamp,
    /// What happened.
    pub kind: SystemKind,
}

/// What can happen to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemKind {
    /// It was brought back from a backup. What was recorded after the backup may be lost, and with it claims: sends that
    /// wait in this log may have gone out.
    LogRestored {
        /// Everything recorded up to this moment is there.
        lost_after: Timestamp,
        /// The incarnation that ended with the loss.
        previous_incarnation: String,
    },
}

impl SystemKind {
    /// The event's name, for logs and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::LogRestored { .. } => "log_restored",
        }
    }
}
