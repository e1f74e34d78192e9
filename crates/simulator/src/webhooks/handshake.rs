//! The verification handshake: the callback must echo our challenge before webhooks go there.

use std::time::Duration;

use reqwest::{Client, StatusCode};

use crate::config::WebhookTarget;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a callback was not verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// Nobody answered: trying again may help.
    #[error("the callback did not answer")]
    NoAnswer {
        #[source]
        source: reqwest::Error,
    },
    /// The callback answered, and not as it should: it will do so again.
    #[error("the callback answered {status} and did not echo the challenge")]
    NotEchoed { status: StatusCode },
}

/// Asks the callback to echo `challenge`, as Meta does when a callback is set.
pub(crate) async fn verify(client: &Client, target: &WebhookTarget, challenge: u32) -> Result<(), HandshakeError> {
    let challenge = challenge.to_string();
    let no_answer = |source: reqwest::Error| HandshakeError::NoAnswer { source: source.without_url() };
    let answer = client
        .get(&target.url)
        .query(&[("hub.mode", "subscribe"), ("hub.verify_token", &target.verify_token), ("hub.challenge", &challenge)])
        .timeout(TIMEOUT)
        .send()
        .await
        .map_err(no_answer)?;
    let status = answer.status();
    let body = answer.text().await.map_err(no_answer)?;
    if status == StatusCode::OK && body == challenge { Ok(()) } else { Err(HandshakeError::NotEchoed { status }) }
}
