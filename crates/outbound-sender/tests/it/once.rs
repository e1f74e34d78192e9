//! Whatever the wire does, nothing is written to it twice, and the echo has the last word.

use crate::sandbox::{ASHA, BILAL, ECHO, Sandbox};
use crate::words::{says, stuck};
use api::proto::outbound::v1::{SettledBy, State};
use domain::send::LEAVE_WITHIN;
use domain::time::Span;
use simulator::{EchoSetting, EchoTiming, FaultKind};
use std::time::Duration;

/// The answer is lost or lies; the echo settles the send, and the platform got it once.
async fn check_settled_by_its_echo(fault: FaultKind) {
    let sandbox = Sandbox::start_with(|setup| setup.answer = Duration::from_millis(300)).await;
    sandbox.hears(ASHA).await;
    sandbox.admin.inject(fault, 1).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    let message = sandbox.becomes(&message.name, State::Sent).await;
    let rows = sandbox.rows().await;
    assert_eq!((rows.len(), rows[0].fault), (1, Some(fault)));
    assert_eq!((message.mid.as_str(), message.attempts), (rows[0].mid.as_str(), 1));
    assert_eq!(message.settled_by(), SettledBy::Echo);
    // The next one finds the way free, so nothing of the first is still to come.
    let next = sandbox.send(says(ASHA, "2", "and more")).await;
    sandbox.becomes(&next.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["yes", "and more"]);
    assert_eq!(sandbox.calls().await.len(), 2);
    assert_eq!(sandbox.steps(&message.name).await, ["requested", "accepted", "dispatched"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_lost_response_sends_once_and_the_echo_settles_it() {
    check_settled_by_its_echo(FaultKind::ResponseLost).await;
}

#[tokio::test]
async fn invariant_07_a_500_after_the_body_sends_once_and_the_echo_settles_it() {
    check_settled_by_its_echo(FaultKind::Error500).await;
}

#[tokio::test]
async fn invariant_07_a_call_that_hangs_sends_once_and_the_echo_settles_it() {
    check_settled_by_its_echo(FaultKind::Hang).await;
}

#[tokio::test]
async fn invariant_07_an_error_for_a_message_that_was_sent_sends_once_and_the_echo_settles_it() {
    check_settled_by_its_echo(FaultKind::SentButError).await;
}

#[tokio::test]
async fn invariant_07_an_echo_before_the_answer_settles_the_send() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::BeforeResponse, delay_ms: None }).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    let next = sandbox.send(says(ASHA, "2", "and more")).await;
    sandbox.becomes(&next.name, State::Sent).await;
    // The answer came to a send that was settled, and told nothing new.
    assert_eq!(sandbox.steps(&message.name).await, ["requested", "accepted", "dispatched"]);
    assert_eq!(sandbox.texts().await, ["yes", "and more"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_without_answer_and_echo_a_send_ends_unresolved_and_a_late_echo_still_settles_it() {
    let sandbox = Sandbox::start_with(|setup| setup.answer = Duration::from_millis(300)).await;
    sandbox.hears(ASHA).await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::Hang, 1).await.unwrap();
    // What no list tells of.
    let message = sandbox.send(stuck(ASHA, "1")).await;
    let unresolved = sandbox.becomes(&message.name, State::Unresolved).await;
    assert_eq!((unresolved.mid.as_str(), unresolved.attempts), ("", 1));
    let steps = ["requested", "accepted", "dispatched", "unknown", "not_found", "not_found", "unresolved"];
    assert_eq!(sandbox.steps(&message.name).await, steps);
    sandbox.takes_the_promised_time(&message.name).await;
    sandbox.takes_webhooks.send_replace(true);
    let sent = sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sent.mid, sandbox.rows().await[0].mid);
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_late_echo_settles_an_unknown_send() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unknown).await;
    sandbox.takes_webhooks.send_replace(true);
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.steps(&message.name).await, ["requested", "accepted", "dispatched", "unknown"]);
    assert_eq!(sandbox.texts().await, ["yes"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_send_is_called_unknown_not_a_moment_too_early() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::Never, delay_ms: None }).await.unwrap();
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let message = sandbox.send(stuck(ASHA, "1")).await;
    sandbox.called(1).await;
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis() - 1));
    // Another conversation's message goes all the way, so the sender has looked at this one too.
    sandbox.nudge(ASHA).await;
    sandbox.hears(BILAL).await;
    let other = sandbox.send(says(BILAL, "1", "hello")).await;
    sandbox.becomes(&other.name, State::Sent).await;
    assert_eq!(sandbox.get(&message.name).await.unwrap().state(), State::Dispatched);
    hands.advance(Span::from_millis(1));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unknown).await;
    hands.advance(ECHO);
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_500_before_sending_is_not_tried_again() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.inject(FaultKind::Error500Before, 1).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unknown).await;
    hands.advance(ECHO);
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    assert_eq!((sandbox.calls().await.len(), sandbox.rows().await.len()), (1, 0));
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_an_echo_that_comes_twice_changes_nothing() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.duplicate_webhooks(8).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    let sent = sandbox.becomes(&message.name, State::Sent).await;
    sandbox.has_all_webhooks().await;
    let later = sandbox.get(&message.name).await.unwrap();
    assert_eq!((later.state(), &later.mid, later.attempts), (State::Sent, &sent.mid, 1));
    assert_eq!(sandbox.texts().await, ["yes"]);
    sandbox.stop().await;
}
