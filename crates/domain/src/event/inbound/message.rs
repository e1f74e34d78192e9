//! What the two sides write, and what they do with what was written.

use super::arrival::{HopContext, Referral};
use super::word::words;
use crate::id::{AppId, Mid, OptinRef, SendId};
use crate::time::Timestamp;

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
    /// Whether the person answers a message of their own.
    pub is_self_reply: bool,
    /// What came with it: types and addresses, never bytes.
    pub attachments: Vec<Attachment>,
    /// Where the person came from, when the message says so.
    pub referral: Option<Referral>,
    /// The slash commands that the person invoked.
    pub commands: Vec<String>,
    /// A sticker, where the platform names it beside the attachments.
    pub sticker: Option<String>,
    /// The platform's old running number.
    pub seq: Option<i64>,
    /// What the platform's own language model found in the text.
    pub entities: Vec<Entity>,
    /// Whether the person sent something that the platform does not hand on.
    pub is_unsupported: bool,
    /// The message that this one is the first answer to, when it was sent to a reference instead of a PSID.
    pub prior_message: Option<PriorMessage>,
    /// Set while an ad's automatic conversation routes the person.
    pub hop_context: Option<HopContext>,
}

impl Message {
    /// Whether the person came in from an ad by this message: it alone names the ad, later ones do not.
    pub fn is_from_ad(&self) -> bool {
        self.referral.as_ref().is_some_and(|referral| referral.source == "ADS")
    }
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
    /// The saved asset's id, in echoes.
    pub asset: Option<String>,
    /// The sticker's id.
    pub sticker: Option<String>,
    /// The reel's video.
    pub reel: Option<String>,
    /// The shared post.
    pub post: Option<String>,
    /// The appointment that it is about.
    pub booking: Option<Booking>,
    /// Products of the Page that the person shared.
    pub products: Vec<Product>,
}

/// An appointment with the Page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Booking {
    /// The appointment's id.
    pub id: Option<String>,
    /// `requested`, `confirmed`, `declined` or `cancelled`, and others that may come.
    pub status: String,
    /// When it begins.
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// The time zone that it is shown in.
    pub timezone: Option<String>,
}

/// A product of the Page's catalogue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Product {
    /// The platform's id.
    pub id: String,
    /// The seller's own id.
    pub retailer: Option<String>,
    /// Its name.
    pub title: Option<String>,
    /// The line below.
    pub subtitle: Option<String>,
    /// Where its picture can be fetched.
    pub image_url: Option<String>,
}

/// Something that the platform's language model found in a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    /// What sort of thing it is.
    pub name: String,
    /// What it found, as text.
    pub value: String,
    /// How sure it is, from 0 to 1, as the platform wrote the number.
    pub confidence: String,
}

/// What a person's first message answers, where the PSID became known by it.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorMessage {
    /// How the earlier message was addressed, such as `checkbox_plugin`.
    pub source: String,
    /// The reference that it was sent to.
    pub identifier: OptinRef,
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
    /// The message that this one answers.
    pub reply_to: Option<Mid>,
    /// Whether it holds something that the platform does not hand on.
    pub is_unsupported: bool,
    /// Set while an ad's automatic conversation routes the person.
    pub hop_context: Option<HopContext>,
}

impl Echo {
    /// An echo of which no more is known than the message.
    pub const fn of(mid: Mid) -> Self {
        Self {
            mid,
            app: None,
            send: None,
            foreign_metadata: None,
            text: String::new(),
            attachments: Vec::new(),
            reply_to: None,
            is_unsupported: false,
            hop_context: None,
        }
    }
}

words! {
    /// One of the two who write.
    Side {
        /// The person.
        Person = "person",
        /// Somebody who writes for the Page.
        Page = "page",
    }
}

/// A message was taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// Which.
    pub mid: Mid,
    /// Whose it was.
    pub of: Side,
}

/// The person changed what they had written.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Which message.
    pub mid: Mid,
    /// What it says now. Personal data.
    pub text: String,
    /// How often it has been changed by now.
    pub n_edits: Option<i64>,
}

words! {
    /// Whether a reaction was given or taken back.
    ReactionAction {
        /// Given.
        React = "react",
        /// Taken back.
        Unreact = "unreact",
    }
}

/// The person reacted to a message, or took that back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// Which message.
    pub mid: Mid,
    /// Given or taken back.
    pub action: ReactionAction,
    /// The platform's word for it, such as `love`.
    pub reaction: Option<String>,
    /// The picture itself.
    pub emoji: Option<String>,
}

words! {
    /// A person's judgement of one message.
    Thumb {
        /// Up.
        Good = "Good response",
        /// Down.
        Bad = "Bad response",
    }
}

/// The person judged a message of the Page.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseFeedback {
    /// Which message.
    pub mid: Mid,
    /// What they think of it.
    pub thumb: Thumb,
}
