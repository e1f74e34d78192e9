//! Composition: chosen roles in one process, on one log.

use crate::grpc::{Conversation, Grpc};
use crate::settings::{Role, Settings};
use crate::tables::{Found, Tables};
use crate::{erased, grpc, log, pages, rehearsals};
use anyhow::Context;
use compliance::{PageCountsTable, keep_packs, react, watch_block_rates};
use conversation::{Eraser, HistoryTable};
use domain::time::Span;
use event_log::{Conversations, EventLog};
use messenger::signature::AppSecrets;
use outbound_sender::{Hints, OutboxTable, Sender};
use projection::{Pace, Projection, Runner};
use service_kit::{Admin, Clock, Drained, Health, Ids, Metrics, Shutdown, Version};
use snapshots::SqlSnapshots;
use sql::Database;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;
use webhook_ingress::Ingress;

/// How far a sender's clock may be off the database's: the ends of windows are told by it.
const MOST_SKEW: Span = Span::from_millis(250);

/// Where a running process listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) webhook: Option<SocketAddr>,
    pub(crate) grpc: Option<SocketAddr>,
    pub(crate) admin: SocketAddr,
}

/// A process that has been started.
pub(crate) struct Running {
    pub(crate) addresses: Addresses,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) shutdown: Shutdown,
}

/// Runs until a signal comes and everything is drained.
pub(crate) async fn run(settings: Settings, roles: &[Role]) -> anyhow::Result<()> {
    let health = Health::new();
    let shutdown = Shutdown::new(health.clone(), settings.drain_delay, settings.drain_deadline);
    let starting = {
        let (shutdown, roles) = (shutdown.clone(), roles.to_vec());
        async move {
            match start(settings, &roles, health, shutdown.clone()).await {
                Ok(running) => drop(running),
                Err(error) => shutdown.fail(error),
            }
        }
    };
    // Signals are heard from the first moment, also while the log is still being opened or waited for: so the drain is
    // looked at first.
    let (drained, ()) = tokio::join!(biased; shutdown.clone().wait_for_signal_and_drain(), starting);
    match drained {
        Drained::Clean | Drained::DeadlinePassed => Ok(()),
        Drained::Failed(error) => Err(error),
    }
}

/// Opens the log, binds every address, and only then serves.
pub(crate) async fn start(
    settings: Settings,
    roles: &[Role],
    health: Health,
    shutdown: Shutdown,
) -> anyhow::Result<Running> {
    let (clock, ids) = (Clock::system(), Ids::random());
    let metrics = Metrics::new("nuncio", env!("CARGO_PKG_VERSION"));
    let log_check = health.check("event log");
    let admin = Admin::bind(settings.admin_listen, health.clone(), metrics.clone(), version()).await?;
    let admin_address = admin.address();
    shutdown.spawn("admin", admin.run(shutdown.stop()));

    let body_limit = roles.contains(&Role::Ingress).then_some(settings.webhook.body_limit);
    let log = log::open(&settings.log, body_limit, &log_check, &shutdown.stop()).await?;
    // A database that does not fit ends the start before anything has begun; one that is away is waited for below.
    let tables = tables(&settings, roles, &health);
    let found = match &tables {
        Some(tables) => Some(tables.find().await?),
        None => None,
    };
    let (log_ready, is_log_ready) = watch::channel(true);
    let conversations = Conversations::new(Arc::clone(&log));
    let mut deps = Deps { log: Arc::clone(&log), conversations, database: None, clock, ids, metrics };

    let ingress =
        if roles.contains(&Role::Ingress) { Some(ingress(&settings, &deps, is_log_ready).await?) } else { None };
    let serves_grpc = roles.iter().any(|role| *role != Role::Ingress);
    let grpc = if serves_grpc { Some(Grpc::bind(settings.grpc_listen).await?) } else { None };
    let addresses = Addresses {
        webhook: ingress.as_ref().map(Ingress::address).transpose()?,
        grpc: grpc.as_ref().map(Grpc::address),
        admin: admin_address,
    };
    announce_first(addresses);
    shutdown.spawn("log watch", log::watch(Arc::clone(&log), log_check, log_ready, shutdown.stop()));
    // Webhooks need no tables, so they are taken from here on.
    if let Some(ingress) = ingress {
        let (url, lineage) = (settings.sql_url.clone(), log.identity().lineage());
        shutdown.spawn("receipts", erased::follow(url, lineage, ingress.erased(), shutdown.stop()));
        shutdown.spawn("ingress", ingress.run(shutdown.stop()));
    }
    if let Some(tables) = tables {
        let database = match found {
            Some(Found::Ready(database)) => Some(database),
            Some(Found::Away) if !tables.are_needed() => {
                tracing::warn!("going on without tables: the next start reads more of the log");
                None
            }
            Some(Found::Away) | None => Some(tables.wait(&shutdown.stop()).await?),
        };
        if let Some(database) = database {
            deps.use_database(database.clone(), keeps_states(&settings, roles), &shutdown);
            shutdown.spawn("database watch", tables.watch(database, shutdown.stop()));
        }
    }
    if roles.contains(&Role::Compliance) {
        // Before anything is judged here: what a decision names is then in the log.
        keep_packs(deps.compliance(), &settings.compliance.proposed, &shutdown.stop()).await?;
        compliance(&settings, &deps, &shutdown).await?;
    }
    let sender = if roles.contains(&Role::Sender) { Some(sender(&settings, &deps, &shutdown).await?) } else { None };
    let conversation = if roles.contains(&Role::Conversation) {
        Some(conversation(&settings, &deps, &health, &shutdown).await?)
    } else {
        None
    };
    let compliance =
        if roles.contains(&Role::Compliance) { Some(rehearsals::start(&deps, &shutdown).await?) } else { None };
    let services = grpc::Services { compliance, conversation, sender: sender.clone() };
    announce_rest(addresses, roles);
    if let Some(sender) = sender {
        let stop = shutdown.stop();
        shutdown.spawn("sender", async move { Ok(outbound_sender::run(sender, stop).await?) });
    }
    if let Some(grpc) = grpc {
        shutdown.spawn("grpc", grpc.run(services, deps, health, shutdown.stop()));
    }
    Ok(Running { addresses, log, shutdown })
}

