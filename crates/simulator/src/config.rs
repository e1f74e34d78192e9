//! What a simulator is started with: its address, its apps, its Pages, its time, its limits, and where webhooks go.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;

use crate::world::limits::Limits;

/// Everything a simulator needs to start. Take the default and change what matters.
#[derive(Clone)]
pub struct Config {
    /// Where Graph API and admin API listen; port 0 takes any free port. Default: 127.0.0.1:8090.
    pub listen: SocketAddr,
    /// The first app, named in echoes. Default: `4004`.
    pub app_id: String,
    /// Signs webhooks and request proofs. Default: `test-app-secret-0001`.
    pub app_secret: SecretString,
    /// Pages known at the start, each with the first app's access token for it. Default: none.
    pub pages: Vec<(String, String)>,
    /// Where the first app's webhooks go from the start, without a handshake. Default: nowhere.
    pub webhook: Option<WebhookTarget>,
    /// Further apps on the same Pages. Default: none.
    pub apps: Vec<AppConfig>,
    /// Whether every call of the first app must carry `appsecret_proof`. Default: no.
    pub require_proof: bool,
    /// Same seed and same deeds of a person: same ids. Default: 0.
    pub seed: u64,
    /// How time goes. Default: with the machine's clock.
    pub clock: ClockStart,
    /// Which limits hold. Default: none.
    pub limits: Limits,
    /// How long after a send is accepted its echo may leave. Default: 5 ms.
    pub echo_delay: Duration,
    /// How webhooks are delivered.
    pub delivery: Delivery,
}

/// An app beside the first one.
#[derive(Clone)]
pub struct AppConfig {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// Where its webhooks go from the start.
    pub webhook: Option<WebhookTarget>,
    /// Its access tokens: Page and token.
    pub pages: Vec<(String, String)>,
}

/// How time goes at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockStart {
    /// With the machine's clock.
    #[default]
    Running,
    /// It stands at this moment, in ms since 1970, until it is moved or let run.
    StoppedAt(i64),
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
    /// Attempts until a delivery is given up. Default: no end but the unsubscribing; Meta's schedule is unpublished.
    pub attempts: u32,
    /// The pause after the first failed attempt; it doubles up to 5 s, and up to 60 s from the 20th attempt on.
    /// Default: 100 ms.
    pub backoff: Duration,
    /// Most events in one body, where more are due at once. Default: 1, as Messenger mostly does.
    pub batch: usize,
    /// Failing so long brings an alert. Default: 15 minutes, as Meta.
    pub alert_after: Duration,
    /// Failing so long unsubscribes the app from the Page. Default: 1 hour, as Meta.
    pub unsubscribe_after: Duration,
}

const LONGEST_PAUSE_MS: i64 = 5_000;
const LONGEST_LATE_PAUSE_MS: i64 = 60_000;
const LATE: u32 = 20;

impl Delivery {
    /// The pause after so many failed attempts.
    pub(crate) fn pause_ms(&self, attempts: u32) -> i64 {
        let longest = if attempts < LATE { LONGEST_PAUSE_MS } else { LONGEST_LATE_PAUSE_MS };
        let doublings = attempts.saturating_sub(1).min(16);
        millis(self.backoff).saturating_mul(1 << doublings).min(longest)
    }

    pub(crate) fn alert_after_ms(&self) -> i64 {
        millis(self.alert_after)
    }

    pub(crate) fn unsubscribe_after_ms(&self) -> i64 {
        millis(self.unsubscribe_after)
    }
}

/// A span in whole milliseconds.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)),
            app_id: "4004".to_owned(),
            app_secret: SecretString::from("test-app-secret-0001"),
            pages: Vec::new(),
            webhook: None,
            apps: Vec::new(),
            require_proof: false,
            seed: 0,
            clock: ClockStart::default(),
            limits: Limits::none(),
            echo_delay: Duration::from_millis(5),
            delivery: Delivery::default(),
        }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            concurrency: 8,
            timeout: Duration::from_secs(5),
            attempts: u32::MAX,
            backoff: Duration::from_millis(100),
            batch: 1,
            alert_after: Duration::from_secs(15 * 60),
            unsubscribe_after: Duration::from_secs(3600),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("listen", &self.listen)
            .field("app_id", &self.app_id)
            .field("n_pages", &self.pages.len())
            .field("n_apps", &self.apps.len())
            .field("webhook", &self.webhook)
            .field("require_proof", &self.require_proof)
            .field("seed", &self.seed)
            .field("clock", &self.clock)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebhookTarget").field("url", &self.url).finish_non_exhaustive()
    }
}
