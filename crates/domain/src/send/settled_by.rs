//! What tells that a send is out.

use serde::{Deserialize, Serialize};

/// What tells that a send is out, the surest last. Which of them came first says nothing, since webhooks come in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SettledBy {
    /// The platform's list of messages. Should the message turn out to be another's, that is taken back.
    Listing,
    /// The message's echo, in whichever stream it came.
    Echo,
    /// The platform's answer.
    Answer,
}

impl SettledBy {
    /// Its name, for answers and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Echo => "echo",
            Self::Answer => "answer",
        }
    }
}
