//! Rights, and what sends do with them, to and from the stored schema.

use super::{Undecodable, required};
use api::proto::log::v1 as wire;
use domain::event::{RightStep, RightStepKind};
use domain::id::{CommentId, SendId};
use domain::right::{Right, TokenId};
use domain::time::Timestamp;

pub(super) fn right_to_wire(right: &Right) -> wire::Right {
    use wire::right::Kind;
    let kind = match right {
        Right::OneTime(id) => Kind::OneTime(id.as_bytes().to_vec()),
        Right::Repeated(id) => Kind::Repeated(id.as_bytes().to_vec()),
        Right::PrivateReply(comment) => Kind::PrivateReply(comment.as_str().to_owned()),
    };
    wire::Right { kind: Some(kind) }
}

pub(super) fn right_from_wire(right: wire::Right) -> Result<Right, Undecodable> {
    use wire::right::Kind;
    Ok(match right.kind.ok_or(Undecodable::Field("right"))? {
        Kind::OneTime(id) => Right::OneTime(token_id(&id)?),
        Kind::Repeated(id) => Right::Repeated(token_id(&id)?),
        Kind::PrivateReply(comment) => {
            Right::PrivateReply(required(&comment, CommentId::parse, "right.private_reply")?)
        }
    })
}

pub(super) fn token_id(bytes: &[u8]) -> Result<TokenId, Undecodable> {
    bytes.try_into().map(TokenId::from_bytes).map_err(|_| Undecodable::Field("right.token"))
}

pub(super) fn to_wire(step: &RightStep) -> wire::RightStep {
    let kind = match step.kind {
        RightStepKind::Reserved => wire::RightStepKind::Reserved,
        RightStepKind::Spent => wire::RightStepKind::Spent,
        RightStepKind::Released => wire::RightStepKind::Released,
        RightStepKind::Dropped => wire::RightStepKind::Dropped,
    };
    wire::RightStep {
        right: Some(right_to_wire(&step.right)),
        send: step.send.to_string(),
        at_ms: step.at.as_millis(),
        kind: kind.into(),
    }
}

pub(super) fn from_wire(step: wire::RightStep) -> Result<RightStep, Undecodable> {
    let kind = match step.kind() {
        wire::RightStepKind::Unspecified => return Err(Undecodable::Field("right_step.kind")),
        wire::RightStepKind::Reserved => RightStepKind::Reserved,
        wire::RightStepKind::Spent => RightStepKind::Spent,
        wire::RightStepKind::Released => RightStepKind::Released,
        wire::RightStepKind::Dropped => RightStepKind::Dropped,
    };
    Ok(RightStep {
        right: right_from_wire(step.right.ok_or(Undecodable::Field("right_step.right"))?)?,
        send: SendId::parse(&step.send).map_err(|_| Undecodable::Field("right_step.send"))?,
        at: Timestamp::from_millis(step.at_ms),
        kind,
    })
}
