//! What makes a log this log: its secret key, its incarnation, its shape.

use domain::id::{PageId, PersonKey, Psid, StreamId};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// Made once with the log and kept in it; never rotated, and secret like the data itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogIdentity {
    /// 32 random bytes, in hex, under which PSIDs become person keys.
    key: String,
    /// Names this log since it was made or last restored; positions mean nothing outside it.
    incarnation: String,
    /// How many partitions streams are spread over. A log keeps the number it was made with.
    partitions: u16,
    /// How many shards the partitions live in.
    shards: u16,
}

impl LogIdentity {
    /// A new log's identity, from fresh randomness.
    pub(crate) fn generate(shards: u16) -> Self {
        let key: [u8; 32] = rand::random();
        let incarnation: [u8; 8] = rand::random();
        let (key, incarnation) = (hex::encode(key), hex::encode(incarnation));
        Self { key, incarnation, partitions: crate::partition::PARTITIONS, shards }
    }

    /// The same log, from here on under another name: positions given before mean nothing any more.
    pub(crate) fn restored(&self) -> Self {
        let incarnation = Self::generate(self.shards).incarnation;
        Self { incarnation, ..self.clone() }
    }

    /// Names this incarnation of the log.
    pub fn incarnation(&self) -> &str {
        &self.incarnation
    }

    /// Names this log for good, also when it is restored. It tells nothing of the key.
    pub fn lineage(&self) -> String {
        // A person's name has a `/` in it, so this can be nobody's.
        hex::encode(&self.digest(&[b"lineage"])[..8])
    }

    /// How many shards there are.
    pub const fn shards(&self) -> u16 {
        self.shards
    }

    /// How many partitions there are.
    pub const fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The shard that a partition lives in, for good: neighbours share one.
    pub const fn shard_of(&self, partition: u16) -> u16 {
        (partition as u32 * self.shards as u32 / self.partitions as u32) as u16
    }

    /// The key that stands for a person on one Page in subjects, ids and tables.
    pub fn person_key(&self, page: &PageId, psid: &Psid) -> PersonKey {
        let digest = self.digest(&[page.as_str().as_bytes(), b"/", psid.as_str().as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        PersonKey::from_bytes(bytes)
    }

    /// What stands in tables for the words of a caller, by which something of a stream is found again. `kind` tells words
    /// of one sort from those of another.
    pub fn digest_of(&self, kind: &str, stream: &StreamId, words: &str) -> [u8; 16] {
        let stream = stream.to_string();
        let digest = self.digest(&[kind.as_bytes(), b"\0", stream.as_bytes(), b"\0", words.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).expect("HMAC takes a key of any length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogIdentity({}, {} shards)", self.incarnation, self.shards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_another_key_on_another_page_and_in_another_log() {
        let (log, other_log) = (LogIdentity::generate(1), LogIdentity::generate(1));
        let psid = Psid::parse("24601").unwrap();
        let [page, other_page] = ["1001", "1002"].map(|id| PageId::parse(id).unwrap());
        assert_eq!(log.person_key(&page, &psid), log.person_key(&page, &psid));
        assert_ne!(log.person_key(&page, &psid), log.person_key(&other_page, &psid));
        assert_ne!(log.person_key(&page, &psid), other_log.person_key(&page, &psid));
    }

    #[test]
    fn every_partition_has_one_shard_and_every_shard_its_share() {
        let log = LogIdentity::generate(8);
        let shards: Vec<_> = (0..64).map(|partition| log.shard_of(partition)).collect();
        assert!(shards.is_sorted());
        for shard in 0..8 {
            assert_eq!(shards.iter().filter(|of| **of == shard).count(), 8);
        }
    }

    #[test]
    fn a_restored_log_keeps_its_lineage_and_its_people() {
        let log = LogIdentity::generate(1);
        let restored = log.restored();
        let (page, psid) = (PageId::parse("1001").unwrap(), Psid::parse("24601").unwrap());
        assert_ne!(log.incarnation(), restored.incarnation());
        assert_eq!((log.lineage().len(), log.lineage()), (16, restored.lineage()));
        assert_eq!(log.person_key(&page, &psid), restored.person_key(&page, &psid));
        assert_ne!(log.lineage(), LogIdentity::generate(1).lineage());
    }

    #[test]
    fn the_key_is_not_printed() {
        let log = LogIdentity::generate(1);
        assert!(!format!("{log:?}").contains(&log.key));
    }
}
