//! Names of things, parsed once at the edge and trusted inside.

mod send_id;
mod stream;
mod text;

pub use send_id::{BadSendId, SendId};
pub use stream::{BadStream, Kind, StreamId};
pub use text::{
    AgentId, AppId, AttachmentId, BadId, BusinessKey, CommentId, LinkCode, Mid, OptinRef, PageId, PersonaId, PostId,
    Psid, RequestId, SystemName, Token,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// A person on one Page, as subjects, tables and ids know them: 16 bytes of a keyed hash of Page and PSID.
///
/// Only the log's key turns a PSID into this, so a key that leaks from a subject or a metric names nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonKey([u8; 16]);

impl PersonKey {
    /// How many digits its text has.
    pub(crate) const N_DIGITS: usize = 32;

    /// The key with these bytes; made by the event log from its secret, or read back.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hexadecimal digits in lower case.
    pub fn parse(raw: &str) -> Option<Self> {
        let digits: &[u8; Self::N_DIGITS] = raw.as_bytes().try_into().ok()?;
        let mut bytes = [0; 16];
        let mut seen = 0;
        // Every record's stream has such a key: looking digits up and asking once costs a fifth of asking for each.
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
            seen |= high | low;
            *byte = high << 4 | low;
        }
        if seen & NO_DIGIT != 0 { None } else { Some(Self(bytes)) }
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(&self.0, f)
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({self})")
    }
}

/// What a byte is as a hexadecimal digit in lower case.
static DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

const NO_DIGIT: u8 = 0x80;

/// What an inbound fact states, as 16 bytes: equal for every delivery of the same fact, whatever the batch around it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactId([u8; 16]);

impl FactId {
    /// The id of the fact that these parts state. Each part is hashed with its length, so no two lists of parts
    /// run together.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(bytes)
    }

    /// The id with these bytes, as read back from the log.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id's bytes, as the log keeps them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(&self.0, f)
    }
}

/// Writes bytes as hexadecimal digits. Names of streams are made with it for every record, so it allocates nothing.
fn write_digits(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [0; 32];
    hex::encode_to_slice(bytes, &mut digits).map_err(|_| fmt::Error)?;
    f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
}

impl fmt::Debug for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FactId({self})")
    }
}

/// One record of the log: a UUID of version 7, made by whoever appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId(Uuid);

impl RecordId {
    /// The id with this value.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id's value.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_fact_do_not_run_together() {
        assert_ne!(FactId::of(&[b"ab", b"c"]), FactId::of(&[b"a", b"bc"]));
        assert_eq!(FactId::of(&[b"ab", b"c"]), FactId::of(&[b"ab", b"c"]));
    }

    #[test]
    fn a_person_key_is_thirty_two_lower_case_digits() {
        let key = PersonKey::from_bytes([0xab; 16]);
        assert_eq!(PersonKey::parse(&key.to_string()), Some(key));
        assert_eq!(PersonKey::parse(&key.to_string().to_uppercase()), None);
        for wrong in ["ab".repeat(15), "ab".repeat(17), "0g".repeat(16), "é".repeat(16)] {
            assert_eq!(PersonKey::parse(&wrong), None, "{wrong}");
        }
        assert_eq!(PersonKey::parse("0123456789abcdef0123456789abcdef").unwrap().0[4..8], [0x89, 0xab, 0xcd, 0xef]);
    }
}
