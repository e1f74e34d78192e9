//! Reading one stream by batches: many of them, replicas that lag, servers that know none, and networks that break them.

use crate::jetstream::fresh;
use crate::samples::{conversation, neighbour};
use crate::suite::{DEADLINE, add};
use async_nats::{HeaderMap, Message};
use domain::id::StreamId;
use event_log::jetstream::{Config, JetStreamLog};
use event_log::{EventLog as _, LogError, Stored};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{Answers, Proxy, eventually};
use tokio::task::JoinSet;

/// A log, one stream of it, and the records of that stream, between which others stand.
struct Filled {
    log: JetStreamLog,
    config: Config,
    stream: StreamId,
    own: Vec<Stored>,
}

async fn filled(n_records: usize, text: &str) -> Filled {
    let config = Config { shards: 1, ..fresh(&testkit::nats().url()) };
    let log = JetStreamLog::open(config.clone()).await.unwrap();
    let stream = conversation(1);
    let other = neighbour(&log, &stream);
    let mut own = Vec::new();
    for _ in 0..n_records {
        add(&log, &other, "y").await;
        own.push(add(&log, &stream, text).await);
    }
    Filled { log, config, stream, own }
}

/// One record as a replica tells it.
#[derive(Clone, Debug)]
struct Told {
    position: u64,
    /// The one before it in the batch, and how many come behind it; servers before 2.11 tell neither.
    in_batch: Option<(u64, usize)>,
    /// What is put in the place of its subject.
    subject: Option<&'static str>,
    payload: bytes::Bytes,
}

/// Answers direct gets in the server's place until it is dropped.
struct Replica {
    n_asked: Arc<AtomicUsize>,
    _answering: JoinSet<()>,
}

impl Filled {
    fn name(&self) -> String {
        format!("{}_LOG_00", self.config.name)
    }

    /// Lets nobody answer direct gets.
    async fn without_direct_gets(&self) -> async_nats::Client {
        let client = async_nats::connect(&self.config.url).await.unwrap();
        let context = async_nats::jetstream::new(client.clone());
        let config = context.get_stream(self.name()).await.unwrap().cached_info().config.clone();
        context.update_stream(async_nats::jetstream::stream::Config { allow_direct: false, ..config }).await.unwrap();
        client
    }

    /// Lets a replica answer that has every record of the stream, erased or not, and tells them so: each with its answer
    /// to a server of this version, and then the end, unless nothing ends it.
    async fn answered_by(&self, so: fn(Vec<Told>) -> Vec<Told>, ends: bool) -> Replica {
        let client = self.without_direct_gets().await;
        let mut asked = client.subscribe(format!("$JS.API.DIRECT.GET.{}", self.name())).await.unwrap();
        client.flush().await.unwrap();
        let (own, n_asked) = (self.own.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&n_asked);
        let mut answering = JoinSet::new();
        answering.spawn(async move {
            while let Some(request) = asked.next().await {
                count.fetch_add(1, Ordering::Relaxed);
                for told in so(all_from(&own, &request)) {
                    told.send(&client, &request).await;
                }
                if ends {
                    // A client cannot send a status; what is no record ends a batch as well.
                    client.publish(request.reply.unwrap(), "".into()).await.unwrap();
                }
            }
        });
        Replica { n_asked, _answering: answering }
    }

    async fn read(&self) -> Vec<Stored> {
        self.log.read(&self.stream, 0).await.unwrap()
    }
}

/// What a replica of this version tells that has all of these.
fn all_from(own: &[Stored], request: &Message) -> Vec<Told> {
    let asked: serde_json::Value = serde_json::from_slice(&request.payload).unwrap();
    let own = &own[own.partition_point(|stored| stored.position < asked["seq"].as_u64().unwrap())..];
    let before = std::iter::once(0).chain(own.iter().map(|stored| stored.position));
    let told = own.iter().zip(before).enumerate().map(|(nth, (stored, before))| Told {
        position: stored.position,
        in_batch: Some((before, own.len() - nth - 1)),
        subject: None,
        payload: stored.bytes.clone(),
    });
    told.collect()
}

