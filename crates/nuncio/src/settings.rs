//! Every key of the configuration, read once at the start into what the roles take.

mod compliance;
mod secrets;
mod sender;

pub(crate) use sender::SenderSettings;

use clap::ValueEnum;
use compliance::ComplianceSettings;
use domain::id::{AppId, PageId};
use domain::time::Span;
use event_log::jetstream::{Durability, STRICT_REPLICAS};
use event_log::{jetstream, sqlite};
use messenger::client::DEFAULT_VERSION;
use messenger::signature::AppSecrets;
use secrecy::SecretString;
use service_kit::{ByteSize, LogFormat, Reader, Setting};
use sql::sealed::Keys;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where the tables are unless told otherwise: in a file of the working folder, beside the embedded log.
const DEFAULT_TABLES: &str = "sqlite:nuncio-tables.sqlite";

/// Stands for the app where nobody named it.
const UNNAMED: &str = "app";

/// What a process can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Takes webhooks in.
    Ingress,
    /// Answers whether something may be said.
    Compliance,
    /// Sends messages.
    Sender,
    /// Shows conversations.
    Conversation,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Ingress, Self::Compliance, Self::Sender, Self::Conversation];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Compliance => "compliance",
            Self::Sender => "sender",
            Self::Conversation => "conversation",
        }
    }

    /// Whether it keeps tables for its own next start, where those can be reached.
    pub(crate) const fn uses_tables(self) -> bool {
        match self {
            Self::Ingress => false,
            Self::Compliance | Self::Sender | Self::Conversation => true,
        }
    }

    /// Whether it works with the tables. The others run on when the database is away, and are ready without it.
    pub(crate) const fn needs_tables(self) -> bool {
        match self {
            Self::Ingress | Self::Compliance => false,
            Self::Sender | Self::Conversation => true,
        }
    }
}

/// The whole configuration.
pub(crate) struct Settings {
    pub(crate) log: LogSettings,
    pub(crate) sql_url: SecretString,
    pub(crate) keys: Option<Arc<Keys>>,
    pub(crate) webhook: WebhookSettings,
    pub(crate) meta: MetaSettings,
    pub(crate) pages: HashMap<PageId, SecretString>,
    pub(crate) compliance: ComplianceSettings,
    pub(crate) sender: SenderSettings,
    pub(crate) grpc_listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) telemetry: TelemetrySettings,
    pub(crate) drain_delay: Duration,
    pub(crate) drain_deadline: Duration,
}

pub(crate) struct LogSettings {
    pub(crate) backend: Backend,
    pub(crate) path: PathBuf,
    pub(crate) sqlite: sqlite::Config,
    pub(crate) nats: jetstream::Config,
}

/// Which adapter keeps the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Nats,
}

pub(crate) struct WebhookSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) body_limit: ByteSize,
    pub(crate) body_timeout: Duration,
    pub(crate) append_timeout: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_buffered: ByteSize,
}

pub(crate) struct MetaSettings {
    pub(crate) app: AppId,
    /// The same, if it was configured.
    pub(crate) known_app: Option<AppId>,
    pub(crate) page_check_interval: Duration,
    pub(crate) secrets: AppSecrets,
    pub(crate) verify_token: SecretString,
    pub(crate) graph_url: String,
    pub(crate) graph_version: String,
}

pub(crate) struct TelemetrySettings {
    pub(crate) format: LogFormat,
    pub(crate) filter: String,
}

impl Setting for Backend {
    const FORM: &'static str = "sqlite or nats";

    fn parse(raw: &str) -> Result<Self, String> {
        match raw {
            "sqlite" => Ok(Self::Sqlite),
            "nats" => Ok(Self::Nats),
            _ => Err(format!("{raw:?} is no backend")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite => "sqlite",
            Self::Nats => "nats",
        }
        .to_owned()
    }
}

/// What an answered append must be worth, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Worth(Durability);

impl Setting for Worth {
    const FORM: &'static str = "strict or relaxed";

    fn parse(raw: &str) -> Result<Self, String> {
        match raw {
            "strict" => Ok(Self(Durability::Strict)),
            "relaxed" => Ok(Self(Durability::Relaxed)),
            _ => Err(format!("{raw:?} is no durability")),
        }
    }

