//! The courier: takes what is due from the platform and posts it, several at a time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outbox::Shipment;
use super::sign;
use crate::config::{self, WebhookTarget};
use crate::platform::{Next, Platform};

/// Posts signed bodies.
pub(crate) struct Courier {
    pub(crate) platform: Arc<Platform>,
    pub(crate) client: Client,
    pub(crate) settings: config::Delivery,
}

impl Courier {
    /// Delivers until `stop`; what is under way or waiting then is dropped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let courier = Arc::new(self);
        let mut under_way = JoinSet::new();
        while !stop.is_cancelled() {
            let wake_at = Instant::now() + courier.start_due(&mut under_way).unwrap_or(Duration::from_secs(3600));
            tokio::select! {
                () = stop.cancelled() => break,
                () = courier.platform.woken() => (),
                Some(_) = under_way.join_next() => (),
                () = tokio::time::sleep_until(wake_at) => (),
            }
        }
    }

    /// Starts whatever is due and has a place; answers when the next one is due.
    fn start_due(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> Option<Duration> {
        while under_way.len() < self.settings.concurrency.max(1) {
            match self.platform.next() {
                Next::Deliver(shipment, target, secret) => {
                    let courier = Arc::clone(self);
                    under_way.spawn(async move { courier.deliver(shipment, target, secret).await });
                }
                Next::After(pause) => return Some(pause),
                Next::Nothing => return None,
            }
        }
        None
    }

    async fn deliver(&self, shipment: Box<Shipment>, target: WebhookTarget, secret: SecretString) {
        let body = Vec::clone(&shipment.body);
        let secret = if shipment.is_wrongly_signed() { SecretString::from("not-the-secret") } else { secret };
        let answer = self
            .client
            .post(&target.url)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", sign::sha256(&secret, &body))
            .header("X-Hub-Signature", sign::sha1(&secret, &body))
            .body(body)
            .timeout(self.settings.timeout)
            .send()
            .await;
        let status = match answer {
            Ok(answer) => Some(answer.status().as_u16()),
            Err(error) => {
                tracing::debug!(error = &error.without_url() as &dyn std::error::Error, "webhook got no answer");
                None
            }
        };
        self.platform.settle(shipment, status);
    }
}
