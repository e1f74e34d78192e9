//! Rights that people gave by agreeing to something: to one message, or to repeated ones.

use super::look::{Closed, Grant, Look, Window, bare};
use crate::conversation::{Fact, OneTime, Repeated};
use crate::decision::{Capability, Finding, Remedy, Route};
use crate::pack::Rule;
use crate::right::{Right, TokenId};
use crate::time::Timestamp;
use std::cmp::Reverse;

/// A right that the caller names.
pub(super) fn this(look: &mut Look<'_>, right: &Right) -> Option<Grant> {
    let rights = look.facts.conversation.rights();
    match right {
        Right::OneTime(id) => match rights.one_time(*id) {
            Some(token) => one_time(look, *id, token),
            None => unknown(look, right),
        },
        Right::Repeated(id) => match rights.repeated(*id).and_then(|token| Some((token, token.given?))) {
            Some((token, given)) => repeated(look, *id, token, given),
            None => unknown(look, right),
        },
        Right::PrivateReply(comment) => super::special::private_reply(look, comment),
    }
}

fn unknown(look: &mut Look<'_>, right: &Right) -> Option<Grant> {
    look.against(Look::about(Rule::TokenUnknown, right, None));
    None
}

/// Any right that the person gave for what the message is about: to one message before repeated ones, since those may be
/// needed for more than this; the one that ends first before others.
pub(super) fn for_topic(look: &mut Look<'_>) -> Option<Grant> {
    let topic = look.intent.topic.as_deref()?;
    let rights = look.facts.conversation.rights();
    let mut once: Vec<_> = rights.all_one_time().filter(|(_, token)| token.topic.as_deref() == Some(topic)).collect();
    once.sort_by_key(|(id, token)| (token.given.at, *id));
    let n_before = look.n_against;
    for (id, token) in once {
        let found = one_time(look, id, token);
        if found.is_some() {
            return found;
        }
    }
    let given = rights.all_repeated().filter_map(|(id, token)| Some((id, token, token.given?)));
    let mut often: Vec<_> = given.filter(|(_, token, _)| token.topic() == Some(topic)).collect();
    often.sort_by_key(|(id, token, _)| (Reverse(token.expires_at().map(Reverse)), *id));
    for (id, token, given) in often {
        let found = repeated(look, id, token, given);
        if found.is_some() {
            return found;
        }
    }
    if look.n_against == n_before {
        can_be_asked(look);
    }
    None
}

/// The person never agreed to anything of the sort: they can be asked, once the window is open.
fn can_be_asked(look: &mut Look<'_>) {
    let ways = [
        (Capability::OneTime, Route::OneTime),
        (Capability::Recurring, Route::Recurring),
        (Capability::Marketing, Route::Marketing),
    ];
    for (capability, route) in ways {
        if look.route(capability) == Closed::No && !(route == Route::OneTime && look.intent.is_recurring) {
            look.helps(Remedy::OptIn(route));
        }
    }
}

fn topic_fits(look: &mut Look<'_>, right: &Right, id: TokenId, topic: Option<&str>, given: Fact) {
    if topic.is_some() && look.intent.topic.as_deref() != topic {
        look.against(Look::about(Rule::TokenTopicMismatch, right, Some(given)));
        look.helps(Remedy::TopicOf(id));
    }
}

/// One message, never again, within its time.
fn one_time(look: &mut Look<'_>, id: TokenId, token: &OneTime) -> Option<Grant> {
    let right = Right::OneTime(id);
    let n_before = look.n_against;
    look.route_or(Capability::OneTime, Rule::OneTimeClosed);
    topic_fits(look, &right, id, token.topic.as_deref(), token.given);
    if look.intent.is_recurring {
        look.against(Look::about(Rule::RecurringContent, &right, Some(token.given)));
        look.helps(Remedy::NotRecurring);
    }
    if let Some(at) = token.used.is_over_since() {
        let span = Some((token.given.at, at));
        look.against(Finding { span, ..Look::about(Rule::TokenSpent, &right, Some(token.given)) });
    } else if token.used.is_held_by_another(look.facts.send) {
        look.against(Look::about(Rule::TokenReserved, &right, Some(token.given)));
        look.helps(Remedy::RightReleased);
    }
    let within = look.pack.route(Capability::OneTime).and_then(|rule| rule.within).unwrap_or_default();
    let window = Window::after(token.given, within);
    if !look.is_open(window) {
        look.against(Finding { about: about(&right), ..window.finding(Rule::TokenExpired) });
    }
    let finding = Finding { about: about(&right), ..window.finding(Rule::OneTimeToken) };
    (look.n_against == n_before).then_some(Grant { route: Route::OneTime, finding, right: Some(right) })
}

