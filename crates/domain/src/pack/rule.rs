//! Rules, by the ids under which callers, operators and stored decisions know them.

use serde::{Deserialize, Serialize};

/// Makes the enum of rules: each with its id and whether its word is a refusal.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $id:literal, $word:ident;)+) => {
        /// A rule, by the id under which callers, operators and stored decisions know it. Ids are never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$doc])* $rule,)+
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &[Self] = &[$(Self::$rule),+];

            /// The rule's id.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$rule => $id,)+
                }
            }

            /// Whether the rule's word is a refusal.
            pub const fn forbids(self) -> bool {
                match self {
                    $(Self::$rule => rules!(@$word),)+
                }
            }
        }
    };
    (@allows) => { false };
    (@forbids) => { true };
}

rules! {
    /// The standard window is open.
    WindowOpen = "WINDOW_OPEN", allows;
    /// The standard window is closed.
    WindowClosed = "WINDOW_CLOSED", forbids;
    /// The person never opened a conversation.
    NoUserInitiation = "NO_USER_INITIATION", forbids;
    /// The staff may still answer.
    HumanAgentOpen = "HUMAN_AGENT_OPEN", allows;
    /// The staff may not answer any more.
    HumanAgentClosed = "HUMAN_AGENT_CLOSED", forbids;
    /// Not a person of the staff.
    ActorNotHuman = "ACTOR_NOT_HUMAN", forbids;
    /// Promotion needs the standard window.
    PromotionOutsideWindow = "PROMOTION_OUTSIDE_WINDOW", forbids;
    /// The person was erased and has not written since.
    RecipientSuppressed = "RECIPIENT_SUPPRESSED", forbids;
    /// The Page has not been given the human-agent feature, or there is none.
    HumanAgentNotGranted = "HUMAN_AGENT_NOT_GRANTED", forbids;
    /// The Page's messaging is switched off.
    MessagingDisabled = "MESSAGING_DISABLED", forbids;
    /// The platform forbids the Page to write.
    PageRestricted = "PAGE_RESTRICTED", forbids;
    /// The person cannot be reached: blocked the Page, or is gone.
    RecipientUnavailable = "RECIPIENT_UNAVAILABLE", forbids;
    /// The person asked for no more messages.
    OptedOut = "OPTED_OUT", forbids;
    /// Another app speaks in this thread.
    ThreadNotOurs = "THREAD_NOT_OURS", forbids;
    /// A tag permits it.
    TagPermits = "TAG_PERMITS", allows;
    /// The tag for this purpose is not there, or not any more.
    TagRetired = "TAG_RETIRED", forbids;
    /// The tag has to be granted to the Page.
    TagNotGranted = "TAG_NOT_GRANTED", forbids;
    /// The purpose needs a reference that is not named.
    ReferenceMissing = "REFERENCE_MISSING", forbids;
    /// What comes again and again is not permitted by this way.
    RecurringContent = "RECURRING_CONTENT", forbids;
    /// The tag carries a template of its own only.
    TemplateRequired = "TEMPLATE_REQUIRED", forbids;
    /// The time that the tag gives after the person's last message is over.
    TagTooLate = "TAG_TOO_LATE", forbids;
    /// A one-time token permits one message.
    OneTimeToken = "ONE_TIME_TOKEN", allows;
    /// There are no one-time notifications.
    OneTimeClosed = "ONE_TIME_CLOSED", forbids;
    /// A token for repeated messages permits it.
    RecurringToken = "RECURRING_TOKEN", allows;
    /// There are no recurring notifications, or not any more.
    RecurringEnded = "RECURRING_ENDED", forbids;
    /// A marketing token permits it.
    MarketingToken = "MARKETING_TOKEN", allows;
    /// There are no marketing messages.
    MarketingClosed = "MARKETING_CLOSED", forbids;
    /// The Page has no such token.
    TokenUnknown = "TOKEN_UNKNOWN", forbids;
    /// The token was used.
    TokenSpent = "TOKEN_SPENT", forbids;
    /// Another send holds the token.
    TokenReserved = "TOKEN_RESERVED", forbids;
    /// The token's time is over.
    TokenExpired = "TOKEN_EXPIRED", forbids;
    /// The token was used a short time ago.
    TokenCooldown = "TOKEN_COOLDOWN", forbids;
    /// The person stopped what the token was for.
    TokenStopped = "TOKEN_STOPPED", forbids;
    /// The person agreed to something else.
    TokenTopicMismatch = "TOKEN_TOPIC_MISMATCH", forbids;
    /// An approved template permits it.
    UtilityTemplate = "UTILITY_TEMPLATE", allows;
    /// There are no utility templates.
    UtilityClosed = "UTILITY_CLOSED", forbids;
    /// The template was not approved.
    TemplateNotApproved = "TEMPLATE_NOT_APPROVED", forbids;
    /// A template must not promote.
    PromotionInTemplate = "PROMOTION_IN_TEMPLATE", forbids;
    /// A comment may be answered in private.
    PrivateReplyOpen = "PRIVATE_REPLY_OPEN", allows;
    /// There are no private replies.
    PrivateReplyClosed = "PRIVATE_REPLY_CLOSED", forbids;
    /// The comment was answered in private before.
    PrivateReplySpent = "PRIVATE_REPLY_SPENT", forbids;
    /// Another send holds the right to answer the comment.
    PrivateReplyReserved = "PRIVATE_REPLY_RESERVED", forbids;
    /// The comment is too old.
    PrivateReplyExpired = "PRIVATE_REPLY_EXPIRED", forbids;
    /// There is no such comment, or it was taken away.
    CommentUnknown = "COMMENT_UNKNOWN", forbids;
    /// An ad in the thread permits it.
    SponsoredOpen = "SPONSORED_OPEN", allows;
    /// There are no sponsored messages, or not any more.
    SponsoredEnded = "SPONSORED_ENDED", forbids;
    /// A phone number that the person gave permits it.
    CustomerMatched = "CUSTOMER_MATCHED", allows;
    /// Nobody can be written to by phone number.
    CustomerMatchingClosed = "CUSTOMER_MATCHING_CLOSED", forbids;
    /// The group that the Page is in may be answered.
    GroupChatOpen = "GROUP_CHAT_OPEN", allows;
    /// The Page cannot take part in groups.
    GroupChatClosed = "GROUP_CHAT_CLOSED", forbids;
    /// An opt-in may be asked for inside the window only.
    OptInOutsideWindow = "OPT_IN_OUTSIDE_WINDOW", forbids;
    /// The same was asked a short time ago.
    OptInTooSoon = "OPT_IN_TOO_SOON", forbids;
    /// The request's title is too long.
    TitleTooLong = "TITLE_TOO_LONG", forbids;
    /// The person agreed to the same before, and has not stopped it.
    OptInGiven = "OPT_IN_GIVEN", forbids;
    /// The person was written to often enough.
    FrequencyCap = "FREQUENCY_CAP", forbids;
}

impl Rule {
    /// The rule with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_found_by_its_id_and_no_two_share_one() {
        let ids: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert_eq!(Rule::from_id(rule.id()), Some(*rule));
        }
    }
}
