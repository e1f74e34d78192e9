//! A TCP proxy that swallows, delays and cuts on command: the network between a client and a server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// The longest word that is listened for, in bytes.
const LONGEST_WORD: usize = 64;

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
    // Once a client says this, answers are lost.
    word: Option<&'static [u8]>,
}

/// What a connection looks at, and whom it tells that the word was said. The proxy alone keeps it alive.
#[derive(Clone, Debug)]
struct Sky {
    weather: watch::Receiver<Weather>,
    change: Weak<watch::Sender<Weather>>,
    lost_bytes: Arc<AtomicUsize>,
    spared_bytes: Arc<AtomicUsize>,
}

impl Sky {
    /// How many of so many bytes are spared from being lost.
    fn spare(&self, length: usize) -> usize {
        let take = |spared: usize| Some(spared.saturating_sub(length));
        let spared = self.spared_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        spared.unwrap_or_default().min(length)
    }
}

/// A proxy in front of one server. Dropping it closes every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    lost_bytes: Arc<AtomicUsize>,
    // How many bytes of answers still arrive while answers are lost.
    spared_bytes: Arc<AtomicUsize>,
}

impl Proxy {
    /// Begins to forward connections to `server`.
    ///
    /// # Panics
    /// When no port of the loopback interface is free.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (weather, watch) = watch::channel(Weather { answers: Answers::Arrive, epoch: 0, word: None });
        let (weather, lost_bytes, spared_bytes) = (Arc::new(weather), Arc::default(), Arc::default());
        let sky = Sky {
            weather: watch,
            change: Arc::downgrade(&weather),
            lost_bytes: Arc::clone(&lost_bytes),
            spared_bytes: Arc::clone(&spared_bytes),
        };
        TaskTracker::new().spawn(accept(listener, server, sky));
        Self { address, weather, lost_bytes, spared_bytes }
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

    /// Loses answers from when a client next says this word on. What it says with it still reaches the server; the
    /// answer to that is the first that is lost.
    ///
    /// # Panics
    /// When the word is empty or longer than 64 bytes.
    pub fn lose_answers_to(&self, word: &'static [u8]) {
        assert!((1..=LONGEST_WORD).contains(&word.len()), "{word:?} cannot be listened for");
        self.weather.send_modify(|weather| weather.word = Some(word));
    }

    /// Loses answers once so many more bytes of them have arrived, which may be in the middle of one.
    pub fn lose_answers_after(&self, n_bytes: usize) {
        self.spared_bytes.store(n_bytes, Ordering::Relaxed);
        self.answers(Answers::Lost);
    }

    /// Whether answers are lost at this moment.
    pub fn loses_answers(&self) -> bool {
        self.weather.borrow().answers == Answers::Lost
    }

    /// Closes every connection. New ones are accepted.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.epoch += 1);
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, mut sky: Sky) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                let sky = sky.clone();
                connections.spawn(async move {
                    // A server that is down closes the connection, as it would without us.
                    if let Ok(upstream) = TcpStream::connect(server).await {
                        forward(client, upstream, sky).await;
                    }
                });
            }
            gone = sky.weather.changed() => if gone.is_err() { return },
        }
    }
}

async fn forward(client: TcpStream, server: TcpStream, sky: Sky) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut current = sky.weather.clone();
    let born = current.borrow_and_update().epoch;
    tokio::select! {
        () = requests(from_client, to_server, &sky) => (),
        () = responses(from_server, to_client, &sky) => (),
        // Also when the proxy is gone.
        _ = current.wait_for(|weather| weather.epoch != born) => (),
    }
}

async fn requests(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, sky: &Sky) {
    // The end of what was said before comes first, since a word may be said in two pieces.
    let (mut buffer, mut kept) = (vec![0; 64 * 1024], 0);
    while let Ok(length) = client.read(&mut buffer[kept..]).await {
        if length == 0 {
            return;
        }
        let word = sky.weather.borrow().word;
        let said = &buffer[..kept + length];
        let is_said = word.is_some_and(|word| said.windows(word.len()).any(|part| part == word));
        if is_said && let Some(change) = sky.change.upgrade() {
            change.send_modify(|weather| (weather.word, weather.answers) = (None, Answers::Lost));
        }
        if server.write_all(&said[kept..]).await.is_err() {
            return;
        }
        // Less than the word, so that what comes next is a part of what is found.
        let end = said.len();
        kept = end.min(word.map_or(0, |word| word.len() - 1));
        buffer.copy_within(end - kept..end, 0);
    }
}

async fn responses(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, sky: &Sky) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = server.read(&mut buffer).await {
        if length == 0 {
            return;
        }
        let answers = sky.weather.borrow().answers;
        let mut arrives = length;
        match answers {
            Answers::Arrive => (),
            Answers::Late(by) => tokio::time::sleep(by).await,
            Answers::Lost => {
                arrives = sky.spare(length);
                sky.lost_bytes.fetch_add(length - arrives, Ordering::Relaxed);
            }
        }
        if client.write_all(&buffer[..arrives]).await.is_err() {
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
    async fn answers_are_lost_in_the_middle() {
        let proxy = Proxy::start(echo().await).await;
        let mut connection = connect(&proxy).await;
        proxy.lose_answers_after(3);
        assert_eq!(&say(&mut connection, b"ab").await.unwrap(), b"ab");
        connection.write_all(b"cd").await.unwrap();
        let mut heard = [0; 2];
        let silence = tokio::time::timeout(Duration::from_millis(100), connection.read_exact(&mut heard));
        assert!(silence.await.is_err());
        assert_eq!((heard[0], proxy.lost_bytes()), (b'c', 1));
    }

    #[tokio::test]
    async fn answers_are_lost_from_the_word_on_also_when_it_is_said_in_pieces() {
        let proxy = Proxy::start(echo().await).await;
        let mut connection = connect(&proxy).await;
        proxy.lose_answers_to(b"bc");
        assert_eq!(&say(&mut connection, b"ab").await.unwrap(), b"ab");
        assert!(!proxy.loses_answers());
        let silence = tokio::time::timeout(Duration::from_millis(100), say(&mut connection, b"cd"));
        assert!(silence.await.is_err());
        assert!(proxy.loses_answers());
        proxy.answers(Answers::Arrive);
        assert_eq!(&say(&mut connect(&proxy).await, b"bc").await.unwrap(), b"bc");
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
