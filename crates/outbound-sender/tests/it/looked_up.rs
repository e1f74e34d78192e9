//! What nobody tells of is looked up in the platform's list of messages, and believed only where it is sure.

use crate::sandbox::{ASHA, ECHO, LISTING, LOOK, PAGE, SOON, Sandbox};
use crate::words::{says, staff_says};
use api::proto::outbound::v1::{SettledBy, State};
use domain::send::{LAST_LOOK, LEAVE_WITHIN};
use domain::time::Span;
use service_kit::ManualClock;
use simulator::{EchoSetting, EchoTiming, Fault, FaultKind};
use testkit::eventually;

/// What goes wrong with the next answer; no echo ever comes.
async fn silent(fault: FaultKind) -> (Sandbox, ManualClock) {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::Never, delay_ms: None }).await.unwrap();
    sandbox.admin.inject(fault, 1).await.unwrap();
    (sandbox, hands)
}

impl Sandbox {
    /// How often the platform was asked for a list of messages.
    pub(crate) async fn n_look_ups(&self) -> usize {
        self.admin.calls().await.unwrap().iter().filter(|call| call.endpoint == LISTING).count()
    }

    /// The message is called unknown.
    async fn loses(&self, name: &str, hands: &ManualClock) {
        hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + self.benefit().as_millis()));
        self.nudge(ASHA).await;
        self.becomes(name, State::Unknown).await;
    }

    /// So much time passes, and the sender looks at its clock.
    async fn passes(&self, span: Span, hands: &ManualClock) {
        hands.advance(span);
        self.nudge(ASHA).await;
    }

    async fn has_looked_in_vain(&self, name: &str, times: usize) {
        eventually(SOON, async || (self.count(name, "not_found").await == times).then_some(())).await;
    }
}

#[tokio::test]
async fn invariant_07_a_message_without_answer_and_echo_is_found_in_the_list_and_not_sent_again() {
    let (sandbox, hands) = silent(FaultKind::ResponseLost).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    sandbox.loses(&message.name, &hands).await;
    assert_eq!(sandbox.n_look_ups().await, 0, "its echo gets some time first");
    sandbox.passes(LOOK, &hands).await;
    let sent = sandbox.becomes(&message.name, State::Sent).await;
    let rows = sandbox.rows().await;
    assert_eq!((rows.len(), &sent.mid, sent.attempts), (1, &rows[0].mid, 1));
    assert_eq!(sandbox.steps(&message.name).await, ["requested", "accepted", "dispatched", "unknown", "found"]);
    assert_eq!((sandbox.calls().await.len(), sandbox.n_look_ups().await), (1, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_07_of_two_messages_that_say_the_same_neither_is_found() {
    let (sandbox, hands) = silent(FaultKind::ResponseLost).await;
    sandbox.admin.inject(FaultKind::ConnectionReset, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    // A person's answer waits for no program.
    let second = sandbox.send(staff_says(ASHA, "2", "yes")).await;
    sandbox.called(2).await;
    sandbox.loses(&first.name, &hands).await;
    sandbox.loses(&second.name, &hands).await;
    sandbox.passes(ECHO, &hands).await;
    for message in [&first, &second] {
        // A Page looks up one a second.
        eventually(SOON, async || {
            sandbox.passes(Span::from_secs(2), &hands).await;
            (sandbox.get(&message.name).await.unwrap().state() == State::Unresolved).then_some(())
        })
        .await;
        assert!(sandbox.count(&message.name, "not_found").await > 0);
    }
    assert_eq!((sandbox.texts().await.len(), sandbox.calls().await.len()), (1, 2));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_of_the_same_text_from_the_inbox_is_not_taken_for_a_lost_one() {
    let (sandbox, hands) = silent(FaultKind::ConnectionReset).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::AfterResponse, delay_ms: None }).await.unwrap();
    sandbox.admin.reply_by_hand(PAGE, ASHA, "yes").await.unwrap();
    sandbox.has_all_webhooks().await;
    sandbox.loses(&message.name, &hands).await;
    sandbox.passes(ECHO, &hands).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    assert!(sandbox.n_look_ups().await > 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_was_found_is_taken_back_when_its_echo_says_that_the_inbox_wrote_it() {
    let (sandbox, hands) = silent(FaultKind::ConnectionReset).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    // Until its echo comes, nothing tells it from the lost one.
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::AfterResponse, delay_ms: None }).await.unwrap();
    sandbox.admin.reply_by_hand(PAGE, ASHA, "yes").await.unwrap();
    sandbox.loses(&message.name, &hands).await;
    sandbox.passes(LOOK, &hands).await;
    let found = sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(found.settled_by(), SettledBy::LookUp);
    sandbox.takes_webhooks.send_replace(true);
    let taken_back = sandbox.becomes(&message.name, State::Unresolved).await;
    assert_eq!((taken_back.mid.as_str(), taken_back.settled_by()), ("", SettledBy::Unspecified));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_list_that_cannot_be_had_says_nothing_and_is_asked_for_again() {
    let (sandbox, hands) = silent(FaultKind::ResponseLost).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    let fault = Fault { endpoint: Some(LISTING.to_owned()), ..Fault::next(FaultKind::Unavailable, 1) };
    sandbox.admin.inject_fault(&fault).await.unwrap();
    sandbox.loses(&message.name, &hands).await;
    sandbox.passes(LOOK, &hands).await;
    eventually(SOON, async || (sandbox.n_look_ups().await == 1).then_some(())).await;
    assert_eq!(sandbox.get(&message.name).await.unwrap().state(), State::Unknown);
    sandbox.passes(ECHO, &hands).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.n_look_ups().await, 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_list_that_is_never_had_leaves_a_message_unresolved_in_the_end() {
    let (sandbox, hands) = silent(FaultKind::ResponseLost).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    let refusal = Fault { endpoint: Some(LISTING.to_owned()), rate: Some(1.0), ..Fault::next(FaultKind::Throttle, 1) };
    sandbox.admin.inject_fault(&Fault { count: None, ..refusal }).await.unwrap();
    sandbox.loses(&message.name, &hands).await;
    sandbox.passes(LOOK, &hands).await;
    eventually(SOON, async || (sandbox.n_look_ups().await == 1).then_some(())).await;
    sandbox.passes(Span::from_millis(ECHO.as_millis() + LAST_LOOK.as_millis()), &hands).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    assert_eq!(sandbox.count(&message.name, "not_found").await, 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_sender_that_takes_over_looks_up_what_the_one_before_did_not() {
    let (mut sandbox, hands) = silent(FaultKind::ResponseLost).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    sandbox.loses(&message.name, &hands).await;
    sandbox.kill_senders().await;
    sandbox.start_sender();
    hands.advance(LOOK);
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!((sandbox.calls().await.len(), sandbox.n_look_ups().await), (1, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn what_never_arrived_is_looked_up_twice_and_then_given_up() {
    let (sandbox, hands) = silent(FaultKind::ConnectionReset).await;
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.called(1).await;
    sandbox.loses(&message.name, &hands).await;
    sandbox.passes(LOOK, &hands).await;
    sandbox.has_looked_in_vain(&message.name, 1).await;
    sandbox.passes(ECHO, &hands).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    sandbox.has_looked_in_vain(&message.name, 2).await;
    assert_eq!(sandbox.n_look_ups().await, 2);
    sandbox.stop().await;
}
