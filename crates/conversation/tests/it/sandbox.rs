//! The service on a port of its own, with a log and tables of its own and a clock that stands still.

use api::proto::conversation::v1 as pb;
use api::proto::conversation::v1::conversations_client::ConversationsClient;
use conversation::{ConversationService, Deps, Eraser, HistoryTable};
use domain::time::{Span, Timestamp};
use event_log::sqlite::{self, SqliteLog};
use event_log::{Conversations, EventLog};
use projection::{Pace, Runner};
use secrecy::SecretString;
use service_kit::{Clock, Ids, ManualClock, Metrics};
use sql::{Create, Database, Options};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_types::StatusExt;

/// The moment at which the clock begins.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_767_268_800_000);
/// A Page, and another one.
pub(crate) const PAGE: &str = "1001";
pub(crate) const OTHER_PAGE: &str = "1002";
/// A PSID, and another one.
pub(crate) const ASHA: &str = "24601";
pub(crate) const BILAL: &str = "50507";

/// The log's file.
const LOG: &str = "log.db";

const SOON: Duration = Duration::from_secs(10);

/// A table's work is renewed and looked at often, so that a test need not wait.
const QUICK: Pace = Pace {
    term: Duration::from_millis(600),
    together: 20,
    look: Duration::from_millis(50),
    idle: Duration::from_millis(100),
};

/// Makes a test of each function, with the tables in either database: `async fn name(sandbox: Sandbox)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::sandbox::Sandbox::start_bare().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::sandbox::Sandbox::start_bare_on(testkit::postgres().database()).await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// A running service. Every test ends with [`Sandbox::stop`], so every test proves that stopping works.
pub(crate) struct Sandbox {
    pub(crate) log: Arc<SqliteLog>,
    pub(crate) database: Database,
    pub(crate) conversations: ConversationsClient<Channel>,
    pub(crate) ids: Ids,
    pub(crate) metrics: Metrics,
    pub(crate) clock: ManualClock,
    deps: Deps,
    stop: CancellationToken,
    running: JoinSet<()>,
    table: JoinSet<()>,
    /// Where the files of the log are, and of the tables if they are in one.
    pub(crate) folder: TempDir,
}

impl Sandbox {
    /// With everything that runs beside the service.
    pub(crate) async fn start() -> Self {
        Self::start_bare().await.with_eraser().with_table()
    }

    /// With nobody who fills the table or carries out tombstones, as after a crash.
    pub(crate) async fn start_bare() -> Self {
        let folder = TempDir::new().unwrap();
        let url = tables_in(&folder);
        Self::open(folder, url).await
    }

    pub(crate) async fn start_bare_on(url: String) -> Self {
        Self::open(TempDir::new().unwrap(), url).await
    }

    pub(crate) async fn open(folder: TempDir, url: String) -> Self {
        let log = Arc::new(SqliteLog::open(&folder.path().join(LOG), sqlite::Config::default()).unwrap());
        let (clock, hands) = Clock::manual(NOON);
        let (ids, metrics, database) = (Ids::random(), Metrics::new("test", "0"), database(url).await);
        let deps = Deps {
            log: log.clone(),
            conversations: Conversations::new(log.clone()),
            database: database.clone(),
            clock,
            ids: ids.clone(),
            metrics: metrics.clone(),
        };
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let conversations = serve(&deps, &stop, &mut running).await;
        let table = JoinSet::new();
        Self { log, database, conversations, ids, metrics, clock: hands, deps, stop, running, table, folder }
    }

    pub(crate) fn with_eraser(mut self) -> Self {
        let (eraser, stop) = (Eraser::new(&self.deps), self.stop.clone());
        self.running.spawn(async move { eraser.run(stop).await.unwrap() });
        self
    }

    /// Has the history table follow the log.
    pub(crate) fn with_table(mut self) -> Self {
        let (log, database, ids, metrics) =
            (self.log.clone(), self.database.clone(), self.ids.clone(), self.metrics.clone());
        let deps = projection::Deps { log, database, clock: Clock::system(), ids, metrics };
        let (runner, stop) = (Runner::new(HistoryTable, deps).at_pace(QUICK), self.stop.clone());
        self.table.spawn(async move { runner.run(stop).await.unwrap() });
        self
    }

    /// Nobody fills the table any longer.
    pub(crate) async fn without_table(mut self) -> Self {
        self.table.shutdown().await;
        self
    }

