//! The steps of sends to and from the stored schema.

pub(super) mod usual;

use super::{Undecodable, decision, intent, required, uuid};
use api::convert;
use api::proto::content::v1 as content;
use api::proto::log::v1 as wire;
use api::status::Violations;
use domain::event::{Concern, Content, Grounds, Outcome, Sending, SendingKind, Witness};
use domain::id::{BusinessKey, Mid, PageId, Psid, RequestId, SendId, StreamId};
use domain::send::{Guarantee, Handling};
use domain::time::Timestamp;
use wire::sending::Kind;
use wire::settled::Outcome as End;

pub(super) fn to_wire(step: &Sending) -> wire::Sending {
    let kind = match &step.kind {
        SendingKind::Requested { page, recipient, request, request_digest, intent, content, handling } => {
            Kind::Requested(wire::Requested {
                page: page.as_str().to_owned(),
                recipient: recipient.as_str().to_owned(),
                request: request.as_str().to_owned(),
                request_digest: request_digest.to_vec(),
                intent: Some(intent::to_wire(intent)),
                content: Some(convert::content(content)),
                not_before_ms: handling.not_before.map(Timestamp::as_millis),
                expires_at_ms: handling.expires_at.map(Timestamp::as_millis),
                is_at_least_once: handling.guarantee == Guarantee::AtLeastOnce,
                is_held: handling.is_held,
                key: handling.key.as_ref().map(|key| key.as_str().to_owned()).unwrap_or_default(),
            })
        }
        SendingKind::Accepted { decision } => {
            Kind::Accepted(wire::Accepted { decision: Some(decision::to_wire(decision)) })
        }
        SendingKind::Blocked { decision } => {
            Kind::Blocked(wire::Blocked { decision: Some(decision::to_wire(decision)) })
        }
        SendingKind::Deferred { decision, expires_at } => Kind::Deferred(wire::Deferred {
            decision: Some(decision::to_wire(decision)),
            expires_at_ms: expires_at.map(Timestamp::as_millis),
        }),
        SendingKind::Dispatched { attempt, claim, leave_by, decision, grounds } => Kind::Dispatched(wire::Dispatched {
            attempt: *attempt,
            claim: claim.as_bytes().to_vec(),
            leave_by_ms: leave_by.as_millis(),
            decision: Some(decision::to_wire(decision)),
            page_revision: grounds.page_revision,
            epoch: grounds.epoch,
        }),
        SendingKind::Settled { attempt, outcome } => {
            Kind::Settled(wire::Settled { attempt: *attempt, outcome: Some(outcome_to_wire(outcome)) })
        }
        SendingKind::Doubted => Kind::Doubted(wire::Nothing {}),
        SendingKind::Cancelled => Kind::Cancelled(wire::Nothing {}),
        SendingKind::Expired { turn } => Kind::Expired(wire::Expired { turn_ms: turn.map(Timestamp::as_millis) }),
    };
    wire::Sending { send: super::text(&step.send), at_ms: step.at.as_millis(), kind: Some(kind) }
}

fn outcome_to_wire(outcome: &Outcome) -> End {
    match outcome {
        Outcome::Sent { mid } => End::Sent(wire::Sent { mid: mid.as_str().to_owned(), found: None }),
        Outcome::Found { mid, at, by } => {
            let echoed_in = match by {
                Witness::Echo(stream) => stream.to_string(),
                Witness::Listing => String::new(),
            };
            let found = wire::Found { at_ms: at.as_millis(), echoed_in };
            End::Sent(wire::Sent { mid: mid.as_str().to_owned(), found: Some(found) })
        }
        Outcome::NotFound { since } => End::NotFound(wire::NotFound { since_ms: since.as_millis() }),
        Outcome::Rejected { code, subcode, concern } => {
            let concern = match concern {
                Concern::Message => wire::Concern::Unspecified,
                Concern::Right => wire::Concern::Right,
                Concern::Person => wire::Concern::Person,
            };
            End::Rejected(wire::Rejected { code: *code, subcode: *subcode, concern: concern.into() })
        }
        Outcome::Retrying { not_before, code } => {
            End::Retrying(wire::Retrying { not_before_ms: not_before.as_millis(), code: *code })
        }
        Outcome::NotSent { not_before } => End::NotSent(wire::NotSent { not_before_ms: not_before.as_millis() }),
        Outcome::Unknown => End::Unknown(wire::Nothing {}),
        Outcome::Unresolved => End::Unresolved(wire::Nothing {}),
        Outcome::Again { not_before } => End::Again(wire::Again { not_before_ms: not_before.as_millis() }),
    }
}

