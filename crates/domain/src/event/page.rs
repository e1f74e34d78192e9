//! What happens to a Page, besides what the platform tells of it.

use crate::decision::Capability;
use crate::id::AppId;
use crate::time::Timestamp;

/// One step in the life of a Page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageStep {
    /// When we recorded the step.
    pub at: Timestamp,
    /// What happened.
    pub kind: PageStepKind,
}

/// What can happen to a Page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStepKind {
    /// Our app speaks for the Page, under this id.
    Connected {
        /// The app.
        app: AppId,
    },
    /// The Page's messaging was switched on or off.
    MessagingSwitched {
        /// How it is from now on.
        is_on: bool,
    },
    /// The Page was given a capability, or lost it.
    CapabilityChanged {
        /// Which.
        capability: Capability,
        /// Whether the Page has it from now on.
        is_granted: bool,
    },
    /// The platform refused a send for a reason that concerns the whole Page.
    Refused {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
    },
    /// The share of people who block the Page when it writes has come above what its rule pack says, or is not above it
    /// any more.
    BlockRateCrossed {
        /// Whether it is above it from now on.
        is_above: bool,
        /// How many sends were counted.
        sends: u64,
        /// How many of them ended in a block.
        blocks: u64,
    },
}

impl PageStepKind {
    /// The step's name, for logs and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::MessagingSwitched { .. } => "messaging_switched",
            Self::CapabilityChanged { .. } => "capability_changed",
            Self::Refused { .. } => "refused",
            Self::BlockRateCrossed { .. } => "block_rate_crossed",
        }
    }
}
