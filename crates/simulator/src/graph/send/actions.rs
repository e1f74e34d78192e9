//! Sender actions: typing, seen, reactions. They leave no message and are answered with the recipient alone.

use serde_json::{Value, json};

use super::super::{Request, check};
use super::recipient::{Recipient, Way};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::TYPING_MS;

/// Does what the action says.
pub(super) fn act(
    world: &mut World,
    request: &mut Request<'_>,
    recipient: &Recipient,
    action: &Value,
    now_ms: i64,
) -> Result<Value, GraphError> {
    let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
    if !["typing_on", "typing_off", "mark_seen", "react", "unreact"].contains(&action.as_str()) {
        return Err(GraphError::param(
            "param sender_action must be one of {typing_on, typing_off, mark_seen, react, unreact}",
        ));
    }
    // Meta states no window for actions; only that the person starts the conversation.
    let has_begun = world.person(&request.page, recipient.psid).is_some_and(crate::world::person::Person::has_begun);
    if !has_begun || recipient.way != Way::Id {
        return Err(Refusal::OutsideWindow.into());
    }
    let reaction = match action.as_str() {
        "react" | "unreact" => Some(reaction(world, request, recipient, action == "react")?),
        _ => None,
    };
    let psid = world.page(&request.page).map(|page| page.psid_text(recipient.psid)).unwrap_or_default();
    let Some(person) = world.person_mut(&request.page, recipient.psid) else { return Ok(Value::Null) };
    match (action.as_str(), reaction) {
        ("typing_on", _) => person.more_mut().typing_until_ms = now_ms.saturating_add(TYPING_MS),
        ("typing_off", _) => person.more_mut().typing_until_ms = 0,
        ("mark_seen", _) => person.more_mut().seen_ms = Some(now_ms),
        (_, Some((n, reaction))) => {
            if let Some(entry) = person.entry_mut(n) {
                entry.rest_mut().page_reaction = reaction;
            }
        }
        (_, None) => (),
    }
    Ok(json!({ "recipient_id": psid }))
}

/// Which message, and with what.
fn reaction(
    world: &World,
    request: &Request<'_>,
    recipient: &Recipient,
    is_set: bool,
) -> Result<(u32, Option<String>), GraphError> {
    let payload = request.value("payload")?.ok_or_else(|| GraphError::param("The parameter payload is required"))?;
    let payload = check::object(payload, "payload")?;
    let mid = check::needed_text(payload, "message_id", usize::MAX, "payload")?;
    let found = world.find_message(&request.page, mid).filter(|(psid, _)| *psid == recipient.psid);
    let (_, n) =
        found.ok_or_else(|| GraphError::param("param payload[message_id] is no message of this conversation"))?;
    let reaction = if is_set {
        let reaction = check::needed_text(payload, "reaction", 32, "payload")?;
        let (_, emoji) = crate::world::deeds::threads::emoji(reaction);
        Some(emoji.to_owned())
    } else {
        None
    };
    Ok((n, reaction))
}
