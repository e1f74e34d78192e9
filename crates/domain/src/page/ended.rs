//! What the end of a send says of its Page.

use super::concerns_page;
use crate::conversation::BLOCKED;
use crate::event::{Event, Outcome, PageStep, PageStepKind, SendingKind};
use crate::id::PageId;
use crate::time::Timestamp;

/// A send that went out, or that the platform refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended<'a> {
    /// Whose it was.
    pub page: &'a PageId,
    /// When that was recorded.
    pub at: Timestamp,
    /// The platform's error code and subcode; none: it went out.
    pub error: Option<(i64, i64)>,
}

/// The end that an event tells of. A send whose answer was lost is told of by none, whatever settles it.
pub fn ended(event: &Event) -> Option<Ended<'_>> {
    let Event::Sending(step) = event else { return None };
    let SendingKind::Settled { outcome, .. } = &step.kind else { return None };
    let error = match outcome {
        Outcome::Sent { .. } => None,
        Outcome::Rejected { code, subcode, concern: _ } => Some((*code, *subcode)),
        Outcome::Found { .. }
        | Outcome::NotFound { .. }
        | Outcome::Retrying { .. }
        | Outcome::Again { .. }
        | Outcome::NotSent { .. }
        | Outcome::Unknown
        | Outcome::Unresolved => return None,
    };
    Some(Ended { page: step.send.page(), at: step.at, error })
}

impl Ended<'_> {
    /// Whether the person got it, or blocks the Page; none: it was refused for another reason, which says nothing of what
    /// people want.
    pub fn is_block(&self) -> Option<bool> {
        match self.error {
            None => Some(false),
            Some((BLOCKED, _)) => Some(true),
            Some(_) => None,
        }
    }

    /// What it says of the whole Page.
    pub fn of_page(&self) -> Option<PageStep> {
        let (code, subcode) = self.error.filter(|(code, subcode)| concerns_page(*code, *subcode))?;
        Some(PageStep { at: self.at, kind: PageStepKind::Refused { code, subcode } })
    }
}