    /// Waits until the table has everything that is in the log now.
    pub(crate) async fn until_kept(&self) {
        let head = self.log.head().await.unwrap().position(0);
        let is_there = async || {
            let reached = self.database.reached("history").await.unwrap();
            let position = reached.and_then(|reached| reached.positions.get(&0).copied()).unwrap_or(0);
            (position >= head).then_some(())
        };
        testkit::eventually(SOON, is_there).await;
    }

    /// Another service on the same log, with tables of its own that nobody fills: it answers from the log alone.
    pub(crate) async fn plain(&mut self) -> ConversationsClient<Channel> {
        let folder = TempDir::new_in(self.folder.path()).unwrap();
        let database = database(tables_in(&folder)).await;
        drop(folder.keep());
        serve(&Deps { database, ..self.deps.clone() }, &self.stop, &mut self.running).await
    }

    /// Tells the service to stop, without waiting for it.
    pub(crate) fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn stop(self) {
        self.end().await;
    }

    /// Stops, and answers where everything was kept.
    pub(crate) async fn end(self) -> TempDir {
        self.stop.cancel();
        within(self.running.join_all()).await;
        within(self.table.join_all()).await;
        self.database.close().await;
        self.folder
    }

    /// Stops, copies the log's file, and comes back bare.
    pub(crate) async fn backup(self) -> (Self, Vec<u8>) {
        let folder = self.end_for_good().await;
        let copy = std::fs::read(folder.path().join(LOG)).unwrap();
        let url = tables_in(&folder);
        (Self::open(folder, url).await, copy)
    }

    /// Stops, puts a copy in the place of the log's file, says so, and comes back bare.
    pub(crate) async fn restore(self, copy: &[u8]) -> Self {
        let folder = self.end_for_good().await;
        let path = folder.path().join(LOG);
        std::fs::write(&path, copy).unwrap();
        let log = SqliteLog::open(&path, sqlite::Config::default()).unwrap();
        log.begin_incarnation().await.unwrap();
        let url = tables_in(&folder);
        Self::open(folder, url).await
    }

    /// Stops, and waits until the log's file is all that there is of the log.
    async fn end_for_good(self) -> TempDir {
        let folder = self.end().await;
        let beside = folder.path().join(format!("{LOG}-wal"));
        testkit::eventually(SOON, async || (!beside.exists()).then_some(())).await;
        folder
    }

    pub(crate) async fn get(&self, name: &str) -> Result<pb::Conversation, Status> {
        let request = pb::GetConversationRequest { name: name.to_owned() };
        within(self.conversations.clone().get_conversation(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn erase(&self, name: &str) -> Result<pb::Erasure, Status> {
        let request = pb::EraseConversationRequest { name: name.to_owned() };
        within(self.conversations.clone().erase_conversation(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn erasure(&self, name: &str) -> Result<pb::Erasure, Status> {
        let request = pb::GetErasureRequest { name: name.to_owned() };
        within(self.conversations.clone().get_erasure(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn list(&self, request: pb::ListEventsRequest) -> Result<pb::ListEventsResponse, Status> {
        within(self.conversations.clone().list_events(request)).await.map(tonic::Response::into_inner)
    }
}

/// The URL of a file of tables in this folder.
pub(crate) fn tables_in(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("tables.db").display())
}

async fn database(url: String) -> Database {
    let options = Options { create: Create::IfMissing, ..Options::default() };
    let database = Database::open(&SecretString::from(url), &options).await.unwrap();
    database.migrate().await.unwrap();
    database
}

async fn serve(deps: &Deps, stop: &CancellationToken, running: &mut JoinSet<()>) -> ConversationsClient<Channel> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = ConversationService::server(deps.clone(), Eraser::new(deps), stop.clone());
    let (server, incoming, stop) = (Server::builder().add_service(service), TcpIncoming::from(listener), stop.clone());
    running.spawn(async move {
        server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await.unwrap();
    });
    ConversationsClient::connect(format!("http://{address}")).await.unwrap()
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

/// So many milliseconds after noon.
pub(crate) const fn after(ms: i64) -> Timestamp {
    NOON.plus(Span::from_millis(ms))
}

/// The name of a person's conversation.
pub(crate) fn with(page: &str, psid: &str) -> String {
    format!("pages/{page}/conversations/{psid}")
}

/// The reason that a program reads.
#[track_caller]
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("every status has an ErrorInfo").reason.clone()
}

/// The wrong fields that a status names.
#[track_caller]
pub(crate) fn wrong_fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let bad = details.bad_request().expect("a BadRequest");
    bad.field_violations.iter().map(|violation| violation.field.clone()).collect()
}
