//! What is done to a Page: by a call, or by what a check found out.

use super::Page;
use crate::decision::Capability;
use crate::event::{Event, PageStep, PageStepKind};
use crate::id::{AppId, RequestId};
use crate::time::Timestamp;

/// A change of a Page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its access token was given to us, works, and was made for this app.
    Register {
        /// The app.
        app: AppId,
        /// How people here call the Page; none: nobody said.
        name: Option<String>,
    },
    /// Another access token was given to us, which works.
    RotateToken,
    /// Nothing is to leave from it.
    Pause {
        /// Why, in a person's words.
        reason: String,
    },
    /// What waits may leave again.
    Resume,
    /// Its messaging is switched.
    SwitchMessaging {
        /// How it is to be.
        is_on: bool,
    },
    /// It has a capability, or has it no more.
    SetCapability {
        /// Which.
        capability: Capability,
        /// Whether the Page has it.
        is_granted: bool,
    },
    /// The platform did not take its token, by this error.
    FindTokenDead {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
    },
    /// The platform took its token.
    FindTokenWell,
    /// The platform refused a send because the app may not send for the Page, by this error.
    FindPermissionLost {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
    },
    /// The platform took a send, so its token is taken and the app may send.
    FindSendTaken,
    /// Our app does not hear these webhook fields that it needs; none: it hears all.
    FindMissing(Vec<String>),
}

/// The caller's name for a call, and a digest of what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name.
    pub request: RequestId,
    /// The digest, without the access token.
    pub digest: [u8; 16],
}

/// Why nothing changes. An answer, not a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The same call was made before.
    #[error("the call was made before")]
    Repeated,
    /// The request id belongs to a call that asked for something else.
    #[error("the request id was used before for another call")]
    RequestIdReused,
    /// It is so already.
    #[error("it is so already")]
    Unchanged,
}

/// What then happens to the Page, under one record.
///
/// # Errors
/// When the call was made before, or nothing would change.
pub fn change(page: &Page, change: &Change, asked: Option<&Asked>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if let Some(asked) = asked
        && let Some(known) = page.standing().asked(&asked.request)
    {
        return Err(if known == asked.digest { Refusal::Repeated } else { Refusal::RequestIdReused });
    }
    let steps = steps(page, change);
    if steps.is_empty() {
        return Err(Refusal::Unchanged);
    }
    let call = asked.map(|asked| PageStepKind::Asked { request: asked.request.clone(), digest: asked.digest });
    Ok(steps.into_iter().chain(call).map(|kind| Event::Page(PageStep { at: now, kind })).collect())
}

fn steps(page: &Page, change: &Change) -> Vec<PageStepKind> {
    let standing = page.standing();
    let only = |is_news: bool, kind: PageStepKind| if is_news { vec![kind] } else { Vec::new() };
    match change {
        Change::Register { app, name } => {
            let connected = only(page.app() != Some(app), PageStepKind::Connected { app: app.clone() });
            let is_new = standing.registered().is_none() || standing.name() != name.as_deref();
            [connected, only(is_new, PageStepKind::Registered { name: name.clone() })].concat()
        }
        Change::RotateToken => vec![PageStepKind::TokenRotated],
        Change::Pause { reason } => only(!page.is_paused(), PageStepKind::Paused { reason: reason.clone() }),
        Change::Resume => only(page.is_paused(), PageStepKind::Resumed),
        Change::SwitchMessaging { is_on } => {
            let is_news = page.messaging_off().is_none() != *is_on;
            only(is_news, PageStepKind::MessagingSwitched { is_on: *is_on })
        }
        Change::SetCapability { capability, is_granted } => {
            let (capability, is_granted) = (*capability, *is_granted);
            let is_news = page.capability(capability) != Some(is_granted);
            only(is_news, PageStepKind::CapabilityChanged { capability, is_granted })
        }
        Change::FindTokenDead { code, subcode } => {
            let dead = PageStepKind::TokenDead { code: *code, subcode: *subcode };
            only(standing.token_dead().is_none(), dead)
        }
        Change::FindTokenWell => only(standing.token_dead().is_some(), PageStepKind::TokenWell),
        Change::FindPermissionLost { code, subcode } => {
            let lost = PageStepKind::PermissionLost { code: *code, subcode: *subcode };
            only(standing.permission_lost().is_none(), lost)
        }
        Change::FindSendTaken => [
            only(standing.token_dead().is_some(), PageStepKind::TokenWell),
            only(standing.permission_lost().is_some(), PageStepKind::PermissionWell),
        ]
        .concat(),
        Change::FindMissing(missing) if missing.is_empty() => {
            only(!standing.missing().is_empty(), PageStepKind::SubscriptionWell)
        }
        Change::FindMissing(missing) => {
            let lost = PageStepKind::SubscriptionLost { missing: missing.clone() };
            only(standing.missing() != missing.as_slice(), lost)
        }
    }
}

#[cfg(test)]
mod tests;
