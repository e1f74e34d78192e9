//! Three servers answer some things differently from one: repeated appends, and whatever a lagging replica is asked.

use crate::jetstream::fresh;
use crate::samples::{conversation, record};
use crate::suite::{DEADLINE, follow_all, next_record};
use event_log::jetstream::{Config, JetStreamLog};
use event_log::{EventLog as _, Expected};
use futures_util::future::join_all;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{NatsServer, Sync, eventually};

/// How long a cluster may take to elect its leaders.
const ELECTION: Duration = Duration::from_secs(30);

fn config(cluster: &[NatsServer; 3]) -> Config {
    let urls = cluster.each_ref().map(NatsServer::url).join(",");
    Config { replicas: 3, append_timeout: Duration::from_secs(30), ..fresh(&urls) }
}

/// A log of its own, once the cluster has its leaders.
pub(super) async fn open(cluster: &[NatsServer; 3]) -> JetStreamLog {
    let config = config(cluster);
    let log = eventually(ELECTION, async || JetStreamLog::open(config.clone()).await.ok()).await;
    eventually(ELECTION, async || log.check().await.ok()).await;
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_three_passes_every_case() {
    let cluster = NatsServer::start_cluster(Sync::Always);
    with_every_case!(run_each!(open(&cluster).await =>));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_loses_a_server_at_any_time_loses_nothing_that_it_answered() {
    let mut cluster = NatsServer::start_cluster(Sync::Always);
    let log = open(&cluster).await;
    let mut follower = follow_all(&log).await;
    let answered = AtomicUsize::new(0);
    let records: Vec<_> = (0..400).map(|number| record(&conversation(number % 10), "x")).collect();
    // Each stream has one writer, which appends at the revision of its append before.
    let write = join_all((0..10).map(async |nth| {
        let mut reached = 0;
        for record in records.iter().skip(nth).step_by(10) {
            reached = log.append(record, Expected::revision(reached)).await.unwrap().revision;
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let kill = async {
        for (nth, at) in [80, 160, 240].into_iter().enumerate() {
            eventually(ELECTION, async || (answered.load(Ordering::Relaxed) >= at).then_some(())).await;
            cluster[nth].kill();
            eventually(ELECTION, async || (answered.load(Ordering::Relaxed) >= at + 40).then_some(())).await;
            cluster[nth].restart();
        }
    };
    tokio::join!(write, kill);
    for person in 0..10 {
        let stream = conversation(u32::try_from(person).unwrap());
        let found = eventually(DEADLINE, async || log.read(&stream, 0).await.ok()).await;
        let wanted = records.iter().skip(person).step_by(10);
        assert!(found.iter().map(|stored| &stored.record).eq(wanted), "{stream:?}");
    }
    let mut heard = HashSet::new();
    while heard.len() < records.len() {
        heard.insert(next_record(&mut follower).await.record.id);
    }
    assert!(records.iter().all(|record| heard.contains(&record.id)));
}
