//! What happens to one of our own sends.

use crate::content::Content;
use crate::decision::{Decision, Intent};
use crate::id::{Mid, PageId, Psid, RequestId, SendId, StreamId};
use crate::send::Handling;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One step in the life of a send.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// Which send.
    pub send: SendId,
    /// When we recorded the step.
    pub at: Timestamp,
    /// What happened.
    pub kind: SendingKind,
}

/// The steps a send can take.
#[derive(Clone, Debug, PartialEq)]
pub enum SendingKind {
    /// A caller asked for it.
    Requested {
        /// The Page that is to speak.
        page: PageId,
        /// The person it speaks to.
        recipient: Psid,
        /// The caller's name for the call.
        request: RequestId,
        /// A digest of everything the caller asked for; another one under the same name is another request.
        request_digest: [u8; 16],
        /// Who speaks, and why.
        intent: Box<Intent>,
        /// What is to be said.
        content: Box<Content>,
        /// When and how, as the caller wants it.
        handling: Handling,
    },
    /// The rules allow it; it waits for its turn.
    Accepted {
        /// The judgement.
        decision: Box<Decision>,
    },
    /// The rules forbid it; nothing leaves.
    Blocked {
        /// The judgement.
        decision: Box<Decision>,
    },
    /// The rules forbid it for now, and its caller wants it held until they allow it.
    Deferred {
        /// The judgement.
        decision: Box<Decision>,
        /// The end that its caller gave it: it is not held for longer.
        expires_at: Option<Timestamp>,
    },
    /// A worker claimed it. Only after this is in the log may the first byte leave, and not after `leave_by`.
    Dispatched {
        /// 1 for the first time.
        attempt: u32,
        /// Names this claim; a worker that reads another one here has lost the race.
        claim: Uuid,
        /// The last moment at which the first byte may leave.
        leave_by: Timestamp,
        /// The judgement made for this claim, at the revision it was appended at.
        decision: Box<Decision>,
        /// What else the claim was made by.
        grounds: Grounds,
    },
    /// How an attempt ended.
    Settled {
        /// The attempt that it speaks of.
        attempt: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// Its caller does not want it any more. Nothing left.
    Cancelled,
    /// Its time is over. Nothing left.
    Expired {
        /// When the Page's turn would have come to it, where that is too late for what it may be said by; none: the end
        /// that its caller gave has come.
        turn: Option<Timestamp>,
    },
    /// The log lost its end, where it may have been claimed: it may have gone out or not.
    Doubted,
}

impl SendingKind {
    /// The step's name, for logs and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Accepted { .. } => "accepted",
            Self::Blocked { .. } => "blocked",
            Self::Deferred { .. } => "deferred",
            Self::Dispatched { .. } => "dispatched",
            Self::Settled { outcome, .. } => outcome.as_str(),
            Self::Cancelled => "cancelled",
            Self::Expired { .. } => "expired",
            Self::Doubted => "doubted",
        }
    }
}

/// What a claim was made by, besides the conversation that it stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// The revision of the Page's stream that was judged by; 0 when it was empty.
    pub page_revision: u64,
    /// The epoch of the lease under which the Page's messages are sent; it grows with every holder.
    pub epoch: u64,
}

/// What tells that a message is out whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// Its echo, which came in this stream instead of the send's own.
    Echo(StreamId),
    /// The platform's list of the conversation's messages, in which it alone can be the one.
    Listing,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The platform took it and named it.
    Sent {
        /// The message's id.
        mid: Mid,
    },
    /// The platform has it, though its answer did not say so.
    Found {
        /// The message's id.
        mid: Mid,
        /// When it was sent, by the word of whoever tells of it.
        at: Timestamp,
        /// What tells of it.
        by: Witness,
    },
    /// The platform's list of the conversation shows no message that is surely this one. That proves nothing.
    NotFound {
        /// Since when nobody knows whether it is out.
        since: Timestamp,
    },
    /// The platform refused it for good.
    Rejected {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
        /// What else is over with it.
        concern: Concern,
    },
    /// The platform asked us to come later; nothing was sent.
    Retrying {
        /// When the next attempt may begin.
        not_before: Timestamp,
        /// The platform's error code.
        code: i64,
    },
    /// Nothing left this machine: too late for `leave_by`, or no connection was made.
    NotSent {
        /// When the next attempt may begin.
        not_before: Timestamp,
    },
    /// It may have gone out or not: no answer came, or none that says. It is never blindly sent again.
    Unknown,
    /// Nobody tells whether it went out, and its caller would rather have it twice than never.
    Again {
        /// When the next attempt may begin.
        not_before: Timestamp,
    },
    /// No echo came in time either. It stays open whether the person got it; at most once, so nothing is repeated.
    Unresolved,
}

/// What a refusal for good speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concern {
    /// This message alone.
    #[default]
    Message,
    /// The right that it was sent by: the platform takes it no more.
    Right,
    /// The person: nothing reaches them until they act.
    Person,
}

impl Outcome {
    /// The outcome's name, for logs and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Found { .. } => "found",
            Self::NotFound { .. } => "not_found",
            Self::Rejected { .. } => "rejected",
            Self::Retrying { .. } => "retrying",
            Self::NotSent { .. } => "not_sent",
            Self::Unknown => "unknown",
            Self::Again { .. } => "again",
            Self::Unresolved => "unresolved",
        }
    }
}
