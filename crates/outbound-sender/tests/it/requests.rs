//! Repeating a call is safe: a request id names one message, however often and however fast it is asked for.

use crate::sandbox::{ASHA, BILAL, Sandbox};
use crate::words::{judged_only, metadata, reason, recorded, says, staff_says};
use api::proto::outbound::v1::State;
use std::collections::BTreeSet;
use tokio::task::JoinSet;
use tonic::Code;

#[tokio::test]
async fn the_same_request_is_the_same_message_before_and_after_it_is_out() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let first = sandbox.send(says(ASHA, "1", "yes")).await;
    let again = sandbox.send(says(ASHA, "1", "yes")).await;
    assert_eq!(again.name, first.name);
    let sent = sandbox.becomes(&first.name, State::Sent).await;
    let later = sandbox.send(recorded(says(ASHA, "1", "yes"))).await;
    assert_eq!((&later.name, later.state(), &later.mid), (&first.name, State::Sent, &sent.mid));
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 1);
    assert_eq!(sandbox.texts().await, ["yes"]);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_07_twenty_calls_at_once_with_one_request_id_are_one_message() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let mut outbound = sandbox.outbound.clone();
        calls.spawn(async move { outbound.send_message(says(ASHA, "1", "yes")).await.unwrap().into_inner().name });
    }
    let names: BTreeSet<_> = calls.join_all().await.into_iter().collect();
    assert_eq!(names.len(), 1);
    sandbox.becomes(names.first().unwrap(), State::Sent).await;
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 1);
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn another_request_under_the_same_id_is_refused() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let first = sandbox.send(says(ASHA, "1", "yes")).await;
    for other in [says(ASHA, "1", "no"), staff_says(ASHA, "1", "yes"), judged_only(says(ASHA, "1", "no"))] {
        let status = sandbox.refused(other).await;
        assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
        assert_eq!(metadata(&status, "message"), first.name);
    }
    sandbox.becomes(&first.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["yes"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_id_is_unique_in_its_conversation_only() {
    let sandbox = Sandbox::start().await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
        let message = sandbox.send(says(psid, "1", "yes")).await;
        sandbox.becomes(&message.name, State::Sent).await;
    }
    assert_eq!(sandbox.rows().await.len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_refused_request_stays_refused_and_is_recorded_once() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.refused(says(ASHA, "1", "hello")).await;
    let second = sandbox.refused(says(ASHA, "1", "hello")).await;
    assert_eq!((first.code(), first.message()), (second.code(), second.message()));
    assert_eq!(metadata(&first, "message"), metadata(&second, "message"));
    // Now a new request would be allowed; this one was answered.
    sandbox.hears(ASHA).await;
    let third = sandbox.refused(says(ASHA, "1", "hello")).await;
    assert_eq!(metadata(&third, "message"), metadata(&first, "message"));
    let shown = sandbox.send(recorded(says(ASHA, "1", "hello"))).await;
    assert_eq!((shown.state(), shown.name.clone()), (State::Blocked, metadata(&first, "message")));
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 1);
    assert_eq!(sandbox.count_in_conversation(ASHA, "blocked").await, 1);
    let message = sandbox.send(says(ASHA, "2", "hello")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["hello"]);
    sandbox.stop().await;
}
