//! How a caller wants a send to be handled, apart from what it says.

use crate::decision::Actor;
use crate::id::BusinessKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// When a send may leave, and what is done where that depends on something nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// It may not leave before this.
    pub not_before: Option<Timestamp>,
    /// From this moment on it may not leave any more. None: as long as the rules let it.
    pub expires_at: Option<Timestamp>,
    /// What becomes of it when nobody tells whether it went out.
    pub guarantee: Guarantee,
    /// Whether it is held when the rules forbid it, until they allow it or its time is over.
    pub is_held: bool,
    /// The caller's name for what it tells, which is told once.
    pub key: Option<BusinessKey>,
}

/// What becomes of a send of which nobody tells whether it went out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guarantee {
    /// It is left alone: the person has it once or not at all.
    #[default]
    AtMostOnce,
    /// It is tried once more: the person may have it twice. A log that was brought back from a backup has forgotten the
    /// tries that it lost, so then the person may have it more often.
    AtLeastOnce,
}

/// Whose turn a send is in. Earlier ones go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A person's answer, which somebody waits for.
    Person,
    /// A program's.
    Automation,
    /// One of many alike.
    Broadcast,
}

impl Class {
    /// Every class, in the order in which they go.
    pub const ALL: [Self; 3] = [Self::Person, Self::Automation, Self::Broadcast];

    /// The class's name, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Automation => "program",
            Self::Broadcast => "broadcast",
        }
    }

    /// The class of what this actor says.
    pub const fn of(actor: &Actor) -> Self {
        match actor {
            Actor::Human(_) | Actor::AiAssistedHuman(_) => Self::Person,
            Actor::Bot | Actor::Automation => Self::Automation,
            Actor::Broadcast => Self::Broadcast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::actors;

    #[test]
    fn people_go_before_programs_and_programs_before_broadcasts() {
        let classes: Vec<_> = actors().iter().map(Class::of).collect();
        let (person, automation) = (Class::Person, Class::Automation);
        assert_eq!(classes, [person, person, automation, automation, Class::Broadcast]);
        assert!(classes.is_sorted() && Class::ALL.is_sorted());
    }
}
