//! Requests of the Send API for every way that compliance can name, and for every reason by which it refuses: written from
//! the platform's documentation, not from the product's sender.

use api::proto::compliance::v1::{Decision, EvaluateSendRequest, Finding, Purpose, Route, matter};
use domain::pack::Rule;
use domain::right::TokenId;
use domain::time::{Span, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Codes and subcodes.
pub(super) type Errors = &'static [(i64, i64)];

const CLOSED: (i64, i64) = (10, 2_018_278);
const NO_PERMISSION: (i64, i64) = (10, 0);
const PARAMETER: (i64, i64) = (100, 0);
const NOBODY: (i64, i64) = (100, 2_018_001);

const ONCE: &str = "one_time_notif_token";
const OFTEN: &str = "notification_messages_token";

/// A person's tokens, by the names under which compliance knows them.
#[derive(Default)]
pub(super) struct Tokens(BTreeMap<String, Token>);

struct Token {
    key: &'static str,
    token: String,
}

impl Tokens {
    /// Takes in a token that the person gave; answers its name.
    pub(super) fn add(&mut self, token: &str, is_once: bool) -> String {
        let name = TokenId::of(&domain::id::Token::parse(token).unwrap()).to_string();
        let key = if is_once { ONCE } else { OFTEN };
        self.0.insert(name.clone(), Token { key, token: token.to_owned() });
        name
    }

    fn any(&self, key: &str) -> Option<&Token> {
        self.0.values().find(|token| token.key == key)
    }
}

/// What a caller would have tried, had nobody stopped them.
pub(super) enum Tried {
    /// This request, which the platform refuses with one of these errors.
    Wire(Value, Errors),
    /// Nothing: the platform could not tell. We refuse by what it asks of senders, or by what we promise ourselves.
    Ours,
    /// Something that the simulator has not: the paid calls of advertising accounts.
    Elsewhere,
}

/// The request for an allowed way; none for those that the simulator has not.
pub(super) fn of_route(asked: &EvaluateSendRequest, decision: &Decision, tokens: &Tokens) -> Option<Value> {
    let right = decision.right.as_str();
    let fields = match decision.route() {
        Route::Response => to_person(asked, content(asked), json!({ "messaging_type": "RESPONSE" })),
        Route::Update => to_person(asked, content(asked), json!({ "messaging_type": "UPDATE" })),
        Route::HumanAgent => to_person(asked, content(asked), tag("HUMAN_AGENT")),
        Route::ConfirmedEventUpdate => to_person(asked, content(asked), tag("CONFIRMED_EVENT_UPDATE")),
        Route::PostPurchaseUpdate => to_person(asked, content(asked), tag("POST_PURCHASE_UPDATE")),
        Route::AccountUpdate => to_person(asked, content(asked), tag("ACCOUNT_UPDATE")),
        Route::CustomerFeedback => to_person(asked, content(asked), tag("CUSTOMER_FEEDBACK")),
        Route::Utility => to_person(asked, content(asked), json!({ "messaging_type": "UTILITY" })),
        Route::OneTime | Route::Recurring => by_token(&tokens.0[right], content(asked)),
        Route::PrivateReply => to_comment(asked, content(asked)),
        Route::CustomerMatching => to_phone(asked),
        Route::Marketing | Route::Sponsored | Route::GroupChat => return None,
        Route::Unspecified => panic!("an allowed message has a way"),
    };
    Some(fields)
}

/// What would have been tried, but for this reason. A new reason belongs into one of these lists.
pub(super) fn of_reason(
    rule: Rule,
    asked: &EvaluateSendRequest,
    found: &Finding,
    now: Timestamp,
    tokens: &Tokens,
) -> Tried {
    // A token is called so, before its name.
    let about = found.about.strip_prefix("token ").unwrap_or(&found.about);
    let plain = || to_person(asked, text(), json!({ "messaging_type": "RESPONSE" }));
    let whole = || match comment_of(asked) {
        Some(_) => to_comment(asked, content(asked)),
        None => to_person(asked, content(asked), json!({})),
    };
    let tagged = |name: &str, message: Value| to_person(asked, message, tag(name));
    let wire = |fields, errors| Tried::Wire(fields, errors);
    match rule {
        Rule::WindowClosed => wire(plain(), &[CLOSED]),
        Rule::NoUserInitiation => wire(plain(), &[CLOSED, NOBODY]),
        Rule::HumanAgentClosed => wire(tagged("HUMAN_AGENT", text()), &[CLOSED]),
        Rule::HumanAgentNotGranted => wire(tagged("HUMAN_AGENT", text()), &[NO_PERMISSION]),
        Rule::MessagingDisabled => wire(plain(), &[NO_PERMISSION]),
        Rule::PageRestricted => wire(plain(), &[(10, 1_893_063), (368, 0)]),
        Rule::RecipientUnavailable => wire(plain(), &[(551, 1_545_041)]),
        Rule::ThreadNotOurs => wire(plain(), &[(10, 2_018_300)]),
        Rule::TagRetired => wire(tagged(tag_of(asked.purpose()), text()), &[PARAMETER]),
        Rule::TagNotGranted => wire(tagged("CUSTOMER_FEEDBACK", feedback()), &[NO_PERMISSION]),
        Rule::TemplateRequired => wire(tagged("CUSTOMER_FEEDBACK", text()), &[PARAMETER]),
        Rule::TagTooLate => wire(tagged("CUSTOMER_FEEDBACK", feedback()), &[CLOSED]),
        Rule::OneTimeClosed if ask_of(asked).is_some() => wire(whole(), &[NO_PERMISSION]),
        Rule::OneTimeClosed => wire(by_some_token(ONCE, asked, about, tokens), &[NO_PERMISSION]),
        Rule::RecurringEnded if ask_of(asked).is_some() => wire(whole(), &[PARAMETER]),
        Rule::RecurringEnded => wire(by_some_token(OFTEN, asked, about, tokens), &[PARAMETER]),
        Rule::TokenSpent => wire(by_some_token(ONCE, asked, about, tokens), &[PARAMETER]),
        Rule::TokenUnknown | Rule::TokenExpired => wire(by_some_token(OFTEN, asked, about, tokens), &[PARAMETER]),
        // Two short messages may follow within two minutes (recurring-notifications page). We never use that.
        Rule::TokenCooldown if is_follow_up(found, now) => Tried::Ours,
        Rule::TokenCooldown => wire(by_some_token(OFTEN, asked, about, tokens), &[(4, 2_018_354)]),
        Rule::TokenStopped => wire(by_some_token(OFTEN, asked, about, tokens), &[(10, 1_893_015)]),
        Rule::UtilityClosed => wire(whole(), &[NO_PERMISSION]),
        Rule::TemplateNotApproved => wire(whole(), &[PARAMETER]),
        Rule::PrivateReplyClosed => wire(to_comment(asked, text()), &[NO_PERMISSION]),
        Rule::PrivateReplySpent => wire(to_comment(asked, text()), &[(10_900, 0)]),
        Rule::PrivateReplyExpired => wire(to_comment(asked, text()), &[CLOSED]),
        Rule::CommentUnknown => wire(to_comment(asked, text()), &[(100, 33)]),
        Rule::CustomerMatchingClosed => wire(to_phone(asked), &[(200, 2_018_027)]),
        Rule::GroupChatClosed => {
            wire(json!({ "recipient": { "thread_key": "t_1" }, "message": text() }), &[NOBODY])
        }
        Rule::OptInOutsideWindow => wire(whole(), &[CLOSED]),
        Rule::OptInTooSoon => wire(whole(), &[(9, 2_018_352)]),
        Rule::OptInGiven => wire(whole(), &[(613, 1_893_016)]),
        Rule::TitleTooLong => wire(whole(), &[PARAMETER]),
        // Who speaks, and why, is on no wire: the platform holds senders to it by its policy.
        Rule::ActorNotHuman
        | Rule::PromotionOutsideWindow
        | Rule::PromotionInTemplate
        | Rule::ReferenceMissing
        | Rule::RecurringContent
        | Rule::TokenTopicMismatch
        // What the person asked of the business, and not of the platform.
        | Rule::OptedOut
        | Rule::RecipientSuppressed
        // What the Page's owner asks of the business.
        | Rule::FrequencyCap
        // Another send of ours has it, and has not left.
        | Rule::TokenReserved
        | Rule::PrivateReplyReserved => Tried::Ours,
        Rule::MarketingClosed | Rule::SponsoredEnded => Tried::Elsewhere,
        Rule::WindowOpen
        | Rule::HumanAgentOpen
        | Rule::TagPermits
        | Rule::OneTimeToken
        | Rule::RecurringToken
        | Rule::MarketingToken
        | Rule::UtilityTemplate
        | Rule::PrivateReplyOpen
        | Rule::SponsoredOpen
        | Rule::CustomerMatched
        | Rule::GroupChatOpen => panic!("{} forbids nothing", rule.id()),
    }
}

fn is_follow_up(found: &Finding, now: Timestamp) -> bool {
    let last = found.start_time.as_ref().and_then(api::convert::moment);
    last.is_some_and(|last| now < last.plus(Span::from_secs(120)))
}

/// The post, and the comment on it if one is answered.
pub(super) fn comment_of(asked: &EvaluateSendRequest) -> Option<(&str, &str)> {
    match asked.matter.as_ref()?.recipient.as_ref()? {
        matter::Recipient::Comment(comment) => Some((&comment.post_id, &comment.comment_id)),
        matter::Recipient::OneTimeToken(_)
        | matter::Recipient::RepeatedToken(_)
        | matter::Recipient::Phone(_)
        | matter::Recipient::Group(_) => None,
    }
}

/// The Page and the person of an intent.
pub(super) fn whom(asked: &EvaluateSendRequest) -> (&str, &str) {
    let words: Vec<_> = asked.parent.split('/').collect();
    (words[1], words[3])
}

pub(super) fn text() -> Value {
    json!({ "text": "hi" })
}

fn to_person(asked: &EvaluateSendRequest, message: Value, basis: Value) -> Value {
    let mut fields = json!({ "recipient": { "id": whom(asked).1 }, "message": message });
    for (key, value) in basis.as_object().unwrap() {
        fields[key] = value.clone();
    }
    fields
}

fn by_token(token: &Token, message: Value) -> Value {
    json!({ "recipient": { token.key: token.token }, "message": message })
}

/// By the token that a finding speaks of, by the one that the caller named, or by any of the kind; and where the person gave
/// none, by one that nobody gave.
fn by_some_token(kind: &str, asked: &EvaluateSendRequest, about: &str, tokens: &Tokens) -> Value {
    let (name, key) = match asked.matter.as_ref().and_then(|matter| matter.recipient.as_ref()) {
        Some(matter::Recipient::OneTimeToken(id)) => (id.as_str(), ONCE),
        Some(matter::Recipient::RepeatedToken(id)) => (id.as_str(), OFTEN),
        Some(matter::Recipient::Phone(_) | matter::Recipient::Group(_) | matter::Recipient::Comment(_)) | None => {
            (about, kind)
        }
    };
    let is_named = !name.is_empty();
    let known = tokens.0.get(name).or_else(|| tokens.any(key).filter(|_| !is_named));
    known.map_or_else(
        || json!({ "recipient": { key: "nobody-gave-this" }, "message": text() }),
        |token| by_token(token, text()),
    )
}

fn to_comment(asked: &EvaluateSendRequest, message: Value) -> Value {
    let (post, comment) = comment_of(asked).unwrap();
    let recipient = if comment.is_empty() { json!({ "post_id": post }) } else { json!({ "comment_id": comment }) };
    json!({ "recipient": recipient, "message": message })
}

fn to_phone(asked: &EvaluateSendRequest) -> Value {
    let name = json!({ "first_name": "Asha", "last_name": "Rao" });
    let number = format!("+{}", whom(asked).1);
    json!({ "recipient": { "phone_number": number, "name": name }, "message": text() })
}

fn tag(name: &str) -> Value {
    json!({ "messaging_type": "MESSAGE_TAG", "tag": name })
}

fn tag_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ConfirmedEventUpdate => "CONFIRMED_EVENT_UPDATE",
        Purpose::PostPurchaseUpdate => "POST_PURCHASE_UPDATE",
        Purpose::AccountUpdate => "ACCOUNT_UPDATE",
        Purpose::CustomerFeedback => "CUSTOMER_FEEDBACK",
        Purpose::Conversation | Purpose::Promotion | Purpose::Unspecified => panic!("this purpose has no tag"),
    }
}

