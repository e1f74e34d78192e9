//! Messaging insights (messaging-insights page), and what a Page can be told about itself: reviews, moderation, accounts.

use serde_json::{Value, json};

use super::Request;
use crate::errors::{GraphError, Refusal};
use crate::moment::graph_time;
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;
use crate::world::facts::DAY;
use crate::world::ids::Psid;
use crate::world::page::{DayCounts, Page};
use crate::world::{Effect, World};

const METRICS: [&str; 5] = [
    "page_messages_total_messaging_connections",
    "page_messages_new_conversations_unique",
    "page_messages_blocked_conversations_unique",
    "page_messages_reported_conversations_unique",
    "page_messages_sent",
];

/// `GET /{page}/insights?metric=&period=&since=&until=`, day by day.
pub(super) fn read(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let metrics = request.words("metric")?;
    if metrics.is_empty() {
        return Err(GraphError::param("The parameter metric is required"));
    }
    if metrics.iter().any(|metric| !METRICS.contains(&metric.as_str())) {
        return Err(GraphError::param("The value must be a valid insights metric"));
    }
    let period = request.text("period")?.unwrap_or_else(|| "day".to_owned());
    let n_days = match period.as_str() {
        "day" => 1,
        "week" => 7,
        "month" | "days_28" => 28,
        "total_over_range" => 0,
        _ => {
            return Err(GraphError::param("param period must be one of {day, week, month, days_28, total_over_range}"));
        }
    };
    let today = now_ms.div_euclid(DAY);
    let day = |key: &str, usual: i64| -> Result<i64, GraphError> {
        Ok(request.number(key)?.map_or(usual, |seconds| seconds.saturating_mul(1000).div_euclid(DAY)))
    };
    let (since, until) = (day("since", today - 1)?, day("until", today)?);
    if since > until || until - since > 93 {
        return Err(GraphError::param("There cannot be more than 93 days between since and until"));
    }
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let value = |metric: &str, last: i64| {
        let first = if n_days == 0 { since } else { last - n_days + 1 };
        let value = count(page, metric, first, last);
        json!({ "value": value, "end_time": graph_time((last + 1).saturating_mul(DAY)) })
    };
    let series = |metric: &String| {
        let days = if n_days == 0 { until..=until } else { since..=until };
        json!({
            "name": metric, "period": period, "values": days.map(|last| value(metric, last)).collect::<Vec<_>>(),
            "title": metric, "description": metric, "id": format!("{}/insights/{metric}/{period}", page.id),
        })
    };
    Ok(json!({ "data": metrics.iter().map(series).collect::<Vec<_>>() }))
}

fn count(page: &Page, metric: &str, first: i64, last: i64) -> u32 {
    let sum = |of: fn(&DayCounts) -> u32, first: i64| -> u32 {
        page.days.range(first..=last).map(|(_, counts)| of(counts)).sum()
    };
    match metric {
        // Everybody who has ever begun by then.
        "page_messages_total_messaging_connections" => sum(|counts| counts.n_new, i64::MIN),
        "page_messages_new_conversations_unique" => sum(|counts| counts.n_new, first),
        "page_messages_blocked_conversations_unique" => sum(|counts| counts.n_blocked, first),
        "page_messages_reported_conversations_unique" => sum(|counts| counts.n_reported, first),
        _ => sum(|counts| counts.n_sent, first),
    }
}

/// `GET /{page}/messaging_feature_review`.
pub(super) fn review(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let features = [
        ("subscription_messaging", page.settings.news),
        ("human_agent", page.settings.human_agent),
        ("one_time_notification", page.settings.one_time_notifications),
    ];
    let granted = features.into_iter().filter(|(_, is_granted)| *is_granted);
    let row = |(feature, _): (&str, bool)| json!({ "feature": feature, "status": "approved" });
    Ok(json!({ "data": granted.map(row).collect::<Vec<_>>() }))
}

/// `POST /{page}/moderate_conversations`: a banned person is neither heard nor reached.
pub(super) fn moderate(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let users = request.words("user_ids")?;
    let actions = request.words("actions")?;
    if users.is_empty() || users.len() > 10 {
        return Err(GraphError::param("param user_ids must have between 1 and 10 elements"));
    }
    let known = ["BLOCK_USER", "UNBLOCK_USER", "BAN_USER", "UNBAN_USER", "MOVE_TO_SPAM"];
    if actions.is_empty() || actions.iter().any(|action| !known.contains(&action.to_uppercase().as_str())) {
        return Err(GraphError::param(format!("param actions must be of {{{}}}", known.join(", "))));
    }
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    if users.iter().any(|user| !page.people.contains_key(&Psid::of(user))) {
        return Err(Refusal::NoMatchingUser.into());
    }
    for person in users.iter().map(|user| Psid::of(user)) {
        let Some(person) = page.people.get_mut(&person) else { continue };
        for action in &actions {
            match action.to_uppercase().as_str() {
                "BLOCK_USER" | "BAN_USER" => person.is_banned = true,
                "UNBLOCK_USER" | "UNBAN_USER" => person.is_banned = false,
                _ => (),
            }
        }
    }
    Ok(json!({ "success": true }))
}

/// `POST /{page}/unlink_accounts`.
pub(super) fn unlink(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let psid = Psid::of(&request.needed_text("psid")?);
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let person = page.people.get_mut(&psid).ok_or(Refusal::NoMatchingUser)?;
    if !person.more().is_some_and(|more| more.is_linked) {
        return Err(GraphError::param("The account is not linked"));
    }
    person.more_mut().is_linked = false;
    let what = Object::new().with("account_linking", json!({ "status": "unlinked" }));
    let event = Event::of_thread(page, psid, "account_linking", "messaging_account_linking", now_ms, what);
    world.effects.push(Effect::Tell(event));
    Ok(json!({ "result": "unlink account success" }))
}
