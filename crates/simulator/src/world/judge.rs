//! The judgement: may this Page send this to this person now? Pure: the page's state, the call and the time go in.
//! Checks run in Meta's order: recipient, message or action, content, type and tag, then the windows.

use serde_json::{Map, Value};

use super::content::{self, Content};
use super::limits::TAGS_RETIRED_AT_MS;
use super::{Limits, Page, Person, Refusal};

const SENDER_ACTIONS: [&str; 5] = ["typing_on", "typing_off", "mark_seen", "react", "unreact"];

/// What a good call asks for.
#[derive(Clone, PartialEq)]
pub(crate) enum Accepted {
    /// A message to be posted.
    Message(Message),
    /// Typing, seen or a reaction: nothing is stored.
    Action {
        /// Whom it concerns.
        psid: String,
    },
}

/// A message that may be posted.
#[derive(Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) psid: String,
    pub(crate) content: Content,
    pub(crate) messaging_type: MessagingType,
    pub(crate) tag: Option<Tag>,
}

/// Why the Page writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessagingType {
    Response,
    Update,
    MessageTag,
}

/// The tags of 2020.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    HumanAgent,
    ConfirmedEventUpdate,
    AccountUpdate,
    PostPurchaseUpdate,
}

/// Judges one call with the fields of its body; the caller has been checked before.
pub(crate) fn judge(
    page: &Page,
    limits: &Limits,
    fields: &Map<String, Value>,
    now_ms: i64,
) -> Result<Accepted, Refusal> {
    let psid = recipient(fields)?;
    let person = page.people.get(&psid).ok_or(Refusal::NoMatchingUser)?;
    match (present(fields, "message"), present(fields, "sender_action")) {
        (Some(_), Some(_)) => Err(Refusal::MessageAndAction),
        (None, None) => Err(Refusal::Parameter("(#100) param message or sender_action must be given")),
        (None, Some(action)) => {
            check_action(person, action)?;
            Ok(Accepted::Action { psid })
        }
        (Some(message), None) => {
            let content = content::parse(message)?;
            check_reply_to(person, fields)?;
            let (messaging_type, tag) = basis(fields, now_ms)?;
            check_window(person, limits, tag, now_ms)?;
            Ok(Accepted::Message(Message { psid, content, messaging_type, tag }))
        }
    }
}

/// The PSID the call names, as a string or a bare number.
pub(crate) fn recipient(fields: &Map<String, Value>) -> Result<String, Refusal> {
    let recipient = present(fields, "recipient").ok_or(Refusal::NoMatchingUser)?;
    match recipient.get("id") {
        Some(Value::String(id)) => Ok(id.clone()),
        Some(Value::Number(id)) => Ok(id.to_string()),
        _ => Err(Refusal::NoMatchingUser),
    }
}

fn check_action(person: &Person, action: &Value) -> Result<(), Refusal> {
    if !action.as_str().is_some_and(|action| SENDER_ACTIONS.contains(&action)) {
        return Err(Refusal::Parameter("(#100) param sender_action is not a known action"));
    }
    // Meta states no window for actions; only that the person starts the conversation.
    person.last_opening_ms.map(|_| ()).ok_or(Refusal::OutsideWindow)
}

fn check_reply_to(person: &Person, fields: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(reply_to) = present(fields, "reply_to") else {
        return Ok(());
    };
    match reply_to.get("mid").and_then(Value::as_str) {
        Some(mid) if person.mids.contains(mid) => Ok(()),
        _ => Err(Refusal::Parameter("(#100) param reply_to[mid] is no message of this thread")),
    }
}

fn basis(fields: &Map<String, Value>, now_ms: i64) -> Result<(MessagingType, Option<Tag>), Refusal> {
    let tag = present(fields, "tag").map(|tag| parse_tag(tag, now_ms)).transpose()?;
    let messaging_type = match present(fields, "messaging_type").map(Value::as_str) {
        // Old clients send a tag alone.
        None if tag.is_some() => MessagingType::MessageTag,
        None | Some(Some("RESPONSE")) => MessagingType::Response,
        Some(Some("UPDATE")) => MessagingType::Update,
        Some(Some("MESSAGE_TAG")) => MessagingType::MessageTag,
        Some(_) => return Err(Refusal::Parameter("(#100) param messaging_type is not a known type")),
    };
    match (messaging_type, tag) {
        (MessagingType::MessageTag, None) => {
            Err(Refusal::Parameter("(#100) param tag must be given with messaging_type MESSAGE_TAG"))
        }
        (MessagingType::MessageTag, Some(tag)) => Ok((messaging_type, Some(tag))),
        // A tag beside another type opens nothing.
        (MessagingType::Response | MessagingType::Update, _) => Ok((messaging_type, None)),
    }
}

fn parse_tag(tag: &Value, now_ms: i64) -> Result<Tag, Refusal> {
    let tag = match tag.as_str() {
        Some("HUMAN_AGENT") => return Ok(Tag::HumanAgent),
        Some("CONFIRMED_EVENT_UPDATE") => Tag::ConfirmedEventUpdate,
        Some("ACCOUNT_UPDATE") => Tag::AccountUpdate,
        Some("POST_PURCHASE_UPDATE") => Tag::PostPurchaseUpdate,
        _ => return Err(Refusal::Parameter("(#100) param tag is not a known tag")),
    };
    if now_ms < TAGS_RETIRED_AT_MS { Ok(tag) } else { Err(Refusal::TagRetired) }
}

fn check_window(person: &Person, limits: &Limits, tag: Option<Tag>, now_ms: i64) -> Result<(), Refusal> {
    let is_within = |opened_ms: Option<i64>, length_ms: i64| {
        opened_ms.is_some_and(|opened_ms| now_ms < opened_ms.saturating_add(length_ms))
    };
    let is_open = match tag {
        // A human agent may answer inside the standard window as well.
        Some(Tag::HumanAgent) => {
            is_within(person.last_message_ms, limits.human_agent_ms)
                || is_within(person.last_opening_ms, limits.standard_ms)
        }
        // These tags know no end, but the person must have started the conversation.
        Some(Tag::ConfirmedEventUpdate | Tag::AccountUpdate | Tag::PostPurchaseUpdate) => {
            person.last_opening_ms.is_some()
        }
        None => is_within(person.last_opening_ms, limits.standard_ms),
    };
    if is_open { Ok(()) } else { Err(Refusal::OutsideWindow) }
}

fn present<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    fields.get(key).filter(|value| !value.is_null())
}

impl MessagingType {
    /// As the wire writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Response => "RESPONSE",
            Self::Update => "UPDATE",
            Self::MessageTag => "MESSAGE_TAG",
        }
    }
}

impl Tag {
    /// As the wire writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HumanAgent => "HUMAN_AGENT",
            Self::ConfirmedEventUpdate => "CONFIRMED_EVENT_UPDATE",
            Self::AccountUpdate => "ACCOUNT_UPDATE",
            Self::PostPurchaseUpdate => "POST_PURCHASE_UPDATE",
        }
    }
}
