//! Facts that the platform delivers in webhooks.

use crate::id::{AppId, FactId, Mid, PageId, Psid, SendId};
use crate::time::{Timestamp, effective, is_ahead};

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
            Self::Unrecognized(_) => "unrecognized",
        }
    }
}

/// What a person wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The message's id; absent only where the platform sent none.
    pub mid: Option<Mid>,
    /// The text; empty when there are only attachments. Personal data.
    pub text: String,
    /// The payload of the quick reply that was tapped.
    pub quick_reply: Option<String>,
    /// The message that this one answers.
    pub reply_to: Option<Mid>,
    /// What came with it: types and addresses, never bytes.
    pub attachments: Vec<Attachment>,
    /// Where the person came from, when the message says so.
    pub referral: Option<Referral>,
}

/// Something attached to a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attachment {
    /// The platform's word for its type, such as `image`.
    pub kind: String,
    /// Where it can be fetched, for as long as the platform keeps it.
    pub url: Option<String>,
    /// Its title, when it has one.
    pub title: Option<String>,
}

/// A message of the Page, as the platform tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Echo {
    /// The message's id.
    pub mid: Mid,
    /// The app that sent it; the Page's inbox has an id of its own.
    pub app: Option<AppId>,
    /// The send of ours that the message's metadata names. It is what settles a send whose answer was lost.
    pub send: Option<SendId>,
    /// Metadata that is not ours, as another app set it.
    pub foreign_metadata: Option<String>,
    /// The text. Personal data.
    pub text: String,
    /// What came with it.
    pub attachments: Vec<Attachment>,
}

/// A tapped button.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Postback {
    /// The message id that belongs to the tap, when there is one.
    pub mid: Option<Mid>,
    /// What the button said.
    pub title: String,
    /// What the button carried; absent for a bystander.
    pub payload: Option<String>,
    /// Where the person came from, in a new thread.
    pub referral: Option<Referral>,
}

/// Where a person came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Referral {
    /// `SHORTLINK`, `ADS`, and others that come and go.
    pub source: String,
    /// `OPEN_THREAD`, and others.
    pub kind: String,
    /// The link's own reference.
    pub reference: Option<String>,
    /// The ad's id.
    pub ad: Option<String>,
}

/// Something this version has no name for.
#[derive(Clone, Debug, PartialEq)]
pub struct Unrecognized {
    /// Which array of the entry it came from: `messaging`, `standby`, or the field of a change.
    pub field: String,
    /// The JSON exactly as it was received. Personal data.
    pub raw: String,
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
