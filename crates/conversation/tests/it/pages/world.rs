//! The service of Pages on a port of its own, with a log, tables and a platform of its own.

use crate::sandbox::{NOON, OTHER_PAGE, PAGE, tables_in, within};
use api::proto::page::v1 as pb;
use api::proto::page::v1::pages_client::PagesClient;
use conversation::{Overview, PagesDeps, PagesService, watch_pages};
use domain::id::{AppId, PageId};
use event_log::sqlite::{self, SqliteLog};
use messenger::client::SendClient;
use secrecy::{ExposeSecret, SecretString};
use service_kit::{Clock, Ids, Metrics};
use simulator::{AdminClient, AppConfig, Config, Simulator};
use sql::pages::Registry;
use sql::sealed::Keys;
use sql::{Create, Database, Options};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_types::StatusExt;

pub(crate) const NAME: &str = "pages/1001";
pub(crate) const TOKEN: &str = "EAAtesttoken123";
/// Another token of the same Page.
pub(crate) const NEXT: &str = "EAAnexttoken456";
/// Another app's token for another Page.
pub(crate) const OTHER_APP_TOKEN: &str = "EAAforeign789";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const APP: &str = "4004";
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(crate) struct World {
    pub(crate) log: Arc<SqliteLog>,
    pub(crate) pages: PagesClient<Channel>,
    pub(crate) admin: AdminClient,
    pub(crate) client: SendClient,
    pub(crate) metrics: Metrics,
    service: PagesService,
    registry: Registry,
    database: Database,
    platform: JoinSet<anyhow::Result<()>>,
    platform_stop: CancellationToken,
    stop: CancellationToken,
    running: JoinSet<()>,
    folder: TempDir,
}

pub(crate) fn register(request: &str, token: &str) -> pb::RegisterPageRequest {
    pb::RegisterPageRequest {
        name: NAME.to_owned(),
        access_token: token.to_owned(),
        display_name: "Harbour Shoes".to_owned(),
        request_id: request.to_owned(),
        validate_only: false,
    }
}

pub(crate) fn rotate(request: &str, token: &str) -> pb::RotatePageTokenRequest {
    pb::RotatePageTokenRequest {
        name: NAME.to_owned(),
        access_token: token.to_owned(),
        request_id: request.to_owned(),
        validate_only: false,
    }
}