    fn show(&self) -> String {
        match self.0 {
            Durability::Strict => "strict",
            Durability::Relaxed => "relaxed",
        }
        .to_owned()
    }
}

/// Loopback unless told otherwise: gRPC and the admin port ask nobody who they are.
const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Settings {
    /// Reads every key there is, and requires those that `roles` cannot do without. What is wrong is kept by the
    /// reader, which tells it all at once.
    pub(crate) fn read(reader: &mut Reader, roles: &[Role]) -> Self {
        let drain_delay = "how long readiness is red before anything stops, so that load balancers have learned it";
        let drain_deadline =
            "how long work in flight may take to end; with the delay, less than the pod's grace period";
        Self {
            log: LogSettings::read(reader, roles),
            sql_url: sql_url(reader),
            keys: secrets::keys(reader),
            webhook: WebhookSettings::read(reader),
            meta: MetaSettings::read(reader, roles),
            pages: pages(reader),
            compliance: ComplianceSettings::read(reader, roles),
            sender: SenderSettings::read(reader),
            grpc_listen: reader.get("grpc.listen", loopback(50051), "where gRPC listens; it asks nobody who they are"),
            admin_listen: reader.get("admin.listen", loopback(9090), "where /livez, /readyz and /metrics are"),
            telemetry: TelemetrySettings::read(reader),
            drain_delay: reader.get("shutdown.drain_delay", Duration::ZERO, drain_delay),
            drain_deadline: reader.get("shutdown.drain_deadline", Duration::from_secs(20), drain_deadline),
        }
    }
}

impl LogSettings {
    fn read(reader: &mut Reader, roles: &[Role]) -> Self {
        let nats = jetstream::Config::default();
        let window =
            "for how long a repeated fact is recognised and dropped; on NATS, longer than log.nats_append_timeout";
        let duplicate_window = reader.get("log.duplicate_window", nats.duplicate_window, window);
        let replicas = "how many NATS servers hold each record; production uses 3";
        let shards = "how many JetStream streams a new log is spread over; a log that is there keeps its number";
        let timeout = "for how long one append is repeated until NATS answers; less than the duplicate window";
        let durability = "strict: refuses NATS servers that could lose what they acknowledged; relaxed: takes any";
        let monitors = "each NATS server's monitoring endpoint, separated by commas, which proves that it syncs always";
        let max_bytes = "the most that one JetStream stream of a new log may hold; a full one refuses appends";
        let log = Self {
            backend: reader.get("log.backend", Backend::Sqlite, "what keeps the log: one file, or NATS JetStream"),
            path: reader.get("log.path", PathBuf::from("nuncio.sqlite"), "the file of the embedded log"),
            sqlite: sqlite::Config { duplicate_window },
            nats: jetstream::Config {
                url: reader.get("log.nats_url", nats.url, "the NATS servers, separated by commas"),
                name: reader.get("log.nats_name", nats.name, "begins the name of everything kept in JetStream"),
                subject: reader.get("log.nats_subject", nats.subject, "begins every subject of the log"),
                replicas: reader.get("log.nats_replicas", nats.replicas, replicas),
                durability: reader.get("log.nats_durability", Worth(Durability::Strict), durability).0,
                monitors: monitors_of(reader.optional("log.nats_monitor_url", monitors)),
                duplicate_window,
                append_timeout: reader.get("log.nats_append_timeout", nats.append_timeout, timeout),
                shards: reader.get("log.nats_shards", nats.shards, shards),
                max_bytes: reader.optional("log.nats_max_bytes", max_bytes).map(as_i64),
                credentials_file: reader
                    .optional("log.nats_credentials_file", "the file with this client's credentials"),
            },
        };
        // Whoever only looks at the log gets what there is.
        match log.backend {
            _ if roles.is_empty() => (),
            Backend::Nats => check_strictness(&log.nats, reader),
            Backend::Sqlite => check_wholeness(roles, reader),
        }
        log
    }
}

/// Whether these roles can share the embedded log with those that run elsewhere.
fn check_wholeness(roles: &[Role], reader: &mut Reader) {
    if Role::ALL.iter().any(|role| !roles.contains(role)) {
        let what = "is sqlite, and the embedded log serves one process, so some roles alone cannot run on it: use \
                    `nuncio standalone`, or set log.backend=nats";
        reader.problem("log.backend", what.to_owned());
    }
}

/// What a strict log lacks by its configuration alone; the rest the servers tell.
fn check_strictness(nats: &jetstream::Config, reader: &mut Reader) {
    if nats.durability == Durability::Relaxed {
        return;
    }
    let (n_replicas, n_monitors) = (nats.replicas, nats.monitors.len());
    if n_replicas < STRICT_REPLICAS {
        let what = format!(
            "{n_replicas} of the NATS servers would hold each record, and the loss of one machine could lose records \
             that were acknowledged: set log.nats_replicas={STRICT_REPLICAS}, or log.nats_durability=relaxed for a trial"
        );
        reader.problem("log.nats_replicas", what);
    }
    let needed = n_replicas.max(STRICT_REPLICAS);
    if n_monitors < needed {
        let what = format!(
            "names {n_monitors} monitoring endpoints, and only they tell whether a server syncs before it acknowledges, \
             without which a power cut loses up to two minutes: name one for each of at least {needed} servers, or set \
             log.nats_durability=relaxed for a trial"
        );
        reader.problem("log.nats_monitor_url", what);
    }
}

fn monitors_of(urls: Option<String>) -> Vec<String> {
    let urls = urls.unwrap_or_default();
    urls.split(',').map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

fn as_i64(size: ByteSize) -> i64 {
    i64::try_from(size.bytes()).unwrap_or(i64::MAX)
}

impl WebhookSettings {
    fn read(reader: &mut Reader) -> Self {
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080));
        let append = "how long the log may take before a delivery is answered 503; Meta counts 5s as failed";
        let in_flight = "how many signed deliveries are worked on at a time; more are answered 503 at once";
        let connections = "how many connections are served at a time; more wait for one to end";
        let buffered = "how much of bodies is held at a time; a delivery beyond it is answered 503 at once";
        let listen = reader.get("webhook.listen", everywhere, "where webhooks come in; every delivery is signed");
        let body_limit = reader.get("webhook.body_limit", ByteSize::mib(4), "the largest body taken");
        let max_connections = reader.get("webhook.max_connections", 1_024, connections);
        let max_buffered = reader.get("webhook.max_buffered", ByteSize::mib(256), buffered);
        if max_connections == 0 {
            reader.problem("webhook.max_connections", "0 would never take anything; allowed: 1 and more".to_owned());
        }
        if max_buffered.bytes() < body_limit.bytes() {
            let what = "is less than webhook.body_limit, so the largest bodies could never come in";
            reader.problem("webhook.max_buffered", what.to_owned());
        }
        Self {
            listen,
            body_limit,
            body_timeout: reader.get("webhook.body_timeout", Duration::from_secs(10), "how long a request may take"),
            append_timeout: reader.get("webhook.append_timeout", Duration::from_secs(4), append),
            max_in_flight: reader.get("webhook.max_in_flight", 256, in_flight),
            max_connections,
            max_buffered,
        }
    }
}

