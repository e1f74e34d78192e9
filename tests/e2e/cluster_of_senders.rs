//! Two senders that share Pages, on JetStream and PostgreSQL, for tests that stop one of them.

use crate::process::{Process, run};
use crate::world::{Log, PAGE, PATIENCE, SECRET, VERIFY_TOKEN, channel, nuncio};
use api::proto::outbound::v1 as outbound;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use simulator::{AdminClient, Filter, SendRow};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use testkit::{Proxy, postgres};
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Channel;

/// As short as they may be, so that a test sees everything settle.
const SHORT: [&str; 4] =
    ["sender.lease_term=1s", "sender.answer_timeout=1s", "sender.unknown_margin=1s", "sender.echo_timeout=2s"];

/// How long everything may take to settle.
const SETTLED: Duration = Duration::from_secs(60);

pub(crate) struct Cluster {
    pub(crate) platform: AdminClient,
    pub(crate) network: Proxy,
    pages: Vec<String>,
    address: SocketAddr,
    keys: Vec<String>,
    log: Log,
    _ingress: Process,
    _simulator: Process,
}

impl Cluster {
    /// Starts everything, with so many Pages, to each of which `people` people write.
    pub(crate) async fn start(n_pages: usize, people: usize, more: &[&str]) -> Self {
        let log = Log::jetstream();
        let Log::JetStream(server) = &log else { unreachable!("this log is on JetStream") };
        let network = Proxy::start(server.url().trim_start_matches("nats://").parse().unwrap()).await;
        let tables = format!("sql.url={}", postgres().database());
        assert!(run(&["migrate", "--set", &tables]).await.status.success());
        let pages: Vec<_> = (0..n_pages).map(|n| (PAGE.parse::<usize>().unwrap() + n).to_string()).collect();
        let (simulator, address) = simulator(&pages).await;
        let platform = AdminClient::new(format!("http://{address}"));
        let tokens: Vec<_> = pages.iter().map(|page| format!("pages.{page}.access_token={}", token(page))).collect();
        let keys: Vec<_> =
            SHORT.iter().chain(more).map(|key| (*key).to_owned()).chain(tokens).chain([tables]).collect();
        let words: Vec<_> = keys.iter().map(String::as_str).collect();
        let ingress = nuncio(&["run", "ingress", "compliance"], &["webhook", "grpc"], &log, address, &words).await;
        platform.subscribe(&format!("http://{}/webhook", ingress.address("webhook")), VERIFY_TOKEN).await.unwrap();
        for page in &pages {
            for person in 0..people {
                platform.write(&psid(page, person), page, "hello").await.unwrap();
            }
        }
        assert_eq!(platform.wait_idle(PATIENCE).await.unwrap(), 0);
        Self { platform, network, pages, address, keys, log, _ingress: ingress, _simulator: simulator }
    }

    /// Starts a sender.
    pub(crate) async fn sender(&self) -> Process {
        self.sender_with(None).await
    }

    /// Starts a sender that reaches the log through [`Self::network`].
    pub(crate) async fn sender_through_network(&self) -> Process {
        self.sender_with(Some(format!("log.nats_url={}", self.network.url()))).await
    }

    async fn sender_with(&self, more: Option<String>) -> Process {
        let words: Vec<_> = self.keys.iter().chain(&more).map(String::as_str).collect();
        nuncio(&["run", "sender"], &["grpc"], &self.log, self.address, &words).await
    }

    /// Asks one sender for so many messages to each person of each Page. Answers their names.
    pub(crate) async fn ask(&self, sender: &Process, people: usize, each: usize) -> Vec<String> {
        let client = client(sender).await;
        let mut asking = JoinSet::new();
        for (page, person) in self.pages.iter().flat_map(|page| (0..people).map(move |person| (page.clone(), person))) {
            let client = client.clone();
            asking.spawn(async move {
                let mut names = Vec::new();
                for n in 0..each {
                    let request = request(&page, &psid(&page, person), n);
                    // A busy log may ask to be asked again, and the request id makes that safe.
                    let asked = || async {
                        match client.clone().send_message(request.clone()).await {
                            Ok(message) => Some(message.into_inner().name),
                            Err(status) => {
                                assert_eq!(status.code(), Code::Unavailable, "{status}");
                                None
                            }
                        }
                    };
                    names.push(testkit::eventually(PATIENCE, asked).await);
                }
                names
            });
        }
        asking.join_all().await.concat()
    }

    /// Every message that the platform got.
    pub(crate) async fn sent(&self) -> Vec<SendRow> {
        self.platform.sends_where(&Filter::default()).await.unwrap()
    }
}

pub(crate) async fn client(sender: &Process) -> OutboundClient<Channel> {
    OutboundClient::new(channel(sender.address("grpc")).await)
}

/// The state of a message, by one sender's word.
pub(crate) async fn state(client: &OutboundClient<Channel>, name: &str) -> outbound::State {
    let request = outbound::GetMessageRequest { name: name.to_owned(), min_revision: 0 };
    client.clone().get_message(request).await.unwrap().into_inner().state()
}

/// Waits until every message has ended, and answers how each did, by its id.
pub(crate) async fn ends(sender: &Process, names: &[String]) -> BTreeMap<String, outbound::State> {
    let client = client(sender).await;
    let mut ends = BTreeMap::new();
    for name in names {
        let end = testkit::eventually(SETTLED, || async {
            let state = state(&client, name).await;
            let is_end =
                matches!(state, outbound::State::Sent | outbound::State::Rejected | outbound::State::Unresolved);
            is_end.then_some(state)
        });
        ends.insert(id(name).to_owned(), end.await);
    }
    ends
}

/// The id in a message's name.
pub(crate) fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap()
}

/// A token is one Page's, since it says which Page speaks.
fn token(page: &str) -> String {
    format!("token-of-{page}")
}

/// Somebody whom this Page alone knows.
fn psid(page: &str, n: usize) -> String {
    format!("{page}{n:03}")
}

fn request(page: &str, psid: &str, n: usize) -> outbound::SendMessageRequest {
    let parent = format!("pages/{page}/conversations/{psid}");
    outbound::SendMessageRequest { parent, ..crate::world::send(psid, &format!("request-{n}"), &format!("text {n}")) }
}

async fn simulator(pages: &[String]) -> (Process, SocketAddr) {
    let tokens: Vec<_> = pages.iter().map(|page| format!("{page}={}", token(page))).collect();
    let mut args = vec!["simulator", "--listen", "127.0.0.1:0", "--app-secret", SECRET];
    args.extend(tokens.iter().flat_map(|token| ["--page", token]));
    let process = Process::start(&args, &["simulator"]).await;
    let address = process.address("simulator");
    (process, address)
}
