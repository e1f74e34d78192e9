//! Two senders of the same Pages, one of which is stopped (SIGSTOP) and goes on when everything is another's.

use crate::cluster_of_senders::{Cluster, client, ends, id, state};
use api::proto::outbound::v1::State;
use std::collections::BTreeMap;
use std::time::Duration;
use testkit::Answers;

/// How long a claim that is stuck may take to be given up.
const PATIENCE: Duration = Duration::from_secs(60);
const PEOPLE: usize = 20;
/// What a claim alone says: in `Dispatched` of `nuncio.log.v1`, that the attempt is the first, and that 16 bytes follow.
const CLAIM: &[u8] = &[0x08, 0x01, 0x12, 0x10];

/// Every message that is called sent is at the platform once, and no other is.
async fn check(cluster: &Cluster, ends: &BTreeMap<String, State>) {
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for row in cluster.sent().await {
        let (send, _) = messenger::metadata::read(row.metadata.as_deref().unwrap());
        *arrived.entry(send.unwrap().uuid().to_string()).or_default() += 1;
    }
    for (id, end) in ends {
        let expected = usize::from(*end == State::Sent);
        assert_eq!(arrived.get(id).copied().unwrap_or(0), expected, "{id} ended {end:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_07_a_sender_stopped_before_it_claims_is_followed_and_doubles_nothing() {
    let cluster = Cluster::start(2, 5, &[]).await;
    let first = cluster.sender().await;
    let before = cluster.ask(&first, 5, 1).await;
    ends(&first, &before).await;
    let second = cluster.sender().await;
    // It has the leases of both Pages, and nothing to do.
    first.stop_still().await;
    let after = cluster.ask(&second, 5, 3).await;
    let ended = ends(&second, &after).await;
    first.go_on().await;
    assert!(ended.values().all(|end| *end == State::Sent), "nobody was in the middle of anything: {ended:?}");
    let more = ends(&first, &before).await;
    check(&cluster, &ended.into_iter().chain(more).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_07_a_sender_stopped_between_claim_and_write_doubles_nothing_when_it_goes_on() {
    // Looking each up would take a second each.
    let cluster = Cluster::start(1, PEOPLE, &["sender.shaping=false", "sender.look_up_after=0s"]).await;
    let first = cluster.sender_through_network().await;
    // From the first claim on, claims reach the log, and whoever made them does not learn of it.
    cluster.network.lose_answers_to(CLAIM);
    let is_lost = async || cluster.network.loses_answers().then_some(());
    tokio::select! {
        // Whoever asks gets no answer either.
        _ = cluster.ask(&first, PEOPLE, 1) => (),
        () = testkit::eventually(PATIENCE, is_lost) => (),
    }
    testkit::eventually(PATIENCE, is_lost).await;
    let second = cluster.sender().await;
    first.stop_still().await;
    // The same requests: those that were recorded are answered with what became of them.
    let names = cluster.ask(&second, PEOPLE, 1).await;
    let client = client(&second).await;
    let given_up = testkit::eventually(PATIENCE, || async {
        for name in &names {
            if state(&client, name).await == State::Unresolved {
                return Some(name);
            }
        }
        None
    });
    let given_up = given_up.await;
    // Its lease and its claims have long ended when it goes on and learns that the claims are in the log.
    cluster.network.answers(Answers::Arrive);
    first.go_on().await;
    let ended = ends(&second, &names).await;
    assert_eq!(ended[id(given_up)], State::Unresolved);
    check(&cluster, &ended).await;
}