impl MetaSettings {
    fn read(reader: &mut Reader, roles: &[Role]) -> Self {
        let takes_webhooks = roles.contains(&Role::Ingress);
        let needs_secret = takes_webhooks || roles.contains(&Role::Sender);
        let app_secret = "the app's secret: signs webhooks, and proves calls";
        let previous = "the secret before, while it is being changed; webhooks signed with either are taken";
        let check = "how far apart the checks of a Page's token and webhooks are";
        let verify = "the word that Meta must say when the webhook is subscribed";
        let word = reader.get("meta.app_id", UNNAMED.to_owned(), "the app's id; names the quarantine");
        let app = AppId::parse(&word).unwrap_or_else(|error| {
            reader.problem("meta.app_id", error.to_string());
            AppId::parse("app").expect("a plain word is an app id")
        });
        Self {
            known_app: (word != UNNAMED).then(|| app.clone()),
            page_check_interval: reader.get("meta.page_check_interval", Duration::from_secs(900), check),
            app,
            secrets: AppSecrets {
                current: secret(reader, needs_secret, "meta.app_secret", app_secret),
                previous: reader.secret("meta.app_secret_previous", previous),
            },
            verify_token: secret(reader, takes_webhooks, "meta.verify_token", verify),
            graph_url: reader.get("meta.graph_url", "https://graph.facebook.com".to_owned(), "where the Graph API is"),
            graph_version: reader.get("meta.graph_version", DEFAULT_VERSION.to_owned(), "which version is called"),
        }
    }
}

fn secret(reader: &mut Reader, is_required: bool, key: &'static str, help: &'static str) -> SecretString {
    if is_required { reader.required_secret(key, help) } else { reader.secret(key, help).unwrap_or_default() }
}

impl TelemetrySettings {
    fn read(reader: &mut Reader) -> Self {
        let filter = "what is logged: a level, or `target=level` pairs separated by commas";
        let filter: String = reader.get("telemetry.log_filter", "info".to_owned(), filter);
        if let Err(error) = service_kit::telemetry::check_filter(&filter) {
            reader.problem("telemetry.log_filter", error.to_string());
        }
        Self { format: reader.get("telemetry.log_format", LogFormat::Human, "how logs are written"), filter }
    }
}

/// Where the tables are. The URL may hold a password, so all of it is treated as one.
fn sql_url(reader: &mut Reader) -> SecretString {
    let help = "where the tables are: `sqlite:<path>` or `postgres://<user>:<password>@<host>/<database>`";
    reader.secret("sql.url", help).unwrap_or_else(|| DEFAULT_TABLES.into())
}

fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// The Pages that may speak: `pages.<id>.access_token`.
fn pages(reader: &mut Reader) -> HashMap<PageId, SecretString> {
    let mut pages = HashMap::new();
    for name in reader.names_under("pages") {
        let token = reader.secret_under("pages", &name, "access_token", "the Page's access token");
        match (PageId::parse(&name), token) {
            (Ok(page), Some(token)) => drop(pages.insert(page, token)),
            (Ok(_), None) => reader.problem(&format!("pages.{name}.access_token"), "is missing".to_owned()),
            (Err(error), _) => reader.problem(&format!("pages.{name}"), error.to_string()),
        }
    }
    pages
}
