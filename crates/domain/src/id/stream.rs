//! Streams: one aggregate's history, by name.

use super::{AppId, OptinRef, PageId, PersonKey, PostId, SystemName};
use std::fmt;

/// What a stream is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One person and one Page.
    Conversation,
    /// One person's comments on one post.
    Comment,
    /// A person before the PSID is known.
    Optin,
    /// A Page itself.
    Page,
    /// Verified bodies that could not be understood.
    Quarantine,
    /// What concerns the whole log.
    System,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 6] =
        [Self::Conversation, Self::Comment, Self::Optin, Self::Page, Self::Quarantine, Self::System];

    /// The first word of such a stream's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Comment => "comment",
            Self::Optin => "optin",
            Self::Page => "page",
            Self::Quarantine => "quarantine",
            Self::System => "system",
        }
    }
}

/// The name of one stream. An event belongs to exactly one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamId {
    /// `conversation/{page}/{person}`
    Conversation(PageId, PersonKey),
    /// `comment/{page}/{post}/{commenter}`; the post's id is written as a reference is in `optin`.
    Comment(PageId, PostId, PersonKey),
    /// `optin/{page}/{user_ref}`; the reference is written so that it holds only letters, digits, `-`, `_` and `=`.
    Optin(PageId, OptinRef),
    /// `page/{page}`
    Page(PageId),
    /// `quarantine/{app}`
    Quarantine(AppId),
    /// `system/{name}`
    System(SystemName),
}

/// As many bytes as a key has that names a person, as a rule.
const USUAL_LENGTH: usize = 64;

/// The text names no stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a stream; one looks like `conversation/<page>/<32 hex digits>` or `page/<page>`")]
pub struct BadStream;

impl StreamId {
    /// `system/log`: what happened to the log itself.
    pub fn log() -> Self {
        Self::System(SystemName::parse("log").expect("a plain word is a name"))
    }

    /// `system/packs`: which rule packs are known and in force, and what single Pages have of their own.
    pub fn packs() -> Self {
        Self::System(SystemName::parse("packs").expect("a plain word is a name"))
    }

    /// What the stream is about.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Conversation(..) => Kind::Conversation,
            Self::Comment(..) => Kind::Comment,
            Self::Optin(..) => Kind::Optin,
            Self::Page(_) => Kind::Page,
            Self::Quarantine(_) => Kind::Quarantine,
            Self::System(_) => Kind::System,
        }
    }

    /// The Page the stream belongs to; none for what concerns the whole app.
    pub const fn page(&self) -> Option<&PageId> {
        match self {
            Self::Conversation(page, _) | Self::Comment(page, ..) | Self::Optin(page, _) | Self::Page(page) => {
                Some(page)
            }
            Self::Quarantine(_) | Self::System(_) => None,
        }
    }

    /// The part of the name behind the kind, by which streams are spread over partitions; words are joined by `/`.
    pub fn key(&self) -> String {
        let mut key = String::with_capacity(USUAL_LENGTH);
        self.write_key(&mut key).expect("a text takes whatever is written to it");
        key
    }

    fn write_key(&self, to: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Conversation(page, person) => {
                to.write_str(page.as_str())?;
                write!(to, "/{person}")
            }
            Self::Comment(page, post, commenter) => write!(to, "{page}/{}/{commenter}", encode(post.as_str())),
            Self::Optin(page, user_ref) => write!(to, "{page}/{}", encode(user_ref.as_str())),
            Self::Page(page) => to.write_str(page.as_str()),
            Self::Quarantine(app) => to.write_str(app.as_str()),
            Self::System(name) => to.write_str(name.as_str()),
        }
    }

    /// Reads a name as [`fmt::Display`] writes it.
    ///
    /// # Errors
    /// When it names no stream.
    pub fn parse(name: &str) -> Result<Self, BadStream> {
        let (kind, key) = match name.strip_prefix("conversation/") {
            Some(key) => ("conversation", key),
            None => name.split_once('/').ok_or(BadStream)?,
        };
        let page = |raw: &str| PageId::parse(raw).map_err(|_| BadStream);
        let stream = match kind {
            // Read above all others, so by its length and not by looking for where its words end.
            "conversation" => {
                let page_end = key.len().checked_sub(PersonKey::N_DIGITS + 1).ok_or(BadStream)?;
                let (page_id, rest) = key.split_at_checked(page_end).ok_or(BadStream)?;
                let person = rest.strip_prefix('/').and_then(PersonKey::parse).ok_or(BadStream)?;
                Self::Conversation(page(page_id)?, person)
            }
            "comment" => {
                let (page_id, rest) = key.split_once('/').ok_or(BadStream)?;
                let (post, commenter) = rest.split_once('/').ok_or(BadStream)?;
                let post = decode(post).and_then(|raw| PostId::parse(&raw).ok()).ok_or(BadStream)?;
                Self::Comment(page(page_id)?, post, PersonKey::parse(commenter).ok_or(BadStream)?)
            }
            "optin" => {
                let (page_id, user_ref) = key.split_once('/').ok_or(BadStream)?;
                let user_ref = decode(user_ref).and_then(|raw| OptinRef::parse(&raw).ok()).ok_or(BadStream)?;
                Self::Optin(page(page_id)?, user_ref)
            }
            "page" => Self::Page(page(key)?),
            "quarantine" => Self::Quarantine(AppId::parse(key).map_err(|_| BadStream)?),
            "system" => Self::System(SystemName::parse(key).map_err(|_| BadStream)?),
            _ => return Err(BadStream),
        };
        Ok(stream)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())?;
        f.write_str("/")?;
        self.write_key(f)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Optin(page, _) => write!(f, "optin/{page}/…"),
            Self::Conversation(..) | Self::Comment(..) | Self::Page(_) | Self::Quarantine(_) | Self::System(_) => {
                fmt::Display::fmt(self, f)
            }
        }
    }
}

