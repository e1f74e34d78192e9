//! What happened, in order, for tests to read back. Debug output leaves out people and texts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::faults::FaultKind;

/// A message that took place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRow {
    /// Its place among all messages that took place, from 1.
    pub seq: u64,
    /// The sending Page.
    pub page: String,
    /// To whom.
    pub psid: String,
    /// The message's id.
    pub mid: String,
    /// The text, if it had one.
    pub text: Option<String>,
    /// The metadata, if it was set.
    pub metadata: Option<String>,
    /// `RESPONSE`, `UPDATE` or `MESSAGE_TAG`.
    pub messaging_type: String,
    /// The tag, if one was used.
    pub tag: Option<String>,
    /// When it took place, by the simulator's clock, in ms since 1970.
    pub at_ms: i64,
    /// The fault that hit its answer or its echo.
    pub fault: Option<FaultKind>,
}

/// A Send API call that arrived, with what was answered.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Its place among all calls, from 1.
    pub seq: u64,
    /// When it was judged, by the simulator's clock, in ms since 1970.
    pub at_ms: i64,
    /// The Page whose token it showed, if any.
    pub page: Option<String>,
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
    /// The fault that hit it.
    pub fault: Option<FaultKind>,
}

/// A webhook: one event on its way to the subscriber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Its place among all webhooks, from 1.
    pub seq: u64,
    /// When the event happened at the simulator, in ms since 1970.
    pub at_ms: i64,
    /// The Page it concerns.
    pub page: String,
    /// The person it concerns.
    pub psid: String,
    /// `message`, `echo`, `delivery`, `read`, `postback` or `referral`.
    pub kind: String,
    /// The message it concerns, if one.
    pub mid: Option<String>,
    /// How far it has come.
    pub status: WebhookStatus,
    /// The HTTP status of the last attempt; none if no answer came.
    pub http_status: Option<u16>,
    /// Attempts made.
    pub attempts: u32,
    /// Whether this is a repetition on command of one already delivered.
    pub is_copy: bool,
}

/// How far a webhook has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// Waiting, under way, or to be tried again.
    Pending,
    /// Answered 200.
    Delivered,
    /// Given up after the last attempt.
    Failed,
    /// Nobody was subscribed when it happened.
    NoSubscriber,
}

/// Messages and calls, in order.
#[derive(Default)]
pub(crate) struct Recorder {
    n_sends: u64,
    n_calls: u64,
    pub(crate) sends: Vec<SendRow>,
    pub(crate) calls: Vec<CallRow>,
}

impl Recorder {
    /// Keeps a message and numbers it.
    pub(crate) fn send(&mut self, mut row: SendRow) {
        self.n_sends += 1;
        row.seq = self.n_sends;
        self.sends.push(row);
    }

    /// Keeps a call and numbers it.
    pub(crate) fn call(&mut self, mut row: CallRow) {
        self.n_calls += 1;
        row.seq = self.n_calls;
        self.calls.push(row);
    }

    /// Forgets the rows; the numbering goes on.
    pub(crate) fn clear(&mut self) {
        self.sends.clear();
        self.calls.clear();
    }
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
            .field("page", &self.page)
            .field("http_status", &self.http_status)
            .field("code", &self.code)
            .field("subcode", &self.subcode)
            .field("mid", &self.mid)
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
