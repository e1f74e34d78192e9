//! The admin API's requests and answers, shared by its handlers and its client.

use serde::{Deserialize, Serialize};

use crate::faults::FaultKind;
use crate::platform::EchoTiming;

/// A Page to add, or a new token for one that is known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPage {
    pub(crate) id: String,
    pub(crate) access_token: String,
}

/// A person to add to a Page, or to change. A person who has only been added has not opened any window.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// The Page.
    pub page: String,
    /// The id; left out, one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psid: Option<String>,
    /// The name, for people who watch a demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the person reads every message at once.
    #[serde(default)]
    pub reads: bool,
}

/// The id of a person that was added.
#[derive(Serialize, Deserialize)]
pub(crate) struct AddedPerson {
    pub(crate) psid: String,
}

/// Whose people to list.
#[derive(Deserialize)]
pub(crate) struct OfPage {
    pub(crate) page: String,
}

/// A person as the Page knows them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// The id.
    pub psid: String,
    /// The name, if one was given.
    pub name: Option<String>,
    /// Whether the person reads every message at once.
    pub reads: bool,
    /// When the person last opened the standard window, in ms since 1970.
    pub last_opening_ms: Option<i64>,
    /// When the person last wrote, in ms since 1970.
    pub last_message_ms: Option<i64>,
}

/// A message of a person. At most one of the times; neither means now.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    pub(crate) page: String,
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ago_ms: Option<u64>,
}

/// A tapped button.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postback {
    /// The Page.
    pub page: String,
    /// The button's title.
    pub title: String,
    /// The button's payload.
    pub payload: String,
    /// The `ref` of the m.me link that led here, if one did.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// An opened m.me link.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenLink {
    pub(crate) page: String,
    #[serde(rename = "ref")]
    pub(crate) reference: String,
}

/// Everything up to now is read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadAll {
    pub(crate) page: String,
}

/// What a person's action left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// The message's id, if the action leaves a message.
    pub mid: Option<String>,
    /// The event's time, in ms since 1970.
    pub timestamp: i64,
}

/// How far to move the clock.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    pub(crate) ms: u64,
}

/// The simulator's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// Now, in ms since 1970.
    pub now_ms: i64,
    /// How far it is ahead of the machine's clock.
    pub offset_ms: i64,
}

/// Faults for the next messages.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inject {
    pub(crate) kind: FaultKind,
    pub(crate) count: u16,
}

/// When echoes leave, from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EchoSetting {
    /// Before or after the response, or never.
    pub timing: EchoTiming,
    /// How long after the send, if after the response. Left out, it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u32>,
}

/// A callback to verify and to send webhooks to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscribe {
    pub(crate) url: String,
    pub(crate) verify_token: String,
    /// Whether to go on in the background while nobody answers there.
    #[serde(default)]
    pub(crate) keep_trying: bool,
}

/// Whether the callback is verified yet.
#[derive(Serialize, Deserialize)]
pub(crate) struct Subscribed {
    pub(crate) verified: bool,
}

/// How many of the next deliveries go out twice.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Duplicate {
    pub(crate) times: u32,
}

/// How long to wait for the queue to be empty.
#[derive(Deserialize)]
pub(crate) struct Patience {
    #[serde(default)]
    pub(crate) wait_ms: u32,
}

/// What is not settled yet.
#[derive(Serialize, Deserialize)]
pub(crate) struct Idle {
    pub(crate) pending_webhooks: usize,
}

/// A command carried out that has nothing to say.
#[derive(Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) success: bool,
}

/// Why a command was not carried out.
#[derive(Serialize, Deserialize)]
pub(crate) struct Complaint {
    pub(crate) error: String,
}
