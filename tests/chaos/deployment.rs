//! The processes: nats-server, PostgreSQL, the simulator, and Nuncio's roles, with two senders.

use crate::process::{Process, run};
use simulator::{AdminClient, Fault, FaultKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{NatsServer, Postgres, Sync};
use tokio::task::JoinSet;

pub(crate) const SENDERS: usize = 2;
const PAGES: usize = 8;
const PEOPLE: usize = 2_000;
const SECRET: &str = "chaos-app-secret";
const VERIFY_TOKEN: &str = "chaos-verify-token";
/// How long the setting up may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What goes wrong, for which share of messages or webhooks, and by how many milliseconds, where it comes late. Errors by
/// which the platform wants minutes of silence are left out: whoever obeys does nothing in them.
const FAULTS: [(FaultKind, f64, Option<u32>); 19] = [
    (FaultKind::ResponseLost, 0.02, None),
    (FaultKind::ConnectionReset, 0.01, None),
    (FaultKind::Error500, 0.02, None),
    (FaultKind::Error500Before, 0.01, None),
    (FaultKind::SentButError, 0.01, None),
    (FaultKind::Unavailable, 0.01, None),
    (FaultKind::TemporaryFailure, 0.01, None),
    (FaultKind::Hang, 0.005, None),
    (FaultKind::HangBefore, 0.005, None),
    (FaultKind::Slow, 0.01, Some(700)),
    (FaultKind::Throttle, 0.0004, None),
    (FaultKind::Refuse, 0.002, None),
    (FaultKind::EchoNever, 0.01, None),
    (FaultKind::EchoLate, 0.02, Some(4_000)),
    (FaultKind::EchoBefore, 0.05, None),
    (FaultKind::WebhookDuplicated, 0.1, None),
    (FaultKind::WebhookReordered, 0.05, Some(300)),
    (FaultKind::WebhookDelayed, 0.02, Some(2_000)),
    (FaultKind::WebhookWronglySigned, 0.02, None),
];

/// Where senders listen for gRPC; it changes with every start of one.
pub(crate) type Addresses = Arc<Mutex<[SocketAddr; SENDERS]>>;

/// A person, and the Page they wrote to.
pub(crate) struct Person {
    pub(crate) page: String,
    pub(crate) psid: String,
}

pub(crate) struct Deployment {
    pub(crate) platform: AdminClient,
    keys: Vec<String>,
    senders: Vec<Process>,
    addresses: Addresses,
    _others: Vec<Process>,
    _nats: NatsServer,
    _postgres: Postgres,
}

fn page(n: usize) -> String {
    format!("{}", 1_001 + n % PAGES)
}

impl Deployment {
    pub(crate) async fn start(seed: u64) -> Self {
        let (nats, postgres) = (NatsServer::start(Sync::Lazy), Postgres::start());
        let tables = format!("sql.url={}", postgres.database());
        let migrated = run(&["migrate", "--set", &tables]).await;
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let simulator = simulator(seed).await;
        let address = simulator.address("simulator");
        let keys = keys(&nats, tables, address);
        let ingress = role(&["run", "ingress"], &["webhook"], &keys).await;
        let platform = AdminClient::new(format!("http://{address}"));
        let webhook = format!("http://{}/webhook", ingress.address("webhook"));
        platform.subscribe(&webhook, VERIFY_TOKEN).await.unwrap();
        let others = role(&["run", "compliance", "conversation"], &["grpc"], &keys).await;
        let senders = vec![sender(&keys).await, sender(&keys).await];
        let addresses = Arc::new(Mutex::new([senders[0].address("grpc"), senders[1].address("grpc")]));
        let others = vec![simulator, ingress, others];
        Self { platform, keys, senders, addresses, _others: others, _nats: nats, _postgres: postgres }
    }

    pub(crate) fn senders(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    /// Everybody writes, and is heard, so that they may be answered.
    pub(crate) async fn let_people_write(&self) -> Vec<Person> {
        let mut writing = JoinSet::new();
        for first in 0..16 {
            let platform = self.platform.clone();
            writing.spawn(async move {
                for n in (first..PEOPLE).step_by(16) {
                    platform.write(&psid(n), &page(n), "hello").await.unwrap();
                }
            });
        }
        writing.join_all().await;
        self.until_all_is_delivered().await;
        (0..PEOPLE).map(|n| Person { page: page(n), psid: psid(n) }).collect()
    }

    /// Waits until no webhook is on its way any more.
    pub(crate) async fn until_all_is_delivered(&self) {
        testkit::eventually(PATIENCE, || async {
            let pending = self.platform.wait_idle(Duration::from_secs(1)).await.ok()?;
            (pending == 0).then_some(())
        })
        .await;
    }

    /// From now on everything goes wrong now and then.
    pub(crate) async fn misbehave(&self) {
        for (kind, rate, delay_ms) in FAULTS {
            let fault = Fault { count: None, rate: Some(rate), delay_ms, ..Fault::next(kind, 1) };
            self.platform.inject_fault(&fault).await.unwrap();
        }
    }

    /// `kill -9` of a sender, which is started again after a while.
    pub(crate) async fn kill(&mut self, sender: usize, pause: Duration) {
        self.senders.remove(sender).kill().await;
        tokio::time::sleep(pause).await;
        let started = self::sender(&self.keys).await;
        self.addresses.lock().unwrap()[sender] = started.address("grpc");
        self.senders.insert(sender, started);
    }

    /// Stops a sender, without its noticing, and lets it go on after a while.
    pub(crate) async fn stop_for(&self, sender: usize, pause: Duration) {
        self.senders[sender].stop_still().await;
        tokio::time::sleep(pause).await;
        self.senders[sender].go_on().await;
    }

    /// What the senders that run now have said last.
    pub(crate) fn last_words(&self) -> String {
        let last = |said: String| {
            let lines: Vec<_> = said.lines().collect();
            lines[lines.len().saturating_sub(20)..].join("\n")
        };
        self.senders.iter().map(|sender| last(sender.said())).collect::<Vec<_>>().join("\n--\n")
    }
}

fn psid(n: usize) -> String {
    format!("{}", 100_000 + n)
}

async fn simulator(seed: u64) -> Process {
    let seed = seed.to_string();
    let tokens: Vec<_> = (0..PAGES).map(|n| format!("{}=token-{n}", page(n))).collect();
    let mut args = vec!["simulator", "--listen", "127.0.0.1:0", "--app-secret", SECRET, "--seed", &seed];
    args.extend(["--batch", "20"]);
    args.extend(tokens.iter().flat_map(|token| ["--page", token]));
    Process::start(&args, &["simulator"]).await
}

fn keys(nats: &NatsServer, tables: String, platform: SocketAddr) -> Vec<String> {
    let fixed = [
        "log.backend=nats",
        "log.nats_durability=relaxed",
        "webhook.listen=127.0.0.1:0",
        "grpc.listen=127.0.0.1:0",
        "admin.listen=127.0.0.1:0",
        "telemetry.log_format=json",
        "telemetry.log_filter=info",
        // As short as they may be, so that everything is settled within the run.
        "sender.shaping=false",
        "sender.lease_term=1s",
        "sender.answer_timeout=1s",
        "sender.unknown_margin=1s",
        "sender.echo_timeout=8s",
    ];
    let mut keys = fixed.map(str::to_owned).to_vec();
    keys.push(tables);
    keys.push(format!("log.nats_url={}", nats.url()));
    keys.push(format!("meta.app_secret={SECRET}"));
    keys.push(format!("meta.verify_token={VERIFY_TOKEN}"));
    keys.push(format!("meta.graph_url=http://{platform}"));
    keys.extend((0..PAGES).map(|n| format!("pages.{}.access_token=token-{n}", page(n))));
    keys
}

async fn role(words: &[&str], listeners: &[&str], keys: &[String]) -> Process {
    let mut args = words.to_vec();
    args.extend(keys.iter().flat_map(|key| ["--set", key]));
    Process::start(&args, listeners).await
}

async fn sender(keys: &[String]) -> Process {
    role(&["run", "sender"], &["grpc"], keys).await
}
