//! The service on a port of its own, with a log of its own in a temp folder and a clock that is moved by hand.

use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::compliance::v1::{
    Actor, Automation, Bot, Decision, EvaluateSendRequest, EvaluateSendResponse, HumanAgent, Purpose, actor,
};
use compliance::rehearsal::{self, Rehearsals};
use compliance::{ComplianceService, Deps, PageCountsTable, react, watch_block_rates};
use domain::event::consent::Words;
use domain::event::{Event, Inbound, InboundKind, Message, Postback};
use domain::id::{FactId, PageId, PersonKey, Psid, RecordId, StreamId};
use domain::time::{Span, Timestamp};
use event_log::sqlite::{self, SqliteLog};
use event_log::{Conversations, EventLog, Expected, Record};
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

/// The moment at which the clock begins.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_767_268_800_000);
/// A PSID.
pub(crate) const ASHA: &str = "24601";

const PAGE: &str = "1001";
/// A table's work is renewed and looked at often, so that a test need not wait.
const QUICK: Pace = Pace {
    term: Duration::from_millis(600),
    together: 20,
    look: Duration::from_millis(50),
    idle: Duration::from_millis(100),
};

/// Far more than anything takes, also where a whole crowd is asked about on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A running service. Every test ends with [`Sandbox::stop`], so every test proves that stopping works.
pub(crate) struct Sandbox {
    pub(crate) log: Arc<SqliteLog>,
    pub(crate) clock: Clock,
    pub(crate) hands: ManualClock,
    pub(crate) compliance: ComplianceClient<Channel>,
    pub(crate) deps: Deps,
    ids: Ids,
    pub(crate) rehearsals: Rehearsals,
    pub(crate) database: Database,
    stop: CancellationToken,
    running: JoinSet<()>,
    working: JoinSet<()>,
    _folder: TempDir,
}

impl Sandbox {
    pub(crate) async fn start() -> Self {
        let mut sandbox = Self::start_idle().await;
        sandbox.working.spawn(sandbox.rehearsals.clone().work(sandbox.stop.clone()));
        sandbox
    }

    /// The same with nobody who works on rehearsals.
    pub(crate) async fn start_idle() -> Self {
        let folder = TempDir::new().unwrap();
        let log = Arc::new(SqliteLog::open(&folder.path().join("log.db"), sqlite::Config::default()).unwrap());
        let (clock, hands) = Clock::manual(NOON);
        let stop = CancellationToken::new();
        let database = tables(&folder).await;
        let rehearsals = Rehearsals::new(rehearsal::Deps {
            log: log.clone(),
            database: database.clone(),
            is_durable: true,
            clock: clock.clone(),
            ids: Ids::random(),
        });
        let working = JoinSet::new();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let conversations = Conversations::new(log.clone());
        let (ids, metrics) = (Ids::random(), Metrics::new("test", "0"));
        let tables = Some(database.clone());
        let deps = Deps { log: log.clone(), conversations, database: tables, clock: clock.clone(), ids, metrics };
        let service = ComplianceService::server(deps.clone(), rehearsals.clone());
        let server = Server::builder().add_service(service);
        let mut running = JoinSet::new();
        let incoming = TcpIncoming::from(listener);
        let serving = server.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
        running.spawn(async move { serving.await.unwrap() });
        // A whole batch is larger than what a client takes by default.
        let compliance = ComplianceClient::connect(format!("http://{address}")).await.unwrap();
        let compliance = compliance.max_decoding_message_size(16 << 20);
        Self {
            log,
            clock,
            hands,
            compliance,
            deps,
            ids: Ids::random(),
            rehearsals,
            database,
            stop,
            running,
            working,
            _folder: folder,
        }
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(SOON, async {
            while let Some(ended) = self.running.join_next().await {
                ended.unwrap();
            }
        });
        ended.await.expect("it stops in time");
        tokio::time::timeout(SOON, self.working.join_all()).await.expect("it stops in time");
    }

    /// With one more replica that takes facts up.
    pub(crate) fn with_reactions(self, words: Words) -> Self {
        let deps = self.deps.clone();
        self.with_reactions_by(deps, words)
    }

    pub(crate) fn with_reactions_by(mut self, deps: Deps, words: Words) -> Self {
        let stop = self.stop.clone();
        self.running.spawn(async move { react(deps, words, stop).await.unwrap() });
        self
    }

    /// With one more replica that counts sends and blocks, and tells when there are too many.
    pub(crate) fn with_block_rates(mut self) -> Self {
        let (deps, stop) = (self.deps.clone(), self.stop.clone());
        let (log, ids, metrics) = (self.log.clone(), self.ids.clone(), deps.metrics.clone());
        let database = deps.database.clone().unwrap();
        let counting = projection::Deps { log, database: database.clone(), clock: Clock::system(), ids, metrics };
        let counting = Runner::new(PageCountsTable, counting).at_pace(QUICK).run(stop.clone());
        self.running.spawn(async move { counting.await.unwrap() });
        self.running.spawn(watch_block_rates(deps, database, stop));
        self
    }

