//! Fact ids: equal for every delivery of a fact, whatever the batch around it, and whether it came as the thread's
//! owner or as a bystander. An id once given to a kind never changes.

mod filled;
mod parts;

use super::Place;
use domain::event::{AccountLink, Comment, CommentVerb, FeedChange, InboundKind, Lead, MarketingMessage, OptIn};
use domain::event::{Postback, Referral, SubscriberUpload, TemplateStatus, ThreadControl};
use domain::id::{FactId, Mid, PageId};
use domain::time::Timestamp;
use parts::Parts;
use serde_json::value::RawValue;

/// The id of what an event states. `stated` is the time that the event itself gives: the entry's time belongs to one
/// delivery and must not tell two deliveries apart.
pub(super) fn id(
    page: &PageId,
    place: &Place,
    stated: Option<Timestamp>,
    kind: &InboundKind,
    raw: &RawValue,
) -> FactId {
    let page = page.as_str().as_bytes();
    let (who, name) = match place {
        Place::Person(psid) => ("psid", psid.as_str()),
        Place::UserRef(user_ref) => ("user_ref", user_ref.as_str()),
        Place::Comment { commenter, .. } => ("commenter", commenter.as_str()),
        Place::Page => ("page", ""),
    };
    let (who, name) = (who.as_bytes(), name.as_bytes());
    let at = stated.map(|stated| stated.as_millis().to_string()).unwrap_or_default();
    let at = at.as_bytes();
    let event = |label| Parts::of(label, page).bytes(who).bytes(name).bytes(at);
    match kind {
        InboundKind::Message(message) => match &message.mid {
            Some(mid) => FactId::of(&[b"message", page, bytes(mid)]),
            None => FactId::of(&[b"message_without_mid", page, raw.get().as_bytes()]),
        },
        InboundKind::Echo(echo) => FactId::of(&[b"echo", page, bytes(&echo.mid)]),
        InboundKind::Delivered { watermark, mids } => {
            let watermark = watermark.as_millis().to_string();
            let mut parts = vec![b"delivery", page, who, name, watermark.as_bytes()];
            parts.extend(mids.iter().map(bytes));
            FactId::of(&parts)
        }
        InboundKind::Read { watermark } => {
            FactId::of(&[b"read", page, who, name, watermark.as_millis().to_string().as_bytes()])
        }
        InboundKind::Postback(Postback { mid, title, payload, .. }) => match mid {
            Some(mid) => FactId::of(&[b"postback", page, bytes(mid)]),
            None => FactId::of(&[b"postback_without_mid", page, who, name, at, optional(payload), title.as_bytes()]),
        },
        InboundKind::Referral(Referral { source, reference, ad, .. }) => {
            FactId::of(&[b"referral", page, who, name, at, source.as_bytes(), optional(reference), optional(ad)])
        }
        InboundKind::Unrecognized(unrecognized) => {
            FactId::of(&[b"unrecognized", page, unrecognized.field.as_bytes(), unrecognized.raw.as_bytes()])
        }
        InboundKind::Unsent(unsent) => Parts::of(b"unsent", page).mid(&unsent.mid).id(),
        InboundKind::Edit(edit) => {
            Parts::of(b"edit", page).mid(&edit.mid).number(edit.n_edits).bytes(at).text(&edit.text).id()
        }
        InboundKind::Reaction(reaction) => event(b"reaction").mid(&reaction.mid).text(reaction.action.as_str()).id(),
        InboundKind::OptIn(OptIn::OneTime { token, .. }) => {
            Parts::of(b"opt_in_one_time", page).text(token.as_str()).id()
        }
        InboundKind::OptIn(OptIn::Notifications(notifications)) => {
            // Also the time: the same token is stopped, resumed, and stopped again.
            Parts::of(b"opt_in_notifications", page)
                .text(notifications.token.as_str())
                .text(notifications.change.map_or("", |change| change.as_str()))
                .text(notifications.renewal.map_or("", |renewal| renewal.as_str()))
                .bytes(at)
                .id()
        }
        InboundKind::OptIn(OptIn::Plugin { reference }) => event(b"opt_in_plugin").option(reference).id(),
        InboundKind::OptIn(OptIn::Checkbox { reference, user_ref }) => {
            event(b"opt_in_checkbox").option(reference).text(user_ref.as_str()).id()
        }
        InboundKind::AccountLink(AccountLink::Linked { code }) => {
            event(b"account_linked").text(code.as_ref().map_or("", |code| code.as_str())).id()
        }
        InboundKind::AccountLink(AccountLink::Unlinked) => event(b"account_unlinked").id(),
        InboundKind::ThreadControl(ThreadControl { step, from, to, metadata }) => {
            event(b"thread_control").text(step.as_str()).app(from).app(to).option(metadata).id()
        }
        InboundKind::AppRoles(apps) => {
            let parts = event(b"app_roles");
            apps.iter().fold(parts, |parts, app| parts.text(app.app.as_str()).list(&app.roles)).id()
        }
        InboundKind::PolicyEnforcement(policy) => {
            event(b"policy_enforcement").text(policy.action.as_str()).option(&policy.reason).id()
        }
        InboundKind::ResponseFeedback(feedback) => {
            event(b"response_feedback").mid(&feedback.mid).text(feedback.thumb.as_str()).id()
        }
        InboundKind::CustomerFeedback(feedback) => filled::feedback(event(b"customer_feedback"), feedback).id(),
        InboundKind::CustomerInformation(told) => filled::information(event(b"customer_information"), told).id(),
        InboundKind::Order(order) => filled::order(event(b"order"), order).id(),
        InboundKind::Form(form) => event(b"form").text(form).id(),
        InboundKind::GamePlay(play) => filled::game_play(event(b"game_play"), play).id(),
        InboundKind::Lead(Lead { end, referral, answers, .. }) => {
            let parts = event(b"lead").text(end.as_str()).option(&referral.reference).option(&referral.ad);
            answers.iter().fold(parts, |parts, one| parts.text(&one.question).text(&one.answer)).id()
        }
        InboundKind::Coupon(coupon) => event(b"coupon").option(&coupon.payload).option(&coupon.code).id(),
        InboundKind::RequestAccepted => event(b"request_accepted").id(),
        InboundKind::Comment(Comment { comment, verb, text, .. }) => {
            let parts = Parts::of(b"comment", page).text(comment.as_str()).text(verb.as_str());
            match verb {
                // A comment is written once; all else can be done to it again.
                CommentVerb::Add => parts.id(),
                CommentVerb::Edited | CommentVerb::Remove | CommentVerb::Hide | CommentVerb::Unhide => {
                    parts.bytes(at).text(text).id()
                }
            }
        }
        InboundKind::Feed(feed) => {
            // Also of visitors' posts, which have streams of their own by now.
            let parts = Parts::of(b"feed", page).bytes(b"page").bytes(b"").bytes(at);
            timeline(parts, feed, raw).id()
        }
        InboundKind::InboxLabel(label) => event(b"inbox_label").text(&label.action).text(&label.label).id(),
        InboundKind::Marketing(message) => marketing(event(b"marketing_message"), message).id(),
        InboundKind::SubscriberUpload(upload) => {
            let SubscriberUpload { audience, ad_account, n_rows, at_least, at_most, status } = upload;
            let parts = event(b"subscriber_upload").text(audience).option(ad_account).number(*n_rows);
            parts.number(*at_least).number(*at_most).option(status).id()
        }
        InboundKind::TemplateStatus(TemplateStatus { template, name, language, status, reason }) => {
            let parts = event(b"template_status").option(template).option(name).option(language);
            parts.text(status).option(reason).id()
        }
    }
}

/// What names no post is told apart by its bytes.
fn timeline(parts: Parts, feed: &FeedChange, raw: &RawValue) -> Parts {
    let comment = feed.comment.as_ref().map_or("", |comment| comment.as_str());
    let from = feed.from.as_ref().map_or("", |from| from.id.as_str());
    let parts = parts.text(&feed.item).text(&feed.verb).text(comment).text(from);
    let parts = parts.option(&feed.parent).option(&feed.reaction).text(&feed.text);
    match &feed.post {
        Some(post) => parts.text(post.as_str()),
        None => parts.bytes(raw.get().as_bytes()),
    }
}

fn marketing(parts: Parts, message: &MarketingMessage) -> Parts {
    let parts = parts.text(message.step.as_str()).option(&message.campaign).option(&message.tracking);
    let parts = parts.text(message.token.as_ref().map_or("", |token| token.as_str()));
    parts.text(message.mid.as_ref().map_or("", |mid| mid.as_str()))
}

fn bytes(mid: &Mid) -> &[u8] {
    mid.as_str().as_bytes()
}

fn optional(text: &Option<String>) -> &[u8] {
    text.as_deref().unwrap_or_default().as_bytes()
}
