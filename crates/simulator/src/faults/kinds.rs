//! Every kind of fault in a few words, for people who choose one.

use super::FaultKind;

impl FaultKind {
    /// All kinds, those of sends first.
    pub(crate) const ALL: [(Self, &'static str); 29] = [
        (Self::ResponseLost, "sent, but the connection closes without an answer"),
        (Self::ConnectionReset, "not sent; the connection closes without an answer"),
        (Self::Error500, "sent, but answered 500"),
        (Self::Error500Before, "not sent; answered 500"),
        (Self::Unavailable, "not sent; answered 500 with code 2"),
        (Self::TemporaryFailure, "not sent; code 1200, try again later"),
        (Self::Hang, "sent, and never answered"),
        (Self::HangBefore, "not sent, and never answered"),
        (Self::Slow, "sent, and answered late"),
        (Self::Throttle, "not sent; rate limit, code 613"),
        (Self::ThrottleApp, "not sent; the app's limit, code 4"),
        (Self::ThrottlePage, "not sent; the Page's limit, code 80006"),
        (Self::Throttle429, "not sent; HTTP 429"),
        (Self::TokenInvalid, "not sent; the token is invalid, code 190"),
        (Self::TokenExpired, "not sent; the token has expired, 190/463"),
        (Self::Refuse, "not sent; outside the window, 10/2018278"),
        (Self::PageRestricted, "not sent; the Page is restricted, 10/1893063"),
        (Self::NotReceiving, "not sent; the person does not receive, code 551"),
        (Self::TagAbuse, "not sent; tags are used too much, 613/2018338"),
        (Self::FlowRunning, "not sent; an automated flow runs, 2018321"),
        (Self::SentButError, "sent, but answered 1/1357046"),
        (Self::EchoNever, "sent; the echo never comes"),
        (Self::EchoLate, "sent; the echo comes late"),
        (Self::EchoBefore, "sent; the echo comes before the answer"),
        (Self::WebhookDuplicated, "comes twice"),
        (Self::WebhookReordered, "comes after the next one of the same person"),
        (Self::WebhookMerged, "comes in one body with whatever else is due"),
        (Self::WebhookDelayed, "comes late, while others come in time"),
        (Self::WebhookWronglySigned, "is signed with another secret the first time"),
    ];

    /// Whether it hits webhooks; else it hits sends.
    pub(crate) fn is_of_webhooks(self) -> bool {
        matches!(
            self,
            Self::WebhookDuplicated
                | Self::WebhookReordered
                | Self::WebhookMerged
                | Self::WebhookDelayed
                | Self::WebhookWronglySigned
        )
    }
}
