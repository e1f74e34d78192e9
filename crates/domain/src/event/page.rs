//! What happens to a Page, besides what the platform tells of it.

use crate::decision::Capability;
use crate::id::{AppId, RequestId};
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
    /// We were given an access token for the Page, which works.
    Registered {
        /// How people here call the Page; none: nobody said. Its id alone is its identity.
        name: Option<String>,
    },
    /// We were given another access token, which works.
    TokenRotated,
    /// The platform does not take the access token any more.
    TokenDead {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
    },
    /// The platform takes the access token again.
    TokenWell,
    /// The platform says that the app may not send for the Page.
    PermissionLost {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
    },
    /// The app may send for the Page again.
    PermissionWell,
    /// Our app does not hear all that it needs of the Page any more.
    SubscriptionLost {
        /// The webhook fields that it does not hear.
        missing: Vec<String>,
    },
    /// Our app hears all that it needs of the Page.
    SubscriptionWell,
    /// Nothing is to leave from the Page, and what waits is to go on waiting.
    Paused {
        /// Why, in a person's words.
        reason: String,
    },
    /// What waits may leave again.
    Resumed,
    /// The other steps of this record are what a call asked for.
    Asked {
        /// The caller's name for the call.
        request: RequestId,
        /// A digest of what was asked for, without the access token.
        digest: [u8; 16],
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
            Self::Registered { .. } => "registered",
            Self::TokenRotated => "token_rotated",
            Self::TokenDead { .. } => "token_dead",
            Self::TokenWell => "token_well",
            Self::PermissionLost { .. } => "permission_lost",
            Self::PermissionWell => "permission_well",
            Self::SubscriptionLost { .. } => "subscription_lost",
            Self::SubscriptionWell => "subscription_well",
            Self::Paused { .. } => "paused",
            Self::Resumed => "resumed",
            Self::Asked { .. } => "asked",
        }
    }
}
