//! What is said: every kind of message that the platform takes, and its limits.
//!
//! Texts, addresses and payloads are personal data: no `Debug` shows them. What is built here may break a limit;
//! [`Content::violations`] names every one that it breaks, and is asked before anything is recorded. What the log holds is
//! not asked again, so a limit may change.

mod amount;
mod button;
mod check;
mod form;
mod limits;
mod receipt;
mod template;
mod utility;
mod words;

pub use amount::{Amount, BadAmount};
pub use button::{Button, Game, Height, WebPage};
pub use check::Violation;
pub use form::{Feedback, Information, Question, Score};
pub use receipt::{Address, Adjustment, Item, Receipt, Summary};
pub use template::{
    Coupon, Element, Grid, GridImage, ImageShape, Medium, Recurring, RecurringLabel, Tap, Template, Visual,
};
pub use utility::{Parameter, Utility};
pub use words::Words;

use crate::decision::ContentKind;
use crate::id::{AppId, AttachmentId, Mid, PersonaId};
use serde::{Deserialize, Serialize};

/// A message as it is to be sent. Personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// What it consists of.
    pub body: Body,
    /// Answers to tap, shown until the next message: 13 at most.
    pub quick_replies: Vec<QuickReply>,
    /// The message of this conversation that it answers.
    pub reply_to: Option<Mid>,
    /// Under whose name and picture it appears.
    pub persona: Option<PersonaId>,
    /// How the person's device tells of it.
    pub notification: Notification,
    /// The caller's own note, which the message's echo brings back. It travels beside our send id.
    pub metadata: Option<Words>,
    /// What becomes of the thread's control once it is sent.
    pub hand_over: Option<HandOver>,
}

/// What a message consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// Plain text of 1 to 2,000 characters.
    Text(Words),
    /// A picture, a sound, a film or another file.
    Attachment {
        /// Which of them.
        media: Media,
        /// Where it comes from.
        source: Source,
    },
    /// Several pictures in one message: 2 to 30.
    Images(Vec<Source>),
    /// A sticker, inside the window only.
    Sticker(u64),
    /// A card with buttons, or another template of the platform.
    Template(Box<Template>),
    /// A template of the Page that the platform approved, with its places filled.
    Utility(Box<Utility>),
}

/// What kind of file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Media {
    /// A picture of at most 8 MB.
    Image,
    /// A sound of at most 25 MB.
    Audio,
    /// A film of at most 25 MB.
    Video,
    /// Any other file of at most 25 MB.
    File,
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// The platform fetches it from this address, for this message alone.
    Url(Words),
    /// The platform fetches it from this address, and keeps it: its answer names the attachment for later messages.
    Kept(Words),
    /// The Page uploaded it before. The platform keeps it for 90 days.
    Saved(AttachmentId),
}

/// An answer that a person can tap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum QuickReply {
    /// A text that they then seem to have written.
    Text {
        /// What is shown, 20 characters at most; may be left out beside a picture.
        title: Option<Words>,
        /// What our side is told, 1,000 characters at most; may be left out beside a picture.
        payload: Option<Words>,
        /// A picture of at least 24 × 24 pixels.
        image_url: Option<Words>,
    },
    /// The phone number of their profile.
    PhoneNumber,
    /// The e-mail address of their profile.
    Email,
}

/// How the person's device tells of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Notification {
    /// With sound or vibration.
    #[default]
    Regular,
    /// On the screen alone.
    Silent,
    /// Not at all.
    Off,
}

/// What becomes of the thread's control once the message is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HandOver {
    /// This app has it.
    Pass(AppId),
    /// Nobody has it.
    Release,
}

impl Content {
    /// Only this.
    pub fn new(body: Body) -> Self {
        Self {
            body,
            quick_replies: Vec::new(),
            reply_to: None,
            persona: None,
            notification: Notification::Regular,
            metadata: None,
            hand_over: None,
        }
    }

    /// A plain text.
    pub fn text(text: impl Into<Words>) -> Self {
        Self::new(Body::Text(text.into()))
    }

    /// A template.
    pub fn template(template: Template) -> Self {
        Self::new(Body::Template(Box::new(template)))
    }

    /// What the rules need to know of it.
    pub fn kind(&self) -> ContentKind {
        match &self.body {
            Body::Text(_) | Body::Attachment { .. } | Body::Images(_) | Body::Sticker(_) => ContentKind::Message,
            Body::Template(template) => template.kind(),
            Body::Utility(utility) => ContentKind::UtilityTemplate {
                name: utility.name.as_str().to_owned(),
                language: utility.language.as_str().to_owned(),
            },
        }
    }

    /// Whether it counts against the lower rate of audio and video.
    pub const fn is_media(&self) -> bool {
        match &self.body {
            Body::Attachment { media, .. } => matches!(media, Media::Audio | Media::Video),
            Body::Text(_) | Body::Images(_) | Body::Sticker(_) | Body::Template(_) | Body::Utility(_) => false,
        }
    }

    /// What it says in words, as far as one text tells; none for files.
    pub fn words(&self) -> Option<&str> {
        match &self.body {
            Body::Text(text) => Some(text.as_str()),
            Body::Template(template) => template.words(),
            Body::Attachment { .. } | Body::Images(_) | Body::Sticker(_) | Body::Utility(_) => None,
        }
    }

    /// Every limit of the platform that it breaks, by the field that breaks it.
    pub fn violations(&self) -> Vec<Violation> {
        check::all(self)
    }
}
