//! The id of a send, which names the stream it lives in.

use super::stream::{decode, encode};
use super::{PageId, PersonKey, PostId, StreamId};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// One send. It travels in the message's `metadata`, and its echo brings it back; so it says by itself in which
/// stream it is to be found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SendId {
    page: PageId,
    person: PersonKey,
    id: Uuid,
    /// The post under which the person commented, where it answers a comment.
    post: Option<PostId>,
}

/// The text is no send id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a send id looks like `c.<page>.<32 hex digits>.<uuid>`, or `m.<page>.<post>.<32 hex digits>.<uuid>`")]
pub struct BadSendId;

impl SendId {
    /// The send with this id in the conversation of `page` and `person`.
    pub const fn new(page: PageId, person: PersonKey, id: Uuid) -> Self {
        Self { page, person, id, post: None }
    }

    /// The send with this id that answers a comment of `person` on a post of `page`: it lives with the comments.
    pub const fn to_commenter(page: PageId, post: PostId, person: PersonKey, id: Uuid) -> Self {
        Self { page, person, id, post: Some(post) }
    }

    /// The Page that speaks.
    pub const fn page(&self) -> &PageId {
        &self.page
    }

    /// The part of the id that is this send's alone.
    pub const fn uuid(&self) -> Uuid {
        self.id
    }

    /// The person it speaks to, by key.
    pub const fn person(&self) -> PersonKey {
        self.person
    }

    /// The post whose comment it answers; none in a conversation.
    pub const fn post(&self) -> Option<&PostId> {
        self.post.as_ref()
    }

    /// The stream that holds this send's whole history.
    pub fn stream(&self) -> StreamId {
        match &self.post {
            None => StreamId::Conversation(self.page.clone(), self.person),
            Some(post) => StreamId::Comment(self.page.clone(), post.clone(), self.person),
        }
    }

    /// Whether the stream is this send's own.
    pub fn is_at_home(&self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Conversation(page, person) => self.post.is_none() && *page == self.page && *person == self.person,
            StreamId::Comment(page, post, person) => {
                self.post.as_ref() == Some(post) && *page == self.page && *person == self.person
            }
            StreamId::Optin(..) | StreamId::Page(_) | StreamId::Quarantine(_) | StreamId::System(_) => false,
        }
    }

    /// Reads an id as [`fmt::Display`] writes it.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(raw: &str) -> Result<Self, BadSendId> {
        Self::read(raw).ok_or(BadSendId)
    }

    /// Reads it from its end, whose parts have fixed lengths. Each part has one text, so that the id has.
    fn read(raw: &str) -> Option<Self> {
        let (front, id) = split_end(raw, Hyphenated::LENGTH)?;
        let (front, person) = split_end(front, PersonKey::N_DIGITS)?;
        let (page, post) = match front.split_once('.')? {
            ("c", page) => (page, None),
            ("m", rest) => {
                let (page, post) = rest.split_once('.')?;
                (page, Some(PostId::parse(&decode(post)?).ok()?))
            }
            _ => return None,
        };
        // Of this length only the form with hyphens can be read, and its letters may be large.
        let is_lower = id.bytes().fold(true, |is_lower, byte| is_lower & !byte.is_ascii_uppercase());
        let id = Uuid::try_parse(id).ok().filter(|_| is_lower)?;
        Some(Self { page: PageId::parse(page).ok()?, person: PersonKey::parse(person)?, id, post })
    }
}

/// What stands before the last so many bytes and the dot in front of them, and those.
fn split_end(raw: &str, length: usize) -> Option<(&str, &str)> {
    let (front, end) = raw.split_at_checked(raw.len().checked_sub(length)?)?;
    Some((front.strip_suffix('.')?, end))
}

impl fmt::Display for SendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.post {
            None => write!(f, "c.{}.{}.{}", self.page, self.person, self.id),
            Some(post) => write!(f, "m.{}.{}.{}.{}", self.page, encode(post.as_str()), self.person, self.id),
        }
    }
}

impl fmt::Debug for SendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_send_id_is_read_back_from_its_text(page in "[A-Za-z0-9_-]{1,64}", person: [u8; 16], id: u128) {
            let page = PageId::parse(&page).unwrap();
            let send = SendId::new(page, PersonKey::from_bytes(person), Uuid::from_u128(id));
            prop_assert_eq!(SendId::parse(&send.to_string()), Ok(send.clone()));
            // Other ways to write the same id are foreign words: an id has one text.
            let large = send.uuid().to_string().to_uppercase();
            for uuid in [send.uuid().simple().to_string(), send.uuid().braced().to_string(), large] {
                let raw = format!("c.{}.{}.{uuid}", send.page(), send.person());
                prop_assert_eq!(SendId::parse(&raw).is_ok(), uuid == send.uuid().to_string());
            }
            prop_assert_eq!(SendId::parse(&format!("{send}.")), Err(BadSendId));
        }
    }

    proptest! {
        /// Whatever text is read as an id is the text of that id.
        #[test]
        fn no_two_texts_are_one_send_id(
            kind in "[cm]", page in "[A-Za-z0-9_.-]{0,9}", post in prop::option::of("[a-z0-9=.]{0,6}"), person: [u8; 16],
            id: u128, place: prop::sample::Index, other in prop::option::of("[.=A-Fa-f0-9ü-]"),
        ) {
            let (person, id) = (PersonKey::from_bytes(person), Uuid::from_u128(id));
            let post = post.map(|post| format!("{post}.")).unwrap_or_default();
            let mut raw = format!("{kind}.{page}.{post}{person}.{id}");
            if let Some(other) = other {
                let place = place.index(raw.len());
                raw.replace_range(place..=place, &other);
            }
            if let Ok(send) = SendId::parse(&raw) {
                prop_assert_eq!(send.to_string(), raw);
            }
        }
    }

    #[test]
    fn a_send_id_names_its_stream() {
        let page = PageId::parse("1001").unwrap();
        let person = PersonKey::from_bytes([7; 16]);
        let send = SendId::new(page.clone(), person, Uuid::from_u128(9));
        assert_eq!(SendId::parse(&send.to_string()), Ok(send.clone()));
        assert_eq!(send.stream(), StreamId::Conversation(page.clone(), person));
        let post = PostId::parse("1001_5.a").unwrap();
        let reply = SendId::to_commenter(page.clone(), post.clone(), person, Uuid::from_u128(9));
        assert_eq!(SendId::parse(&reply.to_string()), Ok(reply.clone()));
        assert_eq!(reply.stream(), StreamId::Comment(page, post, person));
        for (one, other) in [(&send, &reply), (&reply, &send)] {
            assert!(one.is_at_home(&one.stream()) && !one.is_at_home(&other.stream()));
        }
    }

    #[test]
    fn foreign_metadata_is_no_send_id() {
        for raw in ["", "c", "order-42", "c.1.2.3", "c.1001.07070707070707070707070707070707.9", "{\"a\":1}", "m.1.2"] {
            assert_eq!(SendId::parse(raw), Err(BadSendId), "{raw}");
        }
    }
}
