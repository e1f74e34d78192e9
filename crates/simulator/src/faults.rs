//! Faults on command: each hits the next sends that would have been accepted, or a share of them, of everybody, of a Page
//! or of a person.

mod kinds;

use serde::{Deserialize, Serialize};

use crate::errors::{GraphError, Refusal};
use crate::graph::Manner;
use crate::world::ids::{Ids, Psid};

/// What goes wrong with a message that the judgement has allowed, or with its webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The message takes place, and the connection is closed without an answer.
    ResponseLost,
    /// The message does not take place, and the connection is closed without an answer.
    ConnectionReset,
    /// The message takes place and is answered 500.
    #[serde(rename = "error_500")]
    Error500,
    /// The message does not take place and is answered 500.
    #[serde(rename = "error_500_before")]
    Error500Before,
    /// The message does not take place and is answered 500 with code 2, a passing error.
    Unavailable,
    /// The message does not take place and is answered 1200.
    TemporaryFailure,
    /// The message takes place and is never answered.
    Hang,
    /// The message does not take place and is never answered.
    HangBefore,
    /// The message takes place and is answered late: after `delay_ms` of real time.
    Slow,
    /// The message does not take place: rate limit, 613.
    Throttle,
    /// The message does not take place: the app's limit, 4.
    ThrottleApp,
    /// The message does not take place: the Page's daily limit, 80006.
    ThrottlePage,
    /// The message does not take place: HTTP 429.
    #[serde(rename = "throttle_429")]
    Throttle429,
    /// The message does not take place: the token is invalid, 190.
    TokenInvalid,
    /// The message does not take place: the token has expired, 190/463.
    TokenExpired,
    /// The message does not take place: outside the window, 10/2018278.
    Refuse,
    /// The message does not take place: the Page is restricted, 10/1893063.
    PageRestricted,
    /// The message does not take place: the person does not receive, 551.
    NotReceiving,
    /// The message does not take place: tags are used too much, 613/2018338.
    TagAbuse,
    /// The message does not take place: an automated flow runs, 2018321.
    FlowRunning,
    /// The message takes place and is answered 1/1357046.
    SentButError,
    /// The message takes place and is answered; its echo never comes.
    EchoNever,
    /// The message takes place and is answered; its echo comes `delay_ms` later.
    EchoLate,
    /// The message takes place; its echo comes before the answer.
    EchoBefore,
    /// A webhook comes twice.
    WebhookDuplicated,
    /// A webhook comes after the next one of the same person.
    WebhookReordered,
    /// A webhook comes in one body with whatever else is due.
    WebhookMerged,
    /// A webhook comes `delay_ms` late, an hour unless said, while later ones come in time.
    WebhookDelayed,
    /// A webhook is signed with another secret the first time.
    WebhookWronglySigned,
}

/// Whom a fault hits, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many times; with neither count nor rate, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Which share of them, from 0 to 1, drawn from the seed; without a count, until the faults are cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Only this Page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Only this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psid: Option<String>,
    /// Milliseconds, for what comes late: `slow` 1000 of real time, `echo_late` 60000, `webhook_delayed` an hour. Errors
    /// of what does not take place are late only where it is said, by real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u32>,
    /// Only webhooks of this kind, as the recorder names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// Calls of this endpoint, as the recorder names it, in place of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What is answered, by its name in the catalogue of errors, in place of the kind's own error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long to wait, as the answer's `error_data` tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_seconds: Option<u32>,
}

/// A fault that hits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) kind: FaultKind,
    delay_ms: Option<u32>,
    error: Option<Refusal>,
    remaining_seconds: Option<u32>,
}

/// What a fault may hit now.
pub(crate) struct Target<'a> {
    pub(crate) page: &'a str,
    pub(crate) psid: Option<(Psid, &'a str)>,
    /// The number of the record: draws follow from it.
    pub(crate) n: u32,
    pub(crate) what: What<'a>,
}

/// What may be hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// A message that would be accepted.
    Message,
    /// Any other call, by its endpoint.
    Call(&'a str),
    /// A webhook, by its kind.
    Webhook(&'a str),
}

/// The faults still to come, in the order they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Fault>,
}

impl Fault {
    /// The next `count` of everybody.
    #[must_use]
    pub fn next(kind: FaultKind, count: u32) -> Self {
        Self {
            kind,
            count: Some(count),
            rate: None,
            page: None,
            psid: None,
            delay_ms: None,
            webhook: None,
            endpoint: None,
            error: None,
            remaining_seconds: None,
        }
    }
}

impl Faults {
    /// Arms a fault.
    pub(crate) fn add(&mut self, mut fault: Fault) {
        if fault.count.is_none() && fault.rate.is_none() {
            fault.count = Some(1);
        }
        if fault.count != Some(0) {
            self.armed.push(fault);
        }
    }

    /// The fault that hits this target, if one does.
    pub(crate) fn take(&mut self, ids: Ids, target: &Target<'_>) -> Option<Hit> {
        let place = self.armed.iter().position(|fault| fault.hits(ids, target))?;
        let fault = self.armed.get_mut(place)?;
        let error = fault.error.as_deref().and_then(Refusal::named);
        let remaining_seconds = fault.remaining_seconds;
        let hit = Hit { kind: fault.kind, delay_ms: fault.delay_ms, error, remaining_seconds };
        if let Some(count) = &mut fault.count {
            *count -= 1;
            if *count == 0 {
                self.armed.remove(place);
            }
        }
        Some(hit)
    }

