//! A sender with everything around it: a log in a temp folder, a simulated platform whose webhooks come back through a
//! real ingress, and a gRPC server, each on a port of its own.

use crate::around::{self, Around};
use crate::faults::FaultyLog;
use crate::parts::{
    ANYWHERE, Part, client, graph, ingress, pages, patience, platform, sender, table, tables_in, within,
};
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use api::proto::page::v1::pages_client::PagesClient;
use domain::event::{Event, Inbound, InboundKind, PageStep, PageStepKind};
use domain::id::{FactId, PageId, Psid, RecordId, StreamId};
use domain::time::{Span, Timestamp};
use event_log::sqlite::{self, SqliteLog};
use event_log::{EventLog, Expected, Record};
use messenger::client::SendClient;
use outbound_sender::{Hints, OutboundService, OutboxTable};
use secrecy::SecretString;
use serde_json::Value;
use service_kit::{Clock, Ids, ManualClock, Metrics};
use simulator::{AdminClient, CallRow};
use sql::{Database, Derived};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use testkit::eventually;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};

pub(crate) const PAGE: &str = "1001";
pub(crate) const TOKEN: &str = "EAAtesttoken123";
/// Another Page of the same app, and its token.
pub(crate) const OTHER_PAGE: &str = "1009";
pub(crate) const OTHER_TOKEN: &str = "EAAothertoken789";
/// A PSID.
pub(crate) const ASHA: &str = "2460124601";
/// Another one.
pub(crate) const BILAL: &str = "5050750507";

/// How long a condition may take before the test fails.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Added before an unanswered send is called unknown.
pub(crate) const MARGIN: Span = Span::from_millis(200);
/// How long an unknown send waits for its echo.
pub(crate) const ECHO: Span = Span::from_secs(1);

/// How long an unknown send waits before it is looked up.
pub(crate) const LOOK: Span = Span::from_millis(400);

/// The call that lists messages.
pub(crate) const LISTING: &str = "conversations";

/// How a sandbox is to be.
pub(crate) struct Setup {
    pub(crate) clock: Clock,
    /// How long the platform may take to answer: longer than any hiccup, except where a test waits for it.
    pub(crate) answer: Duration,
    pub(crate) n_senders: usize,
    /// How long before the end of a window nothing is claimed.
    pub(crate) margin: Span,
    /// How long a Page's lease lasts after its holder was killed.
    pub(crate) lease_term: Duration,
    /// Whether Pages keep the limits of the rule packs.
    pub(crate) is_shaped: bool,
    /// How long typing may hold up the staff's answers; none: it is not shown.
    pub(crate) typing: Option<Duration>,
    /// Where the senders find their table; none: in a file of their own.
    pub(crate) database: Option<Database>,
    /// What the senders count.
    pub(crate) metrics: Metrics,
}

/// Waits until the outbox in this database is at the log's end.
pub(crate) async fn reaches(database: &Database, log: &FaultyLog) {
    let end = log.head().await.unwrap().position(0);
    eventually(SOON, async || {
        let reached = database.reached(Derived::Outbox.name()).await.unwrap()?;
        (reached.positions.get(&0) == Some(&end)).then_some(())
    })
    .await;
}

/// Everything that runs. Every test ends with [`Sandbox::stop`], so every test proves that stopping works, and that
/// what must always hold has held.
pub(crate) struct Sandbox {
    pub(crate) admin: AdminClient,
    pub(crate) log: Arc<FaultyLog>,
    pub(crate) outbound: OutboundClient<Channel>,
    pub(crate) pages: PagesClient<Channel>,
    pub(crate) around: Box<Around>,
    /// Whether webhooks are taken; while not, the platform tries again and again.
    pub(crate) takes_webhooks: watch::Sender<bool>,
    pub(crate) setup: Setup,
    platform_address: SocketAddr,
    webhook_address: SocketAddr,
    n_platforms: u64,
    platform: Option<Part>,
    /// The platform's port while nobody listens there.
    reserved: Option<TcpSocket>,
    ingress: Part,
    server: Part,
    /// Fills the senders' table.
    filler: Option<Part>,
    pub(crate) database: Database,
    senders: Vec<Part>,
    _folder: TempDir,
}

impl Sandbox {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// One whose clock stands still until it is moved; only the platform keeps the machine's time.
    pub(crate) async fn start_by_hand() -> (Self, ManualClock) {
        let (clock, hands) = Clock::manual(Clock::system().now());
        (Self::start_with(|setup| setup.clock = clock).await, hands)
    }

