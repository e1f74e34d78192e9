//! The service on a port of its own, with a log of its own in a temp folder and a clock that stands still.

use api::proto::conversation::v1 as pb;
use api::proto::conversation::v1::conversations_client::ConversationsClient;
use conversation::{ConversationService, Eraser};
use domain::time::{Span, Timestamp};
use event_log::sqlite::{self, SqliteLog};
use service_kit::{Clock, Ids, ManualClock, Metrics};
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

const SOON: Duration = Duration::from_secs(10);

/// A running service. Every test ends with [`Sandbox::stop`], so every test proves that stopping works.
pub(crate) struct Sandbox {
    pub(crate) log: Arc<SqliteLog>,
    pub(crate) conversations: ConversationsClient<Channel>,
    pub(crate) ids: Ids,
    pub(crate) clock: ManualClock,
    eraser: Eraser,
    stop: CancellationToken,
    running: JoinSet<()>,
    /// Where the log's files are.
    pub(crate) folder: TempDir,
}

impl Sandbox {
    pub(crate) async fn start() -> Self {
        Self::start_without_eraser().await.with_eraser()
    }

    /// As after a crash, when tombstones are there and nobody carries them out.
    pub(crate) async fn start_without_eraser() -> Self {
        let folder = TempDir::new().unwrap();
        let log = Arc::new(SqliteLog::open(&folder.path().join("log.db"), sqlite::Config::default()).unwrap());
        let (clock, hands) = Clock::manual(NOON);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let eraser = Eraser::new(log.clone(), clock.clone(), Ids::random(), &Metrics::new("test", "0"));
        let service = ConversationService::server(log.clone(), eraser.clone(), clock, stop.clone());
        let server = Server::builder().add_service(service);
        let mut running = JoinSet::new();
        let incoming = TcpIncoming::from(listener);
        let serving = stop.clone();
        running.spawn(async move {
            server.serve_with_incoming_shutdown(incoming, serving.cancelled_owned()).await.unwrap();
        });
        let conversations = ConversationsClient::connect(format!("http://{address}")).await.unwrap();
        Self { log, conversations, ids: Ids::random(), clock: hands, eraser, stop, running, folder }
    }

    pub(crate) fn with_eraser(mut self) -> Self {
        let (eraser, stop) = (self.eraser.clone(), self.stop.clone());
        self.running.spawn(async move { eraser.run(stop).await.unwrap() });
        self
    }

    /// Tells the service to stop, without waiting for it.
    pub(crate) fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        within(self.running.join_all()).await;
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
