//! The client against a server that says what the test tells it to say.

mod contents;

use super::*;
use domain::content::Content;
use domain::id::{Mid, Psid};
use domain::time::Timestamp;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LONG: Duration = Duration::from_secs(20);
const TAKEN: &str = r#"{"recipient_id":"2002","message_id":"m_1"}"#;

struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    fn client(&self, timeout: Duration) -> SendClient {
        let secret = SecretString::from("test-app-secret-0001");
        SendClient::new(&format!("http://{}", self.address), Some(secret), timeout).unwrap()
    }

    async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }
}

/// Reads one request to its last byte; nothing when the client goes away instead.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return None;
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() == length.unwrap_or(0_usize) {
            return Some(text);
        }
    }
}

async fn respond(stream: &mut TcpStream, status: &str, body: &str) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: /elsewhere\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

fn asha() -> Recipient {
    Recipient::Person(Psid::parse("2002").unwrap())
}

async fn send(client: &SendClient) -> SendAnswer {
    let request = SendRequest {
        recipient: asha(),
        messaging_type: MessagingType::MessageTag(Tag::HumanAgent),
        content: Content::text("good \"news\" 😀"),
        metadata: "c.1001.x order 42".to_owned(),
    };
    client.send(&PageId::parse("1001").unwrap(), &SecretString::from("EAAtesttoken123"), &request).await.answer
}

fn taken() -> SendAnswer {
    SendAnswer::Accepted { mid: Mid::parse("m_1").unwrap(), recipient: Psid::parse("2002").ok(), attachment: None }
}

/// One call, answered with `status` and `body`.
async fn answered(status: &str, body: &str) -> (SendAnswer, String) {
    let server = Server::start().await;
    let client = server.client(LONG);
    tokio::join!(send(&client), async {
        let mut stream = server.accept().await;
        let request = request(&mut stream).await.unwrap();
        respond(&mut stream, status, body).await;
        request
    })
}

