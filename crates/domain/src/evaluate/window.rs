//! The window that a person's action opens, and what the platform lets out after it: tags, and the staff's answers.

use super::look::{Closed, Grant, Look, Window, bare};
use crate::decision::{About, Actor, Capability, ContentKind, Finding, Purpose, Remedy, Route, Tag};
use crate::pack::{Rule, TagRule};
use crate::right::Right;
use crate::time::Timestamp;

/// Inside the window anything may be said.
pub(super) fn window(look: &mut Look<'_>) -> Option<Grant> {
    let Some(window) = look.window() else {
        look.never_began();
        return None;
    };
    if look.is_open(window) {
        return Some(Grant { route: route(look), finding: window.finding(Rule::WindowOpen), right: None });
    }
    look.against(window.finding(Rule::WindowClosed));
    look.helps(Remedy::PersonActs);
    None
}

/// What answers the person is a response; what comes by itself is an update.
fn route(look: &Look<'_>) -> Route {
    let answers = match look.intent.actor {
        Actor::Human(_) | Actor::AiAssistedHuman(_) | Actor::Bot | Actor::Automation => true,
        Actor::Broadcast => false,
    };
    if answers && look.intent.purpose == Purpose::Conversation { Route::Response } else { Route::Update }
}

/// People are asked to agree to messages inside the window only, and not too often.
pub(super) fn ask(look: &mut Look<'_>) -> Option<Grant> {
    let (ContentKind::OneTimeRequest { title } | ContentKind::RecurringRequest { title }) = &look.intent.kind else {
        return None;
    };
    let n_before = look.n_against;
    let ask = if let ContentKind::OneTimeRequest { .. } = &look.intent.kind {
        look.route_or(Capability::OneTime, Rule::OneTimeClosed);
        look.pack.asks().one_time
    } else {
        // The same right serves recurring and marketing messages.
        if look.route(Capability::Marketing) != Closed::No {
            super::tokens::free_or(look);
        }
        given(look, title);
        look.pack.asks().recurring
    };
    if title.chars().count() > ask.title_chars as usize {
        look.against(bare(Rule::TitleTooLong));
        look.helps(Remedy::ShorterTitle(ask.title_chars));
    }
    if let Some((asked, every)) =
        look.facts.conversation.reach().asked(&look.intent.kind, look.facts.send).zip(ask.every)
    {
        let again = asked.plus(every);
        look.edges.insert(again);
        if look.now < again {
            look.against(Finding { span: Some((asked, again)), ..bare(Rule::OptInTooSoon) });
            look.helps(Remedy::After(again));
        }
    }
    let is_barred = look.n_against > n_before;
    let found = window(look);
    if found.is_none() {
        look.against(bare(Rule::OptInOutsideWindow));
    }
    found.filter(|_| !is_barred)
}

/// Inside the window, or after it by the tag for the purpose. Of a purpose that has a tag, what is wrong with that comes
/// first: it is what a refusal is named by.
pub(super) fn window_or_tag(look: &mut Look<'_>) -> Option<Grant> {
    let n_before = look.findings.len();
    let found = window(look);
    let n_window = look.findings.len() - n_before;
    found.or_else(|| {
        let found = tag(look);
        look.findings[n_before..].rotate_left(n_window);
        found
    })
}

/// After the window: a tag for the purpose, where the platform has one.
fn tag(look: &mut Look<'_>) -> Option<Grant> {
    let purpose = look.intent.purpose;
    match purpose {
        Purpose::Conversation | Purpose::Promotion => return None,
        Purpose::ConfirmedEvent | Purpose::PostPurchase | Purpose::AccountUpdate | Purpose::CustomerFeedback => (),
    }
    // Nobody is told of a tag before they have ever begun a conversation.
    look.window()?;
    let n_before = look.n_against;
    let found = look.pack.tags().iter().find(|(_, rule)| rule.purpose == purpose).map(|(tag, rule)| (*tag, *rule));
    let Some((tag, rule)) = found else {
        look.against(bare(Rule::TagRetired));
        return None;
    };
    let about = |rule| Finding { about: Some(About::Tag(tag)), ..bare(rule) };
    if !look.applies(rule.dated) {
        look.against(about(Rule::TagRetired));
        return None;
    }
    if !is_granted(look, tag, rule) {
        look.against(about(Rule::TagNotGranted));
        look.helps(Remedy::Granted(Capability::CustomerFeedback));
    }
    content(look, rule, &about);
    let window = rule.within.map(|within| look.since_message(within));
    let window = match window {
        None => None,
        Some(Some(window)) if look.is_open(window) => Some(window),
        Some(late) => {
            let finding = late.map_or_else(|| bare(Rule::TagTooLate), |window| window.finding(Rule::TagTooLate));
            look.against(Finding { about: Some(About::Tag(tag)), ..finding });
            None
        }
    };
    let finding = window.map_or_else(|| bare(Rule::TagPermits), |window| window.finding(Rule::TagPermits));
    let finding = Finding { about: Some(About::Tag(tag)), ..finding };
    (look.n_against == n_before).then_some(Grant { route: Route::Tag(tag), finding, right: None })
}

