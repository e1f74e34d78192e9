//! What happens to the whole log, to and from the stored schema.

use super::{Undecodable, required};
use api::proto::log::v1 as wire;
use domain::decision::PackRef;
use domain::event::{System, SystemKind};
use domain::id::{PageId, RequestId};
use domain::time::Timestamp;
use wire::system::Kind;

pub(super) fn to_wire(system: &System) -> wire::System {
    let kind = match &system.kind {
        SystemKind::LogRestored { lost_after, previous_incarnation } => Kind::LogRestored(wire::LogRestored {
            lost_after_ms: lost_after.as_millis(),
            previous_incarnation: previous_incarnation.clone(),
        }),
        SystemKind::PackLoaded { text } => Kind::PackLoaded(wire::PackLoaded { text: text.clone() }),
        SystemKind::PackActivated { pack } => Kind::PackActivated(pack_to_wire(pack)),
        SystemKind::PackRetired { pack } => Kind::PackRetired(pack_to_wire(pack)),
        SystemKind::PackPinned { page, pack } => {
            Kind::PackPinned(wire::PackPinned { page: page.as_str().to_owned(), pack: pack.as_ref().map(pack_to_wire) })
        }
        SystemKind::PackOverridden { page, overrides } => {
            Kind::PackOverridden(wire::PackOverridden { page: page.as_str().to_owned(), overrides: overrides.clone() })
        }
        SystemKind::PacksRequested { request, request_digest } => {
            let (request_id, request_digest) = (request.as_str().to_owned(), request_digest.to_vec());
            Kind::PacksRequested(wire::PacksRequested { request_id, request_digest })
        }
    };
    wire::System { at_ms: system.at.as_millis(), kind: Some(kind) }
}

pub(super) fn from_wire(system: wire::System) -> Result<System, Undecodable> {
    let kind = match system.kind.ok_or(Undecodable::Field("system.kind"))? {
        Kind::LogRestored(restored) => SystemKind::LogRestored {
            lost_after: Timestamp::from_millis(restored.lost_after_ms),
            previous_incarnation: restored.previous_incarnation,
        },
        Kind::PackLoaded(loaded) => SystemKind::PackLoaded { text: loaded.text },
        Kind::PackActivated(pack) => SystemKind::PackActivated { pack: pack_from_wire(pack)? },
        Kind::PackRetired(pack) => SystemKind::PackRetired { pack: pack_from_wire(pack)? },
        Kind::PackPinned(pinned) => SystemKind::PackPinned {
            page: required(&pinned.page, PageId::parse, "pack_pinned.page")?,
            pack: pinned.pack.map(pack_from_wire).transpose()?,
        },
        Kind::PackOverridden(own) => SystemKind::PackOverridden {
            page: required(&own.page, PageId::parse, "pack_overridden.page")?,
            overrides: own.overrides,
        },
        Kind::PacksRequested(asked) => {
            let digest = asked.request_digest.as_slice().try_into();
            SystemKind::PacksRequested {
                request: required(&asked.request_id, RequestId::parse, "packs_requested.request_id")?,
                request_digest: digest.map_err(|_| Undecodable::Field("packs_requested.request_digest"))?,
            }
        }
    };
    Ok(System { at: Timestamp::from_millis(system.at_ms), kind })
}

fn pack_to_wire(pack: &PackRef) -> wire::PackRef {
    wire::PackRef { name: pack.name.clone(), digest: pack.digest.to_vec() }
}

fn pack_from_wire(pack: wire::PackRef) -> Result<PackRef, Undecodable> {
    let digest = pack.digest.as_slice().try_into().map_err(|_| Undecodable::Field("pack.digest"))?;
    Ok(PackRef { name: pack.name, digest })
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
