//! Taking back a message: exactly one of cancelled and sent, and the same answer however often it is asked for.

use crate::sandbox::{ASHA, Sandbox};
use crate::words::{metadata, reason, says};
use api::convert::timestamp;
use api::proto::outbound::v1::{CancelMessageRequest, OnBlock, SendMessageRequest, State};
use domain::time::Span;
use tonic::Code;

fn deferred(request: SendMessageRequest) -> SendMessageRequest {
    SendMessageRequest { on_block: OnBlock::Defer.into(), ..request }
}

#[tokio::test]
async fn what_is_cancelled_never_leaves_and_cancelling_again_is_no_error() {
    let sandbox = Sandbox::start().await;
    let held = sandbox.send(deferred(says(ASHA, "1", "welcome"))).await;
    let only = CancelMessageRequest { name: held.name.clone(), validate_only: true };
    let shown = sandbox.outbound.clone().cancel_message(only).await.unwrap().into_inner();
    assert_eq!(shown.state(), State::Deferred);
    for _ in 0..2 {
        let cancelled = sandbox.cancel(&held.name).await.unwrap();
        assert_eq!((cancelled.name.as_str(), cancelled.state()), (held.name.as_str(), State::Cancelled));
    }
    sandbox.hears(ASHA).await;
    let next = sandbox.send(says(ASHA, "2", "hello")).await;
    sandbox.becomes(&next.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["hello"]);
    assert_eq!(sandbox.count(&held.name, "cancelled").await, 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_does_not_wait_cannot_be_cancelled_and_the_state_is_told() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let message = sandbox.send(says(ASHA, "1", "hello")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    let status = sandbox.cancel(&message.name).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "MESSAGE_NOT_WAITING"));
    assert_eq!((metadata(&status, "state").as_str(), metadata(&status, "message")), ("SENT", message.name.clone()));
    let unknown = message.name.rsplit_once('/').unwrap().0;
    let status = sandbox.cancel(&format!("{unknown}/0192f0c1-2345-7000-8000-000000000000")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "NO_SUCH_MESSAGE"));
    let status = sandbox.cancel("pages/1/messages/2").await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_FIELDS");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_races_a_claim_ends_in_exactly_one_of_cancelled_and_sent() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let mut seen = [0, 0];
    for seed in 0_i64..40 {
        let text = format!("message {seed}");
        // The cancel comes at about the moment at which the message may leave.
        let begin = sandbox.now().plus(Span::from_millis(60));
        let request = SendMessageRequest { not_before: Some(timestamp(begin)), ..says(ASHA, &seed.to_string(), &text) };
        let message = sandbox.send(request).await;
        let cancels_at = begin.plus(Span::from_millis(seed - 10));
        while sandbox.now() < cancels_at {
            tokio::task::yield_now().await;
        }
        let state = match sandbox.cancel(&message.name).await {
            Ok(cancelled) => cancelled.state(),
            Err(status) => {
                assert_eq!(reason(&status), "MESSAGE_NOT_WAITING");
                sandbox.becomes(&message.name, State::Sent).await.state()
            }
        };
        assert!(matches!(state, State::Cancelled | State::Sent), "seed {seed}: {state:?}");
        seen[usize::from(state == State::Sent)] += 1;
        let is_out = sandbox.texts().await.contains(&text);
        assert_eq!(is_out, state == State::Sent, "seed {seed}");
        assert_eq!(sandbox.get(&message.name).await.unwrap().state(), state);
    }
    assert!(seen[0] > 0, "a cancel before its time is in time");
    sandbox.has_its_table().await;
    assert_eq!(sandbox.rows().await.len(), seen[1]);
    sandbox.stop().await;
}
