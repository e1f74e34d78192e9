//! A sender may end at any moment, and another one goes on from the log alone.

use crate::faults::Fault;
use crate::sandbox::{ASHA, BILAL, ECHO, SOON, Sandbox};
use crate::words::says;
use api::proto::outbound::v1::State;
use domain::send::LEAVE_WITHIN;
use domain::time::Span;
use simulator::FaultKind;
use std::time::Duration;
use testkit::eventually;

#[tokio::test]
async fn invariant_07_a_sender_that_dies_while_the_call_is_under_way_is_followed_by_one_that_does_not_repeat_it() {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::Hang, 1).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    sandbox.kill_senders().await;
    sandbox.start_sender();
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unknown).await;
    sandbox.takes_webhooks.send_replace(true);
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!((sandbox.calls().await.len(), sandbox.count(&message.name, "dispatched").await), (1, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_sender_that_dies_with_a_claim_in_hand_leaves_nothing_on_the_wire() {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.log.inject("dispatched", Fault::Hang);
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    let hangs = || async { (sandbox.log.n_hanging() == 1).then_some(()) };
    eventually(SOON, hangs).await;
    sandbox.kill_senders().await;
    sandbox.start_sender();
    // Nobody can know that nothing left, so nothing is repeated.
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unknown).await;
    hands.advance(ECHO);
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_sender_that_dies_before_the_claim_is_followed_by_one_that_sends() {
    let mut sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.kill_senders().await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    assert_eq!(message.state(), State::Accepted);
    sandbox.start_sender();
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_sender_that_is_told_to_stop_finishes_the_call_under_way_and_begins_no_other() {
    let mut sandbox = Sandbox::start_with(|setup| setup.answer = Duration::from_millis(300)).await;
    sandbox.hears(ASHA).await;
    sandbox.hears(BILAL).await;
    sandbox.admin.inject(FaultKind::Hang, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    let second = sandbox.send(says(ASHA, "2", "second")).await;
    sandbox.called(1).await;
    sandbox.stop_senders().await;
    assert_eq!(sandbox.texts().await, ["first"]);
    assert_eq!(sandbox.get(&second.name).await.unwrap().state(), State::Accepted);
    sandbox.start_sender();
    sandbox.becomes(&first.name, State::Sent).await;
    sandbox.becomes(&second.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["first", "second"]);
    assert_eq!(sandbox.calls().await.len(), 2);
    sandbox.stop().await;
}
