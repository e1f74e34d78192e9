//! Partitions: how streams are spread, so that work on them can be shared out.

use domain::id::{Kind, StreamId};

/// How many partitions a new log has. Logs keep the number they were made with; it must never change under one.
pub const PARTITIONS: u16 = 64;

/// The partition that a stream belongs to: FNV-1a (32 bits) of its key, which is also what nats-server's `partition`
/// transform computes. Quarantine belongs to no Page and is always in partition 0.
pub fn partition_of(stream: &StreamId) -> u16 {
    if stream.kind() == Kind::Quarantine {
        return 0;
    }
    let hash = fnv1a32(stream.key().as_bytes());
    (hash % u32::from(PARTITIONS)) as u16
}

fn fnv1a32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Reference values of the algorithm's authors (draft-eastlake-fnv).
        for (text, hash) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(fnv1a32(text.as_bytes()), hash);
        }
    }

    #[test]
    fn a_stream_keeps_its_partition() {
        let stream = StreamId::parse("conversation/1001/00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(partition_of(&stream), (fnv1a32(b"1001/00112233445566778899aabbccddeeff") % 64) as u16);
        assert_eq!(partition_of(&StreamId::parse("quarantine/77").unwrap()), 0);
    }
}
