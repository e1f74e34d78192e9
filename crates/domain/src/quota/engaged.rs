//! To whom a Page can write, as single events tell it, so that the people are counted without folding anything.
//!
//! What is kept are the moments of what people did, and how long each opens a window is said when they are counted: that is
//! the word of the rule pack in force then, which may be another for each Page.

use crate::conversation::{BLOCKED, Opening};
use crate::event::{Concern, ConsentKind, ErasingKind, Event, NotificationChange, OptIn, Outcome, SendingKind};
use crate::time::{Span, Timestamp};

/// Moments are told as the first of so long a step: who writes again and again changes what is kept once in it, and nobody
/// counts for longer than they are to.
const STEP: Span = Span::from_secs(600);

/// By what a Page can write to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// The person did something that may open a window, at the moment beside it.
    Acted(Opening),
    /// The person agreed to repeated messages, until the moment beside it.
    Agreed,
}

impl Means {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Acted(Opening::Message),
        Self::Acted(Opening::Postback),
        Self::Acted(Opening::Link),
        Self::Acted(Opening::Reaction),
        Self::Acted(Opening::OptIn),
        Self::Acted(Opening::Lead),
        Self::Acted(Opening::AdMessage),
        Self::Agreed,
    ];

    /// The name by which it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acted(opening) => opening.as_str(),
            Self::Agreed => "agreed",
        }
    }
}

/// What an event says of whether its Page can write to its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engaged {
    /// It can by this, which counts from or until this moment; the latest counts.
    By(Means, Timestamp),
    /// By this it cannot any more.
    NotBy(Means),
    /// It cannot by anything that was told so far: the person wants no messages, gets none, or is erased.
    Not,
}

/// What an event of a conversation says of that. A token without an end, or for one message alone, gives no moment, and is
/// left out: who only has such a one is not counted.
pub fn engaged(event: &Event) -> impl Iterator<Item = Engaged> {
    let mut told = Vec::new();
    match event {
        Event::Inbound(inbound) => {
            let acted = |opening| Engaged::By(Means::Acted(opening), step(inbound.at()));
            told.extend(Opening::all_of(&inbound.kind).map(acted));
            if let Some(OptIn::Notifications(given)) = inbound.kind.opt_in() {
                told.extend(match given.change {
                    Some(NotificationChange::Stop) => Some(Engaged::NotBy(Means::Agreed)),
                    Some(NotificationChange::Resume) | None => {
                        given.expires_at.map(|end| Engaged::By(Means::Agreed, step(end)))
                    }
                });
            }
        }
        Event::Consent(consent) => match consent.kind {
            ConsentKind::OptedOut => told.push(Engaged::Not),
            ConsentKind::OptedIn => (),
        },
        Event::Erasing(erasing) => match erasing.kind {
            ErasingKind::Begun { .. } => told.push(Engaged::Not),
            ErasingKind::Completed { .. } => (),
        },
        Event::Sending(sending) => {
            if let SendingKind::Settled { outcome: Outcome::Rejected { code, concern, .. }, .. } = &sending.kind {
                let is_of_the_person = match concern {
                    Concern::Person => true,
                    Concern::Message => *code == BLOCKED,
                    Concern::Right => false,
                };
                told.extend(is_of_the_person.then_some(Engaged::Not));
            }
        }
        Event::Quarantined(_) | Event::System(_) | Event::Right(_) | Event::Page(_) => (),
    }
    told.into_iter()
}

/// The first moment of the step that a moment is in.
const fn step(at: Timestamp) -> Timestamp {
    let (at_ms, step_ms) = (at.as_millis(), STEP.as_millis());
    Timestamp::from_millis(at_ms.saturating_sub(at_ms.rem_euclid(step_ms)))
}
