//! The cluster adapter: NATS JetStream, for more than one machine.
//!
//! Each shard is one JetStream stream, each of our streams one subject in it, and a record's position is its sequence
//! there. Whatever has to be consistent is read from a stream's leader: direct gets and consumers may be answered by
//! a replica that lags.

mod admin;
mod append;
mod batch;
mod follow;
mod server;
mod shard;
mod subject;

pub use admin::OpenError;
pub use server::STRICT_REPLICAS;

use crate::follower::{BUFFER, Follower, check_start};
use crate::identity::LogIdentity;
use crate::partition::partition_of;
use crate::port::{AppendError, Appended, BoxError, EventLog, Expected, Filter, LogError};
use crate::raw::RawRead;
use crate::record::{Checkpoint, Position, Record, Revision, Stored};
use async_nats::Event;
use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_trait::async_trait;
use domain::id::StreamId;
use futures_util::future::try_join_all;
use shard::Shard;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// How long the server may take to answer one request. A request is repeated or given up after that.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// How often an idle connection is checked; a dead one is noticed within two of these.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// The longest pause between two tries to connect again. An append lives for seconds, so this must not.
const LONGEST_RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// What an acknowledged append must be worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives the loss of any one machine and a power cut: three replicas, every server known to sync always.
    Strict,
    /// It is worth what the servers happen to be set to.
    Relaxed,
}

/// How the JetStream log behaves, and where it is.
#[derive(Clone)]
pub struct Config {
    /// The servers, such as `nats://nats:4222`; several are separated by commas.
    pub url: String,
    /// Begins the name of everything the log keeps in JetStream: letters, digits, `-` and `_`.
    pub name: String,
    /// Begins every subject of the log.
    pub subject: String,
    /// How many servers hold each record.
    pub replicas: usize,
    /// What an acknowledgement must be worth; less is refused. By itself this is relaxed, for trials and for looking.
    pub durability: Durability,
    /// The monitoring endpoint of each server, such as `http://nats-0:8222`, where it says whether it syncs always.
    pub monitors: Vec<String>,
    /// For how long a repeated fact is recognised and dropped, within one shard. It must be longer than
    /// `append_timeout`, since it also settles appends that were repeated because their answer was lost.
    pub duplicate_window: Duration,
    /// For how long one append is repeated until it is answered.
    pub append_timeout: Duration,
    /// How many shards a log is made with. A log that is there keeps its own number.
    pub shards: u16,
    /// The most bytes a shard may hold; a full one refuses appends. None: as much as the disk holds.
    pub max_bytes: Option<i64>,
    /// The file with this client's credentials.
    pub credentials_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            name: "NUNCIO".to_owned(),
            subject: "nuncio.log".to_owned(),
            replicas: 1,
            durability: Durability::Relaxed,
            monitors: Vec::new(),
            duplicate_window: Duration::from_secs(120),
            append_timeout: Duration::from_secs(5),
            shards: 1,
            max_bytes: None,
            credentials_file: None,
        }
    }
}

/// The event log in NATS JetStream.
#[derive(Debug)]
pub struct JetStreamLog {
    context: Context,
    identity: LogIdentity,
    shards: Vec<Shard>,
    /// Begins the name of everything kept in JetStream.
    name: String,
    /// Begins every subject.
    subject: String,
    append_timeout: Duration,
    /// Changes whenever the connection is lost, and with it every answer that was on its way.
    losses: watch::Receiver<u64>,
}

