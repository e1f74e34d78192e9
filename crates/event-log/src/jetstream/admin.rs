//! Making a log in JetStream, and checking one that is there. Nothing that is there is ever changed.

use super::shard::Shard;
use super::{Config, cause, server, subject};
use crate::identity::LogIdentity;
use crate::partition::PARTITIONS;
use crate::port::{BoxError, LogError};
use async_nats::jetstream::context::{
    Context, CreateKeyValueErrorKind, CreateStreamErrorKind, GetStreamErrorKind, KeyValueErrorKind,
};
use async_nats::jetstream::kv::{self, CreateErrorKind, UpdateErrorKind};
use async_nats::jetstream::stream::{
    self, DiscardPolicy, LastRawMessageErrorKind as GetErrorKind, PersistenceMode, RetentionPolicy, StorageType,
};
use async_nats::jetstream::{ErrorCode, stream::Config as StreamConfig};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// The key of the log's identity in its bucket.
const IDENTITY: &str = "identity";

/// The log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No server accepted the connection: try again.
    #[error("cannot connect to NATS")]
    Connect(#[source] BoxError),
    /// The server is there and did not answer, or has no JetStream: try again.
    #[error("JetStream does not answer")]
    Unavailable(#[source] BoxError),
    /// The file with the credentials cannot be used.
    #[error("cannot read the NATS credentials in {path}")]
    Credentials {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The configuration asks for what cannot be.
    #[error("{0}")]
    Config(String),
    /// The servers could lose what they acknowledge.
    #[error("the NATS servers are not proved to be durable: {0}")]
    NotDurable(String),
    /// The account cannot hold the log.
    #[error("this NATS account has no room for the log: {0}")]
    Limits(String),
    /// A JetStream stream of the log is not as this version needs it.
    #[error(
        "the JetStream stream {stream} does not fit: {differences}; change it with `nats stream edit {stream}`, or \
         the configuration to match it, or give the log another name"
    )]
    Mismatch {
        /// Which.
        stream: String,
        /// What it has, and what it should have.
        differences: String,
    },
    /// JetStream refused to make a stream.
    #[error("cannot make the JetStream stream {stream}")]
    Create {
        /// Which.
        stream: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// There is no log to read.
    #[error("there is no log named {name} in this NATS account: it has no {missing}")]
    Missing {
        /// What it should be named.
        name: String,
        /// The first thing of it that was looked for in vain.
        missing: String,
    },
    /// The log's records are there, its identity is not.
    #[error("the log has records but no identity in the bucket {bucket}: restore it from the backup of this log")]
    LostIdentity {
        /// Where it should be.
        bucket: String,
    },
    /// The log's identity is there and cannot be used.
    #[error("the log's identity in the bucket {bucket} is not one that this version can use")]
    Identity {
        /// Where it is.
        bucket: String,
    },
}

fn unavailable(error: impl std::fmt::Display) -> OpenError {
    OpenError::Unavailable(cause(error))
}

/// The log's identity and shards as they are there: nothing is made, and only that is checked which reading rests on.
pub(super) async fn find(context: &Context, config: &Config) -> Result<(LogIdentity, Vec<Shard>), OpenError> {
    let (bucket, first) = (bucket_name(&config.name), stream_name(config, 0));
    let missing = |missing: String| OpenError::Missing { name: config.name.clone(), missing };
    let has_records = find_stream(context, &first).await?.is_some();
    let has_bucket = find_stream(context, &format!("KV_{bucket}")).await?.is_some();
    let stored = match has_bucket {
        true => read_identity(&context.get_key_value(&bucket).await.map_err(unavailable)?).await?,
        false => None,
    };
    let identity = match stored {
        Some(stored) => usable(&stored, &bucket)?,
        None if has_records => return Err(OpenError::LostIdentity { bucket }),
        None => return Err(missing(format!("bucket {bucket}"))),
    };
    let mut shards = Vec::with_capacity(usize::from(identity.shards()));
    for number in 0..identity.shards() {
        let wanted = stream_config(config, &identity, number);
        let name = wanted.name.clone();
        let found = find_stream(context, &name).await?.ok_or_else(|| missing(format!("stream {name}")))?;
        let mut differences = Vec::new();
        check_subjects(&found, &wanted, &mut |fits, words| differences.extend((!fits).then_some(words)));
        if !differences.is_empty() {
            return Err(OpenError::Mismatch { stream: name, differences: differences.join("; ") });
        }
        let stream = context.get_stream_no_info(&name).await.map_err(unavailable)?;
        shards.push(Shard { number, stream, name, client: context.client() });
    }
    Ok((identity, shards))
}

/// The log's identity and shards, made if they are missing.
pub(super) async fn prepare(context: &Context, config: &Config) -> Result<(LogIdentity, Vec<Shard>), OpenError> {
    if !(1..=PARTITIONS).contains(&config.shards) {
        return Err(OpenError::Config(format!("a log has 1 to {PARTITIONS} shards, not {}", config.shards)));
    }
    if config.append_timeout >= config.duplicate_window {
        let words = "the duplicate window must be longer than appends are repeated (append_timeout)";
        return Err(OpenError::Config(words.to_owned()));
    }
    // Looked for before the identity: whoever makes a log makes the identity first.
    let has_streams = find_stream(context, &stream_name(config, 0)).await?.is_some();
    if let Some(account) = server::account(context).await {
        server::warn_when_nearly_full(&account, config.replicas);
        if !has_streams {
            server::check_room(&account, config)?;
        }
    }
    let identity = identity(context, config, has_streams).await?;
    let mut shards = Vec::with_capacity(usize::from(identity.shards()));
    for number in 0..identity.shards() {
        shards.push(shard(context, config, &identity, number).await?);
    }
    Ok((identity, shards))
}

fn stream_name(config: &Config, shard: u16) -> String {
    format!("{}_LOG_{shard:02}", config.name)
}

fn bucket_name(name: &str) -> String {
    format!("{name}_META")
}

/// Puts another identity in the place of the one that was read, unless somebody else was quicker.
pub(super) async fn replace_identity(
    context: &Context,
    name: &str,
    old: &LogIdentity,
    new: &LogIdentity,
) -> Result<(), LogError> {
    let broken = |words: &str| LogError::Broken(words.into());
    let bucket = context.get_key_value(bucket_name(name)).await.map_err(super::unavailable)?;
    let subject = format!("{}{IDENTITY}", bucket.prefix);
    let found = bucket.stream.get_last_raw_message_by_subject(&subject).await.map_err(super::unavailable)?;
    let is_old = serde_json::from_slice::<LogIdentity>(&found.payload).is_ok_and(|identity| identity == *old);
    if !is_old {
        return Err(broken("the log's identity was changed by somebody else"));
    }
    let fresh = serde_json::to_vec(new).map_err(|error| LogError::Broken(error.into()))?;
    match bucket.update(IDENTITY, fresh.into(), found.sequence).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
            Err(broken("the log's identity was changed by somebody else"))
        }
        Err(error) => Err(super::unavailable(error)),
    }
}

