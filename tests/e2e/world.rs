//! A whole deployment for one test: the simulator and Nuncio as processes, on either log.

use crate::process::Process;
use api::proto::compliance::v1 as compliance;
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::conversation::v1::conversations_client::ConversationsClient;
use api::proto::outbound::v1 as outbound;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use simulator::AdminClient;
use std::net::SocketAddr;
use std::time::Duration;
use tempfile::TempDir;
use testkit::{NatsServer, Sync};
use tonic::transport::Channel;

pub(crate) const PAGE: &str = "1001";
pub(crate) const SECRET: &str = "e2e-app-secret";
pub(crate) const TOKEN: &str = "e2e-page-token";
pub(crate) const VERIFY_TOKEN: &str = "e2e-verify-token";
/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How many records the role compliance appends first to a new log: the texts of the rule packs.
pub(crate) const PACKS: usize = domain::pack::BUILT_IN.len();

/// The platform: the simulator as a process.
pub(crate) struct Platform {
    _process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) people: AdminClient,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        let page = format!("{PAGE}={TOKEN}");
        let args = ["simulator", "--listen", "127.0.0.1:0", "--page", &page, "--app-secret", SECRET, "--require-proof"];
        let process = Process::start(&args, &["simulator"]).await;
        let address = process.address("simulator");
        Self { _process: process, address, people: AdminClient::new(format!("http://{address}")) }
    }

    /// Has webhooks delivered to an ingress, by the handshake.
    pub(crate) async fn subscribe(&self, ingress: SocketAddr) {
        self.people.subscribe(&format!("http://{ingress}/webhook"), VERIFY_TOKEN).await.unwrap();
    }
}

/// Where the log is kept.
pub(crate) enum Log {
    Embedded(TempDir),
    JetStream(NatsServer),
}

impl Log {
    pub(crate) fn embedded() -> Self {
        Self::Embedded(tempfile::tempdir().unwrap())
    }

    pub(crate) fn jetstream() -> Self {
        Self::JetStream(NatsServer::start(Sync::Lazy))
    }

    /// The keys that make a process use this log.
    pub(crate) fn keys(&self) -> Vec<String> {
        match self {
            Self::Embedded(folder) => vec![format!("log.path={}", folder.path().join("log.sqlite").display())],
            Self::JetStream(server) => vec![
                "log.backend=nats".to_owned(),
                format!("log.nats_url={}", server.url()),
                // One server, lazily synced: quick, and all that these tests need.
                "log.nats_durability=relaxed".to_owned(),
            ],
        }
    }
}

impl Log {
    /// The key that puts the tables beside the log.
    pub(crate) fn tables(&self) -> String {
        let file = match self {
            Self::Embedded(folder) => folder.path().join("tables.sqlite"),
            Self::JetStream(server) => server.store().with_file_name("tables.sqlite"),
        };
        format!("sql.url=sqlite:{}", file.display())
    }
}

/// Starts `nuncio` with `words`, on free ports, on this log and against this platform.
pub(crate) async fn nuncio(
    words: &[&str],
    listeners: &[&str],
    log: &Log,
    platform: SocketAddr,
    more: &[&str],
) -> Process {
    let mut keys = log.keys();
    keys.push(log.tables());
    keys.extend(
        [
            "webhook.listen=127.0.0.1:0",
            "grpc.listen=127.0.0.1:0",
            "admin.listen=127.0.0.1:0",
            "telemetry.log_format=json",
            "shutdown.drain_deadline=5s",
        ]
        .map(str::to_owned),
    );
    keys.push(format!("meta.app_secret={SECRET}"));
    keys.push(format!("meta.verify_token={VERIFY_TOKEN}"));
    keys.push(format!("meta.graph_url=http://{platform}"));
    keys.push(format!("pages.{PAGE}.access_token={TOKEN}"));
    keys.extend(more.iter().map(|key| (*key).to_owned()));
    let mut args: Vec<&str> = words.to_vec();
    for key in &keys {
        args.extend(["--set", key]);
    }
    Process::start(&args, listeners).await
}

/// Everything in one process.
pub(crate) async fn standalone(log: &Log, platform: SocketAddr, more: &[&str]) -> Process {
    nuncio(&["standalone"], &["webhook", "grpc", "admin"], log, platform, more).await
}

/// gRPC clients of one address.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) outbound: OutboundClient<Channel>,
    pub(crate) compliance: ComplianceClient<Channel>,
    pub(crate) conversations: ConversationsClient<Channel>,
}

impl Clients {
    /// Clients for services that may run in different processes.
    pub(crate) async fn connect(outbound: SocketAddr, others: SocketAddr) -> Self {
        let (outbound, others) = (channel(outbound).await, channel(others).await);
        Self {
            outbound: OutboundClient::new(outbound),
            compliance: ComplianceClient::new(others.clone()),
            conversations: ConversationsClient::new(others),
        }
    }

    pub(crate) async fn message(&self, name: &str) -> outbound::Message {
        let request = outbound::GetMessageRequest { name: name.to_owned(), min_revision: 0 };
        self.outbound.clone().get_message(request).await.unwrap().into_inner()
    }

    /// Waits until the message has this state.
    pub(crate) async fn until(&self, name: &str, state: outbound::State) -> outbound::Message {
        testkit::eventually(PATIENCE, || async {
            let message = self.message(name).await;
            (message.state() == state).then_some(message)
        })
        .await
    }
}

pub(crate) async fn channel(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

pub(crate) fn conversation(psid: &str) -> String {
    format!("pages/{PAGE}/conversations/{psid}")
}

pub(crate) fn bot() -> Option<compliance::Actor> {
    Some(compliance::Actor { kind: Some(compliance::actor::Kind::Bot(compliance::Bot {})) })
}

pub(crate) fn send(psid: &str, request_id: &str, text: &str) -> outbound::SendMessageRequest {
    outbound::SendMessageRequest {
        parent: conversation(psid),
        request_id: request_id.to_owned(),
        actor: bot(),
        purpose: compliance::Purpose::Conversation.into(),
        content: Some(outbound::Content {
            kind: Some(outbound::content::Kind::Text(text.to_owned())),
            ..outbound::Content::default()
        }),
        ..Default::default()
    }
}
