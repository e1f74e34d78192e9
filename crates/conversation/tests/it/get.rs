//! One conversation as it stands.

use crate::sandbox::{ASHA, BILAL, NOON, OTHER_PAGE, PAGE, Sandbox, after, with, wrong_fields};
use crate::story::tapped;
use api::convert::timestamp;
use api::proto::conversation::v1::Conversation;
use domain::event::InboundKind;
use event_log::EventLog;
use tonic::Code;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_conversation_says_until_when_the_page_and_its_staff_may_answer() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "hello", NOON).await;
    let conversation = sandbox.get(&with(PAGE, ASHA)).await.unwrap();
    assert_eq!(conversation.name, with(PAGE, ASHA));
    assert_eq!(conversation.last_opening_time, Some(timestamp(NOON)));
    assert_eq!(conversation.window_end_time, Some(timestamp(after(24 * HOUR_MS))));
    assert_eq!(conversation.human_agent_end_time, Some(timestamp(after(7 * 24 * HOUR_MS))));
    assert_eq!(conversation.revision, sandbox.log.head().await.unwrap().position(0));
    // A button opens the one window, not the other.
    sandbox.delivered(PAGE, ASHA, tapped("More"), after(HOUR_MS), after(HOUR_MS)).await;
    let conversation = sandbox.get(&with(PAGE, ASHA)).await.unwrap();
    assert_eq!(conversation.last_opening_time, Some(timestamp(after(HOUR_MS))));
    assert_eq!(conversation.window_end_time, Some(timestamp(after(25 * HOUR_MS))));
    assert_eq!(conversation.human_agent_end_time, Some(timestamp(after(7 * 24 * HOUR_MS))));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_late_fact_does_not_move_a_window_back() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "second", after(5)).await;
    sandbox.writes(PAGE, ASHA, "first", NOON).await;
    let conversation = sandbox.get(&with(PAGE, ASHA)).await.unwrap();
    assert_eq!(conversation.last_opening_time, Some(timestamp(after(5))));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_conversation_that_nobody_began_is_empty() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "hello", NOON).await;
    for name in [with(PAGE, BILAL), with(OTHER_PAGE, ASHA)] {
        let conversation = sandbox.get(&name).await.unwrap();
        assert_eq!(conversation, Conversation { name, ..Conversation::default() });
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn a_conversation_counts_what_is_open_and_shows_what_was_delivered_and_read() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "hello", NOON).await;
    sandbox.answers("yes", after(1)).await;
    sandbox.asks_for("really", after(2)).await;
    sandbox.asks_for("and soon", after(3)).await;
    let conversation = sandbox.get(&with(PAGE, ASHA)).await.unwrap();
    assert_eq!(conversation.unsettled_messages, 2);
    assert_eq!((conversation.delivered_time, conversation.read_time), (None, None));
    let delivered = InboundKind::Delivered { watermark: after(1), mids: Vec::new() };
    sandbox.delivered(PAGE, ASHA, delivered, after(4), after(4)).await;
    sandbox.delivered(PAGE, ASHA, InboundKind::Read { watermark: NOON }, after(5), after(5)).await;
    let conversation = sandbox.get(&with(PAGE, ASHA)).await.unwrap();
    assert_eq!(conversation.delivered_time, Some(timestamp(after(1))));
    assert_eq!(conversation.read_time, Some(timestamp(NOON)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_name_is_refused() {
    let sandbox = Sandbox::start().await;
    for name in ["", "pages/1001", "pages/1001/conversations/", "pages/1001/conversations/1/messages/2"] {
        let status = sandbox.get(name).await.unwrap_err();
        assert_eq!((status.code(), wrong_fields(&status)), (Code::InvalidArgument, vec!["name".to_owned()]));
    }
    sandbox.stop().await;
}