async fn identity(context: &Context, config: &Config, has_streams: bool) -> Result<LogIdentity, OpenError> {
    let name = bucket_name(&config.name);
    let bucket = bucket(context, config, &name).await?;
    let mut stored = read_identity(&bucket).await?;
    if stored.is_none() {
        if has_streams {
            return Err(OpenError::LostIdentity { bucket: name });
        }
        let unusable = |_| OpenError::Identity { bucket: name.clone() };
        let fresh = serde_json::to_vec(&LogIdentity::generate(config.shards)).map_err(unusable)?;
        // Of two processes that make the same log one wins, and both go on with what is stored.
        match bucket.create(IDENTITY, fresh.into()).await {
            Ok(_) => (),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => (),
            Err(error) => return Err(unavailable(error)),
        }
        stored = read_identity(&bucket).await?;
    }
    let stored = stored.ok_or_else(|| unavailable("the log's identity was written and is not there"))?;
    usable(&stored, &name)
}

/// The identity that was stored, if this version can use it.
fn usable(stored: &[u8], bucket: &str) -> Result<LogIdentity, OpenError> {
    let identity = serde_json::from_slice::<LogIdentity>(stored).ok();
    let identity = identity
        .filter(|identity| identity.partitions() == PARTITIONS && (1..=PARTITIONS).contains(&identity.shards()));
    identity.ok_or_else(|| OpenError::Identity { bucket: bucket.to_owned() })
}

async fn bucket(context: &Context, config: &Config, name: &str) -> Result<kv::Store, OpenError> {
    match context.get_key_value(name).await {
        Ok(bucket) => return Ok(bucket),
        Err(error) if error.kind() == KeyValueErrorKind::InvalidStoreName => {
            return Err(OpenError::Config(format!("a log's name is made of letters, digits, `-` and `_`: {name}")));
        }
        // It may not be there, or not answer: making it tells.
        Err(_) => (),
    }
    let wanted = kv::Config {
        bucket: name.to_owned(),
        description: "what makes this event log this event log; secret, and backed up with it".to_owned(),
        history: 1,
        num_replicas: config.replicas,
        ..kv::Config::default()
    };
    context.create_key_value(wanted).await.map_err(|error| match error.kind() {
        CreateKeyValueErrorKind::BucketCreate => {
            OpenError::Create { stream: format!("KV_{name}"), source: cause(error) }
        }
        CreateKeyValueErrorKind::InvalidStoreName
        | CreateKeyValueErrorKind::TooLongHistory
        | CreateKeyValueErrorKind::JetStream
        | CreateKeyValueErrorKind::TimedOut
        | CreateKeyValueErrorKind::LimitMarkersNotSupported => unavailable(error),
    })
}

