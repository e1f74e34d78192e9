//! A TCP proxy that swallows, delays and cuts on command: the network between a client and a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// What happens to what the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// It reaches the client.
    Arrive,
    /// It reaches the client this much later.
    Late(Duration),
    /// It is lost, while what the client says still reaches the server.
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Weather {
    answers: Answers,
    // Connections made under an older number are closed.
    epoch: u64,
}

/// A proxy in front of one server. Dropping it closes every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    lost_bytes: Arc<AtomicUsize>,
}

impl Proxy {
    /// Begins to forward connections to `server`.
    ///
    /// # Panics
    /// When no port of the loopback interface is free.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (weather, watch) = watch::channel(Weather { answers: Answers::Arrive, epoch: 0 });
        let lost_bytes = Arc::default();
        TaskTracker::new().spawn(accept(listener, server, watch, Arc::clone(&lost_bytes)));
        Self { address, weather, lost_bytes }
    }

    /// How many bytes of answers were lost so far.
    pub fn lost_bytes(&self) -> usize {
        self.lost_bytes.load(Ordering::Relaxed)
    }

    /// Where clients connect to instead of the server.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Changes what happens to the server's answers from now on. What was lost stays lost: connections over which
    /// answers were lost are closed when answers are to arrive again, since half a message would confuse anybody.
    pub fn answers(&self, answers: Answers) {
        self.weather.send_modify(|weather| {
            if weather.answers == Answers::Lost && answers != Answers::Lost {
                weather.epoch += 1;
            }
            weather.answers = answers;
        });
    }

    /// Closes every connection. New ones are accepted.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.epoch += 1);
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    mut weather: watch::Receiver<Weather>,
    lost_bytes: Arc<AtomicUsize>,
) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                let (current, lost_bytes) = (weather.clone(), Arc::clone(&lost_bytes));
                connections.spawn(async move {
                    // A server that is down closes the connection, as it would without us.
                    if let Ok(upstream) = TcpStream::connect(server).await {
                        forward(client, upstream, current, &lost_bytes).await;
                    }
                });
            }
            gone = weather.changed() => if gone.is_err() { return },
        }
    }
}

async fn forward(client: TcpStream, server: TcpStream, weather: watch::Receiver<Weather>, lost_bytes: &AtomicUsize) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut current = weather.clone();
    let born = current.borrow_and_update().epoch;
    tokio::select! {
        () = requests(from_client, to_server) => (),
        () = responses(from_server, to_client, weather, lost_bytes) => (),
        // Also when the proxy is gone.
        _ = current.wait_for(|weather| weather.epoch != born) => (),
    }
}

async fn requests(mut client: OwnedReadHalf, mut server: OwnedWriteHalf) {
    // Whichever side fails, the connection ends.
    tokio::io::copy(&mut client, &mut server).await.ok();
}

async fn responses(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    weather: watch::Receiver<Weather>,
    lost_bytes: &AtomicUsize,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = server.read(&mut buffer).await {
        if length == 0 {
            return;
        }
        let answers = weather.borrow().answers;
        match answers {
            Answers::Arrive => (),
            Answers::Late(by) => tokio::time::sleep(by).await,
            Answers::Lost => {
                lost_bytes.fetch_add(length, Ordering::Relaxed);
                continue;
            }
        }
        if client.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        TaskTracker::new().spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (mut from, mut to) = connection.into_split();
                TaskTracker::new().spawn(async move { tokio::io::copy(&mut from, &mut to).await });
            }
        });
        address
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect(proxy.address).await.unwrap()
    }

    async fn say(connection: &mut TcpStream, word: &[u8; 2]) -> std::io::Result<[u8; 2]> {
        connection.write_all(word).await?;
        let mut heard = [0; 2];
        connection.read_exact(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn lost_answers_stay_lost_and_their_connection_is_closed_afterwards() {
        let proxy = Proxy::start(echo().await).await;
        let mut connection = connect(&proxy).await;
        assert_eq!(&say(&mut connection, b"ab").await.unwrap(), b"ab");
        proxy.answers(Answers::Lost);
        let silence = tokio::time::timeout(Duration::from_millis(100), say(&mut connection, b"cd"));
        assert!(silence.await.is_err());
        assert_eq!(proxy.lost_bytes(), 2);
        proxy.answers(Answers::Arrive);
        let mut rest = Vec::new();
        connection.read_to_end(&mut rest).await.ok();
        assert_eq!(rest, b"");
        assert_eq!(&say(&mut connect(&proxy).await, b"ef").await.unwrap(), b"ef");
    }

    #[tokio::test]
    async fn a_cut_closes_what_is_open_and_lets_others_in() {
        let proxy = Proxy::start(echo().await).await;
        let mut connection = connect(&proxy).await;
        assert_eq!(&say(&mut connection, b"ab").await.unwrap(), b"ab");
        proxy.cut();
        assert!(say(&mut connection, b"cd").await.is_err());
        assert_eq!(&say(&mut connect(&proxy).await, b"ef").await.unwrap(), b"ef");
    }
}
