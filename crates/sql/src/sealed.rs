//! Secrets as tables hold them: sealed with AES-256-GCM, under a key that is configured and never stored.
//!
//! Several keys may be configured, so that they can be changed: the first seals, all open, and each sealed value names its
//! own. A value is bound to its place, so that one row's token cannot be put into another's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;

/// Names a key without telling anything of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// The keys that are configured: the first seals, all open.
pub struct Keys(Vec<(KeyId, LessSafeKey)>);

/// A secret that was sealed, with the name of its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key that it was sealed under.
    pub by: KeyId,
    /// A nonce of 12 bytes, the ciphertext, and its tag of 16.
    pub bytes: Vec<u8>,
}

/// The configured text holds no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// There is nothing in it.
    #[error("names no key; each is 32 bytes, in hex or base64, as `openssl rand -hex 32` makes them")]
    Empty,
    /// One of them is something else.
    #[error("key {0} of them is not 32 bytes in hex or base64, as `openssl rand -hex 32` makes them")]
    Form(usize),
    /// One stands there twice.
    #[error("key {0} of them stands there before")]
    Twice(usize),
}

/// A sealed value that cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its key is not configured.
    #[error("it is sealed under the key {0}, which is not configured: add that key to secrets.key")]
    NoSuchKey(KeyId),
    /// It was altered, or belongs to another place.
    #[error("it was altered, or put in the place of another: store it anew")]
    Altered,
}

impl KeyId {
    /// The name as a table holds it.
    pub(crate) fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name, 16 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(key: &[u8; 32]) -> Self {
        let digest = Sha256::new().chain_update(b"nuncio key id\0").chain_update(key).finalize();
        Self(hex::encode(&digest[..8]))
    }
}

impl Keys {
    /// Reads keys that are separated by commas, blanks or line breaks.
    ///
    /// # Errors
    /// Says what is wrong with which of them, without showing it.
    pub fn parse(text: &SecretString) -> Result<Self, BadKeys> {
        let mut keys: Vec<(KeyId, LessSafeKey)> = Vec::new();
        let words = text.expose_secret().split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        for (place, word) in (1..).zip(words) {
            let key = bytes(word).ok_or(BadKeys::Form(place))?;
            let id = KeyId::of(&key);
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(BadKeys::Twice(place));
            }
            let unbound = UnboundKey::new(&AES_256_GCM, &key).expect("a key of this kind has 32 bytes");
            keys.push((id, LessSafeKey::new(unbound)));
        }
        if keys.is_empty() { Err(BadKeys::Empty) } else { Ok(Self(keys)) }
    }

    /// The key that seals.
    pub fn first(&self) -> &KeyId {
        &self.0[0].0
    }

    /// Whether values under this key can be opened.
    pub fn has(&self, key: &KeyId) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    /// Seals a secret for its place, which must be the same when it is opened.
    pub fn seal(&self, place: Place<'_>, secret: &SecretString) -> Sealed {
        let (id, key) = &self.0[0];
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).expect("the operating system has random bytes");
        let mut text = secret.expose_secret().as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place.bound(), &mut text)
            .expect("a secret is far shorter than what the cipher takes");
        Sealed { by: id.clone(), bytes: [nonce.as_slice(), &text].concat() }
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When its key is not there, or it is not what was sealed.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<SecretString, OpenError> {
        let found = self.0.iter().find(|(known, _)| *known == sealed.by);
        let (_, key) = found.ok_or_else(|| OpenError::NoSuchKey(sealed.by.clone()))?;
        let (nonce, text) = sealed.bytes.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Altered)?;
        let mut text = text.to_vec();
        let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), place.bound(), &mut text);
        let opened = opened.map_err(|_| OpenError::Altered)?;
        let secret = std::str::from_utf8(opened).map_err(|_| OpenError::Altered)?;
        Ok(SecretString::from(secret))
    }
}

/// What a sealed value is, and whose.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What it is for, such as `page_token`.
    pub purpose: &'static str,
    /// Whose it is.
    pub row: &'a str,
}

impl Place<'_> {
    fn bound(self) -> Aad<Vec<u8>> {
        Aad::from(format!("nuncio sealed 1\0{}\0{}", self.purpose, self.row).into_bytes())
    }
}

fn bytes(word: &str) -> Option<[u8; 32]> {
    let read = hex::decode(word).ok().filter(|read| read.len() == 32);
    read.or_else(|| STANDARD.decode(word).ok())?.try_into().ok()
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// Shows the names alone.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

/// Shows the key's name alone.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("by", &self.by).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const NEW: &str = "8J+QmfCfkJnwn5CZ8J+QmfCfkJnwn5CZ8J+QmfCfkJk=";
    const PLACE: Place<'_> = Place { purpose: "page_token", row: "1001" };

    fn keys(text: &str) -> Keys {
        Keys::parse(&SecretString::from(text)).unwrap()
    }

    fn token() -> SecretString {
        SecretString::from("EAAhush")
    }

    #[test]
    fn what_was_sealed_is_opened_and_never_sealed_alike_twice() {
        let keys = keys(OLD);
        let (first, second) = (keys.seal(PLACE, &token()), keys.seal(PLACE, &token()));
        assert_ne!(first.bytes, second.bytes);
        for sealed in [first, second] {
            assert_eq!(keys.open(PLACE, &sealed).unwrap().expose_secret(), "EAAhush");
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = keys(OLD).seal(PLACE, &token());
        let both = keys(&format!("{NEW},\n {OLD}"));
        assert_eq!(both.first(), keys(NEW).first());
        assert_eq!(both.open(PLACE, &old).unwrap().expose_secret(), "EAAhush");
        let new = both.seal(PLACE, &token());
        assert_eq!(keys(OLD).open(PLACE, &new).unwrap_err(), OpenError::NoSuchKey(keys(NEW).first().clone()));
    }

    #[test]
    fn a_value_is_bound_to_its_place_and_to_every_byte() {
        let keys = keys(OLD);
        let sealed = keys.seal(PLACE, &token());
        let elsewhere = [Place { row: "1002", ..PLACE }, Place { purpose: "other", ..PLACE }];
        for place in elsewhere {
            assert_eq!(keys.open(place, &sealed).unwrap_err(), OpenError::Altered);
        }
        for place in 0..sealed.bytes.len() {
            let mut altered = sealed.clone();
            altered.bytes[place] ^= 1;
            assert_eq!(keys.open(PLACE, &altered).unwrap_err(), OpenError::Altered, "byte {place}");
        }
        assert_eq!(keys.open(PLACE, &Sealed { bytes: vec![1], ..sealed }).unwrap_err(), OpenError::Altered);
    }

    #[test]
    fn wrong_keys_are_named_by_their_place_and_never_shown() {
        for (text, error) in [
            ("", BadKeys::Empty),
            (" ,\n", BadKeys::Empty),
            ("hush", BadKeys::Form(1)),
            (&format!("{OLD} {}", &OLD[2..]), BadKeys::Form(2)),
            (&format!("{OLD},{OLD}"), BadKeys::Twice(2)),
        ] {
            assert_eq!(Keys::parse(&SecretString::from(text)).unwrap_err(), error, "{text}");
            assert!(!error.to_string().contains("hush"));
        }
    }

    #[test]
    fn nothing_shown_tells_a_key_or_a_secret() {
        let keys = keys(OLD);
        let shown = format!("{keys:?} {:?}", keys.seal(PLACE, &token()));
        assert!(!shown.contains("0001020304") && !shown.contains("hush"), "{shown}");
        assert_eq!(keys.first().as_str().len(), 16);
    }
}
