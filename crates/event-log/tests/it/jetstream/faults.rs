//! What servers and networks do to appends and followers.

use crate::jetstream::fresh;
use crate::samples::{conversation, fact, ids, record};
use crate::suite::{DEADLINE, add, follow_all, next_record, revision, until_caught_up};
use domain::id::{RecordId, StreamId};
use event_log::jetstream::{Config, JetStreamLog};
use event_log::{AppendError, Appended, EventLog as _, Expected, Record, append_until_answered};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{Answers, NatsServer, Proxy, Sync, eventually};

/// One log seen over a network that misbehaves, and seen directly.
struct Seen {
    proxy: Proxy,
    over_network: JetStreamLog,
    directly: JetStreamLog,
}

async fn seen(append_timeout: Duration) -> Seen {
    let server = testkit::nats();
    let proxy = Proxy::start(server.address()).await;
    let config = Config { append_timeout, ..fresh(&server.url()) };
    let directly = JetStreamLog::open(config.clone()).await.unwrap();
    let over_network = JetStreamLog::open(Config { url: proxy.url(), ..config }).await.unwrap();
    Seen { proxy, over_network, directly }
}

impl Seen {
    /// Appends while answers are lost, and lets them arrive again once the record is in the log.
    async fn append_with_a_lost_answer(&self, record: &Record, expected: Expected) -> Result<Appended, AppendError> {
        self.proxy.answers(Answers::Lost);
        let heal = async {
            eventually(DEADLINE, async || self.holds(record).await.then_some(())).await;
            // Somebody else appends behind it before we know.
            add(&self.directly, &record.stream, "somebody else's").await;
            self.proxy.answers(Answers::Arrive);
        };
        tokio::join!(self.over_network.append(record, expected), heal).0
    }

    async fn holds(&self, record: &Record) -> bool {
        ids(&self.directly.read(&record.stream, 0).await.unwrap()).contains(&record.id)
    }

