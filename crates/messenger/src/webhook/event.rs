//! One event of an entry: which Page, whom, when, and what.

use super::{Place, kind, wire};
use crate::json;
use domain::event::InboundKind;
use domain::id::{OptinRef, PageId, Psid};
use domain::time::Timestamp;
use serde_json::value::RawValue;

/// An event, as far as it could be read.
pub(super) struct Event {
    /// The Page it concerns, by its entry or else by its own ends.
    pub(super) page: Option<PageId>,
    /// Whom it is about.
    pub(super) place: Place,
    /// When it happened, if it says so.
    pub(super) time: Option<Timestamp>,
    /// What happened; nothing where the kind is not known or lacks what it needs.
    pub(super) kind: Option<InboundKind>,
}

impl Event {
    /// Reads an item of `messaging` or `standby`; nothing when it is not a readable object.
    pub(super) fn read(raw: &RawValue, entrys_page: Option<&PageId>) -> Option<Self> {
        let ends: wire::Ends<'_> = json::object(raw)?;
        let sender: wire::Party<'_> = ends.sender.and_then(json::object).unwrap_or_default();
        let recipient: wire::Party<'_> = ends.recipient.and_then(json::object).unwrap_or_default();
        let is_echo = ends.message.and_then(json::object::<wire::Flags>).and_then(|flags| flags.is_echo) == Some(true);
        let page = match entrys_page {
            Some(page) => Some(page.clone()),
            None => id(if is_echo { &sender } else { &recipient }).and_then(|id| PageId::parse(&id).ok()),
        };
        // Also an echo that can't be read as one must not take the Page for the person.
        let is_from_page = page.as_ref().is_some_and(|page| id(&sender).as_deref() == Some(page.as_str()));
        let person = if is_echo || is_from_page { recipient } else { sender };
        let place = place(&person, ends.optin);
        let time = ends.timestamp.map(json::moment);
        let kind = if time == Some(None) { None } else { kind::read(raw, is_from_page) };
        let time = time.flatten();
        Some(match kind {
            Some(kind) if is_about_page(&kind) => Self { page, place: Place::Page, time, kind: Some(kind) },
            Some(kind) if place != Place::Page => Self { page, place, time, kind: Some(kind) },
            Some(_) | None => Self { page, place, time, kind: None },
        })
    }
}

/// Whether such an event is about no person, whoever may stand in it.
const fn is_about_page(kind: &InboundKind) -> bool {
    matches!(kind, InboundKind::PolicyEnforcement(_) | InboundKind::AppRoles(_))
}

fn id(party: &wire::Party<'_>) -> Option<String> {
    party.id.and_then(json::text)
}

fn place(person: &wire::Party<'_>, optin: Option<&RawValue>) -> Place {
    if person.id.is_some() {
        return id(person).and_then(|id| Psid::parse(&id).ok()).map_or(Place::Page, Place::Person);
    }
    // A checkbox opt-in has no sender at all: the reference stands in the opt-in itself.
    let optin = || optin.and_then(json::object::<wire::Party<'_>>).and_then(|optin| optin.user_ref);
    let user_ref = person.user_ref.or_else(optin).and_then(json::text);
    user_ref.and_then(|user_ref| OptinRef::parse(&user_ref).ok()).map_or(Place::Page, Place::UserRef)
}
