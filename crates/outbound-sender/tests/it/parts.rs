//! The parts that a sandbox is made of, and how each is started and stopped.

use crate::faults::FaultyLog;
use crate::sandbox::{ECHO, LOOK, MARGIN, OTHER_PAGE, OTHER_TOKEN, PAGE, SOON, Setup, TOKEN};
use conversation::{PagesDeps, PagesService};
use domain::id::{AppId, PageId};
use domain::send::Patience;
use domain::time::Span;
use event_log::{Conversations, EventLog};
use messenger::client::SendClient;
use messenger::signature::AppSecrets;
use outbound_sender::{Config, Deps, Hints, Sender};
use projection::{Pace, Projection, Runner};
use secrecy::SecretString;
use service_kit::{Clock, Ids, Metrics};
use simulator::{Simulator, WebhookTarget};
use sql::pages::Registry;
use sql::sealed::Keys;
use sql::{Create, Database, Options};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webhook_ingress::Ingress;

pub(crate) const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Every Page, and the token that speaks for it.
const TOKENS: [(&str, &str); 2] = [(PAGE, TOKEN), (OTHER_PAGE, OTHER_TOKEN)];
pub(crate) const APP: &str = "4004";
const APP_SECRET: &str = "test-app-secret-0001";
const VERIFY_TOKEN: &str = "verify-me";

/// Makes a test of each function, for either database: `async fn name(database: Database, spare: Database)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::TempDir::new().unwrap();
                super::$name(super::sqlite(&folder, "a").await, super::sqlite(&folder, "b").await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::postgres().await, super::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// One thing that runs until it is told to stop.
pub(crate) struct Part {
    pub(crate) stop: CancellationToken,
    running: JoinSet<anyhow::Result<()>>,
}

impl Part {
    pub(crate) fn start<F>(run: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(run(stop.clone()));
        Self { stop, running }
    }

    /// Tells it to stop; it has to end by itself, and well.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        within(self.running.join_next()).await.unwrap().unwrap().unwrap();
    }

    /// Ends it wherever it stands, like `kill -9`.
    pub(crate) async fn kill(mut self) {
        within(self.running.shutdown()).await;
    }
}

/// The future's answer, which has to come soon.
#[track_caller]
pub(crate) fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let answer = tokio::time::timeout(SOON, future).await;
        answer.unwrap_or_else(|_| panic!("{caller}: nothing came within {SOON:?}"))
    }
}

/// An ingress, bound and not yet serving.
pub(crate) async fn ingress(log: Arc<dyn EventLog>, log_ready: watch::Receiver<bool>, clock: Clock) -> Ingress {
    let config = webhook_ingress::Config {
        listen: ANYWHERE,
        app: AppId::parse(APP).unwrap(),
        secrets: AppSecrets { current: SecretString::from(APP_SECRET), previous: None },
        verify_token: SecretString::from(VERIFY_TOKEN),
        body_limit: 256 * 1024,
        body_timeout: SOON,
        append_timeout: SOON,
        max_in_flight: 64,
        max_connections: 1_024,
        max_buffered: 256 << 20,
    };
    let metrics = Metrics::new("nuncio", "0");
    let deps = webhook_ingress::Deps { log, log_ready, clock, ids: Ids::random(), metrics };
    Ingress::bind(config, deps).await.unwrap()
}

/// A platform that runs at this address, and sends webhooks to that one.
pub(crate) async fn platform(listen: SocketAddr, webhook: SocketAddr, seed: u64) -> (SocketAddr, Part) {
    let mut config = simulator::Config {
        listen,
        app_id: APP.to_owned(),
        app_secret: SecretString::from(APP_SECRET),
        pages: TOKENS.map(|(page, token)| (page.to_owned(), token.to_owned())).to_vec(),
        webhook: Some(WebhookTarget {
            url: format!("http://{webhook}/webhook"),
            verify_token: VERIFY_TOKEN.to_owned(),
        }),
        require_proof: true,
        // Another platform gives other ids.
        seed,
        ..simulator::Config::default()
    };
    config.delivery.backoff = Duration::from_millis(5);
    let simulator = Simulator::bind(config).await.unwrap();
    (simulator.address(), Part::start(|stop| simulator.run(stop)))
}