/// What this binary was built from; whoever builds it may name the commit in `NUNCIO_COMMIT`.
fn version() -> Version {
    let commit = option_env!("NUNCIO_COMMIT").map(str::to_owned);
    Version { version: env!("CARGO_PKG_VERSION").to_owned(), commit }
}

/// What every role works with.
#[derive(Clone)]
pub(crate) struct Deps {
    pub(crate) log: Arc<dyn EventLog>,
    /// One for all roles, so that each state is in memory once.
    pub(crate) conversations: Conversations,
    /// In a process with a role that needs it, or that does its work better with it.
    pub(crate) database: Option<Database>,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) metrics: Metrics,
}

impl Deps {
    /// What the compliance role works with.
    pub(crate) fn compliance(&self) -> compliance::Deps {
        let Self { log, conversations, database, clock, ids, metrics } = self.clone();
        compliance::Deps { log, conversations, database, clock, ids, metrics }
    }

    /// Lets everything be kept in the database that can be, and conversations be loaded from there if states may be.
    fn use_database(&mut self, database: Database, keeps_states: bool, shutdown: &Shutdown) {
        if !keeps_states {
            self.database = Some(database);
            return;
        }
        let (snapshots, writer) = SqlSnapshots::new(database.clone(), self.log.identity().incarnation(), &self.metrics);
        self.conversations = self.conversations.clone().with_snapshots(Arc::new(snapshots));
        self.database = Some(database);
        let stop = shutdown.stop();
        shutdown.spawn("snapshots", async move {
            writer.run(stop).await;
            Ok(())
        });
    }
}

/// Whether states of conversations may be kept in the database: what a process that erases nothing keeps in a file of its
/// own would be reached by no erasure.
fn keeps_states(settings: &Settings, roles: &[Role]) -> bool {
    roles.contains(&Role::Conversation) || !Tables::not_needed(settings.sql_url.clone()).are_in_a_file()
}

/// The tables, in a process with a role that needs them, or that uses them where everybody does: what is kept in a file
/// of its own would be reached by no erasure.
fn tables(settings: &Settings, roles: &[Role], health: &Health) -> Option<Tables> {
    let url = settings.sql_url.clone();
    if !roles.iter().any(|role| role.needs_tables()) {
        let tables = Tables::not_needed(url);
        let is_shared = !tables.are_in_a_file();
        return Some(tables).filter(|_| is_shared && roles.iter().any(|role| role.uses_tables()));
    }
    let tables = Tables::new(url, health.check("database"));
    let is_apart = Role::ALL.iter().any(|role| !roles.contains(role));
    if is_apart && tables.are_in_a_file() {
        tracing::warn!(
            "the tables are in a file, which only processes of this machine can share; where replicas run on several \
             machines, an erasure would not reach the files of the others: set sql.url to a PostgreSQL database there"
        );
    }
    Some(tables)
}

/// Starts what runs beside the conversation service, and answers what that works with.
async fn conversation(
    settings: &Settings,
    deps: &Deps,
    health: &Health,
    shutdown: &Shutdown,
) -> anyhow::Result<Conversation> {
    let pages = pages::start(settings, deps, health, shutdown).await?;
    let Deps { log, conversations, database, clock, ids, metrics } = deps.clone();
    let database = database.expect("the role needs tables, so they were opened");
    let deps = conversation::Deps { log, conversations, database, clock, ids, metrics };
    let eraser = Eraser::new(&deps);
    keep(history(&deps), "history", shutdown).await?;
    let (digging, stop) = (eraser.clone(), shutdown.stop());
    shutdown.spawn("eraser", async move { Ok(digging.run(stop).await?) });
    Ok(Conversation { deps, eraser, pages })
}

