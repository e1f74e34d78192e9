//! Actions of people that can open a window.

use crate::event::{InboundKind, LeadEnd, Message, OptIn, ReactionAction, Referral};
use serde::{Deserialize, Serialize};

/// An action of a person that can open a window. Which of them do is the pack's word, not the fold's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Opening {
    /// Wrote a message.
    Message,
    /// Tapped a button.
    Postback,
    /// Came into an existing thread by an m.me link.
    Link,
    /// Reacted to a message.
    Reaction,
    /// Agreed on a site, by "Send to Messenger" or by a box, to be written to.
    OptIn,
    /// Answered every question of an ad's automatic conversation.
    Lead,
    /// Wrote the message by which they came in from an ad. It is a message as well.
    AdMessage,
}

impl Opening {
    /// Every action there is.
    pub const ALL: [Self; 7] =
        [Self::Message, Self::Postback, Self::Link, Self::Reaction, Self::OptIn, Self::Lead, Self::AdMessage];

    /// The action's name in rule packs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Postback => "postback",
            Self::Link => "link",
            Self::Reaction => "reaction",
            Self::OptIn => "opt_in",
            Self::Lead => "lead",
            Self::AdMessage => "ad_message",
        }
    }

    /// The action that a fact tells of, if it tells of one.
    pub fn of(kind: &InboundKind) -> Option<Self> {
        match kind {
            InboundKind::Message(message) => Self::of_message(message),
            InboundKind::Postback(_) => Some(Self::Postback),
            InboundKind::Referral(referral) => Self::of_referral(referral),
            InboundKind::Reaction(reaction) => match reaction.action {
                ReactionAction::React => Some(Self::Reaction),
                ReactionAction::Unreact => None,
            },
            InboundKind::OptIn(opt_in) => match opt_in {
                OptIn::Plugin { .. } | OptIn::Checkbox { .. } => Some(Self::OptIn),
                // These give a right of their own, and no window.
                OptIn::OneTime { .. } | OptIn::Notifications(_) => None,
            },
            InboundKind::Lead(lead) => Self::of_lead(lead.end),
            InboundKind::Echo(_)
            | InboundKind::Delivered { .. }
            | InboundKind::Read { .. }
            | InboundKind::Unsent(_)
            | InboundKind::Edit(_)
            | InboundKind::AccountLink(_)
            | InboundKind::ThreadControl(_)
            | InboundKind::AppRoles(_)
            | InboundKind::PolicyEnforcement(_)
            | InboundKind::ResponseFeedback(_)
            | InboundKind::CustomerFeedback(_)
            | InboundKind::CustomerInformation(_)
            | InboundKind::Order(_)
            | InboundKind::Form(_)
            | InboundKind::GamePlay(_)
            | InboundKind::Coupon(_)
            | InboundKind::RequestAccepted
            // A comment or a post gives the right to one private reply, and no window.
            | InboundKind::Comment(_)
            | InboundKind::Feed(_)
            | InboundKind::InboxLabel(_)
            | InboundKind::Marketing(_)
            | InboundKind::SubscriberUpload(_)
            | InboundKind::TemplateStatus(_)
            | InboundKind::Unrecognized(_) => None,
        }
    }

    /// Every action that a fact tells of: a message that came in from an ad is two.
    pub fn all_of(kind: &InboundKind) -> impl Iterator<Item = Self> {
        let opening = Self::of(kind);
        let from_ad = opening == Some(Self::Message) && kind.message().is_some_and(Message::is_from_ad);
        opening.into_iter().chain(from_ad.then_some(Self::AdMessage))
    }

    /// The summary of an ad's conversation comes as a message that the person never wrote.
    fn of_message(message: &Message) -> Option<Self> {
        match message.hop_context.as_ref().and_then(|context| context.summary()) {
            None => Some(Self::Message),
            Some(end) => Self::of_lead(end),
        }
    }

    /// An ad's click opens nothing by itself; the message that follows does.
    fn of_referral(referral: &Referral) -> Option<Self> {
        if referral.source == "SHORTLINK" {
            return Some(Self::Link);
        }
        LeadEnd::parse(&referral.kind).and_then(Self::of_lead)
    }

    /// An unfinished one is told of when the platform gave up waiting, which may be long after the last answer.
    const fn of_lead(end: LeadEnd) -> Option<Self> {
        match end {
            LeadEnd::Complete => Some(Self::Lead),
            LeadEnd::Incomplete => None,
        }
    }
}