pub(super) fn from_wire(step: wire::Sending) -> Result<Sending, Undecodable> {
    let kind = match step.kind.ok_or(Undecodable::Field("sending.kind"))? {
        Kind::Requested(requested) => requested_from_wire(requested)?,
        Kind::Accepted(accepted) => SendingKind::Accepted { decision: decision::from_wire(accepted.decision)? },
        Kind::Blocked(blocked) => SendingKind::Blocked { decision: decision::from_wire(blocked.decision)? },
        Kind::Deferred(deferred) => SendingKind::Deferred {
            decision: decision::from_wire(deferred.decision)?,
            expires_at: deferred.expires_at_ms.map(Timestamp::from_millis),
        },
        Kind::Dispatched(dispatched) => SendingKind::Dispatched {
            attempt: dispatched.attempt,
            claim: uuid(&dispatched.claim, "dispatched.claim")?,
            leave_by: Timestamp::from_millis(dispatched.leave_by_ms),
            decision: decision::from_wire(dispatched.decision)?,
            grounds: Grounds { page_revision: dispatched.page_revision, epoch: dispatched.epoch },
        },
        Kind::Settled(settled) => SendingKind::Settled {
            attempt: settled.attempt,
            outcome: outcome_from_wire(settled.outcome.ok_or(Undecodable::Field("settled.outcome"))?)?,
        },
        Kind::Doubted(_) => SendingKind::Doubted,
        Kind::Cancelled(_) => SendingKind::Cancelled,
        Kind::Expired(expired) => SendingKind::Expired { turn: expired.turn_ms.map(Timestamp::from_millis) },
    };
    Ok(Sending {
        send: SendId::parse(&step.send).map_err(|_| Undecodable::Field("sending.send"))?,
        at: Timestamp::from_millis(step.at_ms),
        kind,
    })
}

fn requested_from_wire(requested: wire::Requested) -> Result<SendingKind, Undecodable> {
    let content = content_from_wire(requested.content);
    let digest = requested.request_digest.as_slice().try_into();
    let key = match requested.key.as_str() {
        "" => None,
        key => Some(required(key, BusinessKey::parse, "requested.key")?),
    };
    let handling = Handling {
        not_before: requested.not_before_ms.map(Timestamp::from_millis),
        expires_at: requested.expires_at_ms.map(Timestamp::from_millis),
        guarantee: if requested.is_at_least_once { Guarantee::AtLeastOnce } else { Guarantee::AtMostOnce },
        is_held: requested.is_held,
        key,
    };
    Ok(SendingKind::Requested {
        page: required(&requested.page, PageId::parse, "requested.page")?,
        recipient: required(&requested.recipient, Psid::parse, "requested.recipient")?,
        request: required(&requested.request, RequestId::parse, "requested.request")?,
        request_digest: digest.map_err(|_| Undecodable::Field("requested.request_digest"))?,
        intent: Box::new(intent::from_wire(requested.intent)?),
        content: Box::new(content.ok_or(Undecodable::Field("requested.content"))?),
        handling,
    })
}

/// What it holds is not asked to keep to today's limits.
fn content_from_wire(content: Option<content::Content>) -> Option<Content> {
    convert::take_content(content, "content", &mut Violations::default())
}

fn outcome_from_wire(outcome: End) -> Result<Outcome, Undecodable> {
    Ok(match outcome {
        End::Sent(sent) => {
            let mid = required(&sent.mid, Mid::parse, "sent.mid")?;
            match sent.found {
                Some(found) => found_from_wire(mid, &found)?,
                None => Outcome::Sent { mid },
            }
        }
        End::NotFound(looked) => Outcome::NotFound { since: Timestamp::from_millis(looked.since_ms) },
        End::Rejected(rejected) => {
            let concern = match rejected.concern() {
                wire::Concern::Unspecified => Concern::Message,
                wire::Concern::Right => Concern::Right,
                wire::Concern::Person => Concern::Person,
            };
            Outcome::Rejected { code: rejected.code, subcode: rejected.subcode, concern }
        }
        End::Retrying(retrying) => {
            Outcome::Retrying { not_before: Timestamp::from_millis(retrying.not_before_ms), code: retrying.code }
        }
        End::NotSent(not_sent) => Outcome::NotSent { not_before: Timestamp::from_millis(not_sent.not_before_ms) },
        End::Unknown(_) => Outcome::Unknown,
        End::Unresolved(_) => Outcome::Unresolved,
        End::Again(again) => Outcome::Again { not_before: Timestamp::from_millis(again.not_before_ms) },
    })
}

fn found_from_wire(mid: Mid, found: &wire::Found) -> Result<Outcome, Undecodable> {
    let by = match found.echoed_in.as_str() {
        "" => Witness::Listing,
        stream => Witness::Echo(StreamId::parse(stream).map_err(|_| Undecodable::Field("found.echoed_in"))?),
    };
    Ok(Outcome::Found { mid, at: Timestamp::from_millis(found.at_ms), by })
}
