//! How many messages a Page gets to the platform in a second, also when another sender takes it over.

use crate::cluster_of_senders::{Cluster, ends};
use simulator::{Filter, SendRow};
use std::collections::BTreeMap;
use std::time::Duration;

const PAGES: usize = 1;
const PEOPLE: usize = 20;
/// More of them than a Page may send while they are asked for, so that there is a backlog at the kill.
const EACH: usize = 15;
/// What a Page may send in a second, and half as much again: a busy machine lets messages arrive together that left apart.
/// `send.rate.most` of `nuncio bench` is held to 42 on a machine of its own, and so are the paces' own tests, which need
/// no clock.
const MOST: usize = 40 + 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// The most messages of one Page in any second, whichever moment that begins at.
fn most_in_a_second(rows: &[SendRow]) -> usize {
    let mut by_page: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for row in rows {
        by_page.entry(&row.page).or_default().push(row.at_ms);
    }
    let most = |moments: &mut Vec<i64>| {
        moments.sort_unstable();
        let second = |first: usize| moments.partition_point(|at| *at < moments[first] + 1_000) - first;
        (0..moments.len()).map(second).max()
    };
    by_page.values_mut().filter_map(most).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_holds_more_of_a_page_than_its_limit_also_when_its_sender_is_killed() {
    let cluster = Cluster::start(PAGES, PEOPLE, &["sender.shaping=true"]).await;
    let first = cluster.sender().await;
    let second = cluster.sender().await;
    let names = cluster.ask(&first, PEOPLE, EACH).await;
    testkit::eventually(PATIENCE, || async {
        let arrived = cluster.platform.count_sends(&Filter::default()).await.unwrap();
        (arrived >= names.len() / 2).then_some(())
    })
    .await;
    first.kill().await;
    ends(&second, &names).await;
    let most = most_in_a_second(&cluster.sent().await);
    assert!(most <= MOST, "{most} in a second");
    eprintln!("{most} in a second");
}