impl JetStreamLog {
    /// Connects, and makes what is missing: the log's identity and one JetStream stream per shard. What is there
    /// already is checked and never changed.
    ///
    /// # Errors
    /// When there is no connection, or what is there does not fit; see [`OpenError`].
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let (client, losses) = connect(&config).await?;
        server::check_durability(&config, &client.server_info().server_id).await?;
        let context = ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client);
        let (identity, shards) = admin::prepare(&context, &config).await?;
        let Config { name, subject, append_timeout, .. } = config;
        Ok(Self { context, identity, shards, name, subject, append_timeout, losses })
    }

    /// Opens a log that is there, whatever its servers are worth: for looking into it, and for what promises nothing new.
    /// Nothing is made, and only that is checked which reading rests on.
    ///
    /// # Errors
    /// [`OpenError::Missing`] when there is no such log; else as [`Self::open`].
    pub async fn open_existing(config: Config) -> Result<Self, OpenError> {
        let (client, losses) = connect(&config).await?;
        let context = ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client);
        let (identity, shards) = admin::find(&context, &config).await?;
        let Config { name, subject, append_timeout, .. } = config;
        Ok(Self { context, identity, shards, name, subject, append_timeout, losses })
    }

    /// Begins another incarnation of the log, after it was brought back from a backup: positions and checkpoints given
    /// before mean nothing any more, since others may be given in their place. Answers the incarnation's name. No role
    /// may be running meanwhile, which nobody can check here: it would go on under the old one.
    ///
    /// # Errors
    /// When JetStream does not answer, or somebody else changed the log's identity; nothing has changed then, unless no
    /// answer came.
    pub async fn begin_incarnation(self) -> Result<String, LogError> {
        let restored = self.identity.restored();
        admin::replace_identity(&self.context, &self.name, &self.identity, &restored).await?;
        Ok(restored.incarnation().to_owned())
    }

    /// The largest message, headers included, that the server takes, in bytes.
    pub fn max_payload(&self) -> usize {
        self.context.client().server_info().max_payload
    }

    pub(crate) async fn read_raw(&self) -> Result<RawRead, LogError> {
        let mut read = RawRead::default();
        for shard in &self.shards {
            shard.read_raw(&mut read).await?;
        }
        Ok(read)
    }

    /// The shard and the subject that a stream lives in.
    fn place(&self, stream: &StreamId) -> (&Shard, String) {
        let shard = self.identity.shard_of(partition_of(stream));
        (&self.shards[usize::from(shard)], subject::of(&self.subject, stream))
    }
}

async fn connect(config: &Config) -> Result<(async_nats::Client, watch::Receiver<u64>), OpenError> {
    let (count, losses) = watch::channel(0);
    let mut options = async_nats::ConnectOptions::new()
        .name("nuncio")
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(|attempts| {
            let doubled = 2_u64.saturating_pow(u32::try_from(attempts).unwrap_or(u32::MAX));
            Duration::from_millis(doubled).min(LONGEST_RECONNECT_PAUSE)
        })
        .event_callback(move |event| {
            if event == Event::Disconnected {
                count.send_modify(|count| *count += 1);
            }
            async move {
                if event == Event::Connected {
                    tracing::info!("connected to NATS");
                } else {
                    tracing::warn!(nats.event = %event, "the connection to NATS reports: {event}");
                }
            }
        });
    if let Some(path) = &config.credentials_file {
        let unreadable = |source| OpenError::Credentials { path: path.clone(), source };
        options = options.credentials_file(path).await.map_err(unreadable)?;
    }
    let servers: Vec<&str> = config.url.split(',').map(str::trim).collect();
    let client = options.connect(servers).await.map_err(|error| OpenError::Connect(cause(error)))?;
    Ok((client, losses))
}

/// An error of the NATS client as the cause of ours. It prints its own causes itself, so they are kept as its text.
fn cause(error: impl std::fmt::Display) -> BoxError {
    error.to_string().into()
}

fn unavailable(error: impl std::fmt::Display) -> LogError {
    LogError::Unavailable(cause(error))
}

#[async_trait]
impl EventLog for JetStreamLog {
    fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    async fn append(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
        append::append(self, record, expected).await
    }

    async fn read(&self, stream: &StreamId, after: Revision) -> Result<Vec<Stored>, LogError> {
        let (shard, subject) = self.place(stream);
        shard.read(&subject, after).await
    }

    async fn follow(&self, filter: Filter, from: Checkpoint) -> Result<Follower, LogError> {
        let head = self.head().await?;
        check_start(&from, &head)?;
        let (items, inbox) = tokio::sync::mpsc::channel(BUFFER);
        let feed = follow::feed(self, filter, from, head, items);
        Ok(Follower::new(inbox, crate::follower::spawn(feed)))
    }

    async fn head(&self) -> Result<Checkpoint, LogError> {
        let positions = try_join_all(self.shards.iter().map(Shard::head)).await?;
        Ok(Checkpoint { incarnation: self.identity.incarnation().to_owned(), positions })
    }

    async fn erase(&self, stream: &StreamId, positions: &[Position]) -> Result<(), LogError> {
        let (shard, subject) = self.place(stream);
        for position in positions {
            shard.erase(&subject, *position).await?;
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), LogError> {
        // A request made now would wait for the connection to come back.
        if self.context.client().connection_state() != State::Connected {
            return Err(unavailable("not connected to NATS"));
        }
        self.head().await.map(drop)
    }
}
