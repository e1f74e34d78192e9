//! The rows of the recorder. Debug output leaves out people and texts.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::faults::FaultKind;

/// A message that took place.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SendRow {
    /// Its place among all messages that took place, from 1; left out of a downloaded recording.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seq: u64,
    /// Its place among all records of the person.
    pub n: u32,
    /// The sending Page.
    pub page: String,
    /// To whom.
    pub psid: String,
    /// Which app sent it.
    pub app: String,
    /// The message's id.
    pub mid: String,
    /// The text, if it had one.
    pub text: Option<String>,
    /// The metadata, if it was set.
    pub metadata: Option<String>,
    /// The whole message, if it was more than text and metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// `RESPONSE`, `UPDATE`, `MESSAGE_TAG` or `UTILITY`.
    pub messaging_type: String,
    /// The tag, if one was used.
    pub tag: Option<String>,
    /// The persona, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// How the person was named: `id`, `user_ref`, `comment_id`, `post_id` or the kind of token.
    pub recipient: String,
    /// When it took place, by the simulator's clock, in ms since 1970.
    pub at_ms: i64,
    /// The fault that hit its answer or its echo.
    pub fault: Option<FaultKind>,
}

/// A Graph API call that arrived, with what was answered.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Its place among all calls, from 1; left out of a downloaded recording.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seq: u64,
    /// Its place among all records of the person, else of the Page.
    pub n: u32,
    /// When it was judged, by the simulator's clock, in ms since 1970.
    pub at_ms: i64,
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// What was called: the path's last word, or the kind of object it names.
    pub endpoint: String,
    /// The Page whose token it showed, if any.
    pub page: Option<String>,
    /// The app whose token it showed, if any.
    pub app: Option<String>,
    /// The person it named, if any.
    pub psid: Option<String>,
    /// The HTTP status answered; none if the answer was withheld.
    pub http_status: Option<u16>,
    /// The error code answered; none for success and for a withheld answer.
    pub code: Option<u32>,
    /// The error subcode answered.
    pub subcode: Option<u32>,
    /// The message that took place, if one did.
    pub mid: Option<String>,
    /// The sender action that was asked for, if one was: `typing_on`, `react` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The fault that hit it.
    pub fault: Option<FaultKind>,
}

/// A webhook: one event on its way to one app.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Its place among all webhooks, from 1; left out of a downloaded recording.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seq: u64,
    /// Its place among all records of the person, else of the Page.
    pub n: u32,
    /// When the event happened at the simulator, in ms since 1970.
    pub at_ms: i64,
    /// The Page it concerns.
    pub page: String,
    /// The person it concerns; empty for what concerns the Page.
    pub psid: String,
    /// The app it goes to; none if nobody was subscribed.
    pub app: Option<String>,
    /// The subscription field.
    pub field: String,
    /// `message`, `echo`, `delivery`, `read`, `postback`, `referral` and so on.
    pub kind: String,
    /// Whether it goes to an app that does not own the thread.
    pub standby: bool,
    /// The message it concerns, if one.
    pub mid: Option<String>,
    /// How far it has come.
    pub status: WebhookStatus,
    /// The HTTP status of the last attempt; none if no answer came.
    pub http_status: Option<u16>,
    /// Attempts made.
    pub attempts: u32,
    /// When it was settled, by the simulator's clock.
    pub settled_ms: Option<i64>,
    /// Whether this is a repetition on command of one already delivered.
    pub is_copy: bool,
    /// The fault that hit it.
    pub fault: Option<FaultKind>,
    /// The event as it goes over the wire.
    #[serde(default)]
    pub event: Option<EventJson>,
}

/// An event's JSON, byte for byte as it goes over the wire.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventJson(Box<RawValue>);

impl EventJson {
    /// The bytes; nothing if they are no JSON.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8(bytes.to_vec()).ok()?;
        RawValue::from_string(text).ok().map(Self)
    }

    /// The JSON.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for EventJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for EventJson {}

/// How far a webhook has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// Waiting, under way, or to be tried again.
    Pending,
    /// Answered 200.
    Delivered,
    /// Given up after the last attempt, or because the app was unsubscribed.
    Failed,
    /// Nobody was subscribed when it happened.
    NoSubscriber,
}

/// Something that Meta would write to the app's developers about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRow {
    /// When, by the simulator's clock, in ms since 1970.
    pub at_ms: i64,
    /// The Page.
    pub page: String,
    /// The app.
    pub app: String,
    /// `webhooks_failing` after 15 minutes, `webhooks_disabled` after an hour.
    pub alert: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl fmt::Debug for SendRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SendRow")
            .field("seq", &self.seq)
            .field("page", &self.page)
            .field("mid", &self.mid)
            .field("messaging_type", &self.messaging_type)
            .field("tag", &self.tag)
            .field("at_ms", &self.at_ms)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CallRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallRow")
            .field("seq", &self.seq)
            .field("at_ms", &self.at_ms)
            .field("endpoint", &self.endpoint)
            .field("page", &self.page)
            .field("http_status", &self.http_status)
            .field("code", &self.code)
            .field("subcode", &self.subcode)
            .field("mid", &self.mid)
            .field("action", &self.action)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebhookRow")
            .field("seq", &self.seq)
            .field("at_ms", &self.at_ms)
            .field("page", &self.page)
            .field("kind", &self.kind)
            .field("mid", &self.mid)
            .field("status", &self.status)
            .field("http_status", &self.http_status)
            .field("attempts", &self.attempts)
            .field("is_copy", &self.is_copy)
            .finish_non_exhaustive()
    }
}