/// Whether it asks the person to agree to one message, or to more, and the title; none when it asks for neither.
pub(super) fn ask_of(asked: &EvaluateSendRequest) -> Option<(bool, &str)> {
    match asked.matter.as_ref()?.content.as_ref()? {
        matter::Content::OneTimeRequestTitle(title) => Some((true, title)),
        matter::Content::RecurringRequestTitle(title) => Some((false, title)),
        matter::Content::FeedbackTemplate(_) | matter::Content::UtilityTemplate(_) => None,
    }
}

fn content(asked: &EvaluateSendRequest) -> Value {
    match asked.matter.as_ref().and_then(|matter| matter.content.as_ref()) {
        None => text(),
        Some(matter::Content::FeedbackTemplate(_)) => feedback(),
        Some(matter::Content::UtilityTemplate(template)) => {
            json!({ "template": { "name": template.name, "language": { "code": template.language } } })
        }
        Some(matter::Content::OneTimeRequestTitle(title)) => {
            template(json!({ "template_type": "one_time_notif_req", "title": title, "payload": title }))
        }
        Some(matter::Content::RecurringRequestTitle(title)) => {
            template(json!({ "template_type": "notification_messages", "title": title, "payload": title }))
        }
    }
}

fn feedback() -> Value {
    template(json!({
        "template_type": "customer_feedback", "title": "How was it?",
        "feedback_screens": [{ "questions": [{ "id": "q_1", "type": "csat" }] }],
        "business_privacy": { "url": "https://shop.example/privacy" }
    }))
}

fn template(payload: Value) -> Value {
    json!({ "attachment": { "type": "template", "payload": payload } })
}
