//! What can happen: facts that come in from the platform, and what we did ourselves.

pub mod consent;
mod erasing;
mod inbound;
mod page;
mod right;
mod sending;
mod system;

pub use consent::{Consent, ConsentBy, ConsentKind};
pub use erasing::{Erasing, ErasingKind};
pub use inbound::*;
pub use page::{PageStep, PageStepKind};
pub use right::{RightStep, RightStepKind};
pub use sending::{Concern, Grounds, Outcome, Sending, SendingKind, Witness};

pub use crate::content::Content;
pub use system::{System, SystemKind};

use crate::id::RecordId;
use crate::time::Timestamp;

/// One thing that happened. A new kind must break every match on this.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The platform told us of something.
    Inbound(Box<Inbound>),
    /// A verified body could not be understood and was kept as it came.
    Quarantined(Quarantined),
    /// A step in erasing the conversation.
    Erasing(Erasing),
    /// Something happened to one of our own sends.
    Sending(Box<Sending>),
    /// A right was taken up by one of our own sends, used, or given back.
    Right(Box<RightStep>),
    /// The person wants to be left alone, or to be written to again.
    Consent(Consent),
    /// Something happened to a Page.
    Page(PageStep),
    /// Something happened to the log as a whole.
    System(System),
}

impl Event {
    /// Up to when this erases what was stated; none if it is no tombstone.
    pub fn erases_until(&self) -> Option<Timestamp> {
        match self {
            Self::Erasing(step) => match step.kind {
                ErasingKind::Begun { until } => Some(until),
                ErasingKind::Completed { .. } => None,
            },
            Self::Inbound(_)
            | Self::Quarantined(_)
            | Self::Sending(_)
            | Self::System(_)
            | Self::Right(_)
            | Self::Consent(_)
            | Self::Page(_) => None,
        }
    }
}

/// An event together with the record it came in, as folds take it: the record is what a decision names as its fact.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The record that holds the event.
    pub record: RecordId,
    /// What happened.
    pub event: &'a Event,
}
