//! How a Page stands with us, as its steps tell: registered, paused, its token well, its webhooks heard.

use crate::conversation::Fact;
use crate::event::PageStepKind;
use crate::id::RequestId;
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a call is known by its request id. Calls about a Page are few, and repeated within minutes.
const CALLS_KEPT: Span = Span::from_hours(30 * 24);

/// How a Page stands with us.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    registered: Option<Fact>,
    name: Option<String>,
    paused: Option<Paused>,
    token_dead: Option<Barred>,
    permission_lost: Option<Barred>,
    missing: Vec<String>,
    /// Calls by their request ids: what was asked for, and when.
    calls: BTreeMap<RequestId, ([u8; 16], Fact)>,
}

/// Since when a Page is paused, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    /// What says so.
    pub fact: Fact,
    /// Why, in a person's words.
    pub reason: String,
}

/// Since when the platform takes nothing from a Page, and by which error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Barred {
    /// What says so.
    pub fact: Fact,
    /// The platform's error code.
    pub code: i64,
    /// Its subcode, 0 when there is none.
    pub subcode: i64,
}

impl Standing {
    pub(super) fn step(&mut self, fact: Fact, kind: &PageStepKind) {
        match kind {
            PageStepKind::Registered { name } => {
                self.registered = Some(self.registered.map_or(fact, |known| known.earlier(fact)));
                self.name.clone_from(name);
                (self.token_dead, self.permission_lost) = (None, None);
            }
            // What one token may not do, another may.
            PageStepKind::TokenRotated => (self.token_dead, self.permission_lost) = (None, None),
            PageStepKind::TokenWell => self.token_dead = None,
            PageStepKind::TokenDead { code, subcode } => {
                self.token_dead.get_or_insert(Barred { fact, code: *code, subcode: *subcode });
            }
            PageStepKind::PermissionWell => self.permission_lost = None,
            PageStepKind::PermissionLost { code, subcode } => {
                self.permission_lost.get_or_insert(Barred { fact, code: *code, subcode: *subcode });
            }
            PageStepKind::SubscriptionLost { missing } => self.missing.clone_from(missing),
            PageStepKind::SubscriptionWell => self.missing.clear(),
            PageStepKind::Paused { reason } => {
                self.paused.get_or_insert_with(|| Paused { fact, reason: reason.clone() });
            }
            PageStepKind::Resumed => self.paused = None,
            PageStepKind::Asked { request, digest } => {
                self.calls.retain(|_, (_, known)| known.at.plus(CALLS_KEPT) > fact.at);
                self.calls.insert(request.clone(), (*digest, fact));
            }
            PageStepKind::Connected { .. }
            | PageStepKind::MessagingSwitched { .. }
            | PageStepKind::CapabilityChanged { .. }
            | PageStepKind::Refused { .. }
            | PageStepKind::BlockRateCrossed { .. } => (),
        }
    }

    /// The fact by which the Page is registered.
    pub const fn registered(&self) -> Option<Fact> {
        self.registered
    }

    /// How people here call the Page.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Since when the Page is paused, if it is.
    pub const fn paused(&self) -> Option<&Paused> {
        self.paused.as_ref()
    }

    /// Since when the platform does not take the Page's token, if it does not.
    pub const fn token_dead(&self) -> Option<Barred> {
        self.token_dead
    }

    /// Since when the app may not send for the Page, if it may not.
    pub const fn permission_lost(&self) -> Option<Barred> {
        self.permission_lost
    }

    /// The webhook fields that our app needs and does not hear, as far as was found out.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The digest of what a call asked for that was made under this request id.
    pub fn asked(&self, request: &RequestId) -> Option<[u8; 16]> {
        self.calls.get(request).map(|(digest, _)| *digest)
    }
}
