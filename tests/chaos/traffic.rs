//! The requests: each is repeated, under its own id, by either sender until one has accepted it.

use crate::deployment::{Addresses, Person, SENDERS};
use crate::schedule::Size;
use api::proto::compliance::v1 as compliance;
use api::proto::outbound::v1 as outbound;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use simulator::{AdminClient, Filter};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

/// Requests under way at a time.
const AT_A_TIME: usize = 32;
/// How many requests may be ahead of what the platform got, so that kills hit sends and not an empty desk.
const AHEAD: usize = 1_000;
/// How long an answer is waited for, before the other sender is asked.
const ANSWER: Duration = Duration::from_secs(2);
const REST: Duration = Duration::from_millis(20);
/// How long no request may be accepted at most, with all the kills.
const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) struct Traffic {
    size: Size,
    people: Vec<Person>,
    addresses: Addresses,
    next: AtomicUsize,
    accepted: AtomicUsize,
    /// How many messages the platform got, as last counted.
    arrived: AtomicUsize,
    /// The name of each send, in the order of the requests.
    names: Mutex<Vec<String>>,
}

/// Connections to both senders, wherever they listen now.
#[derive(Default)]
pub(crate) struct Clients(HashMap<SocketAddr, OutboundClient<Channel>>);

impl Clients {
    /// A client of the sender that listens there.
    pub(crate) fn at(&mut self, address: SocketAddr) -> OutboundClient<Channel> {
        let connect = || {
            let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap().timeout(ANSWER);
            OutboundClient::new(endpoint.connect_timeout(ANSWER).connect_lazy())
        };
        self.0.entry(address).or_insert_with(connect).clone()
    }
}

impl Traffic {
    pub(crate) fn new(size: Size, people: Vec<Person>, addresses: Addresses) -> Self {
        let [next, accepted, arrived] = [0; 3].map(AtomicUsize::new);
        Self { size, people, addresses, next, accepted, arrived, names: Mutex::new(vec![String::new(); size.sends]) }
    }

    /// Begins; done when every request was accepted.
    pub(crate) fn start(self: &Arc<Self>, platform: &AdminClient) -> JoinSet<()> {
        let mut requests = JoinSet::new();
        for _ in 0..AT_A_TIME {
            let traffic = Arc::clone(self);
            requests.spawn(async move { traffic.request().await });
        }
        let (traffic, platform) = (Arc::clone(self), platform.clone());
        requests.spawn(async move { traffic.count(platform).await });
        requests
    }

    async fn request(&self) {
        let mut clients = Clients::default();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.size.sends {
                return;
            }
            // Some never arrive: the platform refuses them, or they are lost on the way.
            while number > self.arrived.load(Ordering::Relaxed) + AHEAD + number / 10 {
                tokio::time::sleep(REST).await;
            }
            let name = self.accept(number, &mut clients).await;
            self.names.lock().unwrap()[number] = name;
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn accept(&self, number: usize, clients: &mut Clients) -> String {
        let request = self.wanted(number);
        for tried in 0_usize.. {
            let address = self.address(number + tried);
            match clients.at(address).send_message(request.clone()).await {
                Ok(message) => return message.into_inner().name,
                Err(status) if is_for_good(status.code()) => panic!("request {number} was refused: {status:?}"),
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
        unreachable!("it is tried again for ever")
    }

    fn wanted(&self, number: usize) -> outbound::SendMessageRequest {
        let person = &self.people[number % self.people.len()];
        let bot = compliance::actor::Kind::Bot(compliance::Bot {});
        let text = outbound::content::Kind::Text(format!("message {number}"));
        outbound::SendMessageRequest {
            parent: format!("pages/{}/conversations/{}", person.page, person.psid),
            request_id: format!("chaos-{}-{number}", self.size.seed),
            actor: Some(compliance::Actor { kind: Some(bot) }),
            purpose: compliance::Purpose::Conversation.into(),
            content: Some(outbound::Content { kind: Some(text), ..Default::default() }),
            ..Default::default()
        }
    }

    /// Where one of the senders listens now.
    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.addresses.lock().unwrap()[number % SENDERS]
    }

    async fn count(&self, platform: AdminClient) {
        while self.accepted.load(Ordering::Relaxed) < self.size.sends {
            if let Ok(count) = platform.count_sends(&Filter::default()).await {
                self.arrived.store(count, Ordering::Relaxed);
            }
            tokio::time::sleep(10 * REST).await;
        }
    }

    pub(crate) fn n_accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Waits until so many requests were accepted; false: it took too long.
    pub(crate) async fn have_accepted(&self, count: usize) -> bool {
        let end = Instant::now() + PATIENCE;
        while self.n_accepted() < count && Instant::now() < end {
            tokio::time::sleep(REST).await;
        }
        self.n_accepted() >= count
    }

    /// The names of all sends.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }
}

/// Whether asking again would get the same answer.
fn is_for_good(code: Code) -> bool {
    matches!(code, Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists | Code::NotFound)
}
