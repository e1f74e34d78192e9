//! Fact ids: equal for every delivery of a fact, whatever the batch around it, and whether it came as the thread's
//! owner or as a bystander.

use super::Place;
use domain::event::{InboundKind, Postback, Referral};
use domain::id::{FactId, Mid, PageId};
use domain::time::Timestamp;
use serde_json::value::RawValue;

/// The id of what an event states. `stated` is the time that the event itself gives: the entry's time belongs to one
/// delivery and must not tell two deliveries apart.
pub(super) fn id(
    page: &PageId,
    place: &Place,
    stated: Option<Timestamp>,
    kind: &InboundKind,
    raw: &RawValue,
) -> FactId {
    let page = page.as_str().as_bytes();
    let (who, name) = match place {
        Place::Person(psid) => ("psid", psid.as_str()),
        Place::UserRef(user_ref) => ("user_ref", user_ref.as_str()),
        Place::Page => ("page", ""),
    };
    let (who, name) = (who.as_bytes(), name.as_bytes());
    let at = stated.map(|stated| stated.as_millis().to_string()).unwrap_or_default();
    let at = at.as_bytes();
    match kind {
        InboundKind::Message(message) => match &message.mid {
            Some(mid) => FactId::of(&[b"message", page, bytes(mid)]),
            None => FactId::of(&[b"message_without_mid", page, raw.get().as_bytes()]),
        },
        InboundKind::Echo(echo) => FactId::of(&[b"echo", page, bytes(&echo.mid)]),
        InboundKind::Delivered { watermark, mids } => {
            let watermark = watermark.as_millis().to_string();
            let mut parts = vec![b"delivery", page, who, name, watermark.as_bytes()];
            parts.extend(mids.iter().map(bytes));
            FactId::of(&parts)
        }
        InboundKind::Read { watermark } => {
            FactId::of(&[b"read", page, who, name, watermark.as_millis().to_string().as_bytes()])
        }
        InboundKind::Postback(Postback { mid, title, payload, referral: _ }) => match mid {
            Some(mid) => FactId::of(&[b"postback", page, bytes(mid)]),
            None => FactId::of(&[b"postback_without_mid", page, who, name, at, optional(payload), title.as_bytes()]),
        },
        InboundKind::Referral(Referral { source, kind: _, reference, ad }) => {
            FactId::of(&[b"referral", page, who, name, at, source.as_bytes(), optional(reference), optional(ad)])
        }
        InboundKind::Unrecognized(unrecognized) => {
            FactId::of(&[b"unrecognized", page, unrecognized.field.as_bytes(), unrecognized.raw.as_bytes()])
        }
    }
}

fn bytes(mid: &Mid) -> &[u8] {
    mid.as_str().as_bytes()
}

fn optional(text: &Option<String>) -> &[u8] {
    text.as_deref().unwrap_or_default().as_bytes()
}
