//! What stands between a good message and its person: the Page's state, the person's, who controls the thread, the windows
//! and tokens, and the rates. Every window is half-open: at its last instant it is closed.

use super::super::Request;
use super::basis::Basis;
use super::content::{Content, Kind};
use super::recipient::{Recipient, Way};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts;
use crate::world::limits::Use;
use crate::world::page::{NotificationToken, TokenKind};
use crate::world::person::Person;
use crate::world::rules::Pack;

/// Whether the Page may send at all.
pub(super) fn check_page(world: &World, request: &Request<'_>, now_ms: i64) -> Result<(), GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let settings = &page.settings;
    if !settings.messaging {
        return Err(GraphError::from(Refusal::Permission).saying("(#10) Messaging is turned off for this Page."));
    }
    if settings.policy_blocked {
        return Err(Refusal::PolicyBlocked.into());
    }
    if settings.restricted_until_ms.is_some_and(|until_ms| now_ms < until_ms) {
        return Err(Refusal::PageRestricted.into());
    }
    if settings.commerce_disabled {
        return Err(Refusal::CommerceDisabled.into());
    }
    Ok(())
}

/// Whether the person can be reached.
pub(super) fn check_person(world: &World, request: &Request<'_>, recipient: &Recipient) -> Result<(), GraphError> {
    let person = person(world, request, recipient)?;
    if !world.app(request.app).is_live && !person.has_role {
        return Err(Refusal::NoRole.into());
    }
    if person.has_blocked || person.is_banned {
        return Err(Refusal::NotReceiving.into());
    }
    Ok(())
}

/// Whether this app may write in this thread now.
pub(super) fn check_control(
    world: &World,
    request: &Request<'_>,
    recipient: &Recipient,
    now_ms: i64,
) -> Result<(), GraphError> {
    let person = person(world, request, recipient)?;
    if person.more().is_some_and(|more| now_ms < more.flow_until_ms) {
        return Err(Refusal::FlowRunning.into());
    }
    let Some(default) = world.default_app(&request.page) else { return Ok(()) };
    let owner = person.control(now_ms).map_or(default, |control| control.app);
    if owner == request.app { Ok(()) } else { Err(Refusal::NotThreadOwner.into()) }
}

/// Whether a window, a tag or a token lets this message through.
pub(super) fn check_right(
    world: &World,
    request: &Request<'_>,
    recipient: &Recipient,
    basis: &Basis,
    content: &Content,
    now_ms: i64,
) -> Result<(), GraphError> {
    let person = person(world, request, recipient)?;
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let pack = world.rules.at(now_ms);
    let is_open = is_standard_open(person, pack, now_ms);
    if matches!(content.kind, Kind::AsksOnce | Kind::AsksOften) {
        return check_request(world, request, person, content, now_ms).and(open(is_open));
    }
    if content.kind == Kind::Utility && pack.route("utility", now_ms).is_none() {
        return Err(Refusal::Permission.into());
    }
    match &recipient.way {
        Way::Comment(_) | Way::Post(_) | Way::Phone(_) => Ok(()),
        Way::UserRef(user_ref) => {
            let ticked_ms = page.user_refs.get(user_ref).map(|known| known.at_ms);
            open(is_within(ticked_ms, pack.standard_ms, now_ms))
        }
        Way::OneTime(token) => {
            if !page.settings.one_time_notifications {
                return Err(Refusal::Permission.into());
            }
            let token = page.tokens.get(token).ok_or(Refusal::NotificationToken)?;
            let life_ms = pack.route("one_time", now_ms).and_then(|way| way.within_ms);
            let lives = life_ms.is_some_and(|life_ms| is_within(Some(token.made_ms), life_ms, now_ms));
            if token.is_used || !lives { Err(Refusal::NotificationToken.into()) } else { Ok(()) }
        }
        Way::Recurring(token) => {
            let token = page.tokens.get(token).ok_or(Refusal::NotificationToken)?;
            check_notification(token, pack, &page.settings.region, content, now_ms)
        }
        Way::Id if content.kind == Kind::Utility => open(person.has_begun()),
        Way::Id => {
            if content.needs_window && !is_open {
                return Err(Refusal::OutsideWindow.into());
            }
            if request.value("reply_to")?.is_some() {
                open(is_within(person.last_message_ms, pack.standard_ms, now_ms))?;
            }
            check_tag(basis.tag.as_deref(), page, person, pack, content, is_open, now_ms)
        }
    }
}

