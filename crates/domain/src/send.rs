//! One send's state, and the commands that move it.

mod command;
mod found;
mod handling;
mod history;
mod late;
#[cfg(test)]
pub(crate) mod left;
mod plan;
mod settled_by;
#[cfg(test)]
mod tests;
mod told;

pub use command::{Claim, Left, Refusal, Request, cancel, claim, doubt, request, request_beside, settle};
pub use found::{CLOCKS, Listed, Listing, Said, found, is_listable};
pub use handling::{Class, Guarantee, Handling};
pub use history::{all_of, one_of};
pub use late::{Chance, chance, shed};
pub use plan::{HOLD, LAST_LOOK, Patience, Step, plan};
pub use settled_by::SettledBy;
pub use told::{Told, Word, told};

use crate::decision::{Decision, Intent, Route};
use crate::event::{Content, Outcome, Sending, SendingKind};
use crate::id::{Mid, Psid};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long after a claim the first byte may leave. A worker that was stopped for longer must not send any more.
pub const LEAVE_WITHIN: crate::time::Span = crate::time::Span::from_secs(3);

/// What is known of a send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// Whom it is for.
    pub recipient: Psid,
    /// A digest of everything the caller asked for.
    pub request_digest: [u8; 16],
    /// Who speaks, and why.
    pub intent: Intent,
    /// What is said; gone once the send has ended.
    pub content: Option<Content>,
    /// When and how, as the caller wants it.
    pub handling: Handling,
    /// When the caller asked.
    pub requested_at: Timestamp,
    /// When it ended, if not by going out.
    pub ended_at: Option<Timestamp>,
    /// Its place among all that was asked for in this conversation.
    pub order: u64,
    /// Where it stands.
    pub status: Status,
    /// How often it was claimed.
    pub attempts: u32,
    /// Whether it was tried once more though nobody told how the attempt before had ended.
    pub is_repeated: bool,
    /// The latest judgement.
    pub decision: Option<Decision>,
    /// When the platform's list of messages was last looked through for the latest attempt, in vain.
    pub looked_up_at: Option<Timestamp>,
    /// What tells that it is out, the surest of all that does; none: nothing.
    pub settled_by: Option<SettledBy>,
}

/// Where a send stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Asked for, not yet judged.
    Requested,
    /// Allowed, and waiting for its turn.
    Accepted {
        /// When it may leave; none: at once.
        not_before: Option<Timestamp>,
    },
    /// An attempt came to nothing; the next one waits.
    Retrying {
        /// When it may begin.
        not_before: Timestamp,
        /// Since when it waits.
        since: Timestamp,
    },
    /// Forbidden for now, and held until it is allowed.
    Deferred {
        /// When time alone may have changed that; none: time alone does not.
        look_at: Option<Timestamp>,
    },
    /// Forbidden. Nothing left.
    Blocked,
    /// Not wanted any more. Nothing left.
    Cancelled,
    /// Its time is over. Nothing left.
    Expired {
        /// When the Page's turn would have come to it, where that was too late; none: the caller's own end has come.
        turn: Option<Timestamp>,
    },
    /// Claimed by a worker, which may be writing it to the wire.
    Dispatched {
        /// The worker's claim.
        claim: Uuid,
        /// The last moment at which its first byte may leave.
        leave_by: Timestamp,
    },
    /// It may have gone out or not. Its echo will tell, or nothing will.
    Unknown {
        /// Since when nobody knows.
        since: Timestamp,
    },
    /// The platform has it.
    Sent {
        /// The message's id; of the earliest, should there be more than one.
        mid: Mid,
        /// The earliest time that anything gives for it: the platform's answer or the echo.
        at: Timestamp,
    },
    /// The platform refused it for good.
    Rejected {
        /// The platform's error code.
        code: i64,
        /// Its subcode, 0 when there is none.
        subcode: i64,
    },
    /// Nobody will tell any more whether it went out.
    Unresolved,
}

