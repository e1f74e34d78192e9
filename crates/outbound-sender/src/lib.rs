//! Sends messages.
//!
//! The order of the path: `grpc` takes a request and records it with its judgement → `outbox` follows the log and knows
//! which conversations have something to do → `dispatch` claims a send in the log, writes it to the wire once, and
//! records how it ended. Every state change goes through the log at the revision that it was decided on.

mod append;
mod content;
mod dispatch;
mod grpc;
mod outbox;
mod render;
mod restored;
mod watch;

use domain::id::PageId;
use domain::send::Patience;
use event_log::{Conversations, EventLog, JudgedBy};
use messenger::client::SendClient;
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use std::collections::HashMap;
use std::sync::Arc;

pub use grpc::OutboundService;
pub use outbox::run;

/// How the sender behaves.
#[derive(Debug)]
pub struct Config {
    /// The access token of every Page that may speak.
    pub pages: HashMap<PageId, SecretString>,
    /// How long outcomes are waited for.
    pub patience: Patience,
    /// How many conversations are worked on at a time.
    pub concurrency: usize,
}

/// What all parts of the sender work with.
#[derive(Clone)]
pub struct Sender(Arc<Parts>);

struct Parts {
    config: Config,
    log: Arc<dyn EventLog>,
    queues: append::Queues,
    conversations: Conversations,
    judged_by: JudgedBy,
    client: SendClient,
    clock: Clock,
    ids: Ids,
    outcomes: service_kit::Counter,
    requests: service_kit::Counter,
}

impl Sender {
    /// A sender on this log, which speaks to the platform through `client`.
    pub fn new(
        config: Config,
        log: Arc<dyn EventLog>,
        client: SendClient,
        clock: Clock,
        ids: Ids,
        metrics: &Metrics,
    ) -> Self {
        Self(Arc::new(Parts {
            config,
            conversations: Conversations::new(Arc::clone(&log)),
            judged_by: JudgedBy::new(Arc::clone(&log)),
            log,
            queues: append::Queues::new(),
            client,
            clock,
            ids,
            outcomes: metrics.counter("nuncio.send.outcomes", "{attempt}", "attempts to send, by how they ended"),
            requests: metrics.counter("nuncio.send.requests", "{request}", "requests to send, by what became of them"),
        }))
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
