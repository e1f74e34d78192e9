//! A log's content as a file: records as they are stored, and checkpoints between them.

use crate::follower::Followed;
use crate::record::Checkpoint;
use api::proto::log::v1 as wire;
use prost::Message as _;

/// What was followed as one delimited message of `proto/nuncio/log/v1/export.proto`.
pub fn export(followed: &Followed) -> Vec<u8> {
    use wire::exported::Item;
    let checkpoint = |checkpoint: &Checkpoint| Item::Checkpoint(checkpoint.to_string());
    let item = match followed {
        Followed::Record(stored) => Item::Record(wire::ExportedRecord {
            shard: u32::from(stored.shard),
            position: stored.position,
            record: stored.bytes.to_vec(),
        }),
        Followed::CaughtUp(reached) | Followed::Checkpoint(reached) => checkpoint(reached),
    };
    wire::Exported { item: Some(item) }.encode_length_delimited_to_vec()
}
