//! Faults on command: each one hits the next message that would have been accepted.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// What goes wrong with a message that the judgement has allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The message takes place, and the connection is closed without an answer.
    ResponseLost,
    /// The message takes place and is answered 500.
    #[serde(rename = "error_500")]
    Error500,
    /// The message does not take place and is answered 500.
    #[serde(rename = "error_500_before")]
    Error500Before,
    /// The message takes place and is never answered.
    Hang,
    /// The message does not take place: rate limit, 613.
    Throttle,
    /// The message does not take place: outside the window, 10/2018278.
    Refuse,
    /// The message takes place and is answered 1/1357046.
    SentButError,
    /// The message takes place and is answered; its echo never comes.
    EchoNever,
}

/// The faults still to come, in the order they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<FaultKind>);

impl Faults {
    /// Queues `count` faults of one kind.
    pub(crate) fn add(&mut self, kind: FaultKind, count: u16) {
        self.0.extend(std::iter::repeat_n(kind, usize::from(count)));
    }

    /// The fault for the message at hand, if any is left.
    pub(crate) fn take(&mut self) -> Option<FaultKind> {
        self.0.pop_front()
    }

    /// Forgets the faults still to come.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