fn check_tag(
    tag: Option<&str>,
    page: &crate::world::page::Page,
    person: &Person,
    pack: &Pack,
    content: &Content,
    is_open: bool,
    now_ms: i64,
) -> Result<(), GraphError> {
    match tag {
        None => open(is_open),
        Some("HUMAN_AGENT") => {
            if !page.settings.human_agent {
                return Err(Refusal::Permission.into());
            }
            // A human agent may answer inside the standard window as well.
            open(is_open || is_within(person.last_message_ms, pack.human_agent_ms, now_ms))
        }
        Some("CUSTOMER_FEEDBACK") => {
            if content.kind != Kind::Feedback {
                return Err(GraphError::param("The tag CUSTOMER_FEEDBACK is for the customer_feedback template only"));
            }
            if !page.settings.customer_feedback {
                return Err(Refusal::Permission.into());
            }
            let within_ms = pack.tag_within_ms("CUSTOMER_FEEDBACK").unwrap_or(0);
            open(is_open || is_within(person.last_message_ms, within_ms, now_ms))
        }
        Some("NON_PROMOTIONAL_SUBSCRIPTION") if !page.settings.news => Err(Refusal::OutsideSubscription.into()),
        // These tags know no end, but the person must have started the conversation.
        Some(_) => open(person.has_begun()),
    }
}

/// Whether the Page may ask the person to be notified.
fn check_request(
    world: &World,
    request: &Request<'_>,
    person: &Person,
    content: &Content,
    now_ms: i64,
) -> Result<(), GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    if page.settings.opt_ins_barred_until_ms.is_some_and(|until_ms| now_ms < until_ms) {
        return Err(Refusal::OptInBarred.into());
    }
    if content.kind == Kind::AsksOnce {
        return if page.settings.one_time_notifications { Ok(()) } else { Err(Refusal::Permission.into()) };
    }
    let pack = world.rules.at(now_ms);
    // The same request asks for marketing messages, where there are any.
    if pack.route("marketing", now_ms).is_none() {
        check_not_ended(pack, &page.settings.region, now_ms)?;
    }
    let title = content.asks_for.as_deref().unwrap_or_default();
    let is_running = |token: &NotificationToken| {
        token.kind == TokenKind::Recurring && token.title == title && !token.is_stopped && now_ms < token.expires_ms
    };
    let has_token = page.tokens.values().any(|token| {
        world.person(&request.page, token.psid).is_some_and(|holder| std::ptr::eq(holder, person)) && is_running(token)
    });
    if has_token {
        return Err(Refusal::OptInRepeated.into());
    }
    let asked_ms = person.more().and_then(|more| more.asked.get(title)).copied();
    if is_within(asked_ms, facts::OPT_IN_PAUSE_MS, now_ms) { Err(Refusal::OptInLimit.into()) } else { Ok(()) }
}

/// Whether a recurring token lets this message through: its own time, its pause, and the few that may follow at once.
fn check_notification(
    token: &NotificationToken,
    pack: &Pack,
    region: &str,
    content: &Content,
    now_ms: i64,
) -> Result<(), GraphError> {
    check_not_ended(pack, region, now_ms)?;
    if now_ms >= token.expires_ms {
        return Err(Refusal::NotificationToken.into());
    }
    if token.is_stopped {
        return Err(Refusal::NotificationStopped.into());
    }
    let Some(last_ms) = token.last_ms else { return Ok(()) };
    let (most, span_ms, most_chars) = facts::FOLLOW_UPS;
    if now_ms < last_ms.saturating_add(span_ms) && token.n_followers < most {
        let is_short = content.text.as_deref().is_none_or(|text| super::is_within(text, most_chars));
        return if is_short {
            Ok(())
        } else {
            Err(GraphError::param(format!("A follow-up notification has at most {most_chars} characters")))
        };
    }
    let pause_ms = pack.route_ever("recurring").and_then(|way| way.cooldown_ms).unwrap_or(0);
    if is_within(Some(last_ms), pause_ms, now_ms) {
        let next_ms = last_ms.saturating_add(pause_ms);
        let error = GraphError::from(Refusal::NotificationTooEarly);
        return Err(error.with_data(serde_json::json!({ "next_eligible_time": next_ms })));
    }
    Ok(())
}

