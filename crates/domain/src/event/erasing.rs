//! Erasing a person: what is recorded of it, without a word about the person.

use crate::time::Timestamp;

/// One step of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// When we recorded the step.
    pub at: Timestamp,
    /// What happened.
    pub kind: ErasingKind,
}

/// The steps of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasingKind {
    /// The tombstone. Everything that was stated at or before `until` is to go, and whatever of it comes again later is
    /// not taken in. What is stated after it begins anew.
    Begun {
        /// The end of what is erased.
        until: Timestamp,
    },
    /// Every older record is gone from the log.
    Completed {
        /// The end of what was erased.
        until: Timestamp,
        /// How many records were removed.
        n_removed: u64,
    },
}

impl ErasingKind {
    /// The step's name, for logs and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun { .. } => "erasure_begun",
            Self::Completed { .. } => "erasure_completed",
        }
    }
}
