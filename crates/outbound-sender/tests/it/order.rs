//! One person's messages leave in the order in which they were asked for, also when the platform stumbles.

use crate::sandbox::{ASHA, SOON, Sandbox};
use crate::words::says;
use api::proto::outbound::v1::State;
use domain::time::Span;
use simulator::FaultKind;
use testkit::eventually;
use tokio::task::JoinSet;

#[tokio::test]
async fn messages_to_one_person_leave_in_the_order_requested() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let texts = ["one", "two", "three", "four", "five"];
    let mut last = String::new();
    for text in texts {
        last = sandbox.send(says(ASHA, text, text)).await.name;
    }
    sandbox.becomes(&last, State::Sent).await;
    assert_eq!(sandbox.texts().await, texts);
    sandbox.stop().await;
}

#[tokio::test]
async fn messages_requested_in_one_moment_leave_in_the_order_requested() {
    // The clock stands still, so every message has the same time.
    let (mut sandbox, _hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.kill_senders().await;
    let texts = ["one", "two", "three", "four", "five"];
    let mut last = String::new();
    for text in texts {
        last = sandbox.send(says(ASHA, text, text)).await.name;
    }
    sandbox.start_sender();
    sandbox.becomes(&last, State::Sent).await;
    assert_eq!(sandbox.texts().await, texts);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_messages_requested_at_once_are_all_taken_and_sent_once() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let mut calls = JoinSet::new();
    for n in 0..20 {
        let mut outbound = sandbox.outbound.clone();
        calls.spawn(async move {
            let (id, text) = (format!("{n}"), format!("text {n}"));
            outbound.send_message(says(ASHA, &id, &text)).await.unwrap().into_inner().name
        });
    }
    for name in calls.join_all().await {
        sandbox.becomes(&name, State::Sent).await;
    }
    assert_eq!(sandbox.rows().await.len(), 20);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_throttled_message_is_tried_again_and_keeps_its_place() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.inject(FaultKind::Throttle, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    let second = sandbox.send(says(ASHA, "2", "second")).await;
    eventually(SOON, async || (sandbox.count(&first.name, "retrying").await == 1).then_some(())).await;
    // The whole Page pauses for as long as the platform wants, so nobody passes it.
    hands.advance(Span::from_secs(60));
    let first = sandbox.becomes(&first.name, State::Sent).await;
    sandbox.becomes(&second.name, State::Sent).await;
    assert_eq!(first.attempts, 2);
    let steps = sandbox.steps(&first.name).await;
    assert_eq!(steps[..5], ["requested", "accepted", "dispatched", "retrying", "dispatched"]);
    assert_eq!(sandbox.texts().await, ["first", "second"]);
    let codes: Vec<_> = sandbox.calls().await.iter().map(|call| call.code).collect();
    assert_eq!(codes, [Some(613), None, None]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_that_the_platform_refuses_is_rejected_with_its_code_and_the_next_one_goes() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.inject(FaultKind::Refuse, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    let second = sandbox.send(says(ASHA, "2", "second")).await;
    let rejected = sandbox.becomes(&first.name, State::Rejected).await;
    let error = rejected.platform_error.unwrap();
    assert_eq!((error.code, error.subcode, rejected.attempts), (10, 2_018_278, 1));
    assert_eq!(error.means, "Outside the window.");
    assert!(error.advice.starts_with("Wait until the person writes"), "{}", error.advice);
    let sent = sandbox.becomes(&second.name, State::Sent).await;
    assert_eq!(sent.platform_error, None);
    assert_eq!(sandbox.texts().await, ["second"]);
    sandbox.stop().await;
}