impl Told {
    async fn send(self, client: &async_nats::Client, request: &Message) {
        let asked: serde_json::Value = serde_json::from_slice(&request.payload).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Subject", self.subject.unwrap_or(asked["next_by_subj"].as_str().unwrap()));
        headers.insert("Nats-Sequence", self.position.to_string());
        if let Some((before, left)) = self.in_batch {
            headers.insert("Nats-Last-Sequence", before.to_string());
            headers.insert("Nats-Num-Pending", left.to_string());
        }
        client.publish_with_headers(request.reply.clone().unwrap(), headers, self.payload).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_more_bytes_than_a_batch_holds_are_read_whole() {
    let filled = filled(30, &"x".repeat(400_000)).await;
    assert_eq!(filled.read().await, filled.own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_read_that_nobody_answers_direct_gets_of() {
    let filled = filled(8, "x").await;
    filled.without_direct_gets().await;
    assert_eq!(filled.read().await, filled.own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_batch_is_enough_for_a_stream_that_fits() {
    let filled = filled(40, "x").await;
    let replica = filled.answered_by(|all| all, true).await;
    assert_eq!(filled.read().await, filled.own);
    assert_eq!(replica.n_asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lagging_replica_does_not_have_yet_is_read() {
    let filled = filled(12, "x").await;
    let _lags = filled.answered_by(|all| all.into_iter().filter(|told| told.position <= 10).collect(), true).await;
    assert_eq!(filled.read().await, filled.own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lagging_replica_has_not_erased_yet_is_not_read() {
    let filled = filled(12, "x").await;
    let _lags = filled.answered_by(|all| all, true).await;
    filled.log.erase(&filled.stream, &[1, 2, 9].map(|nth: usize| filled.own[nth].position)).await.unwrap();
    // The leader is asked about the first of every batch: here the one that begins with the second record.
    assert_eq!(filled.read().await[..4], [0, 3, 4, 5].map(|nth: usize| filled.own[nth].clone()));
    let behind = filled.log.read(&filled.stream, filled.own[6].position).await.unwrap();
    assert_eq!(behind, [7, 8, 10, 11].map(|nth: usize| filled.own[nth].clone()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_record_may_be_erased_while_a_stream_is_read() {
    let filled = filled(6, "x").await;
    let _lags = filled.answered_by(|all| all, true).await;
    filled.log.erase(&filled.stream, &[filled.own[5].position]).await.unwrap();
    assert_eq!(filled.read().await, filled.own[..5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_lost_on_the_way_is_read_after_all() {
    let filled = filled(12, "x").await;
    let without_the_sixth = |mut all: Vec<Told>| {
        if all.len() > 6 {
            all.remove(5);
        }
        all
    };
    let _loses = filled.answered_by(without_the_sixth, true).await;
    assert_eq!(filled.read().await, filled.own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_know_no_batches_are_read_from() {
    let filled = filled(12, "x").await;
    let single = |all: Vec<Told>| all.into_iter().take(1).map(|told| Told { in_batch: None, ..told }).collect();
    let _old = filled.answered_by(single, false).await;
    assert_eq!(filled.read().await, filled.own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_asked_for_is_not_taken() {
    let filled = filled(12, "x").await;
    let of_others = |mut all: Vec<Told>| {
        all.iter_mut().skip(2).for_each(|told| told.subject = Some("log.of.others"));
        all
    };
    let twice = |all: Vec<Told>| all.iter().flat_map(|told| [told.clone(), told.clone()]).collect();
    let backwards = |all: Vec<Told>| all.into_iter().rev().collect();
    for nonsense in [of_others, twice, backwards] {
        let _talks_nonsense = filled.answered_by(nonsense, true).await;
        assert_eq!(filled.read().await, filled.own);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_never_ends_is_given_up() {
    let filled = filled(12, "x").await;
    let replica = filled.answered_by(|all| all.into_iter().take(4).collect(), false).await;
    assert_eq!(filled.read().await, filled.own);
    assert_eq!(replica.n_asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_amid_a_batch_leaves_no_gap() {
    let filled = filled(40, &"x".repeat(20_000)).await;
    let proxy = Proxy::start(testkit::nats().address()).await;
    let over_network = JetStreamLog::open(Config { url: proxy.url(), ..filled.config.clone() }).await.unwrap();
    proxy.lose_answers_after(300_000);
    let heal = async {
        eventually(DEADLINE, async || (proxy.lost_bytes() > 0).then_some(())).await;
        proxy.answers(Answers::Arrive);
    };
    let (read, ()) = tokio::join!(over_network.read(&filled.stream, 0), heal);
    match read {
        Ok(found) => assert_eq!(found, filled.own),
        // It was the leader's answer that was lost.
        Err(LogError::Unavailable(_)) => (),
        Err(error @ LogError::Broken(_)) => panic!("{error:?}"),
    }
    let found = eventually(DEADLINE, async || over_network.read(&filled.stream, 0).await.ok()).await;
    assert_eq!(found, filled.own);
}
