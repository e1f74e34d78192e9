//! Opening a log that is there, or half there, or not ours.

use crate::jetstream::fresh;
use crate::samples::{conversation, page};
use crate::suite::add;
use async_nats::jetstream::{self, stream};
use domain::id::Psid;
use event_log::EventLog as _;
use event_log::jetstream::{Config, Durability, JetStreamLog, OpenError};
use futures_util::future::join_all;
use std::error::Error as _;
use std::time::Duration;

fn config() -> Config {
    fresh(&testkit::nats().url())
}

/// The server as whoever runs it sees it.
async fn server() -> jetstream::Context {
    jetstream::new(async_nats::connect(testkit::nats().url()).await.unwrap())
}

/// Makes the log, changes the configuration of its first JetStream stream, and opens it again.
async fn reopened(change: impl FnOnce(&mut stream::Config)) -> Result<JetStreamLog, OpenError> {
    let config = config();
    JetStreamLog::open(config.clone()).await.unwrap();
    let (server, name) = (server().await, format!("{}_LOG_00", config.name));
    let mut changed = server.get_stream(&name).await.unwrap().cached_info().config.clone();
    change(&mut changed);
    // A purge that is denied stays denied, so the stream is made anew.
    server.delete_stream(&name).await.unwrap();
    server.create_stream(changed).await.unwrap();
    JetStreamLog::open(config).await
}

