//! What becomes of rights that are used up: written by whoever sends, in the record of the send's own step.

use crate::id::SendId;
use crate::right::Right;
use crate::time::Timestamp;

/// One step in the use of a right.
#[derive(Clone, Debug, PartialEq)]
pub struct RightStep {
    /// Which right.
    pub right: Right,
    /// The send that uses it.
    pub send: SendId,
    /// When we recorded the step.
    pub at: Timestamp,
    /// What happened.
    pub kind: RightStepKind,
}

/// The steps in the use of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightStepKind {
    /// The send holds it; no other may.
    Reserved,
    /// The send went out by it, or may have.
    Spent,
    /// The send did not go out by it, and holds it no more.
    Released,
    /// The platform takes it no more, so no send will go out by it.
    Dropped,
}

impl RightStepKind {
    /// The step's name, for logs and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "right_reserved",
            Self::Spent => "right_spent",
            Self::Released => "right_released",
            Self::Dropped => "right_dropped",
        }
    }
}
