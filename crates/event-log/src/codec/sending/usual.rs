//! The quick way to read the steps of sends.

use super::content_from_wire;
use crate::codec::usual::{Extent, Fields, Value, moment, only, short, text};
use crate::codec::{decision, intent, optional, required, uuid};
use api::proto::content::v1 as content;
use domain::event::{Content, Grounds, Outcome, Sending, SendingKind};
use domain::id::{BusinessKey, Mid, PageId, Psid, RequestId, SendId};
use domain::send::{Guarantee, Handling};
use domain::time::Timestamp;
use prost::Message as _;

/// The step in these bytes, if it is of a usual kind and has no uncommon parts.
pub(in crate::codec) fn read(bytes: &[u8], extent: Extent) -> Option<Box<Sending>> {
    let (mut send, mut at, mut kind) = (None, Timestamp::default(), None);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(raw)) => send = Some(SendId::parse(text(raw)?).ok()?),
            (2, Value::Number(ms)) => at = moment(ms),
            (16, Value::Bytes(raw)) => kind = Some(requested(raw, extent)?),
            (17, Value::Bytes(raw)) => {
                kind = Some(SendingKind::Accepted { decision: decision::usual::read(only(raw)?, extent)? });
            }
            (18, Value::Bytes(raw)) => {
                kind = Some(SendingKind::Blocked { decision: decision::usual::read(only(raw)?, extent)? });
            }
            (19, Value::Bytes(raw)) => kind = Some(dispatched(raw, extent)?),
            (20, Value::Bytes(raw)) => kind = Some(settled(raw)?),
            _ => return None,
        }
        // A second one may have to be taken together with the first.
        if kind.is_some() && fields.next()?.is_some() {
            return None;
        }
    }
    Some(Box::new(Sending { send: send?, at, kind: kind? }))
}

fn requested(bytes: &[u8], extent: Extent) -> Option<SendingKind> {
    let (mut page, mut recipient, mut request, mut request_digest) = (None, None, None, None);
    let (mut intent, mut content, mut handling) = (None, None, Handling::default());
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(raw)) => page = Some(required(text(raw)?, PageId::parse, "page").ok()?),
            (2, Value::Bytes(raw)) => recipient = Some(required(text(raw)?, Psid::parse, "recipient").ok()?),
            (3, Value::Bytes(raw)) => request = Some(required(text(raw)?, RequestId::parse, "request").ok()?),
            (4, Value::Bytes(raw)) => request_digest = Some(raw.try_into().ok()?),
            (5, Value::Bytes(raw)) if intent.is_none() => intent = Some(intent::usual::read(raw)?),
            (6, Value::Bytes(raw)) if content.is_none() => content = Some(said(raw, extent)?),
            (7, Value::Number(ms)) => handling.not_before = Some(moment(ms)),
            (8, Value::Number(ms)) => handling.expires_at = Some(moment(ms)),
            (9, Value::Number(truth)) => {
                handling.guarantee = if truth != 0 { Guarantee::AtLeastOnce } else { Guarantee::AtMostOnce };
            }
            (10, Value::Number(truth)) => handling.is_held = truth != 0,
            (11, Value::Bytes(raw)) => handling.key = optional(text(raw)?, BusinessKey::parse, "key").ok()?,
            _ => return None,
        }
    }
    Some(SendingKind::Requested {
        page: page?,
        recipient: recipient?,
        request: request?,
        request_digest: request_digest?,
        intent: Box::new(intent?),
        content: Box::new(content?),
        handling,
    })
}

fn said(bytes: &[u8], extent: Extent) -> Option<Content> {
    match extent {
        Extent::Whole => content_from_wire(Some(content::Content::decode(bytes).ok()?)),
        Extent::ToJudge => Some(Content::text(String::new())),
    }
}

fn dispatched(bytes: &[u8], extent: Extent) -> Option<SendingKind> {
    let (mut attempt, mut claim, mut leave_by) = (0, None, Timestamp::default());
    let (mut decision, mut grounds) = (None, Grounds::default());
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Number(number)) => attempt = short(number)?,
            (2, Value::Bytes(raw)) => claim = Some(uuid(raw, "claim").ok()?),
            (3, Value::Number(ms)) => leave_by = moment(ms),
            (4, Value::Bytes(raw)) if decision.is_none() => decision = Some(decision::usual::read(raw, extent)?),
            (5, Value::Number(revision)) => grounds.page_revision = revision,
            (6, Value::Number(epoch)) => grounds.epoch = epoch,
            _ => return None,
        }
    }
    Some(SendingKind::Dispatched { attempt, claim: claim?, leave_by, decision: decision?, grounds })
}

/// An attempt that ended well or in silence; of others there are few.
fn settled(bytes: &[u8]) -> Option<SendingKind> {
    let (mut attempt, mut outcome) = (0, None);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Number(number)) => attempt = short(number)?,
            (16, Value::Bytes(raw)) => {
                let mid = required(text(only(raw)?)?, Mid::parse, "mid").ok()?;
                outcome = Some(Outcome::Sent { mid });
            }
            (20, Value::Bytes([])) => outcome = Some(Outcome::Unknown),
            (21, Value::Bytes([])) => outcome = Some(Outcome::Unresolved),
            _ => return None,
        }
        if outcome.is_some() && fields.next()?.is_some() {
            return None;
        }
    }
    Some(SendingKind::Settled { attempt, outcome: outcome? })
}