/// The problems that a refusal names.
pub(crate) fn names(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let failure = details.precondition_failure().expect("a PreconditionFailure");
    failure.violations.iter().map(|violation| violation.r#type.clone()).collect()
}

impl World {
    /// With the tables in this database, or in a file.
    pub(crate) async fn start(url: Option<String>) -> Self {
        Self::start_with(url, Some(Arc::new(Keys::parse(&SecretString::from(KEY)).unwrap()))).await
    }

    pub(crate) async fn start_without_keys() -> Self {
        Self::start_with(None, None).await
    }

    async fn start_with(url: Option<String>, keys: Option<Arc<Keys>>) -> Self {
        let folder = TempDir::new().unwrap();
        let url = url.unwrap_or_else(|| tables_in(&folder));
        let options = Options { create: Create::IfMissing, ..Options::default() };
        let database = Database::open(&SecretString::from(url), &options).await.unwrap();
        database.migrate().await.unwrap();
        let log = Arc::new(SqliteLog::open(&folder.path().join("log.db"), sqlite::Config::default()).unwrap());
        let other = AppConfig { id: "5005".to_owned(), secret: "other".into(), webhook: None, pages: vec![foreign()] };
        let config = Config {
            listen: ANYWHERE,
            pages: vec![(PAGE.to_owned(), TOKEN.to_owned())],
            apps: vec![other],
            ..Config::default()
        };
        let simulator = Simulator::bind(config).await.unwrap();
        let base = format!("http://{}", simulator.address());
        let (platform_stop, mut platform) = (CancellationToken::new(), JoinSet::new());
        platform.spawn(simulator.run(platform_stop.clone()));
        let client = SendClient::new(&base, None, Duration::from_secs(5)).unwrap();
        let (clock, _) = Clock::manual(NOON);
        let metrics = Metrics::new("test", "0");
        let registry = Registry::new(database.clone(), keys);
        let service = PagesService::new(PagesDeps {
            log: log.clone(),
            database: database.clone(),
            registry: registry.clone(),
            configured: BTreeMap::new(),
            app: Some(AppId::parse(APP).unwrap()),
            client: client.clone(),
            clock,
            ids: Ids::random(),
            metrics: metrics.clone(),
            check_every: Duration::from_millis(50),
        });
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let pages = serve(&service, &stop, &mut running).await;
        let admin = AdminClient::new(base);
        Self {
            log,
            pages,
            admin,
            client,
            metrics,
            service,
            registry,
            database,
            platform,
            platform_stop,
            stop,
            running,
            folder,
        }
    }

    pub(crate) async fn stop(self) {
        let mut world = self.without_platform().await;
        world.stop.cancel();
        while let Some(ended) = within(world.running.join_next()).await {
            ended.unwrap();
        }
        world.database.close().await;
    }

    pub(crate) async fn without_platform(mut self) -> Self {
        self.platform_stop.cancel();
        while let Some(ended) = within(self.platform.join_next()).await {
            ended.unwrap().unwrap();
        }
        self
    }

    pub(crate) async fn register(&self) -> pb::Page {
        within(self.pages.clone().register_page(register("r-0", TOKEN))).await.unwrap().into_inner()
    }

    pub(crate) async fn refused(&self, request: pb::RegisterPageRequest) -> Status {
        within(self.pages.clone().register_page(request)).await.unwrap_err()
    }

    pub(crate) async fn get(&self) -> pb::Page {
        let request = pb::GetPageRequest { name: NAME.to_owned() };
        within(self.pages.clone().get_page(request)).await.unwrap().into_inner()
    }

    /// What is answered of a Page that is not known.
    pub(crate) async fn unknown(&self) -> Status {
        let request = pb::GetPageRequest { name: NAME.to_owned() };
        within(self.pages.clone().get_page(request)).await.unwrap_err()
    }

    pub(crate) async fn check(&self) -> pb::Page {
        let request = pb::CheckPageRequest { name: NAME.to_owned() };
        within(self.pages.clone().check_page(request)).await.unwrap().into_inner()
    }

    /// The token that sends would leave with.
    pub(crate) async fn token(&self) -> String {
        let token = self.registry.token(&PageId::parse(PAGE).unwrap()).await.unwrap().unwrap();
        token.expose_secret().to_owned()
    }

    /// Every byte of the log, and of the tables if they are in a file.
    pub(crate) async fn everything_kept(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// Looks after the Pages from now on.
    pub(crate) fn watch(&self) -> Watching {
        let (told, heard) = watch::channel(Overview::default());
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let (service, ending) = (self.service.clone(), stop.clone());
        running.spawn(async move {
            watch_pages(service, ending, |overview| {
                told.send_replace(overview);
            })
            .await
        });
        Watching { heard, stop, running }
    }
}

/// Looks after Pages.
pub(crate) struct Watching {
    heard: watch::Receiver<Overview>,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Watching {
    /// Waits until the Pages stand like that.
    pub(crate) async fn until(&self, is_so: impl Fn(&Overview) -> bool) {
        let mut heard = self.heard.clone();
        within(heard.wait_for(|overview| overview.all > 0 && is_so(overview))).await.unwrap();
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        within(self.running.join_next()).await.unwrap().unwrap();
    }
}

fn foreign() -> (String, String) {
    (OTHER_PAGE.to_owned(), OTHER_APP_TOKEN.to_owned())
}

async fn serve(service: &PagesService, stop: &CancellationToken, running: &mut JoinSet<()>) -> PagesClient<Channel> {
    let listener = TcpListener::bind(ANYWHERE).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (server, stop) = (Server::builder().add_service(service.server()), stop.clone());
    running.spawn(async move {
        let incoming = TcpIncoming::from(listener);
        server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await.unwrap();
    });
    PagesClient::connect(format!("http://{address}")).await.unwrap()
}
