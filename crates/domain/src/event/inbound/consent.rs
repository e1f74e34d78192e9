//! What people agree to: opt-ins of every kind, and linked accounts.

use super::word::words;
use crate::id::{LinkCode, OptinRef, Token};
use crate::time::Timestamp;

/// The person agreed to something.
#[derive(Clone, Debug, PartialEq)]
pub enum OptIn {
    /// Tapped "Send to Messenger" on a site.
    Plugin {
        /// What the site put into the button.
        reference: Option<String>,
    },
    /// Ticked a box on a site.
    Checkbox {
        /// What the site put into the box.
        reference: Option<String>,
        /// By which the person can be addressed until the PSID is known.
        user_ref: OptinRef,
    },
    /// Agreed to one message about one thing.
    OneTime {
        /// What the request carried.
        payload: Option<String>,
        /// The right to that message.
        token: Token,
    },
    /// Agreed to repeated or marketing messages, renewed that, stopped or resumed them.
    Notifications(Box<Notifications>),
}

impl OptIn {
    /// The kind's name, for fact ids, logs and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Plugin { .. } => "plugin",
            Self::Checkbox { .. } => "checkbox",
            Self::OneTime { .. } => "one_time",
            Self::Notifications(_) => "notifications",
        }
    }
}

/// A right to repeated messages, and what the person did with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notifications {
    /// The right.
    pub token: Token,
    /// Whether the person stopped or resumed the messages; none for an opt-in.
    pub change: Option<NotificationChange>,
    /// Whether the person renewed the right.
    pub renewal: Option<TokenStatus>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What the request carried.
    pub payload: Option<String>,
    /// What the messages are about.
    pub title: Option<String>,
    /// The person's time zone.
    pub timezone: Option<String>,
    /// How often, for rights of the oldest sort.
    pub frequency: Option<String>,
    /// The link's own reference, when the person came by a link.
    pub reference: Option<String>,
    /// Where the person came from.
    pub source: Option<String>,
    /// The topic of the link.
    pub topic: Option<String>,
}

words! {
    /// What a person did with a right that the Page has.
    NotificationChange {
        /// Wants no more of them.
        Stop = "STOP NOTIFICATIONS",
        /// Wants them again.
        Resume = "RESUME NOTIFICATIONS",
    }
}

words! {
    /// Whether a right was renewed.
    TokenStatus {
        /// Given anew.
        Refreshed = "REFRESHED",
        /// Given for the first time.
        NotRefreshed = "NOT_REFRESHED",
    }
}

/// The person's account with the Page's owner was linked, or the link was undone.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountLink {
    /// Linked.
    Linked {
        /// What the owner's own site handed to the platform.
        code: Option<LinkCode>,
    },
    /// Undone.
    Unlinked,
}
