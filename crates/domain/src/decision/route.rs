//! The ways a message can take through the platform.

use serde::{Deserialize, Serialize};

/// The way a message takes through the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Route {
    /// Inside the standard window, as an answer: `messaging_type` `RESPONSE`.
    Response,
    /// By the tag `HUMAN_AGENT`.
    HumanAgent,
    /// Inside the standard window, unasked: `messaging_type` `UPDATE`.
    Update,
    /// By a tag for its purpose.
    Tag(Tag),
    /// By a right to one message.
    OneTime,
    /// By a right to repeated messages.
    Recurring,
    /// By the same right, paid.
    Marketing,
    /// By a template that the platform approved.
    Utility,
    /// As the one private answer to a comment.
    PrivateReply,
    /// As an ad in the thread, paid.
    Sponsored,
    /// By a phone number.
    CustomerMatching,
    /// In a group.
    GroupChat,
}

impl Route {
    /// Every route there is.
    pub const ALL: [Self; 15] = [
        Self::Response,
        Self::HumanAgent,
        Self::Update,
        Self::Tag(Tag::ConfirmedEventUpdate),
        Self::Tag(Tag::PostPurchaseUpdate),
        Self::Tag(Tag::AccountUpdate),
        Self::Tag(Tag::CustomerFeedback),
        Self::OneTime,
        Self::Recurring,
        Self::Marketing,
        Self::Utility,
        Self::PrivateReply,
        Self::Sponsored,
        Self::CustomerMatching,
        Self::GroupChat,
    ];

    /// The route's name, for pages and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "RESPONSE",
            Self::HumanAgent => "HUMAN_AGENT",
            Self::Update => "UPDATE",
            Self::Tag(tag) => tag.as_str(),
            Self::OneTime => "ONE_TIME",
            Self::Recurring => "RECURRING",
            Self::Marketing => "MARKETING",
            Self::Utility => "UTILITY",
            Self::PrivateReply => "PRIVATE_REPLY",
            Self::Sponsored => "SPONSORED",
            Self::CustomerMatching => "CUSTOMER_MATCHING",
            Self::GroupChat => "GROUP_CHAT",
        }
    }
}

/// A tag under which the platform lets a message out after the window, for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tag {
    /// Reminders and changes of a booked event.
    ConfirmedEventUpdate,
    /// News of an order.
    PostPurchaseUpdate,
    /// Changes of an account, and alerts of fraud.
    AccountUpdate,
    /// A feedback form.
    CustomerFeedback,
}

impl Tag {
    /// Every tag there is, but the staff's own.
    pub const ALL: [Self; 4] =
        [Self::ConfirmedEventUpdate, Self::PostPurchaseUpdate, Self::AccountUpdate, Self::CustomerFeedback];

    /// The tag, as the platform writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmedEventUpdate => "CONFIRMED_EVENT_UPDATE",
            Self::PostPurchaseUpdate => "POST_PURCHASE_UPDATE",
            Self::AccountUpdate => "ACCOUNT_UPDATE",
            Self::CustomerFeedback => "CUSTOMER_FEEDBACK",
        }
    }

    /// The tag that the platform writes so.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.as_str() == word)
    }
}

/// A way that has to be opened for a Page, by the platform or by the Page's owner. A pack says which are open for every
/// Page that nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// People of the staff may answer after the window.
    HumanAgent,
    /// One-time notifications.
    OneTime,
    /// Recurring notifications.
    Recurring,
    /// Recurring notifications after their end, where the platform still serves them.
    RecurringException,
    /// Marketing messages.
    Marketing,
    /// Utility templates.
    Utility,
    /// Private replies to comments.
    PrivateReply,
    /// Ads in threads.
    Sponsored,
    /// Writing by phone number.
    CustomerMatching,
    /// Taking part in groups.
    GroupChat,
    /// A chat window on a site of the Page's owner.
    ChatWidget,
    /// The tag for feedback forms.
    CustomerFeedback,
}

impl Capability {
    /// Every capability there is.
    pub const ALL: [Self; 12] = [
        Self::HumanAgent,
        Self::OneTime,
        Self::Recurring,
        Self::RecurringException,
        Self::Marketing,
        Self::Utility,
        Self::PrivateReply,
        Self::Sponsored,
        Self::CustomerMatching,
        Self::GroupChat,
        Self::ChatWidget,
        Self::CustomerFeedback,
    ];

    /// The capability's name, in packs, in the log and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HumanAgent => "human_agent",
            Self::OneTime => "one_time",
            Self::Recurring => "recurring",
            Self::RecurringException => "recurring_exception",
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::PrivateReply => "private_reply",
            Self::Sponsored => "sponsored",
            Self::CustomerMatching => "customer_matching",
            Self::GroupChat => "group_chat",
            Self::ChatWidget => "chat_widget",
            Self::CustomerFeedback => "customer_feedback",
        }
    }

    /// The capability with this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.as_str() == word)
    }
}
