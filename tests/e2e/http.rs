//! Just enough HTTP to post a signed webhook and to read an admin page: one request a connection.

use anyhow::Context;
use messenger::signature;
use secrecy::SecretString;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Reads `path`.
pub(crate) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<Answer> {
    exchange(address, format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").as_bytes()).await
}

/// Posts a webhook body under the app's signature.
pub(crate) async fn deliver(address: SocketAddr, secret: &str, body: &[u8]) -> anyhow::Result<Answer> {
    let signature = signature::sign(&SecretString::from(secret), body);
    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {}: {signature}\r\ncontent-length: {}\r\n\r\n",
        signature::HEADER,
        body.len()
    );
    exchange(address, &[head.as_bytes(), body].concat()).await
}

async fn exchange(address: SocketAddr, request: &[u8]) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let text = String::from_utf8(bytes).context("the answer is text")?;
    let (head, body) = text.split_once("\r\n\r\n").context("the answer has a head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer has a status")?;
    Ok(Answer { status, body: body.to_owned() })
}
