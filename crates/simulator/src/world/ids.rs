//! Ids. Each follows from the seed, the person (or Page) and that person's own count, never from a global order: so runs
//! repeat, also with concurrent clients.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A person's id at one Page, in eight bytes: the number itself, or a marked hash of what is no number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Psid(u64);

const MARK: u64 = 1 << 63;

impl Psid {
    /// The key of that id. Only [`Psid::number`] tells whether the text can be had back.
    pub(crate) fn of(text: &str) -> Self {
        let number = text.parse::<u64>().ok().filter(|number| *number < MARK && number.to_string() == text);
        Self(number.unwrap_or_else(|| leading_number(&digest(&[b"psid", text.as_bytes()])) | MARK))
    }

    /// The id, if it is a plain number.
    pub(crate) fn number(self) -> Option<u64> {
        (self.0 < MARK).then_some(self.0)
    }
}

/// People stay out of logs and errors.
impl fmt::Debug for Psid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Psid")
    }
}

/// Makes ids from a seed.
#[derive(Clone, Copy)]
pub(crate) struct Ids {
    seed: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The id of the `n`th message of a thread: `m_` and 32 base64url characters, which lead back to person and number.
    pub(crate) fn mid(self, page: &str, psid: Psid, n: u32) -> String {
        let tag = self.tag(page, psid, n);
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&psid.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&n.to_be_bytes());
        let mask = self.hash(&[b"mask", &tag]);
        bytes.iter_mut().zip(&mask[..12]).for_each(|(byte, mask)| *byte ^= mask);
        bytes[12..].copy_from_slice(&tag);
        format!("m_{}", encode(&bytes))
    }

    /// Person and number of a message of that Page's threads; nothing for whatever was not made here.
    pub(crate) fn read_mid(self, page: &str, mid: &str) -> Option<(Psid, u32)> {
        let bytes: [u8; 24] = decode(mid.strip_prefix("m_")?)?.try_into().ok()?;
        let (head, tag) = bytes.split_at(12);
        let mask = self.hash(&[b"mask", tag]);
        let head: Vec<u8> = head.iter().zip(&mask[..12]).map(|(byte, mask)| byte ^ mask).collect();
        let psid = Psid(u64::from_be_bytes(head[..8].try_into().ok()?));
        let n = u32::from_be_bytes(head[8..].try_into().ok()?);
        (self.tag(page, psid, n) == tag).then_some((psid, n))
    }

    fn tag(self, page: &str, psid: Psid, n: u32) -> [u8; 12] {
        let hash = self.hash(&[b"mid", page.as_bytes(), &psid.0.to_be_bytes(), &n.to_be_bytes()]);
        let mut tag = [0; 12];
        tag.copy_from_slice(&hash[..12]);
        tag
    }

    /// A person's id: 16 digits.
    pub(crate) fn psid(self, page: &str, n: u32) -> String {
        let number = leading_number(&self.hash(&[b"person", page.as_bytes(), &n.to_be_bytes()]));
        (1_000_000_000_000_000 + number % 9_000_000_000_000_000).to_string()
    }

    /// What Meta's support would ask for: `A` and 22 characters.
    pub(crate) fn trace(self, page: &str, psid: Option<Psid>, n: u32) -> String {
        let psid = psid.map_or(0, |psid| psid.0);
        let hash = self.hash(&[b"trace", page.as_bytes(), &psid.to_be_bytes(), &n.to_be_bytes()]);
        format!("A{}", &encode(&hash)[..22])
    }

    /// The id of the `n`th thing of a kind at a Page: 15 digits.
    pub(crate) fn thing(self, kind: &str, page: &str, n: u32) -> String {
        let number = leading_number(&self.hash(&[kind.as_bytes(), page.as_bytes(), &n.to_be_bytes()]));
        (100_000_000_000_000 + number % 900_000_000_000_000).to_string()
    }

    /// A token of a person: 40 characters.
    pub(crate) fn token(self, kind: &str, page: &str, psid: Psid, n: u32) -> String {
        let parts = [kind.as_bytes(), page.as_bytes(), &psid.0.to_be_bytes(), &n.to_be_bytes()];
        let (first, second) = (self.hash(&parts), self.hash(&[b"more", &self.hash(&parts)]));
        format!("{}{}", &encode(&first)[..32], &encode(&second)[..8]).replace(['-', '_'], "x")
    }

    /// An integer for the handshake.
    pub(crate) fn challenge(self, n: u32) -> u32 {
        let number = leading_number(&self.hash(&[b"challenge", &n.to_be_bytes()]));
        u32::try_from(number % 2_000_000_000).expect("the remainder is below 2^31")
    }

    /// A draw for one decision about one person: below 1, and the same in every run.
    pub(crate) fn draw(self, what: &str, page: &str, psid: Option<Psid>, n: u32) -> f64 {
        let psid = psid.map_or(0, |psid| psid.0);
        let hash = self.hash(&[b"draw", what.as_bytes(), page.as_bytes(), &psid.to_be_bytes(), &n.to_be_bytes()]);
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }

    fn hash(self, parts: &[&[u8]]) -> [u8; 32] {
        let seed = self.seed.to_be_bytes();
        let mut hasher = Sha256::new();
        hasher.update(seed);
        absorb(&mut hasher, parts);
        hasher.finalize().into()
    }
}

