//! The sign that somebody types, before a person of the staff answers.

use crate::sandbox::{ASHA, Sandbox};
use crate::words::{says, staff_says};
use api::proto::outbound::v1::{Message, SendMessageRequest, State};
use simulator::{Fault, FaultKind};
use std::time::Duration;

impl Sandbox {
    /// One that shows typing for so long at most.
    async fn that_types(most: Duration) -> Self {
        let sandbox = Self::start_with(|setup| setup.typing = Some(most)).await;
        sandbox.hears(ASHA).await;
        sandbox
    }

    async fn goes_out(&self, request: SendMessageRequest) -> Message {
        let message = self.send(request).await;
        self.becomes(&message.name, State::Sent).await
    }
}

fn fault(kind: FaultKind) -> Fault {
    Fault { endpoint: Some("sender_action".to_owned()), ..Fault::next(kind, 1) }
}

#[tokio::test]
async fn typing_is_shown_before_the_staffs_answer_and_not_before_a_bots() {
    let sandbox = Sandbox::that_types(Duration::from_secs(1)).await;
    sandbox.goes_out(says(ASHA, "1", "beep")).await;
    assert_eq!(sandbox.actions().await.len(), 0);
    sandbox.goes_out(staff_says(ASHA, "2", "hello")).await;
    let calls = sandbox.calls_of("messages").await;
    let last: Vec<_> = calls.iter().rev().take(2).map(|call| call.action.as_deref()).collect();
    assert_eq!(last, [None, Some("typing_on")]);
    sandbox.stop().await;
}

#[tokio::test]
async fn typing_is_not_shown_unless_somebody_wants_it() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.goes_out(staff_says(ASHA, "1", "hello")).await;
    assert_eq!(sandbox.actions().await.len(), 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_leaves_whatever_becomes_of_the_sign() {
    let sandbox = Sandbox::that_types(Duration::from_millis(50)).await;
    for (request_id, kind) in [("1", FaultKind::HangBefore), ("2", FaultKind::Throttle), ("3", FaultKind::ResponseLost)]
    {
        sandbox.admin.inject_fault(&fault(kind)).await.unwrap();
        assert_eq!(sandbox.goes_out(staff_says(ASHA, request_id, "hello")).await.attempts, 1);
    }
    assert_eq!((sandbox.actions().await.len(), sandbox.rows().await.len()), (3, 3));
    sandbox.stop().await;
}

#[tokio::test]
async fn nothing_is_shown_before_an_answer_that_is_forbidden() {
    let sandbox = Sandbox::start_with(|setup| setup.typing = Some(Duration::from_secs(1))).await;
    sandbox.hears_ago(ASHA, Duration::from_secs(8 * 24 * 3_600)).await;
    sandbox.refused(staff_says(ASHA, "1", "hello")).await;
    assert_eq!(sandbox.actions().await.len(), 0);
    sandbox.stop().await;
}