/// Writes any printable text with letters, digits, `-` and `_` alone; every other byte becomes `=` and two digits.
pub(super) fn encode(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            text.push(char::from(byte));
        } else {
            text.push('=');
            text.push_str(&hex::encode([byte]));
        }
    }
    text
}

pub(super) fn decode(text: &str) -> Option<String> {
    let mut raw = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        if *first == b'=' {
            raw.extend(hex::decode(bytes.get(..2)?).ok()?);
            bytes = &bytes[2..];
        } else {
            raw.push(*first);
        }
    }
    let raw = String::from_utf8(raw).ok()?;
    (encode(&raw) == text).then_some(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream() -> impl Strategy<Value = StreamId> {
        let page = || "[A-Za-z0-9_-]{1,64}".prop_map(|raw| PageId::parse(&raw).unwrap());
        let person = || any::<[u8; 16]>().prop_map(PersonKey::from_bytes);
        let post = "[!-~]{1,128}".prop_map(|raw| PostId::parse(&raw).unwrap());
        let user_ref = "[!-~]{1,512}".prop_map(|raw| OptinRef::parse(&raw).unwrap());
        prop_oneof![
            (page(), person()).prop_map(|(page, person)| StreamId::Conversation(page, person)),
            (page(), post, person()).prop_map(|(page, post, person)| StreamId::Comment(page, post, person)),
            (page(), user_ref).prop_map(|(page, user_ref)| StreamId::Optin(page, user_ref)),
            page().prop_map(StreamId::Page),
            "[A-Za-z0-9_-]{1,64}".prop_map(|raw| StreamId::Quarantine(AppId::parse(&raw).unwrap())),
            "[A-Za-z0-9_-]{1,64}".prop_map(|raw| StreamId::System(SystemName::parse(&raw).unwrap())),
        ]
    }

    proptest! {
        #[test]
        fn a_stream_is_read_back_from_its_name_and_no_word_of_it_is_forged(stream in stream()) {
            let name = stream.to_string();
            prop_assert_eq!(StreamId::parse(&name), Ok(stream.clone()));
            let n_words = match stream.kind() {
                Kind::Comment => 4,
                Kind::Conversation | Kind::Optin => 3,
                Kind::Page | Kind::Quarantine | Kind::System => 2,
            };
            prop_assert_eq!(name.split('/').count(), n_words);
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=/".contains(&byte);
            prop_assert!(name.bytes().all(is_plain), "{name}");
        }

        #[test]
        fn a_text_names_a_stream_in_one_way_only(name in "(conversation|comment|optin|page|quarantine|system)/[a-f0-9=/A.é]{0,50}") {
            if let Ok(stream) = StreamId::parse(&name) {
                prop_assert_eq!(stream.to_string(), name);
            }
        }
    }

    #[test]
    fn every_kind_of_stream_is_read_back_from_its_name() {
        let page = PageId::parse("1001").unwrap();
        let streams = [
            StreamId::Conversation(page.clone(), PersonKey::from_bytes([7; 16])),
            StreamId::Comment(page.clone(), PostId::parse("1001_5").unwrap(), PersonKey::from_bytes([7; 16])),
            StreamId::Optin(page.clone(), OptinRef::parse("a.b>*=/c").unwrap()),
            StreamId::Page(page),
            StreamId::Quarantine(AppId::parse("77").unwrap()),
            StreamId::log(),
        ];
        for stream in streams {
            assert_eq!(StreamId::parse(&stream.to_string()), Ok(stream));
        }
    }

    #[test]
    fn an_optin_reference_cannot_forge_a_word_of_the_name() {
        let stream = StreamId::Optin(PageId::parse("1").unwrap(), OptinRef::parse("x/../page.*").unwrap());
        assert_eq!(stream.to_string(), "optin/1/x=2f=2e=2e=2fpage=2e=2a");
        assert_eq!(format!("{stream:?}"), "optin/1/…");
    }

    #[test]
    fn a_posts_id_cannot_forge_a_word_of_the_name() {
        let post = PostId::parse("5/*.>").unwrap();
        let stream = StreamId::Comment(PageId::parse("1").unwrap(), post, PersonKey::from_bytes([0xab; 16]));
        assert_eq!(stream.to_string(), format!("comment/1/5=2f=2a=2e=3e/{}", "ab".repeat(16)));
    }

    #[test]
    fn names_of_other_forms_are_refused() {
        let no_post = format!("comment/1//{}", "ab".repeat(16));
        let others = ["", "page", "page/", "page/a/b", "optin/1/=2", "optin/1/=61", "conversation/1/AB", "other/1"];
        for name in others.into_iter().chain(["comment/1/5", "comment/1/5/ab", &no_post]) {
            assert_eq!(StreamId::parse(name), Err(BadStream), "{name}");
        }
    }
}
