//! One message as the Send API takes it.

use super::answer::ApiError;
use super::content;
use super::errors::{ErrorClass, Scope};
use domain::content::{Content, HandOver, Notification, Words};
use domain::id::{CommentId, OptinRef, PostId, Psid, Token};
use serde_json::{Value, json};

/// One message to one person.
#[derive(Clone, Debug)]
pub struct SendRequest {
    /// Who gets it.
    pub recipient: Recipient,
    /// By what right it is sent.
    pub messaging_type: MessagingType,
    /// What it says. Its own note is not sent: what travels is `metadata`.
    pub content: Content,
    /// What its echo brings back, see [`crate::metadata::write`]: less than 1,000 characters.
    pub metadata: String,
}

/// How a person is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// By the id that they have on this Page.
    Person(Psid),
    /// By the reference of a checkbox that they ticked; the answer names nobody.
    Checkbox(OptinRef),
    /// As whoever wrote this comment: the one private reply to it.
    Comment(CommentId),
    /// As whoever wrote this visitor's post: the one private reply to it.
    Post(PostId),
    /// As whoever gave this token, for one message.
    OneTime(Token),
    /// As whoever gave this token, for messages again and again.
    Repeated(Token),
    /// By a phone number such as `+1(212)555-2368`; closed since customer matching ended.
    Phone {
        /// The number.
        number: Words,
        /// First and last name, by which the platform makes sure.
        name: Option<(Words, Words)>,
    },
}

/// By what right a message is sent, in the platform's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessagingType {
    /// It answers the person, inside the window.
    Response,
    /// It comes unasked, inside the window.
    Update,
    /// It comes outside the window, for a reason that the platform allows.
    MessageTag(Tag),
    /// It is a template that the platform approved.
    Utility,
}

/// The reasons for which a message may come outside the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// A person who works for the Page answers, within seven days.
    HumanAgent,
    /// A form for feedback, within seven days.
    CustomerFeedback,
    /// A reminder or a change of an event that the person booked; refused since 27 April 2026.
    ConfirmedEventUpdate,
    /// News of an order; refused since then.
    PostPurchaseUpdate,
    /// A change of an account, or an alert of fraud; refused since then.
    AccountUpdate,
}

impl SendRequest {
    /// What an error says of this message: some codes mean another thing, or concern something else, by what was sent.
    pub fn class_of(&self, error: &ApiError) -> ErrorClass {
        let by_token = matches!(self.recipient, Recipient::OneTime(_) | Recipient::Repeated(_));
        let is_special =
            self.content.kind().ask().is_some() || matches!(self.messaging_type, MessagingType::MessageTag(_));
        match (error.code, error.subcode, error.class()) {
            // The platform has no code of its own for a token that is used up, unknown or over.
            (100, 0, ErrorClass::Message) if by_token => ErrorClass::Token,
            // Tags and requests for notifications are features that a Page may lack while it can send all else.
            (10, 0, ErrorClass::Page(_)) if is_special => ErrorClass::Feature,
            (613, 0, ErrorClass::Rate(Scope::Page)) => ErrorClass::Rate(self.scope()),
            (_, _, class) => class,
        }
    }

    /// The narrowest of the platform's rates that this message counts against.
    pub const fn scope(&self) -> Scope {
        match self.recipient {
            Recipient::Comment(_) | Recipient::Post(_) => Scope::PrivateReplies,
            Recipient::Person(_)
            | Recipient::Checkbox(_)
            | Recipient::OneTime(_)
            | Recipient::Repeated(_)
            | Recipient::Phone { .. } => {
                if self.content.is_media() {
                    Scope::Media
                } else {
                    Scope::Page
                }
            }
        }
    }

    pub(super) fn body(&self) -> Value {
        let mut message = content::message(&self.content);
        message["metadata"] = json!(self.metadata);
        let mut body = json!({
            "recipient": self.recipient.json(),
            "messaging_type": self.messaging_type.as_str(),
            "message": message,
        });
        let mut put = |key: &str, value: Value| body[key] = value;
        match self.messaging_type {
            MessagingType::MessageTag(tag) => put("tag", json!(tag.as_str())),
            MessagingType::Response | MessagingType::Update | MessagingType::Utility => (),
        }
        match self.content.notification {
            // What the platform does by itself.
            Notification::Regular => (),
            Notification::Silent => put("notification_type", json!("SILENT_PUSH")),
            Notification::Off => put("notification_type", json!("NO_PUSH")),
        }
        if let Some(mid) = &self.content.reply_to {
            put("reply_to", json!({ "mid": mid.as_str() }));
        }
        if let Some(persona) = &self.content.persona {
            put("persona_id", json!(persona.as_str()));
        }
        match &self.content.hand_over {
            Some(HandOver::Pass(app)) => {
                put("thread_control", json!({ "control_type": "pass", "app_id": app.as_str() }))
            }
            Some(HandOver::Release) => put("thread_control", json!({ "control_type": "release" })),
            None => (),
        }
        body
    }
}

impl Recipient {
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Person(psid) => json!({ "id": psid.as_str() }),
            Self::Checkbox(user_ref) => json!({ "user_ref": user_ref.as_str() }),
            Self::Comment(id) => json!({ "comment_id": id.as_str() }),
            Self::Post(id) => json!({ "post_id": id.as_str() }),
            Self::OneTime(token) => json!({ "one_time_notif_token": token.as_str() }),
            Self::Repeated(token) => json!({ "notification_messages_token": token.as_str() }),
            Self::Phone { number, name } => {
                let mut phone = json!({ "phone_number": number.as_str() });
                if let Some((first, last)) = name {
                    phone["name"] = json!({ "first_name": first.as_str(), "last_name": last.as_str() });
                }
                phone
            }
        }
    }
}

impl MessagingType {
    /// The platform's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "RESPONSE",
            Self::Update => "UPDATE",
            Self::MessageTag(_) => "MESSAGE_TAG",
            Self::Utility => "UTILITY",
        }
    }
}

impl Tag {
    /// The platform's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HumanAgent => "HUMAN_AGENT",
            Self::CustomerFeedback => "CUSTOMER_FEEDBACK",
            Self::ConfirmedEventUpdate => "CONFIRMED_EVENT_UPDATE",
            Self::PostPurchaseUpdate => "POST_PURCHASE_UPDATE",
            Self::AccountUpdate => "ACCOUNT_UPDATE",
        }
    }
}