    async fn times_stored(&self, record: &Record) -> usize {
        let found = self.directly.read(&record.stream, 0).await.unwrap();
        found.iter().filter(|stored| stored.record.id == record.id).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_was_lost_is_stored_once_and_answered_as_success() {
    let seen = seen(Duration::from_secs(20)).await;
    let stream = conversation(1);
    for expected in [|_| Expected::Empty, Expected::At, |_| Expected::Any] {
        let expected = expected(revision(&seen.directly, &stream).await);
        let record = record(&stream, "x");
        let appended = seen.append_with_a_lost_answer(&record, expected).await.unwrap();
        let found = seen.directly.read(&stream, appended.revision - 1).await.unwrap();
        assert_eq!((found[0].position, found[0].record.id), (appended.revision, record.id), "{expected:?}");
        assert!(!appended.is_duplicate);
        assert_eq!(seen.times_stored(&record).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_whose_answer_was_lost_is_no_duplicate_of_itself() {
    let seen = seen(Duration::from_secs(20)).await;
    let record = fact(&conversation(1), "hello");
    let appended = seen.append_with_a_lost_answer(&record, Expected::Any).await.unwrap();
    assert!(!appended.is_duplicate);
    assert_eq!(seen.times_stored(&record).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_never_answered_is_unknown_and_may_be_repeated() {
    let seen = seen(Duration::from_millis(300)).await;
    let record = record(&conversation(1), "x");
    seen.proxy.answers(Answers::Lost);
    let outcome = seen.over_network.append(&record, Expected::Empty).await;
    assert!(matches!(outcome, Err(AppendError::Unknown(_))), "{outcome:?}");
    seen.proxy.answers(Answers::Arrive);
    let appended = eventually(DEADLINE, async || seen.over_network.append(&record, Expected::Empty).await.ok()).await;
    assert!(!appended.is_duplicate);
    assert_eq!(seen.times_stored(&record).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_until_it_is_answered_outlasts_a_silence_and_is_stored_once() {
    let silence = Duration::from_millis(300);
    let seen = seen(silence).await;
    let record = record(&conversation(1), "x");
    seen.proxy.answers(Answers::Lost);
    let mut appending = Box::pin(append_until_answered(&seen.over_network, &record, Expected::Empty));
    // By then the log has said once that it does not know.
    assert!(tokio::time::timeout(3 * silence, &mut appending).await.is_err());
    seen.proxy.answers(Answers::Arrive);
    let appended = tokio::time::timeout(DEADLINE, appending).await.unwrap().unwrap();
    assert!(!appended.is_duplicate);
    assert_eq!(seen.times_stored(&record).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_answers_and_cut_connections_lose_and_double_nothing() {
    let seen = seen(Duration::from_secs(20)).await;
    let streams: Vec<_> = (0..8).map(conversation).collect();
    let answered = AtomicUsize::new(0);
    let storm = async {
        for round in 1..=12 {
            eventually(DEADLINE, async || (answered.load(Ordering::Relaxed) >= round * 18).then_some(())).await;
            match round % 3 {
                0 => seen.proxy.answers(Answers::Arrive),
                1 => seen.proxy.answers(Answers::Late(Duration::from_millis(20))),
                _ => seen.proxy.cut(),
            }
        }
    };
    let write = join_all(streams.iter().map(|stream| chain(&seen.over_network, stream, 30, &answered)));
    let ((), written) = tokio::join!(storm, write);
    for (stream, written) in streams.iter().zip(written) {
        assert_eq!(ids(&seen.directly.read(stream, 0).await.unwrap()), written);
    }
}

/// Appends records to one stream, each at the revision of the one before. Nobody else writes there.
async fn chain(log: &JetStreamLog, stream: &StreamId, length: usize, answered: &AtomicUsize) -> Vec<RecordId> {
    let mut written = Vec::new();
    let mut reached = 0;
    while written.len() < length {
        let record = record(stream, "x");
        reached = log.append(&record, Expected::revision(reached)).await.unwrap().revision;
        written.push(record.id);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_during_appends_loses_nothing_that_it_answered() {
    let mut server = NatsServer::start(Sync::Always);
    let config = Config { append_timeout: Duration::from_secs(20), ..fresh(&server.url()) };
    let log = JetStreamLog::open(config).await.unwrap();
    let mut follower = follow_all(&log).await;
    let answered = AtomicUsize::new(0);
    let records: Vec<_> = (0..400).map(|number| record(&conversation(number % 10), "x")).collect();
    let write = join_all(records.chunks(40).map(async |own| {
        for record in own {
            log.append(record, Expected::Any).await.unwrap();
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let kill = async {
        for at in [80, 160, 240] {
            eventually(DEADLINE, async || (answered.load(Ordering::Relaxed) >= at).then_some(())).await;
            server.kill();
            server.restart();
        }
    };
    tokio::join!(write, kill);
    let wanted: HashSet<_> = records.iter().map(|record| record.id).collect();
    let mut stored = Vec::new();
    for person in 0..10 {
        stored.extend(ids(&log.read(&conversation(person), 0).await.unwrap()));
    }
    assert_eq!(stored.len(), records.len());
    assert_eq!(stored.into_iter().collect::<HashSet<_>>(), wanted);
    let mut heard = HashSet::new();
    while heard.len() < wanted.len() {
        heard.insert(next_record(&mut follower).await.record.id);
    }
    assert_eq!(heard, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_appends_are_refused_and_checks_fail() {
    let mut server = NatsServer::start(Sync::Lazy);
    let config = Config { append_timeout: Duration::from_millis(200), ..fresh(&server.url()) };
    let log = JetStreamLog::open(config).await.unwrap();
    log.check().await.unwrap();
    server.kill();
    eventually(DEADLINE, async || log.check().await.err()).await;
    let outcome = log.append(&record(&conversation(1), "x"), Expected::Any).await;
    assert!(matches!(outcome, Err(AppendError::Refused(_))), "{outcome:?}");
    server.restart();
    eventually(DEADLINE, async || log.check().await.ok()).await;
    assert_eq!(add(&log, &conversation(1), "x").await.position, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_whose_delivery_was_lost_is_delivered_again() {
    let seen = seen(Duration::from_secs(5)).await;
    let mut follower = follow_all(&seen.over_network).await;
    let first = add(&seen.directly, &conversation(1), "x").await;
    assert_eq!(next_record(&mut follower).await, first);
    seen.proxy.answers(Answers::Lost);
    let stored = add(&seen.directly, &conversation(1), &"x".repeat(50_000)).await;
    eventually(DEADLINE, async || (seen.proxy.lost_bytes() > 50_000).then_some(())).await;
    seen.proxy.answers(Answers::Arrive);
    let next = add(&seen.directly, &conversation(1), "z").await;
    assert_eq!(next_record(&mut follower).await, stored);
    assert_eq!(next_record(&mut follower).await, next);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_hears_nothing_of_pending_records_begins_anew() {
    let config = Config { shards: 1, ..fresh(&testkit::nats().url()) };
    let log = JetStreamLog::open(config.clone()).await.unwrap();
    let mut follower = follow_all(&log).await;
    until_caught_up(&mut follower).await;
    // A paused consumer looks like one that stalls: records are pending, requests are open, nothing comes.
    let server = async_nats::jetstream::new(async_nats::connect(config.url).await.unwrap());
    let stream = server.get_stream(format!("{}_LOG_00", config.name)).await.unwrap();
    let consumer = eventually(DEADLINE, async || stream.consumer_names().try_next().await.unwrap()).await;
    let far = stream.cached_info().created + Duration::from_secs(3_600);
    stream.pause_consumer(&consumer, far).await.unwrap();
    let stored = add(&log, &conversation(1), "x").await;
    assert_eq!(next_record(&mut follower).await, stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_log_refuses_and_keeps_what_it_has() {
    let config = Config { max_bytes: Some(20_000), shards: 1, ..fresh(&testkit::nats().url()) };
    let log = JetStreamLog::open(config).await.unwrap();
    let stream = conversation(1);
    let text = "x".repeat(1_000);
    let mut kept = Vec::new();
    let refusal = loop {
        let record = record(&stream, &text);
        match log.append(&record, Expected::Any).await {
            Ok(_) => kept.push(record.id),
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, AppendError::Refused(_)), "{refusal:?}");
    assert!(kept.len() > 10);
    assert_eq!(ids(&log.read(&stream, 0).await.unwrap()), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_larger_than_the_server_takes_is_refused() {
    let log = JetStreamLog::open(fresh(&testkit::nats().url())).await.unwrap();
    let outcome = log.append(&record(&conversation(1), &"x".repeat(10_000_000)), Expected::Any).await;
    assert!(matches!(outcome, Err(AppendError::Refused(_))), "{outcome:?}");
    assert_eq!(revision(&log, &conversation(1)).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_comes_after_the_span_is_stored_again() {
    let window = Duration::from_millis(300);
    let short = Config { duplicate_window: window, append_timeout: window / 2, ..fresh(&testkit::nats().url()) };
    let log = JetStreamLog::open(short).await.unwrap();
    let first = log.append(&fact(&conversation(1), "hello"), Expected::Any).await.unwrap();
    let again = eventually(DEADLINE, async || {
        let again = log.append(&fact(&conversation(1), "hello"), Expected::Any).await.unwrap();
        (!again.is_duplicate).then_some(again)
    });
    assert!(again.await.revision > first.revision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_id_that_another_record_has_is_refused() {
    let log = JetStreamLog::open(fresh(&testkit::nats().url())).await.unwrap();
    let first = record(&conversation(1), "x");
    let taken = Record { stream: crate::samples::neighbour(&log, &first.stream), ..first.clone() };
    log.append(&first, Expected::Any).await.unwrap();
    let outcome = log.append(&taken, Expected::Any).await;
    assert!(matches!(outcome, Err(AppendError::Refused(_))), "{outcome:?}");
}
