//! An ingress on a port of its own, with a log of its own in a temp folder.

use crate::bodies::{NOON_MS, SECRET, one_message};
use crate::faults::FaultyLog;
use crate::http::{Answer, Connection, post, within};
use domain::event::{Event, Inbound, InboundKind};
use domain::id::{AppId, PageId, Psid, StreamId};
use domain::time::Timestamp;
use event_log::sqlite::{self, SqliteLog};
use event_log::{Checkpoint, EventLog, Filter, Followed, Stored};
use messenger::signature::{AppSecrets, sign};
use secrecy::SecretString;
use service_kit::{Clock, Ids, ManualClock, Metrics};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webhook_ingress::{Config, Deps, Erased, Ingress};

/// What the platform must say when it subscribes; it has to be encoded in an address.
pub(crate) const VERIFY_TOKEN: &str = "open sesame+&=%";

/// The app's secret before this one.
pub(crate) const PREVIOUS_SECRET: &str = "test-app-secret-0000";

/// How long a condition may take before the test fails.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// The log's file inside a folder.
const FILE: &str = "log.db";

/// A running ingress. Every test ends with [`Sandbox::stop`], so every test proves that stopping works.
pub(crate) struct Sandbox {
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<FaultyLog>,
    pub(crate) log_ready: watch::Sender<bool>,
    pub(crate) clock: ManualClock,
    pub(crate) erased: Erased,
    metrics: Metrics,
    stop: CancellationToken,
    running: JoinSet<anyhow::Result<()>>,
    n_probes: AtomicUsize,
    folder: TempDir,
}

