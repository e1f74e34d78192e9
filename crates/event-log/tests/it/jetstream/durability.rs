//! What servers must be worth before a log is opened on them.

use crate::jetstream::fresh;
use crate::suite::DEADLINE;
use event_log::jetstream::{Config, Durability, JetStreamLog, OpenError};
use std::error::Error as _;
use std::time::Duration;
use testkit::{NatsServer, Sync, eventually};

/// A log on these servers that must be durable.
fn strict(servers: &[NatsServer]) -> Config {
    let urls: Vec<_> = servers.iter().map(NatsServer::url).collect();
    Config {
        replicas: 3,
        durability: Durability::Strict,
        monitors: servers.iter().map(NatsServer::monitor_url).collect(),
        ..fresh(&urls.join(","))
    }
}

async fn refusal(config: Config) -> String {
    match JetStreamLog::open(config).await {
        Err(OpenError::NotDurable(words)) => words,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_that_sync_always_are_durable_also_while_one_is_away() {
    let mut cluster = NatsServer::start_cluster(Sync::Always);
    let config = strict(&cluster);
    let opens = async || JetStreamLog::open(config.clone()).await.ok();
    eventually(Duration::from_secs(30), opens).await;

    // Each thrice the same server's: no proof for the others.
    let same = Config { monitors: vec![cluster[0].monitor_url(); 3], ..config.clone() };
    assert!(refusal(same).await.contains("belong to 1 servers"));

    cluster[2].kill();
    let remaining = Config { url: format!("{},{}", cluster[0].url(), cluster[1].url()), ..config.clone() };
    eventually(Duration::from_secs(30), async || JetStreamLog::open(remaining.clone()).await.ok()).await;
    // One proof is not enough: that may pass by, so whoever starts waits for it.
    let nobody = cluster[2].monitor_url();
    let unproved = Config { monitors: vec![cluster[0].monitor_url(), nobody.clone(), nobody], ..remaining };
    let Err(OpenError::Unavailable(cause)) = JetStreamLog::open(unproved).await else { panic!("it opened") };
    assert!(cause.to_string().contains("2 of 3 monitoring endpoints do not answer"), "{cause}");
}

#[tokio::test]
async fn a_server_that_syncs_now_and_then_is_refused_by_name_and_told_what_to_set() {
    let servers = [(); 3].map(|()| NatsServer::start(Sync::Lazy));
    let words = refusal(strict(&servers)).await;
    assert!(words.contains("syncs its files only now and then"), "{words}");
    assert!(words.contains("sync_interval: always"), "{words}");
}

#[tokio::test]
async fn one_lazy_server_among_three_is_enough_to_refuse() {
    let servers = [Sync::Always, Sync::Always, Sync::Lazy].map(NatsServer::start);
    assert!(refusal(strict(&servers)).await.contains("now and then"));
}

#[tokio::test]
async fn proofs_of_other_servers_than_ours_prove_nothing() {
    let servers = [(); 4].map(|()| NatsServer::start(Sync::Always));
    let [ours, others @ ..] = servers;
    let config = Config { url: ours.url(), ..strict(&others) };
    assert!(refusal(config).await.contains("other servers"));
}

#[tokio::test]
async fn too_few_replicas_or_proofs_are_refused_without_asking_anybody() {
    let server = testkit::nats();
    let config = strict(std::slice::from_ref(server));
    assert!(refusal(config.clone()).await.contains("1 of 3 are named"));
    assert!(refusal(Config { replicas: 1, ..config }).await.contains("1 of the servers hold each record"));
}

#[tokio::test]
async fn whoever_asks_for_less_gets_any_server() {
    let server = NatsServer::start(Sync::Lazy);
    for monitors in [vec![], vec![server.monitor_url()], vec!["http://127.0.0.1:9".to_owned()]] {
        let relaxed = Config { durability: Durability::Relaxed, monitors, ..fresh(&server.url()) };
        JetStreamLog::open(relaxed).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_that_cannot_hold_the_log_is_refused_before_anything_is_made() {
    let limits = "accounts { A { users: [{ user: a }], jetstream { max_streams: 2 } } }\nno_auth_user: a\n";
    let server = NatsServer::start_with(Sync::Lazy, limits);
    let url = server.url();
    let opened = eventually(DEADLINE, async || match JetStreamLog::open(fresh(&url)).await {
        Err(OpenError::Unavailable(_)) => None,
        other => Some(other),
    })
    .await;
    let Err(OpenError::Limits(words)) = opened else { panic!("{opened:?}") };
    assert!(words.contains("2 more streams (max_streams), and the log needs 4"), "{words}");
    let fits = Config { shards: 1, ..fresh(&url) };
    let opened = JetStreamLog::open(fits).await;
    assert!(opened.is_ok(), "{:?}", opened.unwrap_err().source());
}
