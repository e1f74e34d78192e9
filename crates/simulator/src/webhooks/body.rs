//! The body of a webhook. Fields are in Meta's order, which a map would not keep.

use serde::Serialize;
use serde_json::Value;

use super::escape;
use crate::world::Content;

/// One event of one person and one Page.
pub(crate) struct Event {
    pub(crate) page: String,
    pub(crate) psid: String,
    /// When it happened; a delivery carries only its watermark, as in Meta's sample.
    pub(crate) at_ms: i64,
    pub(crate) what: What,
}

/// What happened. The key in the body names the kind.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    Message(Written),
    #[serde(rename = "message")]
    Echo(Echo),
    Delivery(Delivered),
    Read(Read),
    Postback(Tapped),
    Referral(Referral),
}

/// A person's message.
#[derive(Serialize)]
pub(crate) struct Written {
    pub(crate) mid: String,
    pub(crate) text: String,
}

/// The Page's own message, coming back.
#[derive(Serialize)]
pub(crate) struct Echo {
    mid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Value>,
    is_echo: bool,
    app_id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
}

/// Everything up to the watermark has arrived.
#[derive(Serialize)]
pub(crate) struct Delivered {
    pub(crate) mids: Vec<String>,
    pub(crate) watermark: i64,
}

/// Everything up to the watermark has been read.
#[derive(Serialize)]
pub(crate) struct Read {
    pub(crate) watermark: i64,
}

/// A tapped button.
#[derive(Serialize)]
pub(crate) struct Tapped {
    pub(crate) mid: String,
    pub(crate) title: String,
    pub(crate) payload: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) referral: Option<Referral>,
}

/// The m.me link that led here.
#[derive(Serialize)]
pub(crate) struct Referral {
    #[serde(rename = "ref")]
    reference: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Echo {
    /// The echo of a message that the app sent.
    pub(crate) fn new(mid: String, content: Content, app_id: &str) -> Self {
        // Meta writes a number; an id that is none stays text.
        let app_id = app_id.parse::<u64>().map_or_else(|_| Value::from(app_id), Value::from);
        let Content { text, metadata, attachments } = content;
        Self { mid, text, attachments, is_echo: true, app_id, metadata }
    }
}

impl Referral {
    /// An m.me link with that `ref`.
    pub(crate) fn short_link(reference: String) -> Self {
        Self { reference, source: "SHORTLINK", kind: "OPEN_THREAD" }
    }
}

impl Event {
    /// The kind, as the recorder names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            What::Message(_) => "message",
            What::Echo(_) => "echo",
            What::Delivery(_) => "delivery",
            What::Read(_) => "read",
            What::Postback(_) => "postback",
            What::Referral(_) => "referral",
        }
    }

    /// The message it concerns, if one.
    pub(crate) fn mid(&self) -> Option<&str> {
        match &self.what {
            What::Message(written) => Some(&written.mid),
            What::Echo(echo) => Some(&echo.mid),
            What::Delivery(delivered) => delivered.mids.first().map(String::as_str),
            What::Postback(tapped) => Some(&tapped.mid),
            What::Read(_) | What::Referral(_) => None,
        }
    }

    /// The bytes of a body that holds this event alone; `sent_ms` becomes `entry.time`.
    pub(crate) fn to_body(&self, sent_ms: i64) -> Vec<u8> {
        let (person, page) = (Party { id: &self.psid }, Party { id: &self.page });
        let (sender, recipient, timestamp) = match self.what {
            What::Echo(_) => (page, person, Some(self.at_ms)),
            What::Delivery(_) => (person, page, None),
            What::Message(_) | What::Read(_) | What::Postback(_) | What::Referral(_) => {
                (person, page, Some(self.at_ms))
            }
        };
        let messaging = [Messaging { sender, recipient, timestamp, what: &self.what }];
        let entry = [Entry { id: &self.page, time: sent_ms, messaging }];
        escape::to_bytes(&Envelope { object: "page", entry })
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    object: &'static str,
    entry: [Entry<'a>; 1],
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    time: i64,
    messaging: [Messaging<'a>; 1],
}

#[derive(Serialize)]
struct Messaging<'a> {
    sender: Party<'a>,
    recipient: Party<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    #[serde(flatten)]
    what: &'a What,
}

#[derive(Serialize)]
struct Party<'a> {
    id: &'a str,
}
