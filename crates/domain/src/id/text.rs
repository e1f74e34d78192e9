//! Ids that come from outside as text, each with the form it must have.

use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// The text is not an id of this kind; the message says what one looks like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is 1 to {max} {alphabet}")]
pub struct BadId {
    what: &'static str,
    max: usize,
    alphabet: &'static str,
}

const PRINTABLE: &str = "printable ASCII characters without spaces";
const PRINTABLE_WORD: &str = "printable ASCII characters without spaces or `/`";
const PLAIN: &str = "letters, digits, `-` or `_`";

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

/// What can be a word of a resource's name.
fn is_printable_word(byte: u8) -> bool {
    is_printable(byte) && byte != b'/'
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $alphabet:ident, $allowed:ident, shown: $shown:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(SmolStr);

        impl $name {
            /// Takes the text if it has this kind's form.
            ///
            /// # Errors
            /// Says which form it must have.
            pub fn parse(raw: &str) -> Result<Self, BadId> {
                // Not `all`: without a way out at every byte, many are looked at together.
                let fits = (1..=$max).contains(&raw.len()) && raw.bytes().fold(true, |fits, byte| fits & $allowed(byte));
                if fits { Ok(Self(SmolStr::new(raw))) } else { Err(BadId { what: $what, max: $max, alphabet: $alphabet }) }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        /// What was kept is read like what comes from outside: only a text of this kind's form is one.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let raw = String::deserialize(from)?;
                Self::parse(&raw).map_err(serde::de::Error::custom)
            }
        }

        text_id!(@show $name, $shown);
    };
    (@show $name:ident, open) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }
    };
    // Ids of people and secrets have no `Display`, and their `Debug` says nothing: they must not slip into a log line.
    (@show $name:ident, hidden) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(…)", stringify!($name))
            }
        }
    };
}

text_id!(
    /// A Facebook Page. It is the Page's identity; the name and username may change.
    PageId, "a Page id", 64, PLAIN, is_plain, shown: open
);
text_id!(
    /// The platform's app, to which webhooks are delivered and whose secret signs them.
    AppId, "an app id", 64, PLAIN, is_plain, shown: open
);
text_id!(
    /// A person on one Page, as the Send API addresses them ("Page-scoped id"). Personal data.
    Psid, "a PSID", 128, PRINTABLE_WORD, is_printable_word, shown: hidden
);
text_id!(
    /// A person before their PSID is known: the `user_ref` of a checkbox opt-in. Personal data.
    OptinRef, "a user_ref", 512, PRINTABLE, is_printable, shown: hidden
);
text_id!(
    /// A message, as the platform names it.
    Mid, "a mid", 512, PRINTABLE, is_printable, shown: open
);
text_id!(
    /// A caller's own name for one call, which makes repeating the call safe.
    RequestId, "a request id", 128, PRINTABLE, is_printable, shown: open
);
text_id!(
    /// A caller's own name for something that is told once, such as `order-42-shipped`.
    BusinessKey, "a business key", 128, PRINTABLE, is_printable, shown: open
);
text_id!(
    /// A person who works for the Page's owner and speaks for it.
    AgentId, "an agent id", 128, PRINTABLE, is_printable, shown: open
);
text_id!(
    /// A file that the Page uploaded, as the platform names it.
    AttachmentId, "an attachment id", 64, PLAIN, is_plain, shown: open
);
text_id!(
    /// A name and picture under which a Page speaks, as the platform names it.
    PersonaId, "a persona id", 64, PLAIN, is_plain, shown: open
);
text_id!(
    /// A post on a Page, or on somebody's own page.
    PostId, "a post id", 128, PRINTABLE, is_printable, shown: open
);
text_id!(
    /// A comment on a post.
    CommentId, "a comment id", 128, PRINTABLE, is_printable, shown: open
);

/// A visitor's post can be answered in private like a comment: by its own id.
impl From<&PostId> for CommentId {
    fn from(post: &PostId) -> Self {
        Self::parse(post.as_str()).expect("both ids have the same form")
    }
}
text_id!(
    /// A right to write to a person outside every window, as the platform gave it. A secret: whoever has it can use it.
    Token, "a token", 4096, PRINTABLE, is_printable, shown: hidden
);
text_id!(
    /// The code by which the Page's own site confirms that it linked a person's account. A secret.
    LinkCode, "an authorization code", 2048, PRINTABLE, is_printable, shown: hidden
);

text_id!(
    /// Something that concerns the whole log, by the name of its stream.
    SystemName, "a system stream's name", 64, PLAIN, is_plain, shown: open
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_people_and_secrets_are_not_printed() {
        let psid = Psid::parse("24601").unwrap();
        assert_eq!(format!("{psid:?}"), "Psid(…)");
        let (token, code) = (Token::parse("24601").unwrap(), LinkCode::parse("24601").unwrap());
        assert_eq!(format!("{token:?} {code:?}"), "Token(…) LinkCode(…)");
    }

    #[test]
    fn an_id_is_kept_as_its_text_and_read_back_only_in_its_form() {
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, StrDeserializer};
        let read = |raw: &'static str| {
            let kept: StrDeserializer<'_, Error> = raw.into_deserializer();
            PageId::deserialize(kept)
        };
        assert_eq!(read("1001"), Ok(PageId::parse("1001").unwrap()));
        assert_eq!(read("a/b").unwrap_err().to_string(), "a Page id is 1 to 64 letters, digits, `-` or `_`");
    }

    #[test]
    fn a_user_ref_is_1_to_512_printable_characters() {
        let all: String = ('!'..='~').collect();
        for raw in [&all, &"~".repeat(512)] {
            assert_eq!(OptinRef::parse(raw).unwrap().as_str(), raw);
        }
        for raw in ["", "a b", "a\n", "é", "\u{7f}", &"~".repeat(513)] {
            assert!(OptinRef::parse(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn a_psid_cannot_forge_a_word_of_a_name() {
        for raw in ["", "a b", "2002/messages/1", "/", "é"] {
            let error = Psid::parse(raw).unwrap_err();
            assert_eq!(error.to_string(), "a PSID is 1 to 128 printable ASCII characters without spaces or `/`");
        }
    }

    #[test]
    fn an_id_that_could_forge_a_path_is_no_page_id() {
        for raw in ["", "a/b", "a.b", "a b", "*", ">", "é"] {
            let error = PageId::parse(raw).unwrap_err();
            assert_eq!(error.to_string(), "a Page id is 1 to 64 letters, digits, `-` or `_`");
        }
        assert_eq!(PageId::parse("1001").unwrap().as_str(), "1001");
    }
}
