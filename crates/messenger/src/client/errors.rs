//! What the platform's errors mean, and what follows from each: one table, read by code and by people.

mod table;
#[cfg(test)]
mod tests;

pub use table::KNOWN;

use super::answer::ApiError;
use domain::time::{Span, Timestamp};

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Too many calls within this scope, which has to pause. Further calls lengthen the block.
    Rate(Scope),
    /// The same call may succeed soon.
    Transient,
    /// This message will never be taken as it is; others may.
    Message,
    /// The attachment has to be uploaded again; then the message may be taken.
    Attachment,
    /// The right that the message was sent by is of no more use: a notification token, or the answer to a comment.
    Token,
    /// This person receives nothing more until they act.
    Person,
    /// Another app controls the thread: the message is held until it is given back.
    Thread,
    /// The Page or the app lacks what this kind of message needs; other kinds go on.
    Feature,
    /// The Page can send nothing for want of this.
    Page(Lack),
    /// The call may have succeeded in spite of the error.
    Ambiguous,
}

/// What a Page lacks that can send nothing. Each but the last until somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lack {
    /// An access token that the platform takes.
    Token,
    /// A permission.
    Permission,
    /// The app's review: until it is done, the platform refuses by the person written to.
    Review,
    /// The platform's leave: it restricts the Page for a while.
    Leave,
}

/// What has to pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every call of the app.
    App,
    /// Every call for the Page.
    Page,
    /// The Page's private replies.
    PrivateReplies,
    /// The Page's messages with audio or video.
    Media,
    /// What goes to this person.
    Person,
    /// What is sent by this notification token.
    Token,
}

/// How long to wait before the next call within an error's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For so long from the answer on.
    For(Span),
    /// Until then, by the platform's clock.
    Until(Timestamp),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The first code that it speaks of.
    pub code: i64,
    /// The last one; mostly the same.
    pub last_code: i64,
    /// The subcode; none stands for every subcode without a line of its own.
    pub subcode: Option<i64>,
    /// What follows from it, and for how long.
    pub treatment: Treatment,
    /// What it means, for people.
    pub means: &'static str,
    /// What people should do about it.
    pub advice: &'static str,
}

/// What follows from an error, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// What follows.
    pub class: ErrorClass,
    /// How often the call may be made once more before the error is taken for good; 0 where that is no matter of time.
    pub tries: u32,
    /// How long to pause where the answer does not say.
    pub pause: Option<Span>,
}

/// How often an error that only the platform calls transient is believed.
const TRIES: u32 = 5;
/// The pause after a rate error that says nothing: our own choice, since Meta only asks to stop calling.
const PAUSE: Span = Span::from_secs(60);

impl ErrorClass {
    /// The class's name, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate(_) => "rate",
            Self::Transient => "transient",
            Self::Message => "message",
            Self::Attachment => "attachment",
            Self::Token => "token",
            Self::Person => "person",
            Self::Thread => "thread",
            Self::Feature => "feature",
            Self::Page(_) => "page",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// What follows from it, for people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Rate(Scope::App) => "every call of the app pauses",
            Self::Rate(Scope::Page) => "every call for the Page pauses",
            Self::Rate(Scope::PrivateReplies) => "the Page's private replies pause",
            Self::Rate(Scope::Media) => "the Page's audio and video pause",
            Self::Rate(Scope::Person) => "what goes to this person pauses",
            Self::Rate(Scope::Token) => "what is sent by this token pauses",
            Self::Transient => "the same call is made again",
            Self::Message => "this message is refused for good",
            Self::Attachment => "the attachment must be uploaded again",
            Self::Token => "the right that it was sent by is dropped: the token, or the answer to the comment",
            Self::Person => "nothing more is sent to the person until they act",
            Self::Thread => "the message is held until the thread is ours",
            Self::Feature => "messages of this kind stop for the Page",
            Self::Page(Lack::Token) => {
                "the Page stops until it has another token, and somebody is told; the message waits"
            }
            Self::Page(Lack::Permission) => "the Page stops until it may send, and somebody is told; the message waits",
            Self::Page(Lack::Review) => "this message is refused, the Page stops for a minute, and somebody is told",
            Self::Page(Lack::Leave) => {
                "this message is refused, the Page stops until its restriction ends, and somebody is told"
            }
            Self::Ambiguous => "it may have been sent: its echo decides",
        }
    }
}

impl Scope {
    /// The scope's name, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Page => "page",
            Self::PrivateReplies => "private_replies",
            Self::Media => "media",
            Self::Person => "person",
            Self::Token => "token",
        }
    }
}

impl Known {
    /// The line of the table for this code and subcode; 0 stands for none. A subcode with a line of its own as a code
    /// counts under any code, since the platform moves some of them about.
    pub fn find(code: i64, subcode: i64) -> Option<&'static Self> {
        let of = |code: i64, subcode: Option<i64>| {
            KNOWN.iter().find(|known| (known.code..=known.last_code).contains(&code) && known.subcode == subcode)
        };
        let by_subcode = || of(code, Some(subcode)).or_else(|| of(subcode, None));
        let by_subcode = if subcode == 0 { None } else { by_subcode() };
        by_subcode.or_else(|| of(code, None))
    }
}

impl ApiError {
    /// What follows from it. What is in no table is judged by the HTTP status and by what the platform says of it;
    /// where both are silent, the message is refused for good.
    pub fn treatment(&self) -> Treatment {
        let known = Known::find(self.code, self.subcode).map(|known| known.treatment);
        let is_throttled = self.status == 429;
        match known {
            // Whoever throttles in front of the platform may pass on any code.
            Some(Treatment { class: ErrorClass::Transient, .. }) | None if is_throttled => {
                Treatment { class: ErrorClass::Rate(Scope::App), tries: 0, pause: Some(PAUSE) }
            }
            Some(known) => known,
            None if self.transient => Treatment { class: ErrorClass::Transient, tries: TRIES, pause: None },
            None => Treatment { class: ErrorClass::Message, tries: 0, pause: None },
        }
    }

    /// Whether the access token is not taken, so that another one may help.
    pub fn is_of_the_token(&self) -> bool {
        self.class() == ErrorClass::Page(Lack::Token)
    }

    /// What follows from it, wherever it came up.
    pub fn class(&self) -> ErrorClass {
        self.treatment().class
    }

    /// How long to wait before the next call within its scope: what the answer says, else the table's pause.
    pub fn pause(&self) -> Option<Wait> {
        self.wait.or_else(|| self.treatment().pause.map(Wait::For))
    }
}