impl Sandbox {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let log = Arc::new(FaultyLog::new(open_log(folder.path())));
        let (log_ready, is_log_ready) = watch::channel(true);
        let (clock, hands) = Clock::manual(Timestamp::from_millis(NOON_MS));
        let metrics = Metrics::new("nuncio", "0");
        let mut config = config();
        change(&mut config);
        let deps =
            Deps { log: log.clone(), log_ready: is_log_ready, clock, ids: Ids::seeded(1), metrics: metrics.clone() };
        let ingress = Ingress::bind(config, deps).await.unwrap();
        let (address, erased) = (ingress.address().unwrap(), ingress.erased());
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(ingress.run(stop.clone()));
        let n_probes = AtomicUsize::default();
        Self { address, log, log_ready, clock: hands, erased, metrics, stop, running, n_probes, folder }
    }

    /// Tells the ingress to stop, without waiting for it.
    pub(crate) fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Whether the ingress has ended, so that its process would be gone.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.running.try_join_next().is_some()
    }

    /// Stops the ingress; it has to end by itself, and well.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        within(self.running.join_next()).await.unwrap().unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    /// Delivers a body, rightly signed.
    pub(crate) async fn deliver(&self, body: impl AsRef<[u8]>) -> Answer {
        deliver(self.address, body).await
    }

    /// Delivers a body with this signature, or with none.
    pub(crate) async fn deliver_signed(&self, signature: Option<&str>, body: impl AsRef<[u8]>) -> Answer {
        self.ask(post(signature, body.as_ref())).await
    }

    /// The answer to a whole request on a connection of its own.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut connection = self.connect().await;
        connection.send(request).await;
        connection.answer().await
    }

    /// Whatever came before, the next good delivery is taken and stored.
    #[track_caller]
    pub(crate) fn is_unharmed(&self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let mid = format!("m_probe_{}", self.n_probes.fetch_add(1, Ordering::SeqCst));
            let answer = self.deliver(one_message(&mid)).await;
            assert_eq!(answer.status, 200, "{caller}: {}", answer.body);
            let stored = self.conversation("1001", "2002").await;
            assert_eq!(mids(&stored).last(), Some(&mid), "{caller}");
        }
    }

    /// Everything in the log, in the order of the log.
    pub(crate) async fn records(&self) -> Vec<Stored> {
        records(&*self.log).await
    }

    /// What is stored of one person and one Page.
    pub(crate) async fn conversation(&self, page: &str, person: &str) -> Vec<Stored> {
        self.log.read(&self.conversation_id(page, person), 0).await.unwrap()
    }

    pub(crate) fn conversation_id(&self, page: &str, person: &str) -> StreamId {
        let (page, person) = (PageId::parse(page).unwrap(), Psid::parse(person).unwrap());
        let key = self.log.identity().person_key(&page, &person);
        StreamId::Conversation(page, key)
    }

    /// The bodies that were kept whole, oldest first.
    pub(crate) async fn quarantined(&self) -> Vec<Vec<u8>> {
        let stream = StreamId::Quarantine(config().app);
        let stored = self.log.read(&stream, 0).await.unwrap();
        let body = |stored: &Stored| match stored.record.events.as_slice() {
            [Event::Quarantined(quarantined)] => {
                assert_eq!(stored.record.fact, Some(quarantined.fact));
                quarantined.body.clone()
            }
            other => panic!("in the quarantine stands {other:?}"),
        };
        stored.iter().map(body).collect()
    }

    /// How many requests were counted under this outcome.
    pub(crate) fn requests(&self, outcome: &str) -> u64 {
        self.counted(&format!(r#"nuncio_webhook_requests_total{{outcome="{outcome}"}}"#))
    }

    /// A counter's value, 0 while it was never counted.
    pub(crate) fn counted(&self, series: &str) -> u64 {
        let text = self.rendered();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// All metrics, as Prometheus reads them.
    pub(crate) fn rendered(&self) -> String {
        self.metrics.render()
    }

    /// What would be in the log if the machine's process had died just now: the log's files as they stand, opened
    /// by somebody else.
    pub(crate) async fn records_after_a_crash(&self) -> Vec<Stored> {
        let copy = TempDir::new().unwrap();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        records(&open_log(copy.path())).await
    }
}

fn open_log(folder: &Path) -> SqliteLog {
    SqliteLog::open(&folder.join(FILE), sqlite::Config::default()).unwrap()
}

fn config() -> Config {
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        app: AppId::parse("77").unwrap(),
        secrets: AppSecrets {
            current: SecretString::from(SECRET),
            previous: Some(SecretString::from(PREVIOUS_SECRET)),
        },
        verify_token: SecretString::from(VERIFY_TOKEN),
        body_limit: 256 * 1024,
        body_timeout: SOON,
        append_timeout: SOON,
        max_in_flight: 64,
        max_connections: 1_024,
        max_buffered: 256 << 20,
    }
}

/// The header that proves `body` under the app's secret.
pub(crate) fn signed(body: impl AsRef<[u8]>) -> String {
    sign(&SecretString::from(SECRET), body.as_ref())
}

/// Delivers a body, rightly signed, on a connection of its own.
pub(crate) async fn deliver(address: SocketAddr, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut connection = Connection::open(address).await;
    connection.send(post(Some(&signed(body)), body)).await;
    connection.answer().await
}

/// The inbound fact that a record holds; it holds nothing else.
pub(crate) fn inbound(stored: &Stored) -> &Inbound {
    match stored.record.events.as_slice() {
        [Event::Inbound(inbound)] => inbound,
        other => panic!("the record holds {other:?}"),
    }
}

/// The mids of stored messages, in order.
pub(crate) fn mids(stored: &[Stored]) -> Vec<String> {
    let mid = |stored| {
        let InboundKind::Message(message) = &inbound(stored).kind else { panic!("something else than a message") };
        message.mid.as_ref().unwrap().as_str().to_owned()
    };
    stored.iter().map(mid).collect()
}

async fn records(log: &dyn EventLog) -> Vec<Stored> {
    let mut follower = log.follow(Filter::default(), Checkpoint::beginning()).await.unwrap();
    let mut records = Vec::new();
    loop {
        match within(follower.next()).await.unwrap() {
            Followed::Record(stored) => records.push(*stored),
            Followed::CaughtUp(_) => return records,
            Followed::Checkpoint(_) => (),
        }
    }
}
