//! What somebody wants to say: who speaks, why, and what kind of thing is said.

use crate::id::{AgentId, CommentId};
use crate::right::Right;
use serde::{Deserialize, Serialize};

/// Who speaks, why, and what kind of thing is said. Never how: the route is chosen by the rules, not by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Who speaks.
    pub actor: Actor,
    /// Why.
    pub purpose: Purpose,
    /// Whether anything in it is meant to sell, whatever else it is for.
    pub is_promotional: bool,
    /// Whether it is one of many of its sort, such as a monthly statement.
    pub is_recurring: bool,
    /// Whether the caller will pay for it, should only a paid way be open.
    pub is_paid: bool,
    /// What it is about: the booked event, or the order.
    pub reference: Option<Reference>,
    /// What the person agreed to hear of, by the words of the request that they accepted.
    pub topic: Option<String>,
    /// What kind of thing is said.
    pub kind: ContentKind,
    /// How the recipient is addressed.
    pub to: To,
    /// The broadcast that it belongs to.
    pub broadcast: Option<String>,
}

impl Intent {
    /// A plain message to a person, for this purpose.
    pub const fn new(actor: Actor, purpose: Purpose) -> Self {
        Self {
            actor,
            purpose,
            is_promotional: false,
            is_recurring: false,
            is_paid: false,
            reference: None,
            topic: None,
            kind: ContentKind::Message,
            to: To::Person,
            broadcast: None,
        }
    }

    /// Whether it is meant to sell, by its purpose or besides it.
    pub fn promotes(&self) -> bool {
        self.is_promotional || self.purpose == Purpose::Promotion
    }
}

/// Who speaks for the Page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// A person of the staff.
    Human(AgentId),
    /// A person of the staff who sends what a model drafted.
    AiAssistedHuman(AgentId),
    /// A program that converses.
    Bot,
    /// A rule or a business event that triggers a message.
    Automation,
    /// One message to many.
    Broadcast,
}

impl Actor {
    /// Whether a person decided to send this, word for word.
    pub const fn is_human(&self) -> bool {
        match self {
            Self::Human(_) | Self::AiAssistedHuman(_) => true,
            Self::Bot | Self::Automation | Self::Broadcast => false,
        }
    }

    /// Whether it answers somebody, rather than writing by itself.
    pub const fn converses(&self) -> bool {
        match self {
            Self::Human(_) | Self::AiAssistedHuman(_) | Self::Bot => true,
            Self::Automation | Self::Broadcast => false,
        }
    }
}

/// Why something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// An answer to what the person asked, or part of that conversation.
    Conversation,
    /// Advertising, offers, anything meant to sell.
    Promotion,
    /// A reminder or a change of an event that the person booked.
    ConfirmedEvent,
    /// News of an order that the person placed.
    PostPurchase,
    /// Something changed in the person's account, or looks like fraud.
    AccountUpdate,
    /// A question about how the person was served.
    CustomerFeedback,
}

impl Purpose {
    /// Every purpose there is.
    pub const ALL: [Self; 6] = [
        Self::Conversation,
        Self::Promotion,
        Self::ConfirmedEvent,
        Self::PostPurchase,
        Self::AccountUpdate,
        Self::CustomerFeedback,
    ];

    /// The purpose's name, in packs and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Promotion => "promotion",
            Self::ConfirmedEvent => "confirmed_event_update",
            Self::PostPurchase => "post_purchase_update",
            Self::AccountUpdate => "account_update",
            Self::CustomerFeedback => "customer_feedback",
        }
    }

    /// The purpose with this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// What a message is about, in the caller's own books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reference {
    /// An event that the person booked.
    Event(String),
    /// An order that the person placed.
    Order(String),
}

impl Reference {
    /// What sort of thing is named.
    pub const fn kind(&self) -> ReferenceKind {
        match self {
            Self::Event(_) => ReferenceKind::Event,
            Self::Order(_) => ReferenceKind::Order,
        }
    }
}

/// What sort of thing a message can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ReferenceKind {
    /// An event that the person booked.
    Event,
    /// An order that the person placed.
    Order,
}

impl ReferenceKind {
    /// The name, in packs and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Order => "order",
        }
    }
}

/// What kind of thing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentKind {
    /// Text, attachments, or a template that needs no leave of its own.
    Message,
    /// The platform's template for feedback.
    FeedbackTemplate,
    /// A utility template that the platform approved.
    UtilityTemplate {
        /// Its name.
        name: String,
        /// Its language, such as `de`.
        language: String,
    },
    /// Asks the person whether they want one message about something.
    OneTimeRequest {
        /// What they would hear of.
        title: String,
    },
    /// Asks the person whether they want messages again and again.
    RecurringRequest {
        /// What they would hear of.
        title: String,
    },
}

impl ContentKind {
    /// What is asked for, when it is a request to agree to something.
    pub fn ask(&self) -> Option<&str> {
        match self {
            Self::OneTimeRequest { title } | Self::RecurringRequest { title } => Some(title),
            Self::Message | Self::FeedbackTemplate | Self::UtilityTemplate { .. } => None,
        }
    }
}

/// How the recipient is addressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum To {
    /// As a person whose conversation it is, by PSID or by the reference of an opt-in.
    Person,
    /// As the holder of a right that they gave; the window is used instead while it is open.
    Right(Right),
    /// As whoever wrote a comment.
    Comment(CommentId),
    /// By a phone number.
    Phone,
    /// As a group that the Page is in.
    Group,
}