impl Status {
    /// The status's name, for answers and pages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Accepted { .. } => "accepted",
            Self::Retrying { .. } => "retrying",
            Self::Deferred { .. } => "deferred",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
            Self::Expired { .. } => "expired",
            Self::Dispatched { .. } => "dispatched",
            Self::Unknown { .. } => "unknown",
            Self::Sent { .. } => "sent",
            Self::Rejected { .. } => "rejected",
            Self::Unresolved => "unresolved",
        }
    }

    /// The message's id, and when it went out, once that is known.
    pub const fn sent(&self) -> Option<(&Mid, Timestamp)> {
        match self {
            Self::Sent { mid, at } => Some((mid, *at)),
            Self::Requested
            | Self::Accepted { .. }
            | Self::Retrying { .. }
            | Self::Deferred { .. }
            | Self::Blocked
            | Self::Cancelled
            | Self::Expired { .. }
            | Self::Dispatched { .. }
            | Self::Unknown { .. }
            | Self::Rejected { .. }
            | Self::Unresolved => None,
        }
    }

    /// Whether nothing is left to do. An echo can still turn `Unresolved` into `Sent`.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Blocked
            | Self::Cancelled
            | Self::Expired { .. }
            | Self::Sent { .. }
            | Self::Rejected { .. }
            | Self::Unresolved => true,
            Self::Requested
            | Self::Accepted { .. }
            | Self::Retrying { .. }
            | Self::Deferred { .. }
            | Self::Dispatched { .. }
            | Self::Unknown { .. } => false,
        }
    }

    /// Whether it waits for a worker, now or later.
    pub const fn is_waiting(&self) -> bool {
        match self {
            Self::Accepted { .. } | Self::Retrying { .. } | Self::Deferred { .. } => true,
            Self::Requested
            | Self::Blocked
            | Self::Cancelled
            | Self::Expired { .. }
            | Self::Dispatched { .. }
            | Self::Unknown { .. }
            | Self::Sent { .. }
            | Self::Rejected { .. }
            | Self::Unresolved => false,
        }
    }

    /// Whether it ended, and the person never got it by it.
    pub const fn came_to_nothing(&self) -> bool {
        match self {
            Self::Blocked | Self::Cancelled | Self::Expired { .. } | Self::Rejected { .. } => true,
            Self::Requested
            | Self::Accepted { .. }
            | Self::Retrying { .. }
            | Self::Deferred { .. }
            | Self::Dispatched { .. }
            | Self::Unknown { .. }
            | Self::Sent { .. }
            | Self::Unresolved => false,
        }
    }
}

impl Send {
    /// The send as its first event makes it; none for any other event.
    pub(crate) fn requested(step: &Sending, order: u64) -> Option<Self> {
        let SendingKind::Requested { recipient, request_digest, intent, content, handling, .. } = &step.kind else {
            return None;
        };
        Some(Self {
            recipient: recipient.clone(),
            request_digest: *request_digest,
            intent: (**intent).clone(),
            content: Some(Content::clone(content)),
            handling: handling.clone(),
            requested_at: step.at,
            ended_at: None,
            order,
            status: Status::Requested,
            attempts: 0,
            is_repeated: false,
            decision: None,
            looked_up_at: None,
            settled_by: None,
        })
    }

    /// Whether nothing but the platform's list of messages tells that it is out.
    pub fn is_guess(&self) -> bool {
        self.settled_by == Some(SettledBy::Listing)
    }

    /// The end of what allows it, if nothing but time passes; none: it has none, or is not allowed.
    pub fn allowed_until(&self) -> Option<Timestamp> {
        self.decision.as_ref().filter(|decision| decision.route().is_some())?.holds_until
    }

