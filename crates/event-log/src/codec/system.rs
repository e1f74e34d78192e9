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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};
    use crate::record::Record;
    use domain::event::Event;
    use domain::id::{RecordId, StreamId};
    use uuid::Uuid;

    #[test]
    fn a_restore_that_was_ever_recorded_means_what_it_meant() {
        let (at, lost_after) = (Timestamp::from_millis(1_790_000_000_002), Timestamp::from_millis(1_790_000_000_001));
        let kind = SystemKind::LogRestored { lost_after, previous_incarnation: "0011223344556677".to_owned() };
        let record = Record {
            id: RecordId::new(Uuid::from_u128(5)),
            stream: StreamId::log(),
            recorded_at: at,
            fact: None,
            traceparent: None,
            events: vec![Event::System(System { at, kind })],
        };
        let bytes = concat!(
            "0a1000000000000000000000000000000005120a73797374656d2f6c6f671882d8c1a28c3432252a230882d8c1",
            "a28c348201190881d8c1a28c34121030303131323233333434353536363737",
        );
        assert_eq!(hex::encode(encode(&record)), bytes);
        assert_eq!(decode(&hex::decode(bytes).unwrap()).unwrap(), record);
    }
}
