//! The steps of erasures to and from the stored schema.

use super::Undecodable;
use api::proto::log::v1 as wire;
use domain::event::{Erasing, ErasingKind};
use domain::time::Timestamp;
use wire::erasing::Kind;

pub(super) fn to_wire(step: Erasing) -> wire::Erasing {
    let kind = match step.kind {
        ErasingKind::Begun { until } => Kind::Begun(wire::ErasureBegun { until_ms: until.as_millis() }),
        ErasingKind::Completed { until, n_removed } => {
            Kind::Completed(wire::ErasureCompleted { until_ms: until.as_millis(), removed: n_removed })
        }
    };
    wire::Erasing { at_ms: step.at.as_millis(), kind: Some(kind) }
}

pub(super) fn from_wire(step: wire::Erasing) -> Result<Erasing, Undecodable> {
    let kind = match step.kind.ok_or(Undecodable::Field("erasing.kind"))? {
        Kind::Begun(begun) => ErasingKind::Begun { until: Timestamp::from_millis(begun.until_ms) },
        Kind::Completed(completed) => {
            ErasingKind::Completed { until: Timestamp::from_millis(completed.until_ms), n_removed: completed.removed }
        }
    };
    Ok(Erasing { at: Timestamp::from_millis(step.at_ms), kind })
}
