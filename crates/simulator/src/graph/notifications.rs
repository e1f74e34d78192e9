//! Tokens of recurring notifications (marketing-messages page): listed, read one by one, and let through for tests.

use serde_json::{Value, json};

use super::{Request, check, paging};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::page::{NotificationToken, Page, TokenKind};

/// `GET /{page}/notification_message_tokens`.
pub(super) fn list(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let recurring = page.tokens.iter().filter(|(_, token)| token.kind == TokenKind::Recurring);
    let items = recurring.map(|(id, token)| (id.clone(), (id, token))).collect();
    let pause_ms = pause_ms(world, now_ms);
    paging::page(request, items, |(id, token)| show(page, id, token, pause_ms, now_ms))
}

/// `GET /notification_messages_{token}`.
pub(super) fn get(world: &World, page: &Page, id: &str, now_ms: i64) -> Result<Value, GraphError> {
    let token = page.tokens.get(id).filter(|token| token.kind == TokenKind::Recurring);
    Ok(show(page, id, token.ok_or(Refusal::NoSuchObject)?, pause_ms(world, now_ms), now_ms))
}

/// `POST /{page}/notification_messages_dev_support`: the pause of a token is over.
pub(super) fn help(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    if request.needed_text("developer_action")? != "ENABLE_FOLLOWUP_MESSAGE" {
        return Err(GraphError::param("param developer_action must be one of {ENABLE_FOLLOWUP_MESSAGE}"));
    }
    let recipient =
        request.value("recipient")?.ok_or_else(|| GraphError::param("The parameter recipient is required"))?;
    let recipient = check::object(recipient, "recipient")?;
    let id = check::needed_text(recipient, "notification_messages_token", usize::MAX, "recipient")?;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let token = page.tokens.get_mut(id).ok_or(Refusal::NotificationToken)?;
    token.last_ms = None;
    token.n_followers = 0;
    Ok(json!({ "success": true }))
}

/// How long a token rests between two messages.
pub(super) fn pause_ms(world: &World, now_ms: i64) -> i64 {
    world.rules.at(now_ms).route_ever("recurring").and_then(|way| way.cooldown_ms).unwrap_or(0)
}

fn show(page: &Page, id: &str, token: &NotificationToken, pause_ms: i64, now_ms: i64) -> Value {
    let next_ms = token.last_ms.map_or(now_ms, |last_ms| last_ms.saturating_add(pause_ms)).max(now_ms);
    json!({
        "notification_messages_token": id,
        "recipient_id": page.psid_text(token.psid),
        "topic_title": token.title,
        "creation_timestamp": token.made_ms,
        "token_expiry_timestamp": token.expires_ms,
        "next_eligible_time": next_ms,
        "notification_messages_reoptin": "ENABLED",
        "notification_messages_timezone": "UTC",
        "user_token_status": if token.is_stopped { "STOPPED" } else { "NOT_REFRESHED" },
    })
}
