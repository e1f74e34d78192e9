//! The admin API's requests and answers, shared by its handlers and its client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use serde_json::Value;

use super::standing::{NotificationRow, Welcome, WindowRow};
use crate::world::EchoTiming;
use crate::world::page::PageSettings;
use crate::world::script::Script;

/// An app to add, or to change.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApp {
    /// Its id.
    pub id: String,
    /// Its secret; left out, that of a known app stays.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether every call must carry `appsecret_proof`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_proof: Option<bool>,
    /// Whether it is live; else it reaches only people with a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<bool>,
}

/// An app as it stands.
#[derive(Serialize, Deserialize)]
pub(crate) struct AppRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) live: bool,
    pub(crate) require_proof: bool,
    pub(crate) callback: Option<String>,
}

/// A Page to add, or a new token for one that is known.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPage {
    /// Its id.
    pub id: String,
    /// The app's access token for it.
    pub access_token: String,
    /// The app; the first one if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// A Page as it stands.
#[derive(Serialize, Deserialize)]
pub(crate) struct PageRow {
    pub(crate) id: String,
    pub(crate) settings: PageSettings,
    /// How many people the Page knows, and how many have acted.
    pub(crate) people: usize,
    pub(crate) engaged: u32,
    /// Each subscribed app with its fields.
    pub(crate) subscriptions: BTreeMap<String, Vec<String>>,
    /// Ids of comments and visitors' posts.
    pub(crate) posts: Vec<String>,
}

/// A step of Meta's enforcement: `warning`, `block` or `unblock`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enforce {
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// What the Page's staff writes in the inbox.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffReply {
    pub(crate) psid: String,
    pub(crate) text: String,
}

/// Many people at once.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// The Page.
    pub page: String,
    /// How many.
    pub count: u32,
    /// The first PSID, the others count up from it; left out, they follow from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_psid: Option<u64>,
    /// What they do of their own accord.
    #[serde(default)]
    pub script: Script,
    /// How long ago each of them wrote, in ms; left out, nobody has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote_ago_ms: Option<u32>,
}

/// A population that was made.
#[derive(Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) count: u32,
    pub(crate) first_psid: Option<String>,
    pub(crate) last_psid: Option<String>,
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
    /// Whether the person has a role on the app, and so can be reached before it is live.
    #[serde(default)]
    pub role: bool,
    /// Whether the account is one by phone number only, without a profile.
    #[serde(default)]
    pub phone_only: bool,
    /// What the person does of their own accord.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
    /// For how long from now an automated flow of the platform runs in the thread (error 2018321), in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_ms: Option<u32>,
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
    /// Only those behind this PSID.
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<usize>,
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
    /// Whether the person has blocked the Page.
    #[serde(default)]
    pub blocked: bool,
    /// When the person last opened the standard window, in ms since 1970.
    pub last_opening_ms: Option<i64>,
    /// When the person last wrote, in ms since 1970.
    pub last_message_ms: Option<i64>,
    /// How many messages the thread has.
    #[serde(default)]
    pub messages: usize,
}

/// Which thread, from where on, and how long to wait for news.
#[derive(Deserialize)]
pub(crate) struct OfThread {
    pub(crate) page: String,
    pub(crate) after: Option<usize>,
    pub(crate) wait_ms: Option<u32>,
}

/// A thread as its person sees it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Thread {
    pub(crate) now_ms: i64,
    /// How many messages there are: what to ask `after` next time.
    pub(crate) messages: usize,
    pub(crate) rows: Vec<ThreadRow>,
    pub(crate) typing: bool,
    pub(crate) seen_ms: Option<i64>,
    pub(crate) blocked: bool,
    /// The app that controls the thread, if one does.
    pub(crate) owner: Option<String>,
    /// The persistent menu.
    pub(crate) menu: Option<Value>,
    /// Until when the Page shows that it types, in ms since 1970.
    pub(crate) typing_until_ms: i64,
    pub(crate) window: WindowRow,
    pub(crate) notifications: Vec<NotificationRow>,
    pub(crate) welcome: Welcome,
}

/// One message of a thread.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// Its id.
    pub mid: String,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// Whether the Page wrote it.
    pub from_page: bool,
    /// The app that wrote it, if one did.
    pub app: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// The message as it went over the wire, where it is more than text.
    pub message: Option<Value>,
    /// Where the files are that it names by id.
    pub files: Vec<String>,
    /// The tag under which it was sent.
    pub tag: Option<String>,
    /// Whether it answers a comment or post.
    pub private_reply: bool,
    /// Name and picture of the persona.
    pub persona: Option<Value>,
    /// Titles of the buttons and quick replies that can be tapped.
    pub choices: Vec<Value>,
    /// The person's reaction.
    pub reaction: Option<String>,
    /// The Page's reaction.
    pub page_reaction: Option<String>,
    /// The message that it quotes.
    pub reply_to: Option<String>,
    /// How often the person has edited it.
    pub edits: u8,
    /// A tap, which the thread does not show.
    pub tap: bool,
    /// Taken back.
    pub deleted: bool,
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

/// How far to move the clock.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    /// Like `90s`, `15m`, `24h` or `7d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

/// What the clock is to show: milliseconds since 1970, or like `2026-04-27T00:00:00Z`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetClock {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
}

/// The simulator's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// Now, in ms since 1970.
    pub now_ms: i64,
    /// How far it is ahead of the machine's clock.
    pub offset_ms: i64,
    /// Whether it stands still.
    pub stopped: bool,
    /// How much is to come: deliveries, repetitions, what people will do.
    pub coming: usize,
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
    /// The app; the first one if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<String>,
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

/// How many rows there are.
#[derive(Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) count: usize,
}

/// How often anything has changed: what to ask `after` next time.
#[derive(Serialize, Deserialize)]
pub(crate) struct Changes {
    pub(crate) change: u64,
}
