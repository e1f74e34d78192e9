//! What is said, as far as the rules ask: between the domain and the gRPC types.

use crate::proto::compliance::v1 as pb;
use crate::status::Violations;
use domain::decision::{ContentKind, Intent, Reference, To};
use domain::id::{CommentId, PostId};
use domain::right::{Right, TokenId};
use pb::matter as wire;

/// The longest reference, topic, title or template name, in characters. Rules may ask for less.
const MOST_CHARS: usize = 128;

/// What an intent says beyond who speaks and why.
pub fn matter(intent: &Intent) -> pb::Matter {
    let reference = intent.reference.as_ref().map(|reference| match reference {
        Reference::Event(id) => wire::Reference::EventId(id.clone()),
        Reference::Order(id) => wire::Reference::OrderId(id.clone()),
    });
    let content = match &intent.kind {
        ContentKind::Message => None,
        ContentKind::FeedbackTemplate => Some(wire::Content::FeedbackTemplate(pb::FeedbackTemplate {})),
        ContentKind::UtilityTemplate { name, language } => {
            Some(wire::Content::UtilityTemplate(pb::UtilityTemplate { name: name.clone(), language: language.clone() }))
        }
        ContentKind::OneTimeRequest { title } => Some(wire::Content::OneTimeRequestTitle(title.clone())),
        ContentKind::RecurringRequest { title } => Some(wire::Content::RecurringRequestTitle(title.clone())),
    };
    let recipient = match &intent.to {
        // The name of the message says which comment it answers.
        To::Person | To::Comment(_) | To::Right(Right::PrivateReply(_)) => None,
        To::Right(Right::OneTime(id)) => Some(wire::Recipient::OneTimeToken(id.to_string())),
        To::Right(Right::Repeated(id)) => Some(wire::Recipient::RepeatedToken(id.to_string())),
        To::Phone => Some(wire::Recipient::Phone(pb::PhoneNumber {})),
        To::Group => Some(wire::Recipient::Group(pb::Group {})),
    };
    pb::Matter {
        promotional: intent.is_promotional,
        recurring: intent.is_recurring,
        paid: intent.is_paid,
        reference,
        topic: intent.topic.clone().unwrap_or_default(),
        content,
        recipient,
    }
}

/// Takes into an intent what is said, and notes what is wrong with it.
pub fn take_matter(intent: Option<Intent>, matter: Option<pb::Matter>, violations: &mut Violations) -> Option<Intent> {
    let matter = matter.unwrap_or_default();
    let reference = matter.reference.map(|reference| match reference {
        wire::Reference::EventId(id) => Reference::Event(checked(id, "matter.event_id", violations)),
        wire::Reference::OrderId(id) => Reference::Order(checked(id, "matter.order_id", violations)),
    });
    let kind = match matter.content {
        None => ContentKind::Message,
        Some(wire::Content::FeedbackTemplate(_)) => ContentKind::FeedbackTemplate,
        Some(wire::Content::UtilityTemplate(template)) => ContentKind::UtilityTemplate {
            name: checked(template.name, "matter.utility_template.name", violations),
            language: checked(template.language, "matter.utility_template.language", violations),
        },
        Some(wire::Content::OneTimeRequestTitle(title)) => {
            ContentKind::OneTimeRequest { title: checked(title, "matter.one_time_request_title", violations) }
        }
        Some(wire::Content::RecurringRequestTitle(title)) => {
            ContentKind::RecurringRequest { title: checked(title, "matter.recurring_request_title", violations) }
        }
    };
    let to = match matter.recipient {
        None => Some(To::Person),
        Some(wire::Recipient::OneTimeToken(id)) => {
            token(&id, "matter.one_time_token", violations).map(|id| To::Right(Right::OneTime(id)))
        }
        Some(wire::Recipient::RepeatedToken(id)) => {
            token(&id, "matter.repeated_token", violations).map(|id| To::Right(Right::Repeated(id)))
        }
        Some(wire::Recipient::Phone(_)) => Some(To::Phone),
        Some(wire::Recipient::Group(_)) => Some(To::Group),
        Some(wire::Recipient::Comment(comment)) => commented(&comment, violations).map(|(_, id)| To::Comment(id)),
    };
    let topic = match matter.topic {
        topic if topic.is_empty() => None,
        topic => Some(topic),
    };
    Some(Intent {
        is_promotional: matter.promotional,
        is_recurring: matter.recurring,
        is_paid: matter.paid,
        reference,
        topic,
        kind,
        to: to?,
        ..intent?
    })
}

