//! Who is meant: a PSID, a box's reference, a comment or post, or a token. Each names one person.

use serde_json::{Map, Value};

use super::super::Request;
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::ids::{Psid, text_or_number};
use crate::world::page::{Page, TokenKind};

/// The person, and how they were named.
pub(super) struct Recipient {
    pub(super) psid: Psid,
    pub(super) way: Way,
}

/// The way that a phone number opens, where the Page takes part in it.
const PHONE: &str = "customer_matching";
/// The way that a comment or a post opens.
const PRIVATE_REPLY: &str = "private_reply";

/// How a call names its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Id,
    UserRef(String),
    Comment(String),
    Post(String),
    Phone(String),
    OneTime(String),
    Recurring(String),
}

impl Way {
    /// As the wire calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::UserRef(_) => "user_ref",
            Self::Comment(_) => "comment_id",
            Self::Post(_) => "post_id",
            Self::Phone(_) => "phone_number",
            Self::OneTime(_) => "one_time_notif_token",
            Self::Recurring(_) => "notification_messages_token",
        }
    }
}

/// The person whom the call names.
pub(super) fn find(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Recipient, GraphError> {
    let recipient = request.value("recipient")?.ok_or(Refusal::NoMatchingUser)?;
    let recipient = recipient.as_object().ok_or(Refusal::NoMatchingUser)?.clone();
    let way = way(&recipient)?;
    let pack = world.rules.at(now_ms);
    let matches_phones = pack.route(PHONE, now_ms).is_some();
    let reply_ms = pack.route(PRIVATE_REPLY, now_ms).and_then(|way| way.within_ms);
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let psid = match &way {
        Way::Id => {
            let id = text_or_number(&recipient, "id").unwrap_or_default();
            let psid = Psid::of(&id);
            if !page.people.contains_key(&psid) {
                request.note.unknown_psid = (!id.is_empty()).then_some(id);
                return Err(Refusal::NoMatchingUser.into());
            }
            psid
        }
        Way::UserRef(user_ref) => page.user_refs.get(user_ref).ok_or(Refusal::NoMatchingUser)?.psid,
        Way::Comment(id) => answerable(page, id, true, reply_ms, now_ms)?,
        Way::Post(id) => answerable(page, id, false, reply_ms, now_ms)?,
        Way::Phone(number) => {
            let is_open = matches_phones && page.settings.customer_matching && page.settings.region == "US";
            if !is_open {
                return Err(Refusal::PhonePermission.into());
            }
            owner_of(page, number)?
        }
        Way::OneTime(token) => holder(page, token, TokenKind::OneTime)?,
        Way::Recurring(token) => holder(page, token, TokenKind::Recurring)?,
    };
    Ok(Recipient { psid, way })
}

fn way(recipient: &Map<String, Value>) -> Result<Way, GraphError> {
    let named = |key: &str| text_or_number(recipient, key);
    let ways = [
        named("id").map(|_| Way::Id),
        named("user_ref").map(Way::UserRef),
        named("comment_id").map(Way::Comment),
        named("post_id").map(Way::Post),
        named("phone_number").map(Way::Phone),
        named("one_time_notif_token").map(Way::OneTime),
        named("notification_messages_token").map(Way::Recurring),
    ];
    let mut ways = ways.into_iter().flatten();
    let way = ways.next().ok_or(Refusal::NoMatchingUser)?;
    if ways.next().is_some() {
        return Err(GraphError::param("param recipient must name one recipient"));
    }
    Ok(way)
}

/// One private reply for each comment or post, within 7 days.
fn answerable(page: &Page, id: &str, is_comment: bool, reply_ms: Option<i64>, now_ms: i64) -> Result<Psid, GraphError> {
    let reply_ms = reply_ms.filter(|_| page.settings.private_replies).ok_or(Refusal::Permission)?;
    let post = page.posts.get(id).filter(|post| post.is_comment == is_comment).ok_or(Refusal::NoSuchObject)?;
    if post.is_answered {
        return Err(Refusal::AlreadyReplied.into());
    }
    if now_ms >= post.at_ms.saturating_add(reply_ms) {
        return Err(Refusal::OutsideWindow.into());
    }
    Ok(post.author)
}

/// Here a number belongs to the person whose PSID is its digits.
fn owner_of(page: &Page, number: &str) -> Result<Psid, GraphError> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let psid = Psid::of(&digits);
    page.people.contains_key(&psid).then_some(psid).ok_or_else(|| Refusal::NoMatchingUser.into())
}

fn holder(page: &Page, token: &str, kind: TokenKind) -> Result<Psid, GraphError> {
    let token = page.tokens.get(token).filter(|token| token.kind == kind);
    Ok(token.ok_or(Refusal::NotificationToken)?.psid)
}
