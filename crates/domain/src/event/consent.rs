//! What a person wants of the Page as a whole: to be left alone, or to be written to again.

use crate::event::{Inbound, InboundKind};
use crate::time::Timestamp;

/// The person asked for no more messages, or for messages again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// When the person said so.
    pub at: Timestamp,
    /// What the person wants.
    pub kind: ConsentKind,
    /// How it was learned.
    pub by: ConsentBy,
}

/// What the person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentKind {
    /// No more messages.
    OptedOut,
    /// Messages again.
    OptedIn,
}

/// How it was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentBy {
    /// By a word that the person wrote.
    Word,
    /// From a caller, who heard of it elsewhere.
    Caller,
}

impl ConsentKind {
    /// The event's name, for logs and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::OptedIn => "opted_in",
        }
    }
}

/// Words by which people say what they want, as an operator gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// For no more messages.
    pub stop: Vec<String>,
    /// For messages again.
    pub start: Vec<String>,
}

impl Words {
    /// Words that would say both; there must be none.
    pub fn in_both(&self) -> impl Iterator<Item = &String> {
        let says_both = |word: &&String| self.stop.iter().any(|other| bare(other) == bare(word));
        self.start.iter().filter(says_both)
    }

    /// What a fact says of the person's wish, and since when: only what they wrote themselves says anything.
    pub fn heard(&self, inbound: &Inbound) -> Option<Consent> {
        let InboundKind::Message(message) = &inbound.kind else { return None };
        let kind = of_text(&message.text, &self.stop, &self.start)?;
        Some(Consent { at: inbound.at(), kind, by: ConsentBy::Word })
    }
}

/// A word without its case and the marks around it.
fn bare(text: &str) -> String {
    text.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase()
}

/// What a message says of the person's wish, by lists of words that an operator gave: the whole text must be such a word,
/// whatever its case and the marks around it.
pub fn of_text(text: &str, stop_words: &[String], start_words: &[String]) -> Option<ConsentKind> {
    let said = bare(text);
    let is_among = |words: &[String]| !said.is_empty() && words.iter().any(|word| bare(word) == said);
    if is_among(stop_words) {
        Some(ConsentKind::OptedOut)
    } else if is_among(start_words) {
        Some(ConsentKind::OptedIn)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_alone_stops_messages() {
        let (stop, start) = (["Stop".to_owned(), "АБОНИРАНЕ".to_owned()], ["start".to_owned()]);
        for text in ["stop", " STOP! ", "\"Stop.\"", "абониране"] {
            assert_eq!(of_text(text, &stop, &start), Some(ConsentKind::OptedOut), "{text}");
        }
        assert_eq!(of_text("Start", &stop, &start), Some(ConsentKind::OptedIn));
        for text in ["", "!", "please stop calling it a sale", "stopp"] {
            assert_eq!(of_text(text, &stop, &start), None, "{text}");
        }
    }
}
