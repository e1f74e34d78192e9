//! Rights to write that are used up: tokens that people gave, and private replies to comments.

use crate::id::{CommentId, Token};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A token by name. States, decisions and answers hold this alone: whoever has the token itself can use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// The name of this token. It is too long and too random to be guessed from its name.
    pub fn of(token: &Token) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"token\0");
        hash.update(token.as_str());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(bytes)
    }

    /// The name with these bytes, as read back from the log.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The name's bytes, as the log keeps them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 32 hexadecimal digits in lower case.
    pub fn parse(raw: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(raw, &mut bytes).ok()?;
        let id = Self(bytes);
        (id.to_string() == raw).then_some(id)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// A right that a send takes up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Right {
    /// To one message, by a token.
    OneTime(TokenId),
    /// To repeated messages, by a token.
    Repeated(TokenId),
    /// To answer a comment in private, once.
    PrivateReply(CommentId),
}

/// What became of a right, as far as sends use it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Use {
    held_by: Option<crate::id::SendId>,
    used: Option<(crate::id::SendId, Timestamp)>,
    dropped: Option<Timestamp>,
}

impl Use {
    /// A send takes it up, unless another one has it.
    pub(crate) fn reserve(&mut self, send: &crate::id::SendId) {
        if self.held_by.is_none() {
            self.held_by = Some(send.clone());
        }
    }

    /// A send gives it back unused.
    pub(crate) fn release(&mut self, send: &crate::id::SendId) {
        if self.held_by.as_ref() == Some(send) {
            self.held_by = None;
        }
    }

    /// A send used it, or may have. The latest use counts; of one send, its earliest time.
    pub(crate) fn spend(&mut self, send: &crate::id::SendId, at: Timestamp) {
        self.release(send);
        self.used = Some(match self.used.take() {
            Some((known, before)) if known == *send => (known, before.min(at)),
            Some((known, before)) if (before, &known) > (at, send) => (known, before),
            Some(_) | None => (send.clone(), at),
        });
    }

    /// The platform told a send that it takes it no more.
    pub(crate) fn drop_at(&mut self, send: &crate::id::SendId, at: Timestamp) {
        self.release(send);
        self.dropped = self.dropped.max(Some(at));
    }

    /// When the platform last said that it takes it no more.
    pub const fn dropped(&self) -> Option<Timestamp> {
        self.dropped
    }

    /// When it was used up for good, where it serves once: by a message, or by the platform's word.
    pub fn is_over_since(&self) -> Option<Timestamp> {
        self.used().map(|(_, at)| at).or(self.dropped)
    }

    /// Whether a send other than this one has it.
    pub fn is_held_by_another(&self, send: Option<&crate::id::SendId>) -> bool {
        self.held_by.as_ref().is_some_and(|holder| Some(holder) != send)
    }

    /// The send that has it.
    pub const fn held_by(&self) -> Option<&crate::id::SendId> {
        self.held_by.as_ref()
    }

    /// When it was last used, and by which send.
    pub fn used(&self) -> Option<(&crate::id::SendId, Timestamp)> {
        self.used.as_ref().map(|(send, at)| (send, *at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, send_id};

    #[test]
    fn a_right_is_given_back_only_by_the_send_that_has_it() {
        let mut right = Use::default();
        right.reserve(&send_id(1));
        right.reserve(&send_id(2));
        right.release(&send_id(2));
        assert_eq!(right.held_by(), Some(&send_id(1)));
        assert!(right.is_held_by_another(Some(&send_id(2))) && !right.is_held_by_another(Some(&send_id(1))));
        right.release(&send_id(1));
        assert_eq!(right, Use::default());
    }

    #[test]
    fn a_use_that_is_told_twice_counts_from_its_earliest_time() {
        let mut right = Use::default();
        right.spend(&send_id(1), at(5));
        right.spend(&send_id(1), at(3));
        right.spend(&send_id(1), at(9));
        assert_eq!(right.used(), Some((&send_id(1), at(3))));
    }

    #[test]
    fn a_tokens_name_does_not_tell_the_token_and_is_read_back() {
        let id = TokenId::of(&Token::parse("token-1").unwrap());
        assert_eq!(TokenId::parse(&id.to_string()), Some(id));
        assert_eq!(TokenId::parse("AB"), None);
        assert!(!format!("{id:?}").contains("token-1"));
    }
}
