//! A log's content as a file: records as they are stored, and checkpoints between them.

use crate::follower::Followed;
use crate::record::{Checkpoint, Position, Unreadable};
use api::proto::log::v1 as wire;
use prost::Message as _;

/// What was followed as one delimited message of `proto/nuncio/log/v1/export.proto`. A record that cannot be read goes as
/// it stands.
pub fn export(followed: &Result<Followed, Box<Unreadable>>) -> Vec<u8> {
    use wire::exported::Item;
    let checkpoint = |checkpoint: &Checkpoint| Item::Checkpoint(checkpoint.to_string());
    let record = |shard: u16, position: Position, bytes: &[u8]| {
        Item::Record(wire::ExportedRecord { shard: u32::from(shard), position, record: bytes.to_vec() })
    };
    let item = match followed {
        Ok(Followed::Record(stored)) => record(stored.shard, stored.position, &stored.bytes),
        Ok(Followed::CaughtUp(reached) | Followed::Checkpoint(reached)) => checkpoint(reached),
        Err(unreadable) => record(unreadable.shard, unreadable.position, &unreadable.bytes),
    };
    wire::Exported { item: Some(item) }.encode_length_delimited_to_vec()
}
