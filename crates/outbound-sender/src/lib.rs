//! Sends messages.
//!
//! The order of the path: `grpc` takes a request and records it with its judgement → `outbox` follows the log, from where
//! the tables of `table` are, and knows which conversations have something to do → `dispatch` claims a send in the log,
//! writes it to the wire once, and records how it ended. Every state change goes through the log at the revision that it
//! was decided on.

mod append;
mod content;
mod dispatch;
mod grpc;
mod outbox;
mod render;
mod restored;
mod table;
mod watch;

use domain::id::PageId;
use domain::send::Patience;
use event_log::{Conversations, EventLog, JudgedBy};
use messenger::client::SendClient;
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use sql::Database;
use std::collections::HashMap;
use std::sync::Arc;

pub use grpc::OutboundService;
pub use outbox::run;
pub use table::{DUE, DueTable, OutboxTable};

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

/// What a sender works with.
pub struct Deps {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The conversations of that log.
    pub conversations: Conversations,
    /// Where the outbox's table is. Without it the whole log is read at every start.
    pub database: Option<Database>,
    /// The time.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: Ids,
    /// Where is counted.
    pub metrics: Metrics,
}

/// What all parts of the sender work with.
#[derive(Clone)]
pub struct Sender(Arc<Parts>);

struct Parts {
    config: Config,
    log: Arc<dyn EventLog>,
    database: Option<Database>,
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
    /// A sender that speaks to the platform through `client`.
    pub fn new(config: Config, deps: Deps, client: SendClient) -> Self {
        let Deps { log, conversations, database, clock, ids, metrics } = deps;
        Self(Arc::new(Parts {
            config,
            conversations,
            judged_by: JudgedBy::new(Arc::clone(&log)),
            log,
            database,
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

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}
