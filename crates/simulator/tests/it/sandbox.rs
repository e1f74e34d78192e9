//! A simulator on a free port, with raw sockets towards it: tests must see what really comes back, or does not.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{AdminClient, ClockStart, Config, Simulator, WebhookTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) const PAGE: &str = "1001";
pub(crate) const TOKEN: &str = "EAAtesttoken123";
/// Where the clock stands in [`with_asha`].
pub(crate) const T0: i64 = 1_780_000_000_000;
/// Error 100.
pub(crate) const WRONG: (u16, u64, Option<u64>) = (400, 100, None);
/// No such object.
pub(crate) const GONE: (u16, u64, Option<u64>) = (400, 100, Some(33));
pub(crate) const ASHA: &str = "2002";
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct Sandbox {
    pub(crate) admin: AdminClient,
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

/// What came back: nothing at all, or a status, headers and JSON.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Sandbox {
    /// One Page, nobody on it, no subscriber.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same, with webhooks going to that URL.
    pub(crate) async fn start_towards(url: &str) -> Self {
        let target = WebhookTarget { url: url.to_owned(), verify_token: "verify-me".to_owned() };
        Self::start_with(|config| config.webhook = Some(target)).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pages: vec![(PAGE.to_owned(), TOKEN.to_owned())],
            ..Config::default()
        };
        config.delivery.backoff = Duration::from_millis(5);
        change(&mut config);
        let simulator = Simulator::bind(config).await.unwrap();
        let address = simulator.address();
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(simulator.run(stop.clone()));
        Self { admin: AdminClient::new(format!("http://{address}")), address, stop, tasks }
    }

    /// Every test ends here, so every test proves that the simulator stops.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(DEADLINE, self.tasks.join_next()).await;
        ended.expect("the simulator stops in time").unwrap().unwrap().unwrap();
    }

    /// Sends a message as JSON with the Page's token; nothing if the connection closed without an answer.
    pub(crate) async fn try_send(&self, fields: Value) -> Option<Answer> {
        self.call("/v25.0/me/messages", &bearer(), "application/json", &fields.to_string()).await
    }

    /// The same, and an answer must come.
    pub(crate) async fn send(&self, fields: Value) -> Answer {
        self.try_send(fields).await.expect("an answer")
    }

    /// One Graph API call with the Page's token; the path without version.
    pub(crate) async fn graph(&self, method: &str, path: &str, fields: Value) -> Answer {
        self.graph_as(TOKEN, method, path, fields).await
    }

    /// The same with another token.
    pub(crate) async fn graph_as(&self, token: &str, method: &str, path: &str, fields: Value) -> Answer {
        let body = if fields.is_null() { String::new() } else { fields.to_string() };
        let headers = format!("authorization: Bearer {token}\r\n");
        let line = format!("{method} /v25.0{path}");
        self.request(&line, &headers, "application/json", &body).await.expect("an answer")
    }

    /// Lets a person do something.
    pub(crate) async fn act(&self, psid: &str, deed: simulator::Deed) -> simulator::Happened {
        self.admin.act(psid, PAGE, &deed).await.unwrap()
    }

    pub(crate) async fn call(&self, path: &str, headers: &str, content_type: &str, body: &str) -> Option<Answer> {
        self.request(&format!("POST {path}"), headers, content_type, body).await
    }

    async fn request(&self, line: &str, headers: &str, content_type: &str, body: &str) -> Option<Answer> {
        let exchange = async {
            let mut stream = self.open(line, headers, content_type, body).await;
            let mut received = Vec::new();
            stream.read_to_end(&mut received).await.unwrap();
            parse(&received)
        };
        tokio::time::timeout(DEADLINE, exchange).await.expect("the exchange ends in time")
    }

    /// What comes back for a path, head and all.
    pub(crate) async fn text(&self, path: &str) -> String {
        let mut text = String::new();
        let mut stream = self.open(&format!("GET {path}"), "", "text/plain", "").await;
        let read = stream.read_to_string(&mut text);
        tokio::time::timeout(DEADLINE, read).await.expect("the answer ends in time").unwrap();
        text
    }

    /// Writes a request and hands over the socket.
    pub(crate) async fn begin(&self, path: &str, headers: &str, content_type: &str, body: &str) -> TcpStream {
        self.open(&format!("POST {path}"), headers, content_type, body).await
    }

    async fn open(&self, line: &str, headers: &str, content_type: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n{headers}content-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

impl Sandbox {
    /// What a call that succeeds is answered.
    #[track_caller]
    pub(crate) fn good(&self, method: &str, path: &str, fields: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        let place = format!("{caller}: {method} {path}");
        async move {
            let answer = self.graph(method, path, fields).await;
            assert_eq!(answer.status, 200, "{place}: {}", answer.body);
            answer.body
        }
    }

    /// What a call is refused with.
    pub(crate) async fn refused(&self, method: &str, path: &str, fields: Value) -> (u16, u64, Option<u64>) {
        self.graph(method, path, fields).await.error()
    }
}

impl Answer {
    /// Status, code and subcode of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, u64, Option<u64>) {
        let error = &self.body["error"];
        assert!(error["message"].is_string() && error["type"].is_string() && error["fbtrace_id"].is_string());
        (self.status, error["code"].as_u64().unwrap(), error["error_subcode"].as_u64())
    }

    #[track_caller]
    pub(crate) fn mid(&self) -> String {
        assert_eq!(self.status, 200);
        self.body["message_id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn bearer() -> String {
    format!("authorization: Bearer {TOKEN}\r\n")
}

pub(crate) fn message(text: &str) -> Value {
    json!({"recipient": {"id": ASHA}, "messaging_type": "RESPONSE", "message": {"text": text}})
}

fn parse(received: &[u8]) -> Option<Answer> {
    if received.is_empty() {
        return None;
    }
    let text = std::str::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) })
}

/// Asha has written, and the clock stands still.
pub(crate) async fn with_asha() -> Sandbox {
    with_asha_and(|_| ()).await
}

/// The same, with something else changed.
pub(crate) async fn with_asha_and(change: impl FnOnce(&mut Config)) -> Sandbox {
    let sandbox = Sandbox::start_with(|config| {
        config.clock = ClockStart::StoppedAt(T0);
        change(config);
    })
    .await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox
}
