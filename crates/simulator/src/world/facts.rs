//! Dates and numbers that no rule pack states, each with the page it comes from; those for tests alone, packs state too.
//! `MPP` is the Messenger Platform's documentation at
//! developers.facebook.com/documentation/business-messaging/messenger-platform.

pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// 27 April 2026: from here on three tags are answered with error 100 (MPP changelog).
#[cfg(test)]
pub(crate) const TAGS_RETIRED_AT_MS: i64 = 1_777_248_000_000;
/// 10 February 2026: recurring notifications end (MPP changelog).
#[cfg(test)]
pub(crate) const RECURRING_ENDED_AT_MS: i64 = 1_770_681_600_000;
/// Where they go on, as the paid product is not offered there (secondary sources; unverified).
pub(crate) const RECURRING_KEPT_IN: [&str; 5] = ["AU", "EU", "JP", "KR", "UK"];
/// 1 September 2025: the pause between two recurring notifications grows (marketing-messages page).
#[cfg(test)]
pub(crate) const LONGER_PAUSE_AT_MS: i64 = 1_756_684_800_000;
/// Recurring tokens live so long (older page: 6, 9 or 12 months; the longest here).
pub(crate) const NOTIFICATION_TOKEN_LIFE_MS: i64 = 365 * DAY;
/// After a notification, so many more may follow within so long, and so short (marketing-messages page).
pub(crate) const FOLLOW_UPS: (u8, i64, usize) = (2, 2 * MINUTE, 250);
/// One opt-in request per week, person and title (marketing-messages page).
pub(crate) const OPT_IN_PAUSE_MS: i64 = 7 * DAY;
/// A one-time token lives a year (one-time-notification page).
pub(crate) const ONE_TIME_TOKEN_LIFE_MS: i64 = 365 * DAY;
/// 28 September 2026: the first message after a click-to-Messenger ad may open up to 7 days (MPP policy page; scope
/// unverified).
#[cfg(test)]
pub(crate) const AD_WINDOW_FROM_MS: i64 = 1_790_553_600_000;
/// An uploaded attachment can be used so long (MPP send-messages/saving-assets).
pub(crate) const ATTACHMENT_LIFE_MS: i64 = 90 * DAY;
/// Largest image, and largest other file, in bytes (the same page).
pub(crate) const IMAGE_BYTES: usize = 8 << 20;
pub(crate) const FILE_BYTES: usize = 25 << 20;
/// Control of a thread ends so long after the last message of the person (MPP conversation-routing).
pub(crate) const CONTROL_MS: i64 = DAY;
/// Control can be extended so far; threads from ads further (the same page; changelog of 22 July 2025).
pub(crate) const LONGEST_CONTROL_MS: (i64, i64) = (7 * DAY, 30 * DAY);
/// `typing_on` shows so long (a client's comment; unverified).
pub(crate) const TYPING_MS: i64 = 20 * SECOND;
/// 30 August 2026: stickers come as `sticker` alone; before, since 1 June 2026, also as `image` (MPP changelog).
pub(crate) const STICKER_ALONE_AT_MS: i64 = 1_788_048_000_000;
pub(crate) const STICKER_KIND_AT_MS: i64 = 1_780_272_000_000;
/// The thumb, the one sticker any Page may send (MPP sticker-api).
pub(crate) const LIKE_STICKER: u64 = 369_239_263_222_822;
/// A person may edit a message so often (page of the field `message_edits`).
pub(crate) const MOST_EDITS: u8 = 5;
/// Only the newest messages of a thread can be read one by one (MPP conversations).
pub(crate) const READABLE_MESSAGES: usize = 20;
/// An account-linking token lives so long (MPP identity/account-linking).
pub(crate) const LINKING_TOKEN_MS: i64 = 5 * MINUTE;
/// The Page inbox as an app (MPP conversation-routing).
pub(crate) const INBOX_APP: &str = "263902037430900";

/// Longest text, in characters (Send API reference; the unit is unverified, code points here).
pub(crate) const TEXT_CHARS: usize = 2000;
/// Longest `metadata`, in characters (Send API reference).
pub(crate) const METADATA_CHARS: usize = 1000;
/// Longest payload of a button or quick reply (button and quick-reply pages).
pub(crate) const PAYLOAD_CHARS: usize = 1000;
/// Longest title of a button or quick reply (the same pages).
pub(crate) const TITLE_CHARS: usize = 20;
/// Most quick replies of one message (quick-replies page).
pub(crate) const QUICK_REPLIES: usize = 13;
/// Longest name of a persona (personas page).
pub(crate) const PERSONA_NAME_CHARS: usize = 50;
/// Longest `ref` of an m.me link (m.me page).
pub(crate) const REF_CHARS: usize = 2083;
/// Most requests in one batch (a pasted API response; the same constant in a public client).
pub(crate) const BATCH: usize = 50;

/// Every tag that a call may name, ever: the current two, the three that ended, and the news tag.
pub(crate) const TAGS: [&str; 6] = [
    "HUMAN_AGENT",
    "CUSTOMER_FEEDBACK",
    "CONFIRMED_EVENT_UPDATE",
    "ACCOUNT_UPDATE",
    "POST_PURCHASE_UPDATE",
    "NON_PROMOTIONAL_SUBSCRIPTION",
];

/// The subscription fields of a Page (Meta's Python SDK, June 2026).
pub(crate) const FIELDS: [&str; 45] = [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
    "message_context",
    "message_mention",
    "message_template_status_update",
    "messaging_account_linking",
    "messaging_appointments",
    "messaging_checkout_updates",
    "messaging_customer_information",
    "messaging_direct_sends",
    "messaging_fblogin_account_linking",
    "messaging_feedback",
    "messaging_game_plays",
    "messaging_handovers",
    "messaging_in_thread_lead_form_submit",
    "messaging_integrity",
    "messaging_optins",
    "messaging_optouts",
    "messaging_payments",
    "messaging_policy_enforcement",
    "messaging_postbacks",
    "messaging_pre_checkouts",
    "messaging_referrals",
    "response_feedback",
    "send_cart",
    "standby",
    "inbox_labels",
    "feed",
    "group_feed",
    "mention",
    "conversations",
    "business_integrity",
    "calls",
    "call_permission_reply",
    "call_settings_update",
    "marketing_message_echoes",
    "marketing_message_deliveries",
    "marketing_message_reads",
    "marketing_message_clicks",
    "marketing_message_delivery_failed",
    "marketing_messages_subscriber_upload_status",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::parse_utc;

    #[test]
    fn the_dates_are_the_ones_they_say() {
        for (text, at_ms) in [
            ("2026-04-27T00:00:00Z", TAGS_RETIRED_AT_MS),
            ("2026-02-10T00:00:00Z", RECURRING_ENDED_AT_MS),
            ("2025-09-01T00:00:00Z", LONGER_PAUSE_AT_MS),
            ("2026-09-28T00:00:00Z", AD_WINDOW_FROM_MS),
            ("2026-08-30T00:00:00Z", STICKER_ALONE_AT_MS),
            ("2026-06-01T00:00:00Z", STICKER_KIND_AT_MS),
        ] {
            assert_eq!(parse_utc(text), Some(at_ms), "{text}");
        }
    }
}
