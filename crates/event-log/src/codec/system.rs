//! What happens to the whole log, to and from the stored schema.

use super::Undecodable;
use api::proto::log::v1 as wire;
use domain::event::{System, SystemKind};
use domain::time::Timestamp;
use wire::system::Kind;

pub(super) fn to_wire(system: &System) -> wire::System {
    let kind = match &system.kind {
        SystemKind::LogRestored { lost_after, previous_incarnation } => Kind::LogRestored(wire::LogRestored {
            lost_after_ms: lost_after.as_millis(),
            previous_incarnation: previous_incarnation.clone(),
        }),
    };
    wire::System { at_ms: system.at.as_millis(), kind: Some(kind) }
}

pub(super) fn from_wire(system: wire::System) -> Result<System, Undecodable> {
    let kind = match system.kind.ok_or(Undecodable::Field("system.kind"))? {
        Kind::LogRestored(restored) => SystemKind::LogRestored {
            lost_after: Timestamp::from_millis(restored.lost_after_ms),
            previous_incarnation: restored.previous_incarnation,
        },
    };
    Ok(System { at: Timestamp::from_millis(system.at_ms), kind })
}