#[track_caller]
fn assert_mismatch(opened: Result<JetStreamLog, OpenError>, words: &str) {
    let text = opened.expect_err("the log must not open").to_string();
    assert!(text.contains("_LOG_00 does not fit: "), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(text.contains("nats stream edit"), "{text}");
}

#[tokio::test]
async fn all_who_make_the_same_log_at_once_agree_on_what_it_is() {
    let config = config();
    let opened = join_all((0..8).map(|_| JetStreamLog::open(config.clone()))).await;
    let logs: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    let psid = Psid::parse("24601").unwrap();
    for log in &logs {
        assert!(log.identity() == logs[0].identity());
        assert_eq!(log.identity().person_key(&page(1), &psid), logs[0].identity().person_key(&page(1), &psid));
    }
    let stored = add(&logs[0], &conversation(1), "x").await;
    assert_eq!(logs[7].read(&conversation(1), 0).await.unwrap(), [stored]);
}

#[tokio::test]
async fn a_log_keeps_the_number_of_shards_it_was_made_with() {
    let config = config();
    JetStreamLog::open(Config { shards: 2, ..config.clone() }).await.unwrap();
    let log = JetStreamLog::open(Config { shards: 5, ..config }).await.unwrap();
    assert_eq!(log.identity().shards(), 2);
    assert_eq!(log.head().await.unwrap().positions, [0, 0]);
}

#[tokio::test]
async fn a_stream_that_does_not_fit_is_refused_with_the_difference() {
    assert_mismatch(reopened(|stream| stream.deny_purge = false).await, "allows purging");
    assert_mismatch(reopened(|stream| stream.deny_delete = true).await, "denies deleting");
    assert_mismatch(reopened(|stream| stream.discard = stream::DiscardPolicy::Old).await, "should new ones");
    assert_mismatch(reopened(|stream| stream.max_messages = 9).await, "at most 9 records");
    assert_mismatch(reopened(|stream| stream.storage = stream::StorageType::Memory).await, "should be file");
    assert_mismatch(reopened(|stream| stream.retention = stream::RetentionPolicy::Interest).await, "its retention");
    assert_mismatch(reopened(|stream| drop(stream.subjects.pop())).await, "listens to 21 subjects");
    let day = Duration::from_secs(86_400);
    assert_mismatch(reopened(|stream| stream.max_age = day).await, "expire after 86400s");
    let minute = Duration::from_secs(60);
    assert_mismatch(reopened(|stream| stream.duplicate_window = minute).await, "window is 60s, and should be 120s");
}

#[tokio::test]
async fn a_stream_with_fewer_replicas_than_asked_is_refused() {
    let config = config();
    JetStreamLog::open(config.clone()).await.unwrap();
    let opened = JetStreamLog::open(Config { replicas: 3, ..config }).await;
    assert_mismatch(opened, "it has 1 replicas, and should have at least 3");
}

#[tokio::test]
async fn what_whoever_runs_the_server_may_choose_is_no_difference() {
    let chosen = |stream: &mut stream::Config| {
        stream.max_bytes = 1_000_000_000;
        stream.compression = Some(stream::Compression::S2);
    };
    reopened(chosen).await.unwrap();
}

#[tokio::test]
async fn a_log_whose_identity_is_lost_is_refused_and_not_given_a_new_one() {
    let config = config();
    JetStreamLog::open(config.clone()).await.unwrap();
    server().await.delete_key_value(format!("{}_META", config.name)).await.unwrap();
    for _ in 0..2 {
        let opened = JetStreamLog::open(config.clone()).await;
        assert!(matches!(opened, Err(OpenError::LostIdentity { .. })), "{opened:?}");
    }
}

#[tokio::test]
async fn a_log_that_begins_another_incarnation_keeps_its_records_and_refuses_old_checkpoints() {
    let config = config();
    let log = JetStreamLog::open(config.clone()).await.unwrap();
    let again = async || JetStreamLog::open(config.clone()).await.unwrap();
    crate::suite::incarnation::another_incarnation(log, JetStreamLog::begin_incarnation, again).await;
}

#[tokio::test]
async fn of_two_who_begin_another_incarnation_at_once_one_is_refused() {
    let config = config();
    let (one, other) =
        (JetStreamLog::open(config.clone()).await.unwrap(), JetStreamLog::open(config.clone()).await.unwrap());
    let begun = join_all([one.begin_incarnation(), other.begin_incarnation()]).await;
    let names: Vec<_> = begun.iter().filter_map(|begun| begun.as_ref().ok()).collect();
    let [name] = &names[..] else { panic!("{begun:?}") };
    assert_eq!(JetStreamLog::open(config).await.unwrap().identity().incarnation(), name.as_str());
}

#[tokio::test]
async fn whoever_opens_only_what_is_there_makes_nothing() {
    let config = config();
    let opened = JetStreamLog::open_existing(config.clone()).await;
    let Err(error @ OpenError::Missing { .. }) = opened else { panic!("{opened:?}") };
    assert!(error.to_string().contains(&format!("no log named {}", config.name)), "{error}");
    for stream in [format!("{}_LOG_00", config.name), format!("KV_{}_META", config.name)] {
        assert!(server().await.get_stream(&stream).await.is_err(), "{stream} was made");
    }

    let made = JetStreamLog::open(config.clone()).await.unwrap();
    let stored = add(&made, &conversation(1), "x").await;
    // What the log is worth, and with how many shards it would be made, is nothing to whoever reads.
    let asked = Config { replicas: 3, durability: Durability::Strict, shards: 7, ..config.clone() };
    let log = JetStreamLog::open_existing(asked).await.unwrap();
    assert!(log.identity() == made.identity());
    assert_eq!(log.read(&conversation(1), 0).await.unwrap(), [stored]);

    let opened = JetStreamLog::open_existing(Config { subject: "other".to_owned(), ..config.clone() }).await;
    assert_mismatch(opened, "and should to 22 (other.0.> …)");
    server().await.delete_stream(&format!("{}_LOG_02", config.name)).await.unwrap();
    let opened = JetStreamLog::open_existing(config.clone()).await;
    assert!(matches!(opened, Err(OpenError::Missing { .. })), "{opened:?}");
    server().await.delete_key_value(format!("{}_META", config.name)).await.unwrap();
    let opened = JetStreamLog::open_existing(config).await;
    assert!(matches!(opened, Err(OpenError::LostIdentity { .. })), "{opened:?}");
}

#[tokio::test]
async fn two_logs_cannot_share_their_subjects() {
    let config = config();
    JetStreamLog::open(config.clone()).await.unwrap();
    let opened = JetStreamLog::open(Config { name: format!("{}B", config.name), ..config }).await;
    let Err(error @ OpenError::Create { .. }) = opened else { panic!("{opened:?}") };
    assert!(error.source().unwrap().to_string().contains("subjects overlap"), "{error:?}");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused_in_words() {
    let cases = [
        (Config { shards: 0, ..config() }, "1 to 64 shards"),
        (Config { shards: 65, ..config() }, "1 to 64 shards"),
        (Config { name: "a.b".to_owned(), ..config() }, "letters, digits"),
        (Config { append_timeout: Duration::from_secs(120), ..config() }, "duplicate window must be longer"),
    ];
    for (config, words) in cases {
        let error = JetStreamLog::open(config).await.unwrap_err();
        assert!(matches!(error, OpenError::Config(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_at_once() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    drop(listener);
    let opened = JetStreamLog::open(fresh(&url)).await;
    assert!(matches!(opened, Err(OpenError::Connect(_))), "{opened:?}");
}
