//! The shapes on the wire, as far as they are read. Keys that are not named here are skipped.

use crate::json::{Id, Object, Words};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) object: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) entry: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) time: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) messaging: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) standby: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) changes: Option<&'a RawValue>,
}

/// Who and when: what must be known of an event before its kind.
#[derive(Deserialize)]
pub(super) struct Ends<'a> {
    #[serde(borrow)]
    pub(super) sender: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) recipient: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) optin: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
pub(super) struct Party<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) user_ref: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Flags {
    pub(super) is_echo: Option<bool>,
}

/// The keys by which an event's kind is known.
#[derive(Deserialize)]
pub(super) struct Kinds {
    pub(super) message: Option<Object<Message>>,
    pub(super) delivery: Option<Object<Delivery>>,
    pub(super) read: Option<Object<Read>>,
    pub(super) postback: Option<Object<Postback>>,
    pub(super) referral: Option<Object<Referral>>,
    /// Kinds that are kept whole, also where they stand beside one that is read.
    #[serde(
        rename = "message_edit",
        alias = "reaction",
        alias = "optin",
        alias = "account_linking",
        alias = "pass_thread_control",
        alias = "take_thread_control",
        alias = "request_thread_control",
        alias = "app_roles",
        alias = "policy_enforcement",
        alias = "policy-enforcement",
        alias = "game_play",
        alias = "response_feedback",
        alias = "messaging_feedback",
        alias = "messaging_customer_information",
        alias = "order",
        alias = "form",
        alias = "template",
        alias = "lead",
        alias = "message_request"
    )]
    pub(super) other: Option<IgnoredAny>,
}

/// A message of either side. `is_echo` tells them apart.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) mid: Option<Id>,
    pub(super) text: Option<Words>,
    pub(super) quick_reply: Option<Object<QuickReply>>,
    pub(super) reply_to: Option<Object<ReplyTo>>,
    pub(super) attachments: Option<Vec<Object<Attachment>>>,
    pub(super) referral: Option<Object<Referral>>,
    pub(super) is_echo: Option<bool>,
    pub(super) is_deleted: Option<bool>,
    pub(super) is_unsupported: Option<bool>,
    pub(super) app_id: Option<Id>,
    pub(super) metadata: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct QuickReply {
    pub(super) payload: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ReplyTo {
    pub(super) mid: Option<Id>,
}

#[derive(Deserialize)]
pub(super) struct Attachment {
    pub(super) r#type: Option<String>,
    pub(super) payload: Option<Object<Payload>>,
    /// Echoes have these two beside the type instead of in the payload.
    pub(super) title: Option<Words>,
    pub(super) url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) title: Option<Words>,
    pub(super) url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Delivery {
    pub(super) watermark: Option<Box<RawValue>>,
    pub(super) mids: Option<Vec<Box<RawValue>>>,
}

#[derive(Deserialize)]
pub(super) struct Read {
    pub(super) watermark: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct Postback {
    pub(super) mid: Option<Id>,
    pub(super) title: Option<Words>,
    pub(super) payload: Option<String>,
    pub(super) referral: Option<Object<Referral>>,
}

#[derive(Deserialize)]
pub(super) struct Referral {
    pub(super) source: Option<String>,
    pub(super) r#type: Option<String>,
    pub(super) r#ref: Option<Id>,
    pub(super) ad_id: Option<Id>,
}