    /// The same with leases that outlast whatever the clock is moved by.
    pub(crate) async fn start_by_hand_with_long_leases() -> (Self, ManualClock) {
        let (clock, hands) = Clock::manual(Clock::system().now());
        let start = |setup: &mut Setup| (setup.clock, setup.lease_term) = (clock, Duration::from_secs(60));
        (Self::start_with(start).await, hands)
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup {
            clock: Clock::system(),
            answer: Duration::from_secs(5),
            n_senders: 1,
            margin: Span::default(),
            lease_term: Duration::from_millis(300),
            is_shaped: false,
            typing: None,
            database: None,
            metrics: Metrics::new("nuncio", "0"),
        };
        change(&mut setup);
        let folder = TempDir::new().unwrap();
        let log = SqliteLog::open(&folder.path().join("log.db"), sqlite::Config::default()).unwrap();
        let log = Arc::new(FaultyLog::new(log));

        let database = match setup.database.clone() {
            Some(database) => database,
            None => tables_in(&folder).await,
        };

        let (takes_webhooks, log_ready) = watch::channel(true);
        let ingress = ingress(log.clone(), log_ready, setup.clock.clone()).await;
        let webhook_address = ingress.address().unwrap();
        let (platform_address, platform) = platform(ANYWHERE, webhook_address, 0).await;

        let listener = TcpListener::bind(ANYWHERE).await.unwrap();
        let grpc_address = listener.local_addr().unwrap();
        // As in the binary, the calls and the first outbox share one sender.
        let hints = Hints::default();
        let front = sender(&setup, log.clone(), platform_address, database.clone(), hints.clone());
        let filler =
            table(OutboxTable::new(log.identity().clone(), patience(&setup), hints), log.clone(), database.clone());
        let (first, back) = (front.clone(), front.clone());
        let registering = pages(&setup, log.clone(), platform_address, database.clone());
        let server = Part::start(|stop| async move {
            let service = OutboundService::server(front, stop.clone());
            let incoming = TcpIncoming::from(listener);
            let server = Server::builder().add_service(service).add_service(registering.server());
            let server = around::services(server, &back);
            Ok(server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await?)
        });
        let outbound = OutboundClient::connect(format!("http://{grpc_address}")).await.unwrap();

        let mut sandbox = Self {
            admin: AdminClient::new(format!("http://{platform_address}")),
            log,
            outbound,
            pages: PagesClient::connect(format!("http://{grpc_address}")).await.unwrap(),
            around: Box::new(Around::connect(grpc_address).await),
            takes_webhooks,
            platform_address,
            webhook_address,
            n_platforms: 1,
            platform: Some(platform),
            reserved: None,
            ingress: Part::start(|stop| ingress.run(stop)),
            server,
            filler: Some(filler),
            database,
            senders: vec![Part::start(|stop| async move { Ok(outbound_sender::run(first, stop).await?) })],
            _folder: folder,
            setup,
        };
        (1..sandbox.setup.n_senders).for_each(|_| sandbox.start_sender());
        sandbox
    }

    /// Proves what must always hold, and stops everything.
    pub(crate) async fn stop(mut self) {
        if self.platform.is_some() {
            self.is_lawful().await;
        }
        assert!(self.log.has_no_fault_left(), "a fault was told and hit nothing");
        self.stop_senders().await;
        self.stop_filling().await;
        self.server.stop().await;
        if let Some(platform) = self.platform {
            platform.stop().await;
        }
        self.ingress.stop().await;
    }

    /// Starts a sender with nothing in memory, beside those that run.
    pub(crate) fn start_sender(&mut self) {
        let (database, hints) = (self.database.clone(), Hints::default());
        let sender = sender(&self.setup, self.log.clone(), self.platform_address, database, hints);
        self.senders.push(Part::start(|stop| async move { Ok(outbound_sender::run(sender, stop).await?) }));
    }

    /// From here on the table stays as it is.
    pub(crate) async fn stop_filling(&mut self) {
        if let Some(filler) = self.filler.take() {
            filler.stop().await;
        }
    }

    /// Waits until the table is at the log's end.
    pub(crate) async fn has_its_table(&self) {
        reaches(&self.database, &self.log).await;
    }

    pub(crate) async fn stop_senders(&mut self) {
        for sender in self.senders.drain(..) {
            sender.stop().await;
        }
    }

    pub(crate) async fn kill_senders(&mut self) {
        for sender in self.senders.drain(..) {
            sender.kill().await;
        }
    }

    /// Tells the gRPC server to stop, without waiting for it.
    pub(crate) fn begin_to_stop_the_server(&self) {
        self.server.stop.cancel();
    }

    /// From here on connections to the platform are refused.
    pub(crate) async fn stop_platform(&mut self) {
        self.platform.take().unwrap().stop().await;
        // Bound and not listening: nobody else gets the port, and nobody can connect to it.
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(self.platform_address).unwrap();
        self.reserved = Some(port);
    }

    /// A new platform at the old address; it knows nobody.
    pub(crate) async fn start_platform(&mut self) {
        drop(self.reserved.take());
        let (_, part) = platform(self.platform_address, self.webhook_address, self.n_platforms).await;
        self.n_platforms += 1;
        self.platform = Some(part);
        self.admin = AdminClient::new(format!("http://{}", self.platform_address));
    }

    /// Lets the person write, and waits until that is in the log.
    pub(crate) async fn hears(&self, psid: &str) {
        self.hears_ago(psid, Duration::ZERO).await;
    }

