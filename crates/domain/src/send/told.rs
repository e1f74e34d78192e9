//! What single events say of the sends that have not ended, so that lists of those are kept without folding anything.
//!
//! Every step is recorded at the revision that it was decided on, so the latest word on a send holds. What follows from
//! all of them is what a fold would say (`a_list_kept_event_by_event_says_what_the_fold_says` in the tests).

use super::{Handling, Patience};
use crate::conversation::Opening;
use crate::decision::{Decision, Intent, Remedy};
use crate::event::{ErasingKind, Event, InboundKind, Outcome, Sending, SendingKind};
use crate::id::{Mid, SendId, StreamId};
use crate::time::Timestamp;

/// A word on sends that have not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// On one of them.
    Of(&'a SendId, Word<'a>),
    /// An echo came here of a send whose home is another stream: its message's id, and when that was sent.
    Echoed(&'a SendId, &'a Mid, Timestamp),
    /// Something happened that may free what is held here.
    Stirred,
    /// The conversation was erased, and with it every send.
    Erased,
}

/// A word on one send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// Somebody wants it said. From now on it waits.
    Requested {
        /// Who speaks, and why.
        intent: &'a Intent,
        /// When and how, as its caller wants it.
        handling: &'a Handling,
        /// Since when it waits.
        at: Timestamp,
    },
    /// It may be said.
    Allowed {
        /// The end of that, if nothing but time passes. None: it has none.
        until: Option<Timestamp>,
    },
    /// It may not be said for now, and is held.
    Held {
        /// When time alone may have changed that; none: time alone does not.
        look_at: Option<Timestamp>,
    },
    /// A worker has it.
    Claimed {
        /// As for [`Word::Allowed`].
        until: Option<Timestamp>,
        /// When somebody else has to say that its outcome is unknown.
        overdue: Timestamp,
    },
    /// Nothing left; it is to be tried again.
    Postponed {
        /// Not before this.
        not_before: Timestamp,
    },
    /// It may have gone out or not.
    Unknown {
        /// When the platform is to be asked for it, or its echo is not waited for any longer.
        look_at: Timestamp,
    },
    /// Nothing is left to do.
    Ended,
}

/// What an event of this stream says; none if it is about no send that could wait there. The moments in it follow from
/// `patience`, so they are another's under another patience.
pub fn told<'a>(stream: &StreamId, event: &'a Event, patience: Patience) -> Option<Told<'a>> {
    let (send, word) = match event {
        Event::Sending(step) => (&step.send, word(step, patience)),
        Event::Inbound(inbound) => match inbound.kind.echo().and_then(|echo| Some((echo.send.as_ref()?, echo))) {
            Some((send, _)) if send.is_at_home(stream) => (send, Word::Ended),
            // An echo that came in another stream settles nothing there by itself.
            Some((send, echo)) => {
                let is_ours = stream.page() == Some(send.page());
                return is_ours.then(|| Told::Echoed(send, &echo.mid, inbound.at()));
            }
            None => return may_free(&inbound.kind).then_some(Told::Stirred),
        },
        Event::Consent(_) => return Some(Told::Stirred),
        Event::Erasing(step) => match step.kind {
            ErasingKind::Begun { .. } => return Some(Told::Erased),
            ErasingKind::Completed { .. } => return None,
        },
        Event::Quarantined(_) | Event::System(_) | Event::Right(_) | Event::Page(_) => return None,
    };
    send.is_at_home(stream).then_some(Told::Of(send, word))
}

/// Whether what is held for lack of a window, a right or the thread can be allowed by this.
fn may_free(kind: &InboundKind) -> bool {
    Opening::of(kind).is_some()
        || kind.opt_in().is_some()
        || kind.comment().is_some()
        || matches!(kind, InboundKind::ThreadControl(_))
}

fn word(step: &Sending, patience: Patience) -> Word<'_> {
    match &step.kind {
        SendingKind::Requested { intent, handling, .. } => Word::Requested { intent, handling, at: step.at },
        SendingKind::Accepted { decision } => Word::Allowed { until: decision.holds_until },
        SendingKind::Deferred { decision, expires_at } => {
            Word::Held { look_at: look_at(decision).into_iter().chain(*expires_at).min() }
        }
        SendingKind::Dispatched { leave_by, decision, .. } => {
            Word::Claimed { until: decision.holds_until, overdue: patience.overdue(*leave_by) }
        }
        SendingKind::Doubted => Word::Unknown { look_at: patience.look_at(step.at, None) },
        SendingKind::Blocked { .. } | SendingKind::Cancelled | SendingKind::Expired { .. } => Word::Ended,
        SendingKind::Settled { outcome, .. } => match outcome {
            Outcome::Sent { .. } | Outcome::Found { .. } | Outcome::Rejected { .. } | Outcome::Unresolved => {
                Word::Ended
            }
            Outcome::Retrying { not_before, .. } | Outcome::NotSent { not_before } | Outcome::Again { not_before } => {
                Word::Postponed { not_before: *not_before }
            }
            Outcome::Unknown => Word::Unknown { look_at: patience.look_at(step.at, None) },
            Outcome::NotFound { since } => Word::Unknown { look_at: patience.look_at(*since, Some(step.at)) },
        },
    }
}

/// When time alone may allow what is forbidden now.
pub(super) fn look_at(decision: &Decision) -> Option<Timestamp> {
    let after = |remedy: &Remedy| if let Remedy::After(at) = remedy { Some(*at) } else { None };
    decision.remedies.iter().filter_map(after).min()
}
