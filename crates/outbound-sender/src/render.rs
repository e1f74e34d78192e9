//! A send as callers see it.

use api::convert::{decision, timestamp};
use api::name;
use api::proto::outbound::v1 as pb;
use domain::conversation::Conversation;
use domain::id::SendId;
use domain::pack::Packs;
use domain::send::{Guarantee, Send, SettledBy, Status};
use domain::time::Timestamp;
use event_log::Loaded;
use messenger::client::errors::Known;

/// The message as it stands in a conversation.
pub(crate) fn message(id: &SendId, send: &Send, loaded: &Loaded, packs: &Packs) -> pb::Message {
    let sent = send.status.sent();
    let sent_at = sent.map(|(_, at)| at);
    let platform_error =
        if let Status::Rejected { code, subcode } = send.status { Some(platform_error(code, subcode)) } else { None };
    // When its Page's turn would have come to it, where that was too late.
    let missed_turn = if let Status::Expired { turn } = send.status { turn } else { None };
    let reached = |watermark: fn(&Conversation) -> Option<Timestamp>| {
        sent_at.zip(watermark(&loaded.state)).is_some_and(|(sent, watermark)| sent <= watermark)
    };
    pb::Message {
        name: name::message(id, &send.recipient),
        state: state(&send.status).into(),
        decision: send.decision.as_ref().map(|one| decision(one, packs)),
        mid: sent.map(|(mid, _)| mid.as_str()).unwrap_or_default().to_owned(),
        attempts: send.attempts,
        platform_error,
        create_time: Some(timestamp(send.requested_at)),
        sent_time: sent_at.map(timestamp),
        delivered: reached(Conversation::delivered_to),
        read: reached(Conversation::read_to),
        revision: loaded.revision,
        not_before: send.handling.not_before.map(timestamp),
        expire_time: send.handling.expires_at.map(timestamp),
        guarantee: guarantee(send.handling.guarantee).into(),
        missed_turn_time: missed_turn.map(timestamp),
        settled_by: send.settled_by.map(settled_by).unwrap_or_default().into(),
        dedupe_key: send.handling.key.as_ref().map(|key| key.as_str().to_owned()).unwrap_or_default(),
    }
}

const fn settled_by(by: SettledBy) -> pb::SettledBy {
    match by {
        SettledBy::Answer => pb::SettledBy::Response,
        SettledBy::Echo => pb::SettledBy::Echo,
        SettledBy::Listing => pb::SettledBy::LookUp,
    }
}

const fn guarantee(guarantee: Guarantee) -> pb::DeliveryGuarantee {
    match guarantee {
        Guarantee::AtMostOnce => pb::DeliveryGuarantee::AtMostOnce,
        Guarantee::AtLeastOnce => pb::DeliveryGuarantee::AtLeastOnce,
    }
}

/// The platform's refusal, with what it means where that is known.
fn platform_error(code: i64, subcode: i64) -> pb::PlatformError {
    let known = Known::find(code, subcode);
    let sentence = |known: Option<&'static str>| known.unwrap_or_default().to_owned();
    pb::PlatformError {
        code,
        subcode,
        means: sentence(known.map(|known| known.means)),
        advice: sentence(known.map(|known| known.advice)),
    }
}

/// The status in the API's words. A request that is not yet judged is about to be: both stand in one record.
pub(crate) const fn state(status: &Status) -> pb::State {
    match status {
        Status::Requested | Status::Accepted { .. } => pb::State::Accepted,
        Status::Retrying { .. } => pb::State::Retrying,
        Status::Deferred { .. } => pb::State::Deferred,
        Status::Blocked => pb::State::Blocked,
        Status::Cancelled => pb::State::Cancelled,
        Status::Expired { .. } => pb::State::Expired,
        Status::Dispatched { .. } => pb::State::Dispatched,
        Status::Unknown { .. } => pb::State::Unknown,
        Status::Sent { .. } => pb::State::Sent,
        Status::Rejected { .. } => pb::State::Rejected,
        Status::Unresolved => pb::State::Unresolved,
    }
}
