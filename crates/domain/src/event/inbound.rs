//! Facts that the platform delivers in webhooks.

mod arrival;
mod change;
mod consent;
mod control;
mod filled;
mod message;
mod word;

pub use arrival::{AdsContext, Coupon, HopContext, Lead, LeadAnswer, LeadEnd, Postback, Referral};
pub use change::{Author, Comment, CommentVerb, FeedChange, InboxLabel};
pub use change::{MarketingMessage, MarketingStep, SubscriberUpload, TemplateStatus};
pub use consent::{AccountLink, NotificationChange, Notifications, OptIn, TokenStatus};
pub use control::{AppRoles, ControlStep, PolicyAction, PolicyEnforcement, ThreadControl};
pub use filled::{CustomerFeedback, CustomerInformation, FeedbackAnswer, FeedbackScreen, FollowUp};
pub use filled::{GamePlay, InformationScreen, Order, OrderedProduct};
pub use message::{Attachment, Booking, Echo, Edit, Entity, Message, PriorMessage, Product};
pub use message::{Reaction, ReactionAction, ResponseFeedback, Side, Thumb, Unsent};

use crate::id::{FactId, Mid, PageId, Psid};
use crate::time::{Timestamp, effective, is_ahead};
use std::fmt;

/// One fact from a webhook. The same fact may come any number of times, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// Equal for every delivery of the same fact.
    pub fact: FactId,
    /// The Page it concerns.
    pub page: PageId,
    /// The person it concerns, where there is one and the PSID is known.
    pub person: Option<Psid>,
    /// When it happened, by the platform's clock; when it names no time, the time of the entry it came in.
    pub stated_at: Timestamp,
    /// When we received this delivery.
    pub received_at: Timestamp,
    /// Whether it came to us as the thread's owner or as a bystander (`standby`).
    pub standby: bool,
    /// What happened.
    pub kind: InboundKind,
}

impl Inbound {
    /// The time by which the rules count this fact.
    pub fn at(&self) -> Timestamp {
        effective(self.stated_at, self.received_at)
    }

    /// Whether the stated time lay too far ahead of ours to be believed, so that the time of receipt counts.
    pub fn is_clamped(&self) -> bool {
        is_ahead(self.stated_at, self.received_at)
    }
}

/// What happened on the platform.
#[derive(Clone, Debug, PartialEq)]
pub enum InboundKind {
    /// The person wrote.
    Message(Message),
    /// The Page wrote: we, another app, or a person in the Page's inbox.
    Echo(Echo),
    /// Every message of the Page up to `watermark` has reached the person; `mids` names some of them.
    Delivered {
        /// Messages sent at or before this moment were delivered.
        watermark: Timestamp,
        /// Messages that the platform names; often none.
        mids: Vec<Mid>,
    },
    /// The person has read every message of the Page up to `watermark`.
    Read {
        /// Messages sent at or before this moment were read.
        watermark: Timestamp,
    },
    /// The person tapped a button, or Get Started.
    Postback(Postback),
    /// The person came into an existing thread by a link or an ad.
    Referral(Referral),
    /// A message was taken back.
    Unsent(Unsent),
    /// The person changed a message.
    Edit(Edit),
    /// The person reacted to a message, or took that back.
    Reaction(Reaction),
    /// The person agreed to something.
    OptIn(OptIn),
    /// The person's account was linked, or the link undone.
    AccountLink(AccountLink),
    /// Control over the thread changed hands, or was asked for.
    ThreadControl(ThreadControl),
    /// The apps' parts in the routing of the Page's threads.
    AppRoles(Vec<AppRoles>),
    /// The platform holds the Page to its policy.
    PolicyEnforcement(PolicyEnforcement),
    /// The person judged a message of the Page.
    ResponseFeedback(ResponseFeedback),
    /// The person filled in a feedback form.
    CustomerFeedback(CustomerFeedback),
    /// The person filled in a form about themselves.
    CustomerInformation(CustomerInformation),
    /// The person sent a cart.
    Order(Order),
    /// The person filled in the form of this id.
    Form(String),
    /// The person finished a game.
    GamePlay(GamePlay),
    /// An ad's automatic conversation ended.
    Lead(Lead),
    /// The person uncovered a coupon.
    Coupon(Coupon),
    /// The person, found by a phone number, accepted the Page's message.
    RequestAccepted,
    /// Something was done with a comment on a post.
    Comment(Comment),
    /// Something else was done on the Page's timeline.
    Feed(FeedChange),
    /// A label was given to the person or taken away.
    InboxLabel(InboxLabel),
    /// Something became of a paid message.
    Marketing(MarketingMessage),
    /// The upload of subscribers went on.
    SubscriberUpload(SubscriberUpload),
    /// The review of a template said something.
    TemplateStatus(TemplateStatus),
    /// A kind that this version does not know, kept whole so that a later one can read it.
    Unrecognized(Unrecognized),
}

