//! The id of a send, which names the stream it lives in.

use super::stream::{decode, encode};
use super::{PageId, PersonKey, PostId, StreamId};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

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
        let mut words = raw.split('.');
        let mut next = || words.next().ok_or(BadSendId);
        let is_to_commenter = match next()? {
            "c" => false,
            "m" => true,
            _ => return Err(BadSendId),
        };
        let page = PageId::parse(next()?).map_err(|_| BadSendId)?;
        let post = if is_to_commenter {
            let post = decode(next()?).ok_or(BadSendId)?;
            Some(PostId::parse(&post).map_err(|_| BadSendId)?)
        } else {
            None
        };
        let person = PersonKey::parse(next()?).ok_or(BadSendId)?;
        let id = Uuid::try_parse(next()?).map_err(|_| BadSendId)?;
        let send = Self { page, person, id, post };
        if words.next().is_some() || send.to_string() != raw {
            return Err(BadSendId);
        }
        Ok(send)
    }
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
            for uuid in [send.uuid().simple().to_string(), send.uuid().braced().to_string()] {
                let raw = format!("c.{}.{}.{uuid}", send.page(), send.person());
                prop_assert_eq!(SendId::parse(&raw), Err(BadSendId));
            }
            prop_assert_eq!(SendId::parse(&format!("{send}.")), Err(BadSendId));
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