    /// The same, with an event time that long ago.
    pub(crate) async fn hears_ago(&self, psid: &str, ago: Duration) {
        self.admin.write_ago(psid, PAGE, "is it still there?", ago.as_millis().try_into().unwrap()).await.unwrap();
        self.has_all_webhooks().await;
    }

    /// A client of the platform.
    pub(crate) fn client(&self) -> SendClient {
        client(self.platform_address, self.setup.answer)
    }

    /// The Page, and the token that speaks for it.
    pub(crate) fn page_and_token(&self) -> (PageId, SecretString) {
        (PageId::parse(PAGE).unwrap(), SecretString::from(TOKEN))
    }

    /// A call of the platform that no client makes.
    pub(crate) async fn graph(&self, edge: &str, body: &Value) -> Value {
        graph(self.platform_address, edge, body).await
    }

    /// Waits until everything that the platform has told is in the log.
    pub(crate) async fn has_all_webhooks(&self) {
        assert_eq!(self.admin.wait_idle(SOON).await.unwrap(), 0, "a webhook did not arrive");
    }

    /// Asks for a message.
    pub(crate) async fn ask(&self, request: pb::SendMessageRequest) -> Result<pb::Message, Status> {
        let mut outbound = self.outbound.clone();
        within(Box::pin(outbound.send_message(request))).await.map(tonic::Response::into_inner)
    }

    /// Asks for a message that is allowed.
    #[track_caller]
    pub(crate) fn send(&self, request: pb::SendMessageRequest) -> impl Future<Output = pb::Message> {
        let caller = std::panic::Location::caller();
        async move { Box::pin(self.ask(request)).await.unwrap_or_else(|status| panic!("{caller}: {status}")) }
    }

    /// Asks for a message that is refused.
    #[track_caller]
    pub(crate) fn refused(&self, request: pb::SendMessageRequest) -> impl Future<Output = Status> {
        let caller = std::panic::Location::caller();
        async move { Box::pin(self.ask(request)).await.err().unwrap_or_else(|| panic!("{caller}: it was taken")) }
    }

    pub(crate) async fn get(&self, name: &str) -> Result<pb::Message, Status> {
        let mut outbound = self.outbound.clone();
        let request = pb::GetMessageRequest { name: name.to_owned(), min_revision: 0 };
        within(outbound.get_message(request)).await.map(tonic::Response::into_inner)
    }

    /// Waits until the message has this state.
    #[track_caller]
    pub(crate) fn becomes(&self, name: &str, state: pb::State) -> impl Future<Output = pb::Message> {
        eventually(SOON, move || async move {
            let message = self.get(name).await.unwrap();
            (message.state() == state).then_some(message)
        })
    }

    /// Every call that arrived at the platform, in order, but those that look something up.
    pub(crate) async fn calls(&self) -> Vec<CallRow> {
        let calls = self.admin.calls().await.unwrap();
        calls.into_iter().filter(|call| call.endpoint != LISTING).collect()
    }

    /// Waits until so many calls have arrived at the platform.
    #[track_caller]
    pub(crate) fn called(&self, times: usize) -> impl Future<Output = ()> {
        eventually(SOON, move || async move { (self.calls().await.len() >= times).then_some(()) })
    }

    pub(crate) fn conversation(&self, psid: &str) -> StreamId {
        let (page, psid) = (PageId::parse(PAGE).unwrap(), Psid::parse(psid).unwrap());
        let person = self.log.identity().person_key(&page, &psid);
        StreamId::Conversation(page, person)
    }

    /// Lets something happen in the conversation that changes nothing, so that the sender looks at its clock.
    pub(crate) async fn nudge(&self, psid: &str) {
        let at = Timestamp::from_millis(0);
        let id = Ids::random().uuid_v7(self.setup.clock.now());
        let fact = FactId::of(&[id.as_bytes()]);
        let inbound = Inbound {
            fact,
            page: PageId::parse(PAGE).unwrap(),
            person: Some(Psid::parse(psid).unwrap()),
            stated_at: at,
            received_at: at,
            standby: false,
            kind: InboundKind::Read { watermark: at },
        };
        let record = Record {
            id: RecordId::new(id),
            stream: self.conversation(psid),
            recorded_at: self.setup.clock.now(),
            fact: Some(fact),
            traceparent: None,
            events: vec![Event::Inbound(Box::new(inbound))],
        };
        self.log.append(&record, Expected::Any).await.unwrap();
    }

    /// Something happens to the Page.
    pub(crate) async fn page_step(&self, kind: PageStepKind) {
        let now = self.setup.clock.now();
        let record = Record {
            id: RecordId::new(Ids::random().uuid_v7(now)),
            stream: StreamId::Page(PageId::parse(PAGE).unwrap()),
            recorded_at: now,
            fact: None,
            traceparent: None,
            events: vec![Event::Page(PageStep { at: now, kind })],
        };
        self.log.append(&record, Expected::Any).await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }
}
