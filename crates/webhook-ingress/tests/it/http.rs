//! HTTP/1.1 by hand, so that a test can say exactly which bytes go out, and when.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(5);

/// The result of `work`, or a panic after the deadline.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("it should have ended by now")
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The head of a delivery; `framing` is the header that says how long the body is.
pub(crate) fn head(signature: Option<&str>, framing: &str) -> String {
    let signature = signature.map(|signature| format!("X-Hub-Signature-256: {signature}\r\n")).unwrap_or_default();
    let fixed = "POST /webhook HTTP/1.1\r\nHost: nuncio.test\r\nContent-Type: application/json\r\n";
    format!("{fixed}{signature}{framing}\r\n\r\n")
}

/// A whole delivery.
pub(crate) fn post(signature: Option<&str>, body: &[u8]) -> Vec<u8> {
    let head = head(signature, &format!("Content-Length: {}", body.len()));
    [head.as_bytes(), body].concat()
}

/// One piece of a body in chunked encoding.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends what the server may no longer want to read.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Says that nothing more will be sent, and still listens.
    pub(crate) async fn finish_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next answer, `100 Continue` included.
    pub(crate) async fn answer(&mut self) -> Answer {
        within(self.next_answer()).await.expect("the connection was closed without an answer")
    }

    /// The next answer, or nothing if the connection is closed instead.
    pub(crate) async fn answer_if_any(&mut self) -> Option<Answer> {
        within(self.next_answer()).await
    }

    /// Returns when the server has closed the connection; nothing may come before that.
    pub(crate) async fn closed(mut self) {
        let more = within(self.read_more()).await;
        assert!(!more && self.read.is_empty(), "came instead: {:?}", String::from_utf8_lossy(&self.read));
    }

    async fn next_answer(&mut self) -> Option<Answer> {
        let head_end = loop {
            match self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None if self.read_more().await => (),
                None => return None,
            }
        };
        let head = String::from_utf8(self.read[..head_end].to_vec()).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = head_end + length.map_or(0, |length| length.parse::<usize>().unwrap());
        while self.read.len() < end {
            assert!(self.read_more().await, "the connection was closed inside an answer");
        }
        let body = String::from_utf8(self.read[head_end..end].to_vec()).unwrap();
        self.read.drain(..end);
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, head, body })
    }

    /// Whether anything more came; a reset ends a connection as well as a close.
    async fn read_more(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.is_ok_and(|n| n > 0)
    }
}
