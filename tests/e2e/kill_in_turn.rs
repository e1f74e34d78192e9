//! `kill -9` of everything there is, in turn and over and over, while webhooks come in: the process, the nats-server and
//! the PostgreSQL server.

use crate::http;
use crate::kill::{check, webhook};
use crate::process::{Process, run};
use crate::world::{Log, PACKS, PATIENCE, SECRET, standalone};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{NatsServer, Postgres, Sync};
use tokio::task::JoinSet;

const WEBHOOKS: usize = 2_000;
const KILLS: usize = 20;
/// How many webhooks are answered between two kills.
const BETWEEN: usize = WEBHOOKS / (KILLS + 1);
/// Deliveries under way at a time, as the platform would have them.
const AT_A_TIME: usize = 16;
/// How long a delivery that was not answered 200 rests before it comes again. The platform rests longer.
const REST: Duration = Duration::from_millis(20);
/// How long all of it may take. Twenty starts of three servers take most of it.
const DEADLINE: Duration = Duration::from_secs(240);

/// What the deliveries share with whoever kills.
struct Storm {
    webhooks: Vec<(Vec<u8>, String)>,
    next: AtomicUsize,
    n_answered: AtomicUsize,
    /// How many may be delivered before the next kill: it comes while those up to here are under way.
    until: AtomicUsize,
    /// Of the process that runs now.
    address: Mutex<SocketAddr>,
    /// Ends the waiting when a delivery has failed in a way that none may.
    is_broken: AtomicBool,
}

impl Storm {
    /// Delivers webhooks until none is left, each as often as it takes: what is not answered 200 comes again.
    async fn deliver(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((body, _)) = self.webhooks.get(number) else { return };
            while number >= self.until.load(Ordering::Relaxed) {
                tokio::time::sleep(REST).await;
            }
            loop {
                let address = *self.address.lock().unwrap();
                match http::deliver(address, SECRET, body).await {
                    Ok(answer) if answer.status == 200 => break,
                    Ok(answer) if answer.status != 503 => {
                        self.is_broken.store(true, Ordering::Relaxed);
                        panic!("a good delivery was answered {}: {}", answer.status, answer.body);
                    }
                    Ok(_) | Err(_) => tokio::time::sleep(REST).await,
                }
            }
            self.n_answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn until_answered(&self, count: usize) {
        testkit::eventually(DEADLINE, || async {
            assert!(!self.is_broken.load(Ordering::Relaxed), "a delivery has failed");
            (self.n_answered.load(Ordering::Relaxed) >= count).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_13_twenty_kills_of_process_log_and_database_lose_none_of_2_000_webhooks() {
    let mut log = Log::JetStream(NatsServer::start(Sync::Always));
    let mut postgres = Postgres::start();
    let tables = format!("sql.url={}", postgres.database());
    assert!(run(&["migrate", "--set", &tables]).await.status.success());

    let mut process = start(&log, &tables).await;
    let storm = Arc::new(Storm {
        webhooks: (0..WEBHOOKS).map(webhook).collect(),
        next: AtomicUsize::new(0),
        n_answered: AtomicUsize::new(0),
        until: AtomicUsize::new(2 * BETWEEN),
        address: Mutex::new(process.address("webhook")),
        is_broken: AtomicBool::new(false),
    });
    let mut deliveries = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let storm = Arc::clone(&storm);
        deliveries.spawn(async move { storm.deliver().await });
    }
    for kill in 0..KILLS {
        storm.until_answered((kill + 1) * BETWEEN).await;
        match kill % 3 {
            0 => {
                process.kill().await;
                process = start(&log, &tables).await;
                *storm.address.lock().unwrap() = process.address("webhook");
            }
            1 => match &mut log {
                Log::JetStream(server) => server.restart(),
                Log::Embedded(_) => unreachable!("this log is on JetStream"),
            },
            _ => postgres.restart(),
        }
        storm.until.fetch_add(BETWEEN, Ordering::Relaxed);
    }
    storm.until.store(WEBHOOKS, Ordering::Relaxed);
    storm.until_answered(WEBHOOKS).await;
    deliveries.join_all().await;

    check(&log, &storm.webhooks, &(0..WEBHOOKS).collect()).await;
    until_the_history_holds_all(&log, &tables).await;
    assert!(process.terminate().await.success());
}

/// The history of the log in the tables has every record, each as it stands in the log.
async fn until_the_history_holds_all(log: &Log, tables: &str) {
    let keys = log.keys();
    let mut args = vec!["log", "verify", "--output", "json", "--set", tables];
    args.extend(keys.iter().flat_map(|key| ["--set", key]));
    testkit::eventually(PATIENCE, || async {
        let output = run(&args).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        let counts: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(counts["records"], WEBHOOKS + PACKS, "{counts}");
        (counts["compared"] == WEBHOOKS + PACKS).then_some(())
    })
    .await;
}

async fn start(log: &Log, tables: &str) -> Process {
    // Nothing is sent here, so the platform may be nowhere.
    standalone(log, SocketAddr::from(([127, 0, 0, 1], 9)), &[tables]).await
}