#[tokio::test]
async fn the_request_carries_proof_token_and_metadata() {
    let (answer, request) = answered("200 OK", TAKEN).await;
    assert_eq!(answer, taken());
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let proof = "cabbf4372ff38366c965bd6718f1a5ccc6a38c502232485ab27d495b39d625b6";
    assert!(head.starts_with(&format!("POST /v25.0/1001/messages?appsecret_proof={proof} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains("\r\nauthorization: Bearer EAAtesttoken123\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/json\r\n"), "{head}");
    let expected = json!({
        "recipient": { "id": "2002" },
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
        "message": { "text": "good \"news\" 😀", "metadata": "c.1001.x order 42" },
    });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[test]
fn a_message_inside_the_window_has_no_tag() {
    for (messaging_type, word) in [(MessagingType::Response, "RESPONSE"), (MessagingType::Update, "UPDATE")] {
        let content = Content::text("");
        let request = SendRequest { recipient: asha(), messaging_type, content, metadata: String::new() };
        let body = request.body();
        assert_eq!(body["messaging_type"], word);
        assert_eq!(body.get("tag"), None);
    }
}

#[tokio::test]
async fn an_error_of_the_platform_is_a_refusal() {
    let body = r#"{"error":{"message":"no","code":10,"error_subcode":2018278,"fbtrace_id":"x"}}"#;
    let (answer, _) = answered("400 Bad Request", body).await;
    let SendAnswer::Refused(error) = answer else { panic!("{answer:?}") };
    assert_eq!((error.status, error.code, error.subcode), (400, 10, 2_018_278));
    assert_eq!(error.class(), ErrorClass::Message);
}

#[tokio::test]
async fn a_server_error_and_garbage_leave_it_open() {
    let (answer, _) = answered("500 Internal Server Error", r#"{"error":{"code":2}}"#).await;
    assert_eq!(answer, SendAnswer::Ambiguous(Ambiguity::ServerError));
    let (answer, _) = answered("200 OK", "<html>hello").await;
    assert_eq!(answer, SendAnswer::Ambiguous(Ambiguity::Unreadable));
    let (answer, _) = answered("200 OK", &" ".repeat(MAX_ANSWER_BYTES + 1)).await;
    assert_eq!(answer, SendAnswer::Ambiguous(Ambiguity::Unreadable));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    // The server answers once: a second call would find nobody, and end as another answer.
    for status in ["302 Found", "307 Temporary Redirect"] {
        let (answer, _) = answered(status, TAKEN).await;
        assert_eq!(answer, SendAnswer::Ambiguous(Ambiguity::Unreadable), "{status}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let server = Server::start().await;
    let client = server.client(LONG);
    drop(server);
    assert_eq!(send(&client).await, SendAnswer::NotSent(NotSent::NoConnection));
}

#[tokio::test]
async fn a_handshake_that_fails_sends_nothing() {
    let server = Server::start().await;
    let client = SendClient::new(&format!("https://{}", server.address), None, LONG).unwrap();
    let (answer, ()) = tokio::join!(send(&client), async {
        server.accept().await.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    assert_eq!(answer, SendAnswer::NotSent(NotSent::NoConnection));
}

#[tokio::test]
async fn silence_after_the_request_leaves_it_open() {
    let server = Server::start().await;
    let client = server.client(Duration::from_millis(500));
    let (answer, _stream) = tokio::join!(send(&client), async {
        let mut stream = server.accept().await;
        request(&mut stream).await.unwrap();
        stream
    });
    assert_eq!(answer, SendAnswer::Ambiguous(Ambiguity::TimedOut));
}

#[tokio::test]
async fn an_answer_cut_short_leaves_it_open() {
    let server = Server::start().await;
    let client = server.client(LONG);
    let (answer, ()) = tokio::join!(send(&client), async {
        let mut stream = server.accept().await;
        request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"message_id\":").await.unwrap();
    });
    assert_eq!(answer, SendAnswer::Ambiguous(Ambiguity::ConnectionLost));
}

#[tokio::test]
async fn a_connection_lost_after_the_request_is_not_tried_again() {
    let server = Server::start().await;
    let client = server.client(LONG);
    let n_requests = Cell::new(0);
    // Answers the first request and hangs up on every other, on whichever connection it comes.
    let serve = |mut stream: TcpStream| {
        let n_requests = &n_requests;
        async move {
            while request(&mut stream).await.is_some() {
                n_requests.set(n_requests.get() + 1);
                if n_requests.get() > 1 {
                    return;
                }
                respond(&mut stream, "200 OK", TAKEN).await;
            }
        }
    };
    let serve_all = async {
        let mut streams = FuturesUnordered::new();
        loop {
            tokio::select! {
                stream = server.accept() => streams.push(serve(stream)),
                Some(()) = streams.next() => (),
            }
        }
    };
    // The first call leaves a connection in the pool, so that the second has an old one to lose.
    let send_twice = async { (send(&client).await, send(&client).await) };
    tokio::select! {
        answers = send_twice => assert_eq!(answers, (taken(), SendAnswer::Ambiguous(Ambiguity::ConnectionLost))),
        () = serve_all => (),
    }
    assert_eq!(n_requests.get(), 2);
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_sends_nothing_and_is_not_shown() {
    let server = Server::start().await;
    let client = server.client(LONG);
    let request = SendRequest {
        recipient: asha(),
        messaging_type: MessagingType::Response,
        content: Content::text(""),
        metadata: String::new(),
    };
    let answer = client.send(&PageId::parse("1001").unwrap(), &SecretString::from("EAA\nx"), &request).await.answer;
    assert_eq!(answer, SendAnswer::NotSent(NotSent::BadRequest));
    assert!(!format!("{client:?}").contains("secret-0001"));
}

#[test]
fn an_address_may_have_a_path_and_nothing_behind_it() {
    let secret = || None;
    for bad in ["", "graph", "ftp://x", "http://x?a=b", "http://x#a", "http://me:pw@x", "mailto:x"] {
        assert!(matches!(SendClient::new(bad, secret(), LONG), Err(BadClient::BaseUrl)), "{bad}");
    }
    for base in ["http://127.0.0.1:1/graph", "http://127.0.0.1:1/graph/"] {
        let client = SendClient::new(base, secret(), LONG).unwrap().with_version("v26.0");
        let address = client.address(&["1001", "messages"]);
        assert_eq!(address.as_str(), "http://127.0.0.1:1/graph/v26.0/1001/messages");
    }
}

/// Counts calls: how many were told of, and how many of them never left.
#[derive(Debug, Default)]
struct Tally(Mutex<(u32, u32)>);

impl Counts for Tally {
    fn begins(&self, _: &PageId) -> Timestamp {
        self.0.lock().unwrap().0 += 1;
        Timestamp::from_millis(7)
    }

    fn never_left(&self, page: &PageId, counted: Timestamp) {
        assert_eq!((page.as_str(), counted), ("1001", Timestamp::from_millis(7)));
        self.0.lock().unwrap().1 += 1;
    }
}

#[tokio::test]
async fn every_call_is_counted_but_one_that_never_left() {
    let server = Server::start().await;
    let tally = Arc::new(Tally::default());
    let client = server.client(LONG).counted_by(tally.clone());
    let (page, token) = (PageId::parse("1001").unwrap(), SecretString::from("hush"));
    let person = Psid::parse("2002").unwrap();
    let by = As { page: &page, token: &token };
    let answer = async |status: &str| {
        let mut stream = server.accept().await;
        request(&mut stream).await.unwrap();
        respond(&mut stream, status, r#"{"error":{"message":"no","code":100}}"#).await;
    };
    tokio::join!(send(&client), answer("400 Bad Request"));
    tokio::join!(client.act(by, &person, &Action::TypingOn), answer("500 Internal Server Error"));
    assert_eq!(*tally.0.lock().unwrap(), (2, 0));
    drop(server);
    send(&client).await;
    assert!(matches!(client.subscribed_apps(by).await.answer, Err(CallError::NotSent(_))));
    assert_eq!(*tally.0.lock().unwrap(), (4, 2));
}