impl InboundKind {
    /// The kind's name, for logs, metrics and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Echo(_) => "echo",
            Self::Delivered { .. } => "delivery",
            Self::Read { .. } => "read",
            Self::Postback(_) => "postback",
            Self::Referral(_) => "referral",
            Self::Unsent(_) => "unsent",
            Self::Edit(_) => "edit",
            Self::Reaction(_) => "reaction",
            Self::OptIn(_) => "opt_in",
            Self::AccountLink(_) => "account_link",
            Self::ThreadControl(_) => "thread_control",
            Self::AppRoles(_) => "app_roles",
            Self::PolicyEnforcement(_) => "policy_enforcement",
            Self::ResponseFeedback(_) => "response_feedback",
            Self::CustomerFeedback(_) => "customer_feedback",
            Self::CustomerInformation(_) => "customer_information",
            Self::Order(_) => "order",
            Self::Form(_) => "form",
            Self::GamePlay(_) => "game_play",
            Self::Lead(_) => "lead",
            Self::Coupon(_) => "coupon",
            Self::RequestAccepted => "request_accepted",
            Self::Comment(_) => "comment",
            Self::Feed(_) => "feed",
            Self::InboxLabel(_) => "inbox_label",
            Self::Marketing(_) => "marketing_message",
            Self::SubscriberUpload(_) => "subscriber_upload",
            Self::TemplateStatus(_) => "template_status",
            Self::Unrecognized(_) => "unrecognized",
        }
    }

    /// The echo, if it is one: of all that comes in, it alone says something of our own sends.
    pub const fn echo(&self) -> Option<&Echo> {
        if let Self::Echo(echo) = self { Some(echo) } else { None }
    }

    /// What the person agreed to, if it is that.
    pub const fn opt_in(&self) -> Option<&OptIn> {
        if let Self::OptIn(opt_in) = self { Some(opt_in) } else { None }
    }

    /// What was done with a comment, if it is that.
    pub const fn comment(&self) -> Option<&Comment> {
        if let Self::Comment(comment) = self { Some(comment) } else { None }
    }

    /// The message, if the person wrote one.
    pub const fn message(&self) -> Option<&Message> {
        if let Self::Message(message) = self { Some(message) } else { None }
    }
}

/// Something this version has no name for.
#[derive(Clone, PartialEq)]
pub struct Unrecognized {
    /// Which array of the entry it came from: `messaging`, `standby`, or the field of a change.
    pub field: String,
    /// The JSON exactly as it was received. Personal data, and it may hold tokens.
    pub raw: String,
}

impl fmt::Debug for Unrecognized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unrecognized({}, {} bytes)", self.field, self.raw.len())
    }
}

/// A whole body that was signed rightly and could not be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantined {
    /// Equal for every delivery of the same bytes.
    pub fact: FactId,
    /// When we received it.
    pub received_at: Timestamp,
    /// Why it could not be understood, without a word of its content.
    pub reason: String,
    /// The bytes as they came.
    pub body: Vec<u8>,
}
