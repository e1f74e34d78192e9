//! A claim is made in the log, once, whatever the log does about it.

use crate::faults::Fault;
use crate::sandbox::{ASHA, BILAL, Sandbox};
use crate::words::{reason, says};
use api::proto::outbound::v1::State;
use domain::send::LEAVE_WITHIN;
use domain::time::Span;

#[tokio::test]
async fn invariant_07_a_claim_whose_answer_is_lost_sends_once() {
    for fault in [Fault::LoseAnswer, Fault::LoseRequest] {
        let sandbox = Sandbox::start().await;
        sandbox.hears(ASHA).await;
        sandbox.log.inject("dispatched", fault);
        let message = sandbox.send(says(ASHA, "1", "yes")).await;
        sandbox.becomes(&message.name, State::Sent).await;
        assert_eq!(sandbox.count(&message.name, "dispatched").await, 1);
        assert_eq!(sandbox.calls().await.len(), 1);
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn invariant_07_a_claim_that_the_log_answers_too_late_sends_nothing_and_a_new_claim_sends_once() {
    let (sandbox, hands) = Sandbox::start_by_hand_with_long_leases().await;
    sandbox.hears(ASHA).await;
    sandbox.log.inject("dispatched", Fault::AnswerAfter(hands, LEAVE_WITHIN));
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    let message = sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(message.attempts, 2);
    let steps = sandbox.steps(&message.name).await;
    assert_eq!(steps[..5], ["requested", "accepted", "dispatched", "not_sent", "dispatched"]);
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_claim_that_the_log_answers_just_in_time_sends() {
    let (sandbox, hands) = Sandbox::start_by_hand_with_long_leases().await;
    sandbox.hears(ASHA).await;
    let just_in_time = Span::from_millis(LEAVE_WITHIN.as_millis() - 1);
    sandbox.log.inject("dispatched", Fault::AnswerAfter(hands, just_in_time));
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    let message = sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!((message.attempts, sandbox.calls().await.len()), (1, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_whose_append_is_not_answered_is_one_message() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    for (id, fault) in [("1", Fault::LoseAnswer), ("2", Fault::LoseRequest)] {
        sandbox.log.inject("requested", fault);
        let message = sandbox.send(says(ASHA, id, "yes")).await;
        sandbox.becomes(&message.name, State::Sent).await;
    }
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 2);
    assert_eq!(sandbox.calls().await.len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_that_the_log_refuses_may_be_repeated() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.log.inject("requested", Fault::Refuse);
    let status = sandbox.refused(says(ASHA, "1", "yes")).await;
    assert_eq!((status.code(), reason(&status).as_str()), (tonic::Code::Unavailable, "LOG_UNAVAILABLE"));
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_an_outcome_that_the_log_does_not_take_is_told_by_the_echo() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    // No echo tells of either before its answer does.
    sandbox.takes_webhooks.send_replace(false);
    sandbox.log.inject("sent", Fault::Refuse);
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    let is_refused = || async { sandbox.log.has_no_fault_left().then_some(()) };
    testkit::eventually(crate::sandbox::SOON, is_refused).await;
    sandbox.takes_webhooks.send_replace(true);
    sandbox.becomes(&first.name, State::Sent).await;
    sandbox.has_all_webhooks().await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.log.inject("sent", Fault::LoseAnswer);
    let second = sandbox.send(says(ASHA, "2", "second")).await;
    sandbox.becomes(&second.name, State::Sent).await;
    sandbox.takes_webhooks.send_replace(true);
    sandbox.has_all_webhooks().await;
    assert_eq!(sandbox.texts().await, ["first", "second"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_a_platform_that_is_away_gets_the_message_once_when_it_is_back() {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.stop_platform().await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    let count = || async { (sandbox.count(&message.name, "not_sent").await == 1).then_some(()) };
    testkit::eventually(crate::sandbox::SOON, count).await;
    sandbox.start_platform().await;
    sandbox.hears(ASHA).await;
    hands.advance(Span::from_secs(2));
    sandbox.nudge(ASHA).await;
    let message = sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!((message.attempts, sandbox.calls().await.len()), (2, 1));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_07_two_senders_on_one_log_send_once_and_in_order() {
    let sandbox = Sandbox::start_with(|setup| setup.n_senders = 2).await;
    let texts: Vec<_> = (0..4).map(|n| format!("text {n}")).collect();
    let mut names = Vec::new();
    for psid in [ASHA, BILAL, "333333", "444444"] {
        sandbox.hears(psid).await;
        for text in &texts {
            names.push(sandbox.send(says(psid, &text.replace(' ', "-"), text)).await.name);
        }
    }
    for name in &names {
        sandbox.becomes(name, State::Sent).await;
        assert_eq!(sandbox.count(name, "dispatched").await, 1);
    }
    let rows = sandbox.rows().await;
    assert_eq!((rows.len(), sandbox.calls().await.len()), (names.len(), names.len()));
    for psid in [ASHA, BILAL, "333333", "444444"] {
        let told: Vec<_> = rows.iter().filter(|row| row.psid == psid).map(|row| row.text.clone().unwrap()).collect();
        assert_eq!(told, texts);
    }
    sandbox.stop().await;
}
