//! A webhook receiver that records, and can be slow, failing or closed on command.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::sandbox::DEADLINE;

pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    /// How many requests may be answered; a slow receiver has none left.
    permits: Semaphore,
    /// Statuses of the next answers; 200 once there are none.
    statuses: Mutex<VecDeque<StatusCode>>,
    received: watch::Sender<Vec<Received>>,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// The one event of the body.
    pub(crate) fn event(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["object"], "page");
        body["entry"][0]["messaging"][0].clone()
    }
}

impl Receiver {
    /// Answers at once.
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Answers at once, on a socket that is already bound.
    pub(crate) fn on(listener: TcpListener) -> Self {
        Self::serve(listener, Semaphore::MAX_PERMITS)
    }

    /// Takes requests and answers none until [`Receiver::release`].
    pub(crate) async fn start_slow() -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), 0)
    }

    fn serve(listener: TcpListener, permits: usize) -> Self {
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            permits: Semaphore::new(permits),
            statuses: Mutex::default(),
            received: watch::Sender::new(Vec::new()),
        });
        let router = Router::new().route("/webhook", get(verify).post(receive)).with_state(Arc::clone(&shared));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, _tasks: tasks }
    }

    pub(crate) fn release(&self) {
        self.shared.permits.add_permits(1000);
    }

    pub(crate) fn answer_next(&self, statuses: &[StatusCode]) {
        self.shared.statuses.lock().unwrap().extend(statuses);
    }

    /// Waits for that many requests and answers all there are.
    pub(crate) async fn wait_for(&self, n_requests: usize) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= n_requests);
        match tokio::time::timeout(DEADLINE, enough).await {
            Ok(all) => all.unwrap().clone(),
            Err(_) => panic!("{} of {n_requests} requests came", self.received().len()),
        }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }
}

async fn verify(Query(query): Query<HashMap<String, String>>) -> (StatusCode, String) {
    let is_ours = query["hub.mode"] == "subscribe" && query["hub.verify_token"] == "verify-me";
    if is_ours { (StatusCode::OK, query["hub.challenge"].clone()) } else { (StatusCode::FORBIDDEN, String::new()) }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    shared.received.send_modify(|received| received.push(Received { headers, body }));
    shared.permits.acquire().await.unwrap().forget();
    shared.statuses.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
}
