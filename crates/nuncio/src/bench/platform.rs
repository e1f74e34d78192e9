//! A platform that costs next to nothing: it takes every message, and tells when the first byte of it came.

use anyhow::Context;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Where messages arrive. Dropped, it is gone.
pub(super) struct Platform {
    pub(super) address: SocketAddr,
    seen: Arc<Seen>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    n_messages: AtomicUsize,
    /// When each came, by its text: only for as long as few are sent.
    arrivals: Mutex<HashMap<String, Instant>>,
}

impl Platform {
    /// On a free port of this machine.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen")?;
        let (address, seen) = (listener.local_addr()?, Arc::new(Seen::default()));
        let mut serving = JoinSet::new();
        let of_calls = Arc::clone(&seen);
        serving.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&of_calls);
                // A connection that breaks is the sender's to notice.
                calls.spawn(async move { serve(stream, &seen).await.ok() });
            }
        });
        Ok(Self { address, seen, _serving: serving })
    }

    /// How many messages have come.
    pub(super) fn n_messages(&self) -> usize {
        self.seen.n_messages.load(Ordering::Relaxed)
    }

    /// When the message with this text came, if it has; asked once.
    pub(super) fn arrival(&self, text: &str) -> Option<Instant> {
        self.seen.arrivals.lock().expect("nothing panics while it holds the lock").remove(text)
    }
}

async fn serve(mut stream: TcpStream, seen: &Seen) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut call = Vec::with_capacity(2_048);
    loop {
        call.clear();
        let mut came_at = None;
        while super::client::whole(&call).is_none() {
            if stream.read_buf(&mut call).await? == 0 {
                return Ok(());
            }
            came_at.get_or_insert_with(Instant::now);
        }
        let number = seen.n_messages.fetch_add(1, Ordering::Relaxed);
        if let (Some(text), Some(at)) = (marked(&call), came_at) {
            seen.arrivals.lock().expect("nothing panics while it holds the lock").insert(text, at);
        }
        let body = format!(r#"{{"message_id":"m_bench{number}"}}"#);
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes()).await?;
    }
}

/// The text of a message that wants to be timed: it stands between stars.
fn marked(call: &[u8]) -> Option<String> {
    let call = String::from_utf8_lossy(call);
    let (_, body) = call.split_once("\r\n\r\n")?;
    let (_, behind) = body.split_once('*')?;
    behind.split_once('*').map(|(text, _)| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_stars_is_timed() {
        let head = "POST / HTTP/1.1\r\naccept: */*\r\n\r\n";
        assert_eq!(marked(format!(r#"{head}{{"text":"*call 7*"}}"#).as_bytes()).as_deref(), Some("call 7"));
        assert_eq!(marked(format!(r#"{head}{{"text":"call 7"}}"#).as_bytes()), None);
    }
}