/// Starts what runs beside the compliance service.
async fn compliance(settings: &Settings, deps: &Deps, shutdown: &Shutdown) -> anyhow::Result<()> {
    let (words, stop) = (settings.compliance.words.clone(), shutdown.stop());
    let reacting = react(deps.compliance(), words, stop);
    shutdown.spawn("reactions", async move { Ok(reacting.await?) });
    let Deps { log, database, clock, ids, metrics, .. } = deps.clone();
    let Some(database) = database else { return Ok(()) };
    let (watching, stop) = (deps.compliance(), shutdown.stop());
    let counting = projection::Deps { log, database: database.clone(), clock, ids, metrics };
    keep(Runner::new(PageCountsTable, counting), "page counts", shutdown).await?;
    shutdown.spawn("block rates", async move {
        watch_block_rates(watching, database, stop).await;
        Ok(())
    });
    Ok(())
}

fn history(deps: &conversation::Deps) -> Runner<HistoryTable> {
    let conversation::Deps { log, database, clock, ids, metrics, .. } = deps.clone();
    Runner::new(HistoryTable, projection::Deps { log, database, clock, ids, metrics })
}

async fn ingress(settings: &Settings, deps: &Deps, log_ready: watch::Receiver<bool>) -> anyhow::Result<Ingress> {
    let AppSecrets { current, previous } = &settings.meta.secrets;
    let config = webhook_ingress::Config {
        listen: settings.webhook.listen,
        app: settings.meta.app.clone(),
        secrets: AppSecrets { current: current.clone(), previous: previous.clone() },
        verify_token: settings.meta.verify_token.clone(),
        body_limit: settings.webhook.body_limit.as_usize(),
        body_timeout: settings.webhook.body_timeout,
        append_timeout: settings.webhook.append_timeout,
        max_in_flight: settings.webhook.max_in_flight,
        max_connections: settings.webhook.max_connections,
        max_buffered: settings.webhook.max_buffered.as_usize(),
    };
    let deps = webhook_ingress::Deps {
        log: Arc::clone(&deps.log),
        log_ready,
        clock: deps.clock.clone(),
        ids: deps.ids.clone(),
        metrics: deps.metrics.clone(),
    };
    Ingress::bind(config, deps).await
}

/// The sender; its tables are filled beside it.
async fn sender(settings: &Settings, deps: &Deps, shutdown: &Shutdown) -> anyhow::Result<Sender> {
    let client = pages::client(settings)?;
    let registry = pages::check(settings, deps).await?;
    let config = outbound_sender::Config {
        pages: settings.pages.clone(),
        keys: settings.keys.clone(),
        patience: settings.sender.patience,
        concurrency: settings.sender.concurrency,
        margin: settings.sender.margin,
        lease_term: settings.sender.lease_term,
        thread_spacing: settings.sender.thread_spacing,
        is_shaped: settings.sender.is_shaped,
        typing: settings.sender.typing,
        most_skew: Some(MOST_SKEW),
    };
    if config.pages.is_empty() && registry.list(None, 1).await?.is_empty() {
        tracing::warn!("no Page has an access token, so nothing can be sent yet: register one with RegisterPage");
    }
    let Deps { log, conversations, database, clock, ids, metrics } = deps.clone();
    let database = database.expect("the role needs tables, so they were opened");
    let hints = Hints::default();
    let filling = projection::Deps {
        log: Arc::clone(&log),
        database: database.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        metrics: metrics.clone(),
    };
    // Whoever fills the table is missed as soon as whoever sends.
    let pace = Pace { term: config.lease_term, ..Pace::default() };
    let table =
        Runner::new(OutboxTable::new(log.identity().clone(), config.patience, hints.clone()), filling).at_pace(pace);
    keep(table, "outbox", shutdown).await?;
    let deps = outbound_sender::Deps { log, conversations, database, hints, clock, ids, metrics };
    Ok(Sender::new(config, deps, client))
}

/// Fills a table beside everything else.
async fn keep<P: Projection>(table: Runner<P>, name: &'static str, shutdown: &Shutdown) -> anyhow::Result<()> {
    table.check().await.with_context(|| format!("the log and the table {name} do not fit"))?;
    let stop = shutdown.stop();
    shutdown.spawn(name, async move { Ok(table.run(stop).await?) });
    Ok(())
}

/// Says what is there before the tables are.
fn announce_first(addresses: Addresses) {
    if let Some(address) = addresses.webhook {
        tracing::info!(listener = "webhook", %address, "listening for webhooks on {address}");
    }
    let address = addresses.admin;
    tracing::info!(listener = "admin", %address, "listening for probes and metrics on {address}");
}

fn announce_rest(addresses: Addresses, roles: &[Role]) {
    if let Some(address) = addresses.grpc {
        tracing::info!(listener = "grpc", %address, "listening for gRPC on {address}");
    }
    let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    tracing::info!(roles = roles.join(","), "started");
}
