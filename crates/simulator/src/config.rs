//! What a simulator is started with: its address, its app, its Pages, and where webhooks go.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;

/// Everything a simulator needs to start. Take the default and change what matters.
#[derive(Clone)]
pub struct Config {
    /// Where Graph API and admin API listen; port 0 takes any free port. Default: 127.0.0.1:8090.
    pub listen: SocketAddr,
    /// The one app, named in echoes. Default: `4004`.
    pub app_id: String,
    /// Signs webhooks and request proofs. Default: `test-app-secret-0001`.
    pub app_secret: SecretString,
    /// Pages known at the start, each with its access token. Default: none.
    pub pages: Vec<(String, String)>,
    /// Where webhooks go from the start, without a handshake. Default: nowhere.
    pub webhook: Option<WebhookTarget>,
    /// Whether every Send API call must carry `appsecret_proof`. Default: no.
    pub require_proof: bool,
    /// Same seed and same order of calls: same ids. Default: 0.
    pub seed: u64,
    /// How long after a send is accepted its echo may leave. Default: 5 ms.
    pub echo_delay: Duration,
    /// How webhooks are delivered.
    pub delivery: Delivery,
}

/// Where webhooks go. Plain HTTP only.
#[derive(Clone)]
pub struct WebhookTarget {
    /// The callback URL.
    pub url: String,
    /// What the handshake sends as `hub.verify_token`. A preset target is used without a handshake.
    pub verify_token: String,
}

/// How webhooks are delivered: at least once, in order per person.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Deliveries under way at the same time. Default: 8.
    pub concurrency: usize,
    /// How long the receiver may take to answer. Default: 5 s, as Meta.
    pub timeout: Duration,
    /// Attempts until a delivery is given up. Default: 20, about 80 s; Meta's own schedule is unpublished.
    pub attempts: u32,
    /// The pause after the first failed attempt; it doubles up to 5 s. Default: 100 ms.
    pub backoff: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)),
            app_id: "4004".to_owned(),
            app_secret: SecretString::from("test-app-secret-0001"),
            pages: Vec::new(),
            webhook: None,
            require_proof: false,
            seed: 0,
            echo_delay: Duration::from_millis(5),
            delivery: Delivery::default(),
        }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self { concurrency: 8, timeout: Duration::from_secs(5), attempts: 20, backoff: Duration::from_millis(100) }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("listen", &self.listen)
            .field("app_id", &self.app_id)
            .field("n_pages", &self.pages.len())
            .field("webhook", &self.webhook)
            .field("require_proof", &self.require_proof)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebhookTarget").field("url", &self.url).finish_non_exhaustive()
    }
}
