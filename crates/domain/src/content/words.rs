//! Text of people, which must not slip into a log line.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that somebody reads, or that says something about them: words, addresses, payloads. Personal data: its `Debug`
/// tells its length alone.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(String);

impl Words {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length, as the platform counts it: in characters.
    pub fn n_chars(&self) -> usize {
        self.0.chars().count()
    }

    /// None for the empty text, as the wire leaves fields out.
    pub fn unless_empty(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} characters)", self.n_chars())
    }
}
