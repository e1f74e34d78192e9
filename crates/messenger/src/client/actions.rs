//! What a Page does in a thread without saying anything.

use super::SendClient;
use super::calls::{As, Call, CallAnswer};
use domain::content::Words;
use domain::id::{Mid, Psid};
use serde::Deserialize;
use serde_json::{Value, json};

/// A sender action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Shows that somebody types, for some twenty seconds or until a message comes.
    TypingOn,
    /// Shows it no more.
    TypingOff,
    /// Marks what the person wrote as seen.
    MarkSeen,
    /// Reacts to a message of the thread; another reaction takes the place of the first.
    React {
        /// To which.
        mid: Mid,
        /// With which emoji, or its name, such as `love`.
        reaction: Words,
    },
    /// Takes the reaction back.
    Unreact {
        /// From which.
        mid: Mid,
    },
}

impl Action {
    /// The platform's word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::TypingOn => "typing_on",
            Self::TypingOff => "typing_off",
            Self::MarkSeen => "mark_seen",
            Self::React { .. } => "react",
            Self::Unreact { .. } => "unreact",
        }
    }

    fn payload(&self) -> Option<Value> {
        match self {
            Self::React { mid, reaction } => Some(json!({ "message_id": mid.as_str(), "reaction": reaction.as_str() })),
            Self::Unreact { mid } => Some(json!({ "message_id": mid.as_str() })),
            Self::TypingOn | Self::TypingOff | Self::MarkSeen => None,
        }
    }
}

/// The platform answers with the person alone.
#[derive(Deserialize)]
struct Acted {}

impl SendClient {
    /// Does this in the thread with a person. Nothing tells later whether it was done, and doing it twice does no harm.
    pub async fn act(&self, by: As<'_>, person: &Psid, action: &Action) -> CallAnswer<()> {
        let mut body = json!({ "recipient": { "id": person.as_str() }, "sender_action": action.as_str() });
        if let Some(payload) = action.payload() {
            body["payload"] = payload;
        }
        let answer = self.call(by, Call::post(&[by.page.as_str(), "messages"], body)).await;
        answer.map(|Acted {}| ())
    }
}
