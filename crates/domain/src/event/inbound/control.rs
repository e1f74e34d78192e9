//! Which app speaks for the Page, and whether the Page may speak at all.

use super::word::words;
use crate::id::AppId;

words! {
    /// What happened to the control over a thread.
    ControlStep {
        /// Its owner gave it away.
        Passed = "pass",
        /// The default app took it.
        Taken = "take",
        /// An app asked for it.
        Requested = "request",
    }
}

/// Control over a thread changed hands, or was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadControl {
    /// What happened.
    pub step: ControlStep,
    /// Who had it; none while the thread was idle, and for a request.
    pub from: Option<AppId>,
    /// Who has it now, or asks for it.
    pub to: Option<AppId>,
    /// What the app that acted says about it.
    pub metadata: Option<String>,
}

/// One app's parts in the routing of the Page's threads, as it was before default apps.
#[derive(Clone, Debug, PartialEq)]
pub struct AppRoles {
    /// The app.
    pub app: AppId,
    /// `primary_receiver` or `secondary_receiver`.
    pub roles: Vec<String>,
}

words! {
    /// What the platform did to a Page.
    PolicyAction {
        /// Warned it.
        Warning = "warning",
        /// Forbade it to write.
        Block = "block",
        /// Allowed it to write again.
        Unblock = "unblock",
    }
}

/// The platform holds the Page to its policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyEnforcement {
    /// What it did.
    pub action: PolicyAction,
    /// Why, in its own words.
    pub reason: Option<String>,
}
