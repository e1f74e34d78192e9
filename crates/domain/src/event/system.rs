//! What happens to the log as a whole.

use crate::decision::PackRef;
use crate::id::{PageId, RequestId};
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
    /// A rule pack's whole text was kept, so that every decision by it can be made again.
    PackLoaded {
        /// The text; the pack is named by its digest.
        text: String,
    },
    /// A rule pack was put into force, from the instant that it names.
    PackActivated {
        /// Which.
        pack: PackRef,
    },
    /// A rule pack was taken out of force.
    PackRetired {
        /// Which.
        pack: PackRef,
    },
    /// A Page is judged by one rule pack whatever the time, or by the one in force again.
    PackPinned {
        /// The Page.
        page: PageId,
        /// The pack; none: the one in force.
        pack: Option<PackRef>,
    },
    /// A Page was given numbers and flags of its own, or they were taken away.
    PackOverridden {
        /// The Page.
        page: PageId,
        /// The whole text of its own values, in the form of a pack; none: they were taken away.
        overrides: Option<String>,
    },
    /// A caller asked for what else happened in this record, or for what was so already.
    PacksRequested {
        /// The caller's name for the call.
        request: RequestId,
        /// A digest of everything the caller asked for; another one under the same name is another call.
        request_digest: [u8; 16],
    },
}

impl SystemKind {
    /// The event's name, for logs and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::LogRestored { .. } => "log_restored",
            Self::PackLoaded { .. } => "pack_loaded",
            Self::PackActivated { .. } => "pack_activated",
            Self::PackRetired { .. } => "pack_retired",
            Self::PackPinned { .. } => "pack_pinned",
            Self::PackOverridden { .. } => "pack_overridden",
            Self::PacksRequested { .. } => "packs_requested",
        }
    }
}
