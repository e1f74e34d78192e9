//! Sends messages.
//!
//! The order of the path: `grpc` takes a request and records it with its judgement → `table` keeps what waits in the table
//! `outbox` → `holder` takes the lease of each Page that has something to send → the Page's `desk` reads the table, and
//! lets conversations out in the order of `queue` and at the pace of `pace`, unless `pause` holds them or `quota` has no call left →
//! `dispatch` claims
//! a send in the log, writes it to the wire once, and records how it ended → `look_up` asks the platform for what nobody
//! tells of, and `elsewhere` settles what an echo in another stream tells. Every state change goes through the log at the
//! revision that it was decided on; `hints` only spare whoever sits at the desk the wait for the table.

mod actions;
mod append;
mod attachments;
mod calls;
mod content;
mod desk;
mod dispatch;
mod elsewhere;
mod files;
mod follow;
mod grpc;
mod hints;
mod holder;
mod look_up;
pub mod overload;
mod pace;
mod past;
mod pause;
mod personas;
mod prepare;
mod queue;
mod quota;
mod render;
mod restored;
mod standing;
mod table;
mod tokens;
mod turn;
mod watch;
mod wire;

use domain::id::PageId;
use domain::send::Patience;
use domain::time::Span;
use event_log::{Conversations, EventLog, JudgedBy};
use messenger::client::SendClient;
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use sql::Database;
use sql::pages::Registry;
use sql::sealed::Keys;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::Semaphore;

pub use actions::ActionsService;
pub use attachments::AttachmentsService;
pub use grpc::OutboundService;
pub use hints::Hints;
pub use holder::run;
pub use personas::PersonasService;
pub use table::OutboxTable;

/// How the sender behaves.
#[derive(Debug)]
pub struct Config {
    /// Access tokens of Pages that are not registered.
    pub pages: HashMap<PageId, SecretString>,
    /// What the tokens of registered Pages are sealed under; none: no Page can be registered.
    pub keys: Option<Arc<Keys>>,
    /// How long outcomes are waited for.
    pub patience: Patience,
    /// How many conversations are worked on at a time.
    pub concurrency: usize,
    /// How long before the end of what allows a send nothing is claimed any more.
    pub margin: Span,
    /// How long the lease of a Page's messages holds without being renewed.
    pub lease_term: Duration,
    /// How far apart two messages in one conversation are at least.
    pub thread_spacing: Duration,
    /// Whether the limits of the rule packs are kept, or each message leaves as soon as it can.
    pub is_shaped: bool,
    /// How long the sign that somebody types may hold up what a person of the staff says; none: there is no sign.
    pub typing: Option<Duration>,
    /// How far the clock may be off the database's while anything is sent; none: that is not looked at.
    pub most_skew: Option<Span>,
}

/// What a sender works with.
pub struct Deps {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The conversations of that log.
    pub conversations: Conversations,
    /// Where the outbox's table and the leases are.
    pub database: Database,
    /// News from whoever fills the outbox's table in this process.
    pub hints: Hints,
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
    tokens: tokens::Tokens,
    log: Arc<dyn EventLog>,
    database: Database,
    hints: Hints,
    /// How many more conversations can be worked on.
    places: Arc<Semaphore>,
    is_clock_off: AtomicBool,
    /// How long the whole app pauses.
    app_pause: pause::Pause,
    queues: append::Queues,
    boards: turn::Boards,
    files: files::Files,
    actions: actions::Paces,
    calls: quota::Calls,
    whole: quota::Whole,
    conversations: Conversations,
    judged_by: JudgedBy,
    client: SendClient,
    clock: Clock,
    ids: Ids,
    outcomes: service_kit::Counter,
    requests: service_kit::Counter,
    refused_pages: service_kit::Counter,
    pauses: service_kit::Counter,
    acted: service_kit::Counter,
    look_ups: service_kit::Counter,
    quota_stops: service_kit::Counter,
    waiting: service_kit::Gauge,
    quota_used: service_kit::Gauge,
}

impl Sender {
    /// A sender that speaks to the platform through `client`.
    pub fn new(mut config: Config, deps: Deps, client: SendClient) -> Self {
        let Deps { log, conversations, database, hints, clock, ids, metrics } = deps;
        let calls = quota::Calls::new(database.clone(), clock.clone(), &ids);
        let registry = Registry::new(database.clone(), config.keys.clone());
        Self(Arc::new(Parts {
            tokens: tokens::Tokens::new(std::mem::take(&mut config.pages), registry),
            places: Arc::new(Semaphore::new(config.concurrency)),
            is_clock_off: AtomicBool::new(false),
            app_pause: pause::Pause::of_app(),
            files: files::Files::new(database.clone()),
            actions: actions::Paces::default(),
            hints,
            config,
            conversations,
            judged_by: JudgedBy::new(Arc::clone(&log)),
            log,
            database,
            queues: append::Queues::new(),
            boards: turn::Boards::default(),
            client: calls.counting(client),
            calls,
            whole: quota::Whole::default(),
            clock,
            ids,
            outcomes: metrics.counter("nuncio.send.outcomes", "{attempt}", "attempts to send, by how they ended"),
            pauses: metrics.counter("nuncio.send.pauses", "{pause}", "pauses that the platform asked for, by scope"),
            refused_pages: metrics.counter("nuncio.send.refused_pages", "{refusal}", "refusals of a Page as a whole"),
            acted: metrics.counter("nuncio.send.actions", "{action}", "sender actions, by what became of them"),
            look_ups: metrics.counter(
                "nuncio.send.look_ups",
                "{look-up}",
                "look-ups of unknown sends, by what came of them",
            ),
            quota_stops: metrics.counter(
                "nuncio.send.quota_stops",
                "{change}",
                "times that a Page's class of messages was stopped by the quota of calls, or went on",
            ),
            waiting: metrics.gauge("nuncio.send.waiting", "{send}", "sends that wait, by class and what they wait for"),
            quota_used: metrics.gauge(
                "nuncio.send.quota_used",
                "{percent}",
                "the largest part of its quota of calls that a Page has used, in hundredths",
            ),
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

impl Parts {
    /// Something that everything here needs does not answer. It is tried again for as long as it takes.
    fn trouble(&self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, "the sender waits for the log or the database");
    }
}
