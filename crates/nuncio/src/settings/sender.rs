//! How messages are sent.

use super::span;
use domain::send::Patience;
use domain::time::Span;
use service_kit::Reader;
use std::time::Duration;

/// The shortest lease: it is renewed three times in its term, each time with a write that the database syncs.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// The longest that typing may hold a message up: a claim lasts three seconds, of which the message needs the rest.
const LONGEST_TYPING: Duration = Duration::from_secs(1);

pub(crate) struct SenderSettings {
    pub(crate) answer_timeout: Duration,
    pub(crate) patience: Patience,
    pub(crate) concurrency: usize,
    pub(crate) margin: Span,
    pub(crate) lease_term: Duration,
    pub(crate) thread_spacing: Duration,
    pub(crate) is_shaped: bool,
    pub(crate) typing: Option<Duration>,
}

impl SenderSettings {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let answer = "how long Meta may take to answer a send";
        let unknown = "what is waited beyond that before an unanswered send is called unknown";
        let echo = "how long an unknown send waits for its echo before it is called unresolved";
        let look = "how long an unknown send waits before Meta's list of messages is looked through for it; 0s: never";
        let margin = "how long before its window ends a message is not sent any more, since it could arrive late";
        let lease = "how long a Page's messages wait for a sender that died: twice this, then another sends them";
        let spacing = "how far apart two messages to one person are at least";
        let shaped = "whether Pages keep the limits of the rule packs; false is for measuring alone";
        let typing = "how long a sign of typing may hold up what a person of the staff says; 0s: no sign";
        let answer_timeout = reader.get("sender.answer_timeout", Duration::from_secs(10), answer);
        let unknown = reader.get("sender.unknown_margin", Duration::from_secs(5), unknown);
        let echo = reader.get("sender.echo_timeout", Duration::from_secs(3_600), echo);
        let look = reader.get("sender.look_up_after", Duration::from_secs(10), look);
        let look = Some(look).filter(|look| !look.is_zero()).map(span);
        let concurrency = reader.get("sender.concurrency", 64, "how many conversations are sent to at a time");
        if concurrency == 0 {
            reader.problem("sender.concurrency", "0 would never send anything; allowed: 1 and more".to_owned());
        }
        let lease_term = reader.get("sender.lease_term", Duration::from_secs(3), lease);
        if lease_term < SHORTEST_LEASE {
            reader.problem("sender.lease_term", "is too short to be kept; allowed: 1s and more".to_owned());
        }
        let typing = reader.get("sender.typing", Duration::ZERO, typing);
        if typing > LONGEST_TYPING {
            reader.problem("sender.typing", "would hold up the message itself; allowed: 0s to 1s".to_owned());
        }
        Self {
            answer_timeout,
            typing: Some(typing).filter(|typing| !typing.is_zero()),
            patience: Patience { answer: span(answer_timeout), margin: span(unknown), echo: span(echo), look },
            concurrency,
            margin: span(reader.get("sender.window_margin", Duration::from_secs(2), margin)),
            lease_term,
            thread_spacing: reader.get("sender.thread_spacing", Duration::ZERO, spacing),
            is_shaped: reader.get("sender.shaping", true, shaped),
        }
    }
}