/// They go on in some regions after their end, but were nowhere before their beginning.
fn check_not_ended(pack: &Pack, region: &str, now_ms: i64) -> Result<(), GraphError> {
    let goes_on = pack.route_ever("recurring").is_some() && facts::RECURRING_KEPT_IN.contains(&region);
    let is_there = goes_on || pack.route("recurring", now_ms).is_some();
    if is_there { Ok(()) } else { Err(Refusal::NotificationsEnded.into()) }
}

/// Whether the Page has sent enough for now.
pub(super) fn check_rates(
    world: &mut World,
    request: &Request<'_>,
    recipient: &Recipient,
    basis: &Basis,
    content: &Content,
    now_ms: i64,
) -> Result<(), GraphError> {
    let limits = world.limits.clone();
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let is_full = |limit: Option<u32>, n: u32| limit.is_some_and(|limit| n >= limit);
    if is_full(limits.freeze_above_per_second, page.traffic.sent.count(now_ms)) {
        return Err(Refusal::RateLimit.saying("(#613) The Page sends too much to send at all."));
    }
    if let Some(person) = page.people.get_mut(&recipient.psid).filter(|person| person.more().is_some()) {
        let more = person.more_mut();
        let n_received = more.received.as_mut().map_or(0, |window| window.count(now_ms));
        let n_tagged = more.tagged.as_mut().map_or(0, |window| window.count(now_ms));
        if is_full(limits.per_thread_per_minute, n_received) {
            return Err(Refusal::RateLimit.saying("(#613) Too many messages in this thread."));
        }
        if basis.tag.is_some() && is_full(limits.tagged_per_person_per_day, n_tagged) {
            return Err(Refusal::TagAbuse.into());
        }
    }
    let is_private_reply = matches!(recipient.way, Way::Comment(_) | Way::Post(_));
    let window = if content.is_media { &mut page.traffic.media } else { &mut page.traffic.text };
    let limit = if content.is_media { limits.media_per_second } else { limits.text_per_second };
    let used = window.take(limit, now_ms);
    let replies = limits.private_replies_per_hour.filter(|_| is_private_reply);
    let used_replies = page.traffic.private_replies.take(replies, now_ms);
    if [used, used_replies].iter().any(|used| matches!(used, Use::Over(_))) {
        return Err(Refusal::RateLimit.into());
    }
    // Beyond the freeze what is sent counts, so that the Page must slow down first.
    page.traffic.sent.take(limits.freeze_above_per_second.map(|_| u32::MAX), now_ms);
    Ok(())
}

fn person<'a>(world: &'a World, request: &Request<'_>, recipient: &Recipient) -> Result<&'a Person, GraphError> {
    world.person(&request.page, recipient.psid).ok_or_else(|| Refusal::NoMatchingUser.into())
}

fn is_standard_open(person: &Person, pack: &Pack, now_ms: i64) -> bool {
    is_within(person.last_opening_ms, pack.standard_ms, now_ms)
        || is_within(person.last_ad_message_ms, pack.ad_opened_ms, now_ms)
}

fn is_within(opened_ms: Option<i64>, length_ms: i64, now_ms: i64) -> bool {
    opened_ms.is_some_and(|opened_ms| now_ms < opened_ms.saturating_add(length_ms))
}

fn open(is_open: bool) -> Result<(), GraphError> {
    if is_open { Ok(()) } else { Err(Refusal::OutsideWindow.into()) }
}