/// The post whose commenter, or whose author, is addressed; none when nobody is addressed so, or wrongly.
pub fn post_of(matter: Option<&pb::Matter>) -> Option<PostId> {
    let Some(wire::Recipient::Comment(comment)) = matter?.recipient.as_ref() else { return None };
    PostId::parse(&comment.post_id).ok()
}

/// The post, and what is answered: a comment on it, or itself.
fn commented(comment: &pb::Comment, violations: &mut Violations) -> Option<(PostId, CommentId)> {
    let post = violations.take("matter.comment.post_id", PostId::parse(&comment.post_id));
    if comment.comment_id.is_empty() {
        let post = post?;
        let itself = CommentId::from(&post);
        return Some((post, itself));
    }
    let id = violations.take("matter.comment.comment_id", CommentId::parse(&comment.comment_id));
    Some((post?, id?))
}

fn checked(text: String, field: &str, violations: &mut Violations) -> String {
    if !(1..=MOST_CHARS).contains(&text.chars().count()) {
        violations.add(field, format!("is 1 to {MOST_CHARS} characters"));
    }
    text
}

fn token(raw: &str, field: &str, violations: &mut Violations) -> Option<TokenId> {
    let id = TokenId::parse(raw);
    if id.is_none() {
        violations.add(field, "is a token's name: 32 hexadecimal digits in lower case");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::decision::{Actor, Purpose};

    #[test]
    fn what_is_said_comes_back_from_the_wire() {
        let plain = Intent::new(Actor::Bot, Purpose::PostPurchase);
        let id = TokenId::from_bytes([7; 16]);
        let title = || "News of shoes".to_owned();
        let intents = [
            plain.clone(),
            Intent { is_promotional: true, is_recurring: true, is_paid: true, ..plain.clone() },
            Intent { reference: Some(Reference::Order("42".to_owned())), topic: Some(title()), ..plain.clone() },
            Intent { reference: Some(Reference::Event("7".to_owned())), to: To::Phone, ..plain.clone() },
            Intent { kind: ContentKind::OneTimeRequest { title: title() }, to: To::Group, ..plain.clone() },
            Intent { kind: ContentKind::RecurringRequest { title: title() }, ..plain.clone() },
            Intent { kind: ContentKind::FeedbackTemplate, to: To::Right(Right::OneTime(id)), ..plain.clone() },
            Intent { to: To::Right(Right::Repeated(id)), ..plain.clone() },
        ];
        for intent in intents {
            let mut violations = Violations::default();
            let back = take_matter(Some(plain.clone()), Some(matter(&intent)), &mut violations);
            assert_eq!(back, Some(intent));
        }
    }

    #[test]
    fn a_comment_is_answered_or_the_post_itself() {
        let plain = Intent::new(Actor::Bot, Purpose::Conversation);
        let addressed = |comment: &str, post: &str| {
            let comment = pb::Comment { comment_id: comment.to_owned(), post_id: post.to_owned() };
            pb::Matter { recipient: Some(wire::Recipient::Comment(comment)), ..pb::Matter::default() }
        };
        for (comment, answered) in [("5_6", "5_6"), ("", "1001_5")] {
            let matter = addressed(comment, "1001_5");
            assert_eq!(post_of(Some(&matter)), PostId::parse("1001_5").ok());
            let taken = take_matter(Some(plain.clone()), Some(matter), &mut Violations::default()).unwrap();
            assert_eq!(taken.to, To::Comment(CommentId::parse(answered).unwrap()));
        }
        let mut violations = Violations::default();
        assert_eq!(take_matter(Some(plain), Some(addressed(" ", "")), &mut violations), None);
        let fields: Vec<_> = violations.into_fields().map(|(field, _)| field).collect();
        assert_eq!(fields, ["matter.comment.post_id", "matter.comment.comment_id"]);
        assert_eq!(post_of(None), None);
    }

    #[test]
    fn every_wrong_part_is_named() {
        let template = pb::UtilityTemplate::default();
        let wrong = pb::Matter {
            reference: Some(wire::Reference::OrderId(String::new())),
            content: Some(wire::Content::UtilityTemplate(template)),
            recipient: Some(wire::Recipient::OneTimeToken("token-1".to_owned())),
            ..pb::Matter::default()
        };
        let mut violations = Violations::default();
        assert_eq!(take_matter(None, Some(wrong), &mut violations), None);
        let named = violations.into_status().message().to_owned();
        for field in ["order_id", "utility_template.name", "utility_template.language", "one_time_token"] {
            assert!(named.contains(field), "{field} in: {named}");
        }
    }
}
