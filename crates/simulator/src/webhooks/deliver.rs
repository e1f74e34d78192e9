//! The courier: takes what is due from the queue and posts it, several at a time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::queue::Next;
use super::{Delivery, Queue, sign};
use crate::config::{self, WebhookTarget};

/// Posts signed bodies.
pub(crate) struct Courier {
    pub(crate) queue: Arc<Queue>,
    pub(crate) client: Client,
    pub(crate) secret: SecretString,
    pub(crate) settings: config::Delivery,
}

impl Courier {
    /// Delivers until `stop`; what is under way or waiting then is dropped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let courier = Arc::new(self);
        let mut under_way = JoinSet::new();
        while !stop.is_cancelled() {
            let wake_at = courier.start_due(&mut under_way);
            let a_while = Instant::now() + Duration::from_secs(3600);
            tokio::select! {
                () = stop.cancelled() => break,
                () = courier.queue.woken() => (),
                Some(_) = under_way.join_next() => (),
                () = tokio::time::sleep_until(wake_at.unwrap_or(a_while)) => (),
            }
        }
    }

    /// Starts whatever is due and has a place; answers when the next one is due.
    fn start_due(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> Option<Instant> {
        while under_way.len() < self.settings.concurrency.max(1) {
            match self.queue.next(Instant::now()) {
                Next::Deliver(delivery, target) => {
                    let courier = Arc::clone(self);
                    under_way.spawn(async move { courier.deliver(delivery, target).await });
                }
                Next::At(at) => return Some(at),
                Next::Nothing => return None,
            }
        }
        None
    }

    async fn deliver(&self, delivery: Delivery, target: WebhookTarget) {
        let body = delivery.body.as_ref();
        let answer = self
            .client
            .post(&target.url)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", sign::sha256(&self.secret, body))
            .header("X-Hub-Signature", sign::sha1(&self.secret, body))
            .body(body.clone())
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
        self.queue.settle(delivery, status);
    }
}