/// Message after message, with a pause between them: free while the platform has that, else paid.
fn repeated(look: &mut Look<'_>, id: TokenId, token: &Repeated, given: Fact) -> Option<Grant> {
    let right = Right::Repeated(id);
    let n_before = look.n_against;
    topic_fits(look, &right, id, token.topic(), given);
    if token.is_stopped() {
        look.against(Look::about(Rule::TokenStopped, &right, Some(given)));
        look.helps(Remedy::PersonResumes);
    }
    if let Some(at) = token.dropped() {
        let span = Some((given.at, at));
        look.against(Finding { span, ..Look::about(Rule::TokenExpired, &right, Some(given)) });
        look.helps(Remedy::PersonResumes);
    }
    if token.used.is_held_by_another(look.facts.send) {
        look.against(Look::about(Rule::TokenReserved, &right, Some(given)));
        look.helps(Remedy::RightReleased);
    }
    if let Some(end) = token.expires_at() {
        look.edges.insert(end);
        if look.now >= end {
            let span = Some((given.at, end));
            look.against(Finding { span, ..Look::about(Rule::TokenExpired, &right, Some(given)) });
        }
    }
    let is_sound = look.n_against == n_before;
    let found = free(look, &right, token, given).or_else(|| paid(look, &right, token, given));
    found.filter(|_| is_sound)
}

/// Notes it when the Page has no recurring notifications. Answers whether it has.
pub(super) fn free_or(look: &mut Look<'_>) -> bool {
    let is_open = look.route(Capability::Recurring) == Closed::No
        // Where it has ended, some Pages still have it.
        || (look.pack.route(Capability::Recurring).is_some()
            && look.route(Capability::RecurringException) == Closed::No);
    if !is_open {
        look.against(bare(Rule::RecurringEnded));
        if look.route(Capability::RecurringException) == Closed::NotGranted {
            look.helps(Remedy::Granted(Capability::RecurringException));
        }
    }
    is_open
}

fn free(look: &mut Look<'_>, right: &Right, token: &Repeated, given: Fact) -> Option<Grant> {
    if !free_or(look) {
        return None;
    }
    let rule = Rule::RecurringToken;
    let is_rested = rested(look, Capability::Recurring, right, token, given);
    is_rested.then(|| grant(Route::Recurring, rule, right, token, given))
}

fn paid(look: &mut Look<'_>, right: &Right, token: &Repeated, given: Fact) -> Option<Grant> {
    if !look.route_or(Capability::Marketing, Rule::MarketingClosed) {
        return None;
    }
    if !look.intent.is_paid {
        look.helps(Remedy::Paid(Route::Marketing));
        return None;
    }
    let is_rested = rested(look, Capability::Marketing, right, token, given);
    is_rested.then(|| grant(Route::Marketing, Rule::MarketingToken, right, token, given))
}

/// Whether the pause since the last message by the token is over.
fn rested(look: &mut Look<'_>, capability: Capability, right: &Right, token: &Repeated, given: Fact) -> bool {
    let cooldown = look.pack.route(capability).and_then(|rule| rule.cooldown).unwrap_or_default();
    let Some((_, last)) = token.used.used() else { return true };
    let again: Timestamp = last.plus(cooldown);
    look.edges.insert(again);
    if look.now < again {
        let span = Some((last, again));
        look.against(Finding { span, ..Look::about(Rule::TokenCooldown, right, Some(given)) });
        look.helps(Remedy::After(again));
    }
    look.now >= again
}

fn grant(route: Route, rule: Rule, right: &Right, token: &Repeated, given: Fact) -> Grant {
    let span = token.expires_at().map(|end| (given.at, end));
    let finding = Finding { span, ..Look::about(rule, right, Some(given)) };
    Grant { route, finding, right: Some(right.clone()) }
}

fn about(right: &Right) -> Option<crate::decision::About> {
    Some(crate::decision::About::Right(right.clone()))
}