    /// The person writes.
    pub(crate) async fn hears(&self, at: Timestamp) -> RecordId {
        let message = Message { text: "is it still there?".to_owned(), ..Message::default() };
        self.told(at, at, InboundKind::Message(message)).await
    }

    /// The person taps a button.
    pub(crate) async fn tapped(&self, at: Timestamp) -> RecordId {
        self.told(at, at, InboundKind::Postback(Postback { title: "More".to_owned(), ..Postback::default() })).await
    }

    /// One delivery of a fact; facts of one kind and moment are one fact. Answers the record's id.
    pub(crate) async fn told(&self, stated_at: Timestamp, received_at: Timestamp, kind: InboundKind) -> RecordId {
        let (page, psid) = (PageId::parse(PAGE).unwrap(), Psid::parse(ASHA).unwrap());
        let stream = StreamId::Conversation(page.clone(), self.log.identity().person_key(&page, &psid));
        let fact = FactId::of(&[kind.as_str().as_bytes(), &stated_at.as_millis().to_be_bytes()]);
        let person = Some(psid);
        let inbound = Inbound { fact, page, person, stated_at, received_at, standby: false, kind };
        let record = Record {
            id: RecordId::new(self.ids.uuid_v7(received_at)),
            stream,
            recorded_at: received_at,
            fact: Some(fact),
            traceparent: None,
            events: vec![Event::Inbound(Box::new(inbound))],
        };
        assert!(!self.log.append(&record, Expected::Any).await.unwrap().is_duplicate);
        record.id
    }

    /// What happened elsewhere, in one record of this stream.
    pub(crate) async fn happened(&self, stream: StreamId, events: Vec<Event>) {
        let (id, now) = (RecordId::new(self.ids.uuid_v7(NOON)), NOON);
        let record = Record { id, stream, recorded_at: now, fact: None, traceparent: None, events };
        self.log.append(&record, Expected::Any).await.unwrap();
    }

    /// The Page of every test.
    pub(crate) fn page() -> PageId {
        PageId::parse(PAGE).unwrap()
    }

    /// Asha, by key.
    pub(crate) fn asha(&self) -> PersonKey {
        self.log.identity().person_key(&Self::page(), &Psid::parse(ASHA).unwrap())
    }

    pub(crate) async fn ask(&self, request: EvaluateSendRequest) -> Result<EvaluateSendResponse, Status> {
        let mut compliance = self.compliance.clone();
        let answer = tokio::time::timeout(SOON, compliance.evaluate_send(request)).await;
        answer.expect("an answer in time").map(tonic::Response::into_inner)
    }

    /// The decision on an intent.
    pub(crate) async fn decision(&self, request: EvaluateSendRequest) -> Decision {
        self.ask(request).await.unwrap().decision.unwrap()
    }
}

/// New tables in a folder.
pub(crate) async fn tables(folder: &TempDir) -> Database {
    let url = SecretString::from(format!("sqlite:{}", folder.path().join("tables.sqlite").display()));
    let options = Options { create: Create::IfMissing, ..Options::default() };
    let database = Database::open(&url, &options).await.unwrap();
    database.migrate().await.unwrap();
    database
}

/// So many hours and milliseconds after noon.
pub(crate) const fn after(hours: i64, ms: i64) -> Timestamp {
    NOON.plus(Span::from_hours(hours)).plus(Span::from_millis(ms))
}

/// May this speaker say something to Asha?
pub(crate) fn may(kind: actor::Kind, purpose: Purpose) -> EvaluateSendRequest {
    EvaluateSendRequest {
        parent: format!("pages/{PAGE}/conversations/{ASHA}"),
        actor: Some(Actor { kind: Some(kind) }),
        purpose: purpose.into(),
        at_time: None,
        matter: None,
    }
}

pub(crate) fn may_bot() -> EvaluateSendRequest {
    may(actor::Kind::Bot(Bot {}), Purpose::Conversation)
}

pub(crate) fn may_staff() -> EvaluateSendRequest {
    may(human(), Purpose::Conversation)
}

/// The question for a given moment.
pub(crate) fn at(at: Timestamp, request: EvaluateSendRequest) -> EvaluateSendRequest {
    EvaluateSendRequest { at_time: Some(api::convert::timestamp(at)), ..request }
}

pub(crate) fn human() -> actor::Kind {
    actor::Kind::Human(HumanAgent { agent_id: "agent-7".to_owned() })
}

/// Every sort of speaker.
pub(crate) fn actors() -> [actor::Kind; 4] {
    let agent = HumanAgent { agent_id: "agent-7".to_owned() };
    [human(), actor::Kind::AiAssistedHuman(agent), actor::Kind::Bot(Bot {}), actor::Kind::Automation(Automation {})]
}
