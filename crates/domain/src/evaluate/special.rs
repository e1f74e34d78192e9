//! Ways of their own kind: templates, answers to comments, ads in threads, phone numbers, groups.

use super::look::{Closed, Grant, Look, Window, bare};
use crate::decision::{About, Capability, ContentKind, Finding, Remedy, Route};
use crate::id::CommentId;
use crate::pack::Rule;
use crate::right::Right;

/// A template that the platform approved, at any time, once there is a conversation.
pub(super) fn utility(look: &mut Look<'_>, name: &str, language: &str) -> Option<Grant> {
    let n_before = look.n_against;
    approved(look, name, language);
    if look.window().is_none() {
        look.never_began();
    }
    let finding = bare(Rule::UtilityTemplate);
    (look.n_against == n_before).then_some(Grant { route: Route::Utility, finding, right: None })
}

/// What is asked of a template, by whatever way it goes.
fn approved(look: &mut Look<'_>, name: &str, language: &str) {
    look.route_or(Capability::Utility, Rule::UtilityClosed);
    if look.facts.page.is_template_refused(name, language) {
        look.against(bare(Rule::TemplateNotApproved));
    }
    if look.intent.promotes() {
        look.against(bare(Rule::PromotionInTemplate));
        look.helps(Remedy::NotPromotional);
    }
}

/// The one private answer to a comment.
pub(super) fn private_reply(look: &mut Look<'_>, comment: &CommentId) -> Option<Grant> {
    let right = Right::PrivateReply(comment.clone());
    let n_before = look.n_against;
    look.route_or(Capability::PrivateReply, Rule::PrivateReplyClosed);
    match &look.intent.kind {
        ContentKind::Message | ContentKind::FeedbackTemplate => (),
        ContentKind::UtilityTemplate { name, language } => approved(look, name, language),
        // A comment opens no window to ask in.
        ContentKind::OneTimeRequest { .. } | ContentKind::RecurringRequest { .. } => {
            look.against(bare(Rule::OptInOutsideWindow));
            look.helps(Remedy::PersonActs);
        }
    }
    let known = look.facts.conversation.rights().reply(comment).filter(|reply| reply.removed.is_none());
    let Some((reply, written)) = known.and_then(|reply| Some((reply, reply.written?))) else {
        look.against(Look::about(Rule::CommentUnknown, &right, None));
        return None;
    };
    if let Some(at) = reply.used.is_over_since() {
        let span = Some((written.at, at));
        look.against(Finding { span, ..Look::about(Rule::PrivateReplySpent, &right, Some(written)) });
    } else if reply.used.is_held_by_another(look.facts.send) {
        look.against(Look::about(Rule::PrivateReplyReserved, &right, Some(written)));
        look.helps(Remedy::RightReleased);
    }
    let within = look.pack.route(Capability::PrivateReply).and_then(|rule| rule.within).unwrap_or_default();
    let window = Window::after(written, within);
    let about = Some(About::Right(right.clone()));
    if !look.is_open(window) {
        look.against(Finding { about: about.clone(), ..window.finding(Rule::PrivateReplyExpired) });
    }
    let finding = Finding { about, ..window.finding(Rule::PrivateReplyOpen) };
    (look.n_against == n_before).then_some(Grant { route: Route::PrivateReply, finding, right: Some(right) })
}

/// An ad in the thread of somebody who has written before.
pub(super) fn sponsored(look: &mut Look<'_>) -> Option<Grant> {
    if !look.intent.promotes() {
        return None;
    }
    look.window()?;
    if look.route(Capability::Sponsored) != Closed::No {
        if look.intent.is_paid {
            look.route_or(Capability::Sponsored, Rule::SponsoredEnded);
        }
        offer_opt_in(look);
        return None;
    }
    if !look.intent.is_paid {
        look.helps(Remedy::Paid(Route::Sponsored));
        return None;
    }
    Some(Grant { route: Route::Sponsored, finding: bare(Rule::SponsoredOpen), right: None })
}

/// Where there are no ads in threads, promotion goes to people who agreed to it.
fn offer_opt_in(look: &mut Look<'_>) {
    for (capability, route) in [(Capability::Recurring, Route::Recurring), (Capability::Marketing, Route::Marketing)] {
        if look.route(capability) == Closed::No {
            look.helps(Remedy::OptIn(route));
        }
    }
}

/// By a phone number, where the Page takes part in that.
pub(super) fn customer_matching(look: &mut Look<'_>) -> Option<Grant> {
    let is_open = look.route_or(Capability::CustomerMatching, Rule::CustomerMatchingClosed);
    let (route, finding) = (Route::CustomerMatching, bare(Rule::CustomerMatched));
    is_open.then_some(Grant { route, finding, right: None })
}

/// In a group, where the Page has support for groups.
pub(super) fn group_chat(look: &mut Look<'_>) -> Option<Grant> {
    let is_open = look.route_or(Capability::GroupChat, Rule::GroupChatClosed);
    is_open.then_some(Grant { route: Route::GroupChat, finding: bare(Rule::GroupChatOpen), right: None })
}
