//! The HTTP side: the handshake, limits, the signature, and what each bad input is answered.

use crate::accept::Acceptor;
use crate::{Config, Deps, Erased};
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use messenger::signature::{self, AppSecrets, BadSignature};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use service_kit::Counter;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub(crate) struct Shared {
    acceptor: Acceptor,
    secrets: AppSecrets,
    verify_token: SecretString,
    body_limit: usize,
    body_timeout: Duration,
    append_timeout: Duration,
    log_ready: watch::Receiver<bool>,
    in_flight: Semaphore,
    /// A permit a byte.
    buffered: Semaphore,
    requests: Counter,
}

pub(crate) fn router(config: Config, deps: Deps, erased: Erased) -> Router {
    let help = "webhook deliveries, by what became of them";
    let shared = Shared {
        requests: deps.metrics.counter("nuncio.webhook.requests", "{request}", help),
        acceptor: Acceptor::new(config.app, deps.log, deps.clock, deps.ids, &deps.metrics).leaving_out(erased),
        secrets: config.secrets,
        verify_token: config.verify_token,
        body_limit: config.body_limit,
        body_timeout: config.body_timeout,
        append_timeout: config.append_timeout,
        log_ready: deps.log_ready,
        in_flight: Semaphore::new(config.max_in_flight),
        buffered: Semaphore::new(config.max_buffered.min(Semaphore::MAX_PERMITS)),
    };
    Router::new().route("/webhook", get(handshake).post(deliver)).with_state(Arc::new(shared))
}

/// What became of a delivery: the word it is counted by, and the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    TooLarge,
    TooSlow,
    BodyLost,
    SignatureMissing,
    SignatureMalformed,
    SignatureWrong,
    Overloaded,
    LogUnavailable,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::BodyLost => "body_lost",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureMalformed => "signature_malformed",
            Self::SignatureWrong => "signature_wrong",
            Self::Overloaded => "overloaded",
            Self::LogUnavailable => "log_unavailable",
        }
    }

    const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Accepted => (StatusCode::OK, "EVENT_RECEIVED"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than webhook.body_limit"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took longer than webhook.body_timeout"),
            Self::BodyLost => (StatusCode::BAD_REQUEST, "the body did not arrive whole"),
            Self::SignatureMissing => (StatusCode::UNAUTHORIZED, "X-Hub-Signature-256 is missing"),
            Self::SignatureMalformed => {
                (StatusCode::UNAUTHORIZED, "X-Hub-Signature-256 is not `sha256=` and 64 hex digits")
            }
            Self::SignatureWrong => {
                (StatusCode::FORBIDDEN, "the signature fits neither meta.app_secret nor meta.app_secret_previous")
            }
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "too many deliveries at a time; deliver again"),
            Self::LogUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "the event log does not answer; deliver again"),
        }
    }

    /// After these the rest of the request is not worth waiting for.
    const fn ends_connection(self) -> bool {
        matches!(self, Self::TooLarge | Self::TooSlow | Self::BodyLost | Self::Overloaded)
    }
}

impl From<BadSignature> for Outcome {
    fn from(bad: BadSignature) -> Self {
        match bad {
            BadSignature::Missing => Self::SignatureMissing,
            BadSignature::Malformed => Self::SignatureMalformed,
            BadSignature::Wrong => Self::SignatureWrong,
        }
    }
}

async fn deliver(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    let outcome = shared.deliver(&headers, body).await.err().unwrap_or(Outcome::Accepted);
    shared.requests.add(1, &[("outcome", outcome.as_str())]);
    if outcome != Outcome::Accepted {
        tracing::warn!(outcome = outcome.as_str(), "a webhook delivery was not taken: {}", outcome.answer().1);
    }
    let mut response = outcome.answer().into_response();
    if outcome.ends_connection() {
        response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}

impl Shared {
    async fn deliver(&self, headers: &HeaderMap, body: Body) -> Result<(), Outcome> {
        let (body, _room) = self.read(headers, body).await?;
        let given = headers.get(signature::HEADER).map(|value| value.to_str().unwrap_or_default());
        self.secrets.verify(given, &body)?;
        // Only now: who is not the platform must not take its places, however slowly they send.
        let _place = self.in_flight.try_acquire().map_err(|_| Outcome::Overloaded)?;
        if !*self.log_ready.borrow() {
            return Err(Outcome::LogUnavailable);
        }
        match tokio::time::timeout(self.append_timeout, self.acceptor.accept(&body)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a webhook delivery could not be appended");
                Err(Outcome::LogUnavailable)
            }
            Err(_) => {
                tracing::error!("a webhook delivery could not be appended within webhook.append_timeout");
                Err(Outcome::LogUnavailable)
            }
        }
    }

    /// The whole body, within the limits of size and time, and the room that it takes until that is dropped.
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Outcome> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > self.body_limit as u64) {
            return Err(Outcome::TooLarge);
        }
        tokio::time::timeout(self.body_timeout, self.collect(body)).await.unwrap_or(Err(Outcome::TooSlow))
    }

    /// Takes room for each piece as it comes: what is only announced takes none.
    async fn collect(&self, body: Body) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Outcome> {
        let mut body = Limited::new(body, self.body_limit);
        let mut room: Option<SemaphorePermit<'_>> = None;
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let piece = match frame {
                Ok(frame) => frame.into_data().unwrap_or_default(),
                Err(error) if error.is::<LengthLimitError>() => return Err(Outcome::TooLarge),
                Err(_) => return Err(Outcome::BodyLost),
            };
            let length = u32::try_from(piece.len()).map_err(|_| Outcome::TooLarge)?;
            let more = self.buffered.try_acquire_many(length).map_err(|_| Outcome::Overloaded)?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            whole.extend_from_slice(&piece);
        }
        Ok((whole.freeze(), room))
    }
}

/// What the platform asks when somebody subscribes this address.
#[derive(Default, Deserialize)]
struct Handshake {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

async fn handshake(State(shared): State<Arc<Shared>>, asked: Result<Query<Handshake>, QueryRejection>) -> Response {
    // A query that cannot be read is as incomplete as an empty one, and counted like it.
    let Query(asked) = asked.unwrap_or_default();
    let (outcome, response) = match (asked.mode.as_deref(), asked.verify_token, asked.challenge) {
        (Some("subscribe"), Some(token), Some(challenge)) => {
            let expected = shared.verify_token.expose_secret().as_bytes();
            if bool::from(token.as_bytes().ct_eq(expected)) {
                ("handshake", challenge.into_response())
            } else {
                tracing::warn!("a handshake was refused: hub.verify_token is not meta.verify_token");
                let answer = (StatusCode::FORBIDDEN, "hub.verify_token is not the one configured");
                ("handshake_refused", answer.into_response())
            }
        }
        _ => {
            let answer = "a handshake has hub.mode=subscribe, hub.verify_token and hub.challenge";
            ("handshake_malformed", (StatusCode::BAD_REQUEST, answer).into_response())
        }
    };
    shared.requests.add(1, &[("outcome", outcome)]);
    response
}