/// The identity's bytes, read from the leader: a bucket's own `get` may be answered by a replica that lags.
async fn read_identity(bucket: &kv::Store) -> Result<Option<bytes::Bytes>, OpenError> {
    match bucket.stream.get_last_raw_message_by_subject(&format!("{}{IDENTITY}", bucket.prefix)).await {
        Ok(message) => Ok(Some(message.payload)),
        Err(error) if error.kind() == GetErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

async fn shard(context: &Context, config: &Config, identity: &LogIdentity, number: u16) -> Result<Shard, OpenError> {
    let wanted = stream_config(config, identity, number);
    let name = wanted.name.clone();
    let found = match find_stream(context, &name).await? {
        Some(found) => found,
        None => match context.create_stream(wanted.clone()).await {
            Ok(made) => made.cached_info().config.clone(),
            // Somebody else made it meanwhile, and not as we would have.
            Err(error) if is_taken(&error.kind()) => {
                find_stream(context, &name).await?.ok_or_else(|| unavailable(error))?
            }
            Err(error) => return Err(OpenError::Create { stream: name, source: cause(error) }),
        },
    };
    let differences = differences(&found, &wanted);
    if !differences.is_empty() {
        return Err(OpenError::Mismatch { stream: name, differences: differences.join("; ") });
    }
    let stream = context.get_stream_no_info(&name).await.map_err(unavailable)?;
    Ok(Shard { number, stream, name, client: context.client() })
}

async fn find_stream(context: &Context, name: &str) -> Result<Option<StreamConfig>, OpenError> {
    match context.get_stream(name).await {
        Ok(found) => Ok(Some(found.cached_info().config.clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(reason) if reason.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                Err(OpenError::Config(format!("a log's name is made of letters, digits, `-` and `_`: {name}")))
            }
            GetStreamErrorKind::JetStream(_) | GetStreamErrorKind::Request => Err(unavailable(error)),
        },
    }
}

fn is_taken(kind: &CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(reason) if reason.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

fn stream_config(config: &Config, identity: &LogIdentity, number: u16) -> StreamConfig {
    let partitions = (0..identity.partitions()).filter(|partition| identity.shard_of(*partition) == number);
    stream::Config {
        name: stream_name(config, number),
        description: Some("Nuncio's event log: everything that happened, and nothing that may expire".to_owned()),
        subjects: partitions.map(|partition| subject::of_partition(&config.subject, partition)).collect(),
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: config.replicas,
        // A full log refuses appends; it never drops what it has.
        discard: DiscardPolicy::New,
        max_bytes: config.max_bytes.unwrap_or(-1),
        max_messages: -1,
        max_messages_per_subject: -1,
        duplicate_window: config.duplicate_window,
        // A purge leaves the bytes in the files: erasing goes by sequence, with overwriting.
        deny_purge: true,
        deny_delete: false,
        allow_direct: true,
        ..stream::Config::default()
    }
}

/// What a stream has and should not have, each as words for whoever runs the server. A lower or higher `max_bytes` is
/// theirs to choose, and so are more replicas.
fn differences(found: &StreamConfig, wanted: &StreamConfig) -> Vec<String> {
    let mut differences = Vec::new();
    let mut check = |fits: bool, words: String| {
        if !fits {
            differences.push(words);
        }
    };
    check_subjects(found, wanted, &mut check);
    let (has, needs) = (found.num_replicas, wanted.num_replicas);
    check(has >= needs, format!("it has {has} replicas, and should have at least {needs}"));
    check(found.retention == wanted.retention, format!("its retention is {:?}, and should be limits", found.retention));
    check(found.storage == wanted.storage, format!("its storage is {:?}, and should be file", found.storage));
    check(found.discard == wanted.discard, format!("it discards {:?} messages, and should new ones", found.discard));
    check(found.deny_purge, "it allows purging (deny_purge is off), which would drop records".to_owned());
    check(!found.deny_delete, "it denies deleting (deny_delete is on), which erasure needs".to_owned());
    check(found.max_age.is_zero(), format!("records expire after {:?}, and never should", found.max_age));
    check(found.max_messages <= 0, format!("it holds at most {} records, and should not count", found.max_messages));
    check(
        found.max_messages_per_subject <= 0,
        format!("it holds {} records per subject, and should not count", found.max_messages_per_subject),
    );
    let is_durable = !found.no_ack && found.persist_mode != Some(PersistenceMode::Async);
    check(is_durable, "it acknowledges before writing, or never".to_owned());
    check(!found.sealed, "it is sealed".to_owned());
    let (has, needs) = (found.duplicate_window, wanted.duplicate_window);
    check(has == needs, format!("its duplicate window is {has:?}, and should be {needs:?}"));
    differences
}

/// Whether it holds the partitions that it should, under the names by which they are read.
fn check_subjects(found: &StreamConfig, wanted: &StreamConfig, check: &mut impl FnMut(bool, String)) {
    let subjects = |config: &StreamConfig| config.subjects.iter().cloned().collect::<BTreeSet<_>>();
    let first = |config: &StreamConfig| config.subjects.first().cloned().unwrap_or_default();
    let (has, needs) = (found.subjects.len(), wanted.subjects.len());
    check(
        subjects(found) == subjects(wanted),
        format!("it listens to {has} subjects ({} …), and should to {needs} ({} …)", first(found), first(wanted)),
    );
}
