//! Everything that a person can do, as the admin API takes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that a person does towards a Page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Writes.
    Write {
        /// The text.
        #[serde(default)]
        text: Option<String>,
        /// Attachments as webhooks show them: `{"type":"image","payload":{"url":"…"}}`.
        #[serde(default)]
        attachments: Vec<Value>,
        /// A sticker.
        #[serde(default)]
        sticker_id: Option<u64>,
        /// The payload of the quick reply that was tapped.
        #[serde(default)]
        quick_reply: Option<String>,
        /// The message that is quoted.
        #[serde(default)]
        reply_to: Option<String>,
    },
    /// Taps a button that stands anywhere: a menu, an ice breaker.
    Postback {
        /// The button's title.
        title: String,
        /// The button's payload.
        payload: String,
        /// The `ref` of the m.me link that led here.
        #[serde(default, rename = "ref")]
        reference: Option<String>,
    },
    /// Taps a button or quick reply of a message of the Page: the one of that title or place (from 0), else the first;
    /// of that message, else the latest that has one.
    Tap {
        /// The message.
        #[serde(default)]
        mid: Option<String>,
        /// The button's title.
        #[serde(default)]
        title: Option<String>,
        /// The button's place.
        #[serde(default)]
        button: Option<usize>,
    },
    /// Taps Get Started.
    GetStarted {
        /// The `ref` of the m.me link that led here.
        #[serde(default, rename = "ref")]
        reference: Option<String>,
    },
    /// Opens an m.me link: a referral in a thread that exists, else Get Started with the referral in it.
    OpenLink {
        /// The link's `ref`.
        #[serde(rename = "ref")]
        reference: String,
    },
    /// Clicks an ad, and with `text` writes. The click alone opens no window.
    ClickAd {
        /// The ad.
        ad_id: String,
        /// The ad's `ref`.
        #[serde(default, rename = "ref")]
        reference: Option<String>,
        /// The ad's title.
        #[serde(default)]
        ad_title: Option<String>,
        /// What the person writes.
        #[serde(default)]
        text: Option<String>,
    },
    /// Answers all that a lead ad asks, or stops on the way.
    FinishLead {
        /// The ad.
        ad_id: String,
        /// Whether everything is answered.
        complete: bool,
        /// Questions and answers.
        #[serde(default)]
        answers: Vec<(String, String)>,
    },
    /// Reacts to a message of either side: `smile angry sad wow love like dislike`, or any emoji.
    React {
        /// The message.
        mid: String,
        /// The reaction.
        reaction: String,
    },
    /// Takes the reaction back.
    Unreact {
        /// The message.
        mid: String,
    },
    /// Edits an own message, five times at most.
    Edit {
        /// The message.
        mid: String,
        /// The new text.
        text: String,
    },
    /// Takes an own message back.
    Unsend {
        /// The message.
        mid: String,
    },
    /// Has read everything up to now.
    Read {},
    /// Comments on a post of the Page.
    Comment {
        /// The comment.
        text: String,
        /// The post; one is made up if it is left out.
        #[serde(default)]
        post_id: Option<String>,
    },
    /// Takes an own comment or post away.
    Remove {
        /// The comment or post.
        id: String,
    },
    /// Posts to the Page.
    Post {
        /// The post.
        text: String,
    },
    /// Accepts the latest request to be notified, or the latest of that title.
    Accept {
        /// The request's title.
        #[serde(default)]
        title: Option<String>,
    },
    /// Stops notifications, all or those of that title.
    StopNotifications {
        /// The title.
        #[serde(default)]
        title: Option<String>,
    },
    /// Wants notifications again.
    ResumeNotifications {
        /// The title.
        #[serde(default)]
        title: Option<String>,
    },
    /// Taps a Send-to-Messenger button on a site.
    OptIn {
        /// The button's `ref`.
        #[serde(rename = "ref")]
        reference: String,
    },
    /// Ticks a checkbox on a site: the Page hears of the `user_ref` only.
    Checkbox {
        /// The box's reference.
        user_ref: String,
        /// The box's `ref`.
        #[serde(default, rename = "ref")]
        reference: Option<String>,
    },
    /// Links an account of the business.
    LinkAccount {
        /// The business's code.
        authorization_code: String,
    },
    /// Unlinks it.
    UnlinkAccount {},
    /// Says whether an answer was good.
    Feedback {
        /// The message.
        mid: String,
        /// Whether it was.
        good: bool,
    },
    /// Blocks the Page.
    Block {},
    /// Unblocks the Page.
    Unblock {},
    /// Reports the Page.
    Report {},
    /// Anything else: members of a `messaging` event beside sender, recipient and timestamp, as they are.
    Raw {
        /// The subscription field under which it goes out.
        field: String,
        /// The members.
        event: Value,
    },
}

impl Deed {
    /// The `ref` of the link, ad or box behind it.
    pub(crate) fn reference(&self) -> Option<&str> {
        if let Self::OpenLink { reference } | Self::OptIn { reference } = self {
            return Some(reference);
        }
        if let Self::Postback { reference, .. }
        | Self::GetStarted { reference }
        | Self::ClickAd { reference, .. }
        | Self::Checkbox { reference, .. } = self
        {
            return reference.as_deref();
        }
        None
    }

    /// Writes a text.
    #[must_use]
    pub fn write(text: impl Into<String>) -> Self {
        Self::Write {
            text: Some(text.into()),
            attachments: Vec::new(),
            sticker_id: None,
            quick_reply: None,
            reply_to: None,
        }
    }
}
