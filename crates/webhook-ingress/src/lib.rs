//! Takes webhooks in. A delivery is answered 200 only when everything it says is durable in the log; whatever the
//! platform then does (retry, repeat, reorder) the facts' ids make harmless.
//!
//! The order of the path: `http` (limits, signature) → `messenger::webhook` (facts) → `accept` (records, appends).

mod accept;
mod erased;
mod http;
mod known;
mod replay;
mod retype;
mod server;

use domain::id::AppId;
use event_log::EventLog;
use messenger::signature::AppSecrets;
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

pub use accept::Acceptor;
pub use erased::Erased;
pub use replay::{KEPT_FOR, NewFacts, Replay, ReplayError, Replayed};
pub use retype::Retyped;
pub use server::Ingress;

/// How the ingress behaves.
#[derive(Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The app whose webhooks these are.
    pub app: AppId,
    /// The app's secrets, under which deliveries are signed.
    pub secrets: AppSecrets,
    /// What the platform must say when it subscribes.
    pub verify_token: SecretString,
    /// The largest body taken. The platform names no limit for Messenger; 4 MiB leaves room above the 3 MB that it
    /// names for another product.
    pub body_limit: usize,
    /// How long a sender may take for a whole request.
    pub body_timeout: Duration,
    /// How long the log may take; less than the 5 s after which the platform counts a delivery as failed.
    pub append_timeout: Duration,
    /// How many deliveries that are signed rightly are worked on at a time; more are answered 503 at once.
    pub max_in_flight: usize,
    /// How many connections are served at a time; more wait until one ends, which takes a sender that says nothing at most
    /// `body_timeout`.
    pub max_connections: usize,
    /// How many bytes of bodies are held at a time, whoever sent them; beyond that a delivery is answered 503 at once.
    pub max_buffered: usize,
}

/// What the ingress works with.
pub struct Deps {
    /// Where facts go.
    pub log: Arc<dyn EventLog>,
    /// Whether the log is known to work. While it is not, deliveries are refused at once instead of after a time-out.
    pub log_ready: watch::Receiver<bool>,
    /// The time of receipt.
    pub clock: Clock,
    /// Record ids.
    pub ids: Ids,
    /// Where is counted.
    pub metrics: Metrics,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}