/// Every part with its length, so that no two lists of parts look alike.
fn absorb(hasher: &mut Sha256, parts: &[&[u8]]) {
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    absorb(&mut hasher, parts);
    hasher.finalize().into()
}

fn leading_number(digest: &[u8; 32]) -> u64 {
    let (head, _) = digest.split_first_chunk::<8>().expect("32 bytes have a first 8");
    u64::from_be_bytes(*head)
}

/// Base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for place in 0..=chunk.len() {
            let index = (word >> (18 - 6 * place)) & 63;
            text.push(char::from(ALPHABET[usize::try_from(index).unwrap_or(0)]));
        }
    }
    text
}

/// Reads base64url without padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut word: u32 = 0;
        for (place, letter) in chunk.iter().enumerate() {
            let value = ALPHABET.iter().position(|known| known == letter)?;
            word |= u32::try_from(value).ok()? << (18 - 6 * place);
        }
        bytes.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

/// An app's id as Meta writes it in webhooks: a number, where it is one.
pub(crate) fn app_number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| Value::from(id), Value::from)
}

/// A text value of an object, whether it came as text or as a bare number.
pub(crate) fn text_or_number(object: &Map<String, Value>, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mid_leads_back_to_its_person_and_nobody_elses() {
        let (ids, psid) = (Ids::new(7), Psid::of("2002"));
        let mid = ids.mid("1001", psid, 3);
        assert!(mid.len() == 34 && mid.starts_with("m_"), "{mid}");
        assert!(ids.read_mid("1001", &mid) == Some((psid, 3)));
        assert!(ids.read_mid("1002", &mid).is_none() && Ids::new(8).read_mid("1001", &mid).is_none());
        for bad in ["", "m_", "mid.x", "m_AAAA", "m_é", &mid[..33], &format!("{mid}AAAA")] {
            assert!(ids.read_mid("1001", bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ids_follow_from_seed_person_and_count() {
        let of = |seed, psid, n| Ids::new(seed).mid("1001", Psid::of(psid), n);
        assert_eq!(of(1, "a", 0), of(1, "a", 0));
        assert_ne!(of(1, "a", 0), of(2, "a", 0));
        assert_ne!(of(1, "a", 0), of(1, "b", 0));
        assert_ne!(of(1, "a", 0), of(1, "a", 1));
        assert_eq!(Ids::new(1).psid("1001", 0).len(), 16);
        let draws: Vec<f64> = (0..1000).map(|n| Ids::new(1).draw("x", "1001", None, n)).collect();
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }

    #[test]
    fn base64url_is_read_back() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
        assert_eq!(encode(b"light w"), "bGlnaHQgdw");
    }

    #[test]
    fn only_plain_numbers_are_kept_as_numbers() {
        assert_eq!(Psid::of("2002").number(), Some(2002));
        for odd in ["", "02002", "asha", "99999999999999999999", "9223372036854775808", "+5"] {
            assert_eq!(Psid::of(odd).number(), None, "{odd}");
        }
    }
}