/// Nobody is asked again for what they agreed to and have not stopped.
fn given(look: &mut Look<'_>, title: &str) {
    let rights = look.facts.conversation.rights();
    let same = rights.all_repeated().filter(|(_, token)| token.topic() == Some(title) && !token.is_stopped());
    let mut same: Vec<_> = same.filter_map(|(id, token)| Some((id, token.given?, token.expires_at()))).collect();
    same.sort_by_key(|(id, given, _)| (given.at, *id));
    for (id, given, end) in same {
        look.edges.extend(end);
        if end.is_none_or(|end| look.now < end) {
            let span = end.map(|end| (given.at, end));
            look.against(Finding { span, ..Look::about(Rule::OptInGiven, &Right::Repeated(id), Some(given)) });
        }
    }
}

fn is_granted(look: &Look<'_>, tag: Tag, rule: TagRule) -> bool {
    match tag {
        Tag::CustomerFeedback => look.has(Capability::CustomerFeedback, || rule.on_by_default),
        Tag::ConfirmedEventUpdate | Tag::PostPurchaseUpdate | Tag::AccountUpdate => rule.on_by_default,
    }
}

/// What a tag asks of the message itself.
fn content(look: &mut Look<'_>, rule: TagRule, about: &impl Fn(Rule) -> Finding) {
    if look.intent.promotes() {
        look.against(about(Rule::PromotionOutsideWindow));
        look.helps(Remedy::NotPromotional);
    }
    if look.intent.is_recurring && !rule.allows_recurring {
        look.against(about(Rule::RecurringContent));
        look.helps(Remedy::NotRecurring);
    }
    let named = look.intent.reference.as_ref().map(crate::decision::Reference::kind);
    if let Some(needed) = rule.needs.filter(|needed| named != Some(*needed)) {
        look.against(about(Rule::ReferenceMissing));
        look.helps(Remedy::Named(needed));
    }
    if rule.is_template_only && look.intent.kind != ContentKind::FeedbackTemplate {
        look.against(about(Rule::TemplateRequired));
        look.helps(Remedy::AsTemplate);
    }
}

/// After the window: a person of the staff answers what the person wrote.
pub(super) fn human_agent(look: &mut Look<'_>) -> Option<Grant> {
    look.window()?;
    let is_human = look.intent.actor.is_human();
    let promotes = look.intent.promotes();
    let staff = look.since_message(look.pack.windows().human_agent);
    let open_staff = staff.filter(|staff| look.is_open(*staff));
    let is_granted = look.route(Capability::HumanAgent) == Closed::No;
    let is_recurring = look.intent.is_recurring;
    if let Some(staff) = open_staff
        && is_human
        && !promotes
        && !is_recurring
        && is_granted
    {
        let finding = staff.finding(Rule::HumanAgentOpen);
        return Some(Grant { route: Route::HumanAgent, finding, right: None });
    }
    if !is_human {
        look.against(bare(Rule::ActorNotHuman));
    }
    if promotes {
        look.against(bare(Rule::PromotionOutsideWindow));
    }
    if is_recurring {
        look.against(bare(Rule::RecurringContent));
        look.helps(Remedy::NotRecurring);
    }
    if !is_granted {
        look.against(bare(Rule::HumanAgentNotGranted));
        if look.route(Capability::HumanAgent) == Closed::NotGranted {
            look.helps(Remedy::Granted(Capability::HumanAgent));
        }
    }
    if let Some(staff) = staff.filter(|staff| !staff.is_open(look.now)) {
        look.against(staff.finding(Rule::HumanAgentClosed));
    }
    if is_granted && let Some(staff) = open_staff {
        helps_staff(look, staff, promotes);
    }
    None
}

fn helps_staff(look: &mut Look<'_>, staff: Window, promotes: bool) {
    let remedy: fn(Timestamp) -> Remedy =
        if promotes { Remedy::WithoutPromotionBefore } else { Remedy::HumanAnswersBefore };
    look.helps(remedy(staff.end));
}