/// A client of the platform there.
pub(crate) fn client(platform: SocketAddr, answer: Duration) -> SendClient {
    SendClient::new(&format!("http://{platform}"), Some(SecretString::from(APP_SECRET)), answer).unwrap()
}

/// A call of the platform there that no client makes, with the Page's token.
pub(crate) async fn graph(platform: SocketAddr, edge: &str, body: &serde_json::Value) -> serde_json::Value {
    let proof = messenger::signature::appsecret_proof(&SecretString::from(TOKEN), &SecretString::from(APP_SECRET));
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let url = format!("http://{platform}/v25.0/{PAGE}/{edge}?appsecret_proof={proof}");
    within(http.post(url).bearer_auth(TOKEN).json(body).send()).await.unwrap().json().await.unwrap()
}

/// What tokens are sealed under.
pub(crate) fn keys() -> Keys {
    Keys::parse(&SecretString::from("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")).unwrap()
}

/// The service that registers and pauses Pages.
pub(crate) fn pages(setup: &Setup, log: Arc<FaultyLog>, platform: SocketAddr, database: Database) -> PagesService {
    PagesService::new(PagesDeps {
        log,
        registry: Registry::new(database.clone(), Some(Arc::new(keys()))),
        database,
        configured: [(PageId::parse(PAGE).unwrap(), SecretString::from(TOKEN))].into(),
        app: Some(AppId::parse(APP).unwrap()),
        client: client(platform, setup.answer),
        clock: setup.clock.clone(),
        ids: Ids::random(),
        metrics: Metrics::new("nuncio", "0"),
        check_every: SOON,
    })
}

/// A sender with nothing in memory.
pub(crate) fn sender(
    setup: &Setup,
    log: Arc<FaultyLog>,
    platform: SocketAddr,
    database: Database,
    hints: Hints,
) -> Sender {
    let client = client(platform, setup.answer);
    let config = Config {
        pages: HashMap::from(TOKENS.map(|(page, token)| (PageId::parse(page).unwrap(), SecretString::from(token)))),
        keys: Some(Arc::new(keys())),
        patience: patience(setup),
        concurrency: 16,
        margin: setup.margin,
        lease_term: setup.lease_term,
        thread_spacing: Duration::ZERO,
        is_shaped: setup.is_shaped,
        typing: setup.typing,
        // Clocks of tests are moved by hand.
        most_skew: None,
    };
    let deps = Deps {
        conversations: Conversations::new(log.clone()),
        log,
        database,
        hints,
        clock: setup.clock.clone(),
        ids: Ids::random(),
        metrics: setup.metrics.clone(),
    };
    Sender::new(config, deps, client)
}

/// How long outcomes are waited for.
pub(crate) fn patience(setup: &Setup) -> Patience {
    let answer = Span::from_millis(i64::try_from(setup.answer.as_millis()).unwrap());
    Patience { answer, margin: MARGIN, echo: ECHO, look: Some(LOOK) }
}

/// Fills one of the sender's tables in this database.
pub(crate) fn table(projection: impl Projection, log: Arc<dyn EventLog>, database: Database) -> Part {
    let (clock, ids, metrics) = (Clock::system(), Ids::random(), Metrics::new("nuncio", "0"));
    let runner = Runner::new(projection, projection::Deps { log, database, clock, ids, metrics });
    let pace = Pace { look: Duration::from_millis(20), idle: Duration::from_millis(20), ..Pace::default() };
    Part::start(|stop| async move { Ok(runner.at_pace(pace).run(stop).await?) })
}

/// Tables in a file of this folder.
pub(crate) async fn tables_in(folder: &TempDir) -> Database {
    open(format!("sqlite:{}", folder.path().join("tables.db").display())).await
}

/// The database at this address, with every table.
pub(crate) async fn open(url: String) -> Database {
    let options = Options { create: Create::IfMissing, ..Options::default() };
    let database = Database::open(&SecretString::from(url), &options).await.unwrap();
    database.migrate().await.unwrap();
    database
}