    /// The first moment at which it may not leave any more, by its caller's word and by what allows it.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.handling.expires_at.into_iter().chain(self.allowed_until()).min()
    }

    /// Whether it may be tried once more though nobody tells how the attempt before ended: its caller chose that, it was
    /// not done yet, and it takes up no right that is gone with the first message.
    pub fn may_be_repeated(&self) -> bool {
        let takes_no_right = self.decision.as_ref().is_some_and(|decision| decision.right.is_none());
        self.handling.guarantee == Guarantee::AtLeastOnce && !self.is_repeated && takes_no_right
    }

    /// The way by which it left, or would.
    pub fn route(&self) -> Option<Route> {
        self.decision.as_ref()?.route()
    }

    pub(crate) fn accepted(&mut self, decision: &Decision) {
        if matches!(self.status, Status::Requested | Status::Deferred { .. }) {
            self.decision = Some(decision.clone());
            self.status = Status::Accepted { not_before: self.handling.not_before };
        }
    }

    pub(crate) fn blocked(&mut self, decision: &Decision) {
        if self.status == Status::Requested || self.status.is_waiting() {
            self.decision = Some(decision.clone());
            self.end_unsent(Status::Blocked);
        }
    }

    pub(crate) fn deferred(&mut self, decision: &Decision) {
        if self.status == Status::Requested || self.status.is_waiting() {
            self.status = Status::Deferred { look_at: told::look_at(decision) };
            self.decision = Some(decision.clone());
        }
    }

    pub(crate) fn dispatched(&mut self, attempt: u32, claim: Uuid, leave_by: Timestamp, decision: &Decision) {
        if self.status.is_waiting() && attempt == self.attempts + 1 {
            self.decision = Some(decision.clone());
            self.attempts = attempt;
            self.looked_up_at = None;
            self.status = Status::Dispatched { claim, leave_by };
        }
    }

    /// Nobody wants it any more, or its time is over. What a worker has is out of reach.
    pub(crate) fn dropped(&mut self, status: Status) {
        if self.status == Status::Requested || self.status.is_waiting() {
            self.end_unsent(status);
        }
    }

    /// The platform has it: stronger than every other outcome, whenever it is learned and by whatever way.
    ///
    /// A refused attempt may have gone out after all, so that a send is two messages; the earlier one counts, whichever
    /// is told first. What was only found in a list counts for nothing beside it.
    pub(crate) fn went_out(&mut self, mid: &Mid, at: Timestamp, by: SettledBy) {
        let known = self.status.sent().filter(|_| !self.is_guess());
        if known.is_none_or(|(known, since)| (at, mid) < (since, known)) {
            self.end(Status::Sent { mid: mid.clone(), at });
        }
        self.settled_by = self.settled_by.max(Some(by));
        self.ended_at = None;
    }

    /// It was found in the platform's list of messages.
    pub(crate) fn was_found(&mut self, mid: &Mid, at: Timestamp) {
        if self.status.sent().is_none() {
            self.settled_by = Some(SettledBy::Listing);
            self.end(Status::Sent { mid: mid.clone(), at });
        }
    }

    /// The message that it was found to be is another's: nobody knows again whether it is out.
    pub(crate) fn was_mistaken(&mut self, mid: &Mid) {
        if self.is_guess()
            && let Some((_, at)) = self.status.sent().filter(|(known, _)| *known == mid)
        {
            self.settled_by = None;
            self.ended_at = Some(at);
            self.end(Status::Unresolved);
        }
    }

    /// How an attempt ended, other than well. An outcome of an attempt that is not the latest says nothing any more.
    /// What was called unknown is never tried again, whatever a worker that comes late believes of it, but once where its
    /// caller would rather have it twice than never.
    pub(crate) fn settled(&mut self, attempt: u32, outcome: &Outcome, at: Timestamp) {
        let is_dispatched = matches!(self.status, Status::Dispatched { .. });
        let is_unknown = matches!(self.status, Status::Unknown { .. });
        let is_open = is_dispatched || is_unknown;
        if !is_open || attempt != self.attempts {
            return;
        }
        match outcome {
            Outcome::Sent { .. } | Outcome::Found { .. } => (),
            Outcome::NotFound { .. } if is_unknown => self.looked_up_at = self.looked_up_at.max(Some(at)),
            Outcome::Rejected { code, subcode, concern: _ } => {
                self.end_unsent(Status::Rejected { code: *code, subcode: *subcode });
            }
            Outcome::Unresolved => self.end(Status::Unresolved),
            Outcome::Retrying { not_before, .. } | Outcome::NotSent { not_before } if is_dispatched => {
                self.status = Status::Retrying { not_before: *not_before, since: at };
            }
            Outcome::Again { not_before } if is_unknown && self.may_be_repeated() => {
                self.is_repeated = true;
                self.status = Status::Retrying { not_before: *not_before, since: at };
            }
            // The first counts: a second one must not give the echo more time.
            Outcome::Unknown if is_dispatched => self.status = Status::Unknown { since: at },
            Outcome::Retrying { .. }
            | Outcome::NotSent { .. }
            | Outcome::NotFound { .. }
            | Outcome::Unknown
            | Outcome::Again { .. } => (),
        }
    }

    /// The log lost its end: what waits in the rest may have been claimed there, and what is claimed may have been tried
    /// again. Neither is ever tried again from here.
    pub(crate) fn doubted(&mut self, at: Timestamp) {
        if self.status.is_waiting() || matches!(self.status, Status::Dispatched { .. }) {
            self.status = Status::Unknown { since: at };
        }
    }

    /// It ends before anything left by its latest attempt. An earlier one of which nobody knows may be out all the same,
    /// and then nobody may take it for one that the person never got.
    fn end_unsent(&mut self, status: Status) {
        self.end(if self.is_repeated { Status::Unresolved } else { status });
    }

    fn end(&mut self, status: Status) {
        self.status = status;
        self.content = None;
    }
}