    /// Forgets the faults still to come.
    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// Those still to come.
    pub(crate) fn armed(&self) -> &[Fault] {
        &self.armed
    }
}

impl Fault {
    fn hits(&self, ids: Ids, target: &Target<'_>) -> bool {
        let psid = target.psid.map(|(psid, _)| psid);
        let draw = || ids.draw(&format!("fault {:?}", self.kind), target.page, psid, target.n);
        let is_of_webhooks = self.kind.is_of_webhooks();
        let fits = match target.what {
            What::Message => !is_of_webhooks && self.endpoint.as_deref().is_none_or(|endpoint| endpoint == "messages"),
            What::Call(endpoint) => !is_of_webhooks && self.endpoint.as_deref() == Some(endpoint),
            What::Webhook(kind) => is_of_webhooks && self.webhook.as_deref().is_none_or(|wanted| wanted == kind),
        };
        fits && self.page.as_deref().is_none_or(|page| page == target.page)
            && self.psid.as_deref().is_none_or(|psid| target.psid.is_some_and(|(_, text)| text == psid))
            && self.rate.is_none_or(|rate| draw() < rate)
    }
}

impl Hit {
    /// What is answered in place of letting it take place.
    pub(crate) fn stops_with(self) -> Option<GraphError> {
        let error = GraphError::from(self.error.unwrap_or(self.kind.stops_with()?));
        Some(match self.remaining_seconds {
            Some(seconds) => error.with_data(serde_json::json!({ "remaining_seconds": seconds })),
            None => error,
        })
    }

    /// What is answered although it took place.
    pub(crate) fn answers_with(self) -> Option<Refusal> {
        let after = [(FaultKind::Error500, Refusal::Internal), (FaultKind::SentButError, Refusal::SentButError)];
        let own = after.into_iter().find(|(kind, _)| *kind == self.kind).map(|(_, refusal)| refusal);
        own.map(|own| self.error.unwrap_or(own))
    }

    /// How an answer that is no error goes out: before it took place, and after.
    pub(crate) fn manner(self) -> (Option<Manner>, Manner) {
        match self.kind {
            FaultKind::ConnectionReset => (Some(Manner::Close), Manner::Close),
            FaultKind::HangBefore => (Some(Manner::Hang), Manner::Hang),
            FaultKind::ResponseLost => (None, Manner::Close),
            FaultKind::Hang => (None, Manner::Hang),
            FaultKind::Slow => (None, Manner::Slowly(self.delay_ms.unwrap_or(1_000))),
            kind if kind.stops_with().is_some() => (None, self.delay_ms.map_or(Manner::Now, Manner::Slowly)),
            FaultKind::Error500
            | FaultKind::Error500Before
            | FaultKind::Unavailable
            | FaultKind::TemporaryFailure
            | FaultKind::Throttle
            | FaultKind::ThrottleApp
            | FaultKind::ThrottlePage
            | FaultKind::Throttle429
            | FaultKind::TokenInvalid
            | FaultKind::TokenExpired
            | FaultKind::Refuse
            | FaultKind::PageRestricted
            | FaultKind::NotReceiving
            | FaultKind::TagAbuse
            | FaultKind::FlowRunning
            | FaultKind::SentButError
            | FaultKind::EchoNever
            | FaultKind::EchoLate
            | FaultKind::EchoBefore
            | FaultKind::WebhookDuplicated
            | FaultKind::WebhookReordered
            | FaultKind::WebhookMerged
            | FaultKind::WebhookDelayed
            | FaultKind::WebhookWronglySigned => (None, Manner::Now),
        }
    }

    /// How late it makes what it delays, in virtual ms; `usual` unless it says so itself.
    pub(crate) fn delay_ms(self, usual: u32) -> i64 {
        self.delay_ms.unwrap_or(usual).into()
    }
}

impl FaultKind {
    fn stops_with(self) -> Option<Refusal> {
        match self {
            Self::Error500Before => Some(Refusal::Internal),
            Self::Unavailable => Some(Refusal::Unavailable),
            Self::TemporaryFailure => Some(Refusal::TemporaryFailure),
            Self::Throttle => Some(Refusal::RateLimit),
            Self::ThrottleApp => Some(Refusal::AppLimit),
            Self::ThrottlePage => Some(Refusal::BusinessLimit),
            Self::Throttle429 => Some(Refusal::TooManyRequests),
            Self::TokenInvalid => Some(Refusal::TokenInvalid),
            Self::TokenExpired => Some(Refusal::TokenExpired),
            Self::Refuse => Some(Refusal::OutsideWindow),
            Self::PageRestricted => Some(Refusal::PageRestricted),
            Self::NotReceiving => Some(Refusal::NotReceiving),
            Self::TagAbuse => Some(Refusal::TagAbuse),
            Self::FlowRunning => Some(Refusal::FlowRunning),
            Self::ResponseLost
            | Self::ConnectionReset
            | Self::Error500
            | Self::Hang
            | Self::HangBefore
            | Self::Slow
            | Self::SentButError
            | Self::EchoNever
            | Self::EchoLate
            | Self::EchoBefore
            | Self::WebhookDuplicated
            | Self::WebhookReordered
            | Self::WebhookMerged
            | Self::WebhookDelayed
            | Self::WebhookWronglySigned => None,
        }
    }
}
