//! What callers are told: every wrong field at once, and with a refusal everything that a program needs.

use crate::sandbox::{ASHA, Sandbox};
use crate::words::{judged_only, metadata, reason, recorded, says, staff_says, wrong_fields};
use api::proto::compliance::v1::{Purpose, RemedyKind, Route, Verdict};
use api::proto::outbound::v1::{Content, SendMessageRequest, State};
use event_log::EventLog;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

const HOUR: Duration = Duration::from_secs(3_600);

/// What stands in the way, by the status's `PreconditionFailure`.
#[track_caller]
fn obstacles(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let failure = details.precondition_failure().expect("a PreconditionFailure");
    failure.violations.iter().map(|violation| violation.r#type.clone()).collect()
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_nothing_is_recorded() {
    let sandbox = Sandbox::start().await;
    let before = sandbox.log.head().await.unwrap();
    let status = sandbox.refused(SendMessageRequest { on_block: 99, ..SendMessageRequest::default() }).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let fields = ["parent", "request_id", "actor", "purpose", "content", "on_block"];
    assert_eq!(wrong_fields(&status), fields);
    for (wrong, field) in [
        (SendMessageRequest { parent: "pages/1001".to_owned(), ..says(ASHA, "1", "yes") }, "parent"),
        (says("a b", "1", "yes"), "parent"),
        (says(ASHA, "a b", "yes"), "request_id"),
        (says(ASHA, &"1".repeat(129), "yes"), "request_id"),
        (SendMessageRequest { purpose: 99, ..says(ASHA, "1", "yes") }, "purpose"),
        (SendMessageRequest { content: Some(Content::default()), ..says(ASHA, "1", "yes") }, "content"),
        (says(ASHA, "1", ""), "content.text"),
        (says(ASHA, "1", " \n"), "content.text"),
    ] {
        assert_eq!(wrong_fields(&sandbox.refused(wrong).await), [field]);
    }
    assert_eq!(sandbox.log.head().await.unwrap(), before);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_text_has_two_thousand_characters_at_most_whatever_their_bytes() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let longest = "é".repeat(2_000);
    let too_long = says(ASHA, "1", &format!("{longest}é"));
    assert_eq!(wrong_fields(&sandbox.refused(too_long).await), ["content.text"]);
    let message = sandbox.send(says(ASHA, "2", &longest)).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, [longest]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_without_a_token_is_refused_and_nothing_is_recorded() {
    let sandbox = Sandbox::start().await;
    let before = sandbox.log.head().await.unwrap();
    let parent = format!("pages/1002/conversations/{ASHA}");
    let status = sandbox.refused(SendMessageRequest { parent, ..says(ASHA, "1", "yes") }).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "PAGE_NOT_REGISTERED"));
    assert_eq!(metadata(&status, "page"), "1002");
    assert_eq!(sandbox.log.head().await.unwrap(), before);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_closed_window_is_refused_with_everything_that_a_program_needs() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_ago(ASHA, 25 * HOUR).await;
    let status = sandbox.refused(says(ASHA, "1", "hello")).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "WINDOW_CLOSED"));
    assert_eq!(metadata(&status, "rule"), "WINDOW_CLOSED");
    assert_eq!(metadata(&status, "rule_pack_digest").len(), 64);
    let recorded = sandbox.get(&metadata(&status, "message")).await.unwrap();
    let decision = recorded.decision.unwrap();
    let packs = domain::pack::Packs::built_in();
    let judged_at = api::convert::moment(&decision.at_time.unwrap()).unwrap();
    assert_eq!(metadata(&status, "rule_pack"), packs.in_force(judged_at).reference().name);
    let rfc3339 = |time: Option<_>| api::convert::rfc3339(api::convert::moment(&time.unwrap()).unwrap());
    assert_eq!(metadata(&status, "last_user_event"), rfc3339(decision.findings[0].start_time));
    assert_eq!(metadata(&status, "window_closed_at"), rfc3339(decision.findings[0].end_time));
    // The staff could still answer, so who speaks stands in the way as well.
    assert_eq!(obstacles(&status), ["WINDOW_CLOSED", "ACTOR_NOT_HUMAN"]);
    let details = status.get_error_details();
    assert!(details.help().unwrap().links[0].url.starts_with("https://developers.facebook.com/"));
    assert!(status.message().contains("A person of the staff may answer until "), "{}", status.message());
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn promotion_outside_the_window_is_refused_whoever_speaks() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_ago(ASHA, 25 * HOUR).await;
    let promotion = SendMessageRequest { purpose: Purpose::Promotion.into(), ..staff_says(ASHA, "1", "buy") };
    let status = sandbox.refused(promotion).await;
    assert_eq!(obstacles(&status), ["WINDOW_CLOSED", "PROMOTION_OUTSIDE_WINDOW"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_person_who_never_wrote_is_not_written_to() {
    let sandbox = Sandbox::start().await;
    let status = sandbox.refused(staff_says(ASHA, "1", "hello")).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NO_USER_INITIATION"));
    assert_eq!(obstacles(&status), ["NO_USER_INITIATION"]);
    assert_eq!((metadata(&status, "last_user_event").as_str(), sandbox.calls().await.len()), ("", 0));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_blocked_message_is_answered_with_its_decision_when_asked_for() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_ago(ASHA, 25 * HOUR).await;
    let message = sandbox.send(recorded(says(ASHA, "1", "hello"))).await;
    assert_eq!(message.state(), State::Blocked);
    assert_eq!(sandbox.get(&message.name).await.unwrap(), message);
    let decision = message.decision.unwrap();
    assert_eq!((decision.verdict(), decision.route()), (Verdict::Blocked, Route::Unspecified));
    let remedies: Vec<_> = decision.remedies.iter().map(|remedy| remedy.kind()).collect();
    assert_eq!(remedies, [RemedyKind::PersonActs, RemedyKind::HumanAnswers]);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_judged_only_is_neither_recorded_nor_sent() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let before = sandbox.log.head().await.unwrap();
    let allowed = sandbox.send(judged_only(says(ASHA, "1", "hello"))).await;
    assert_eq!((allowed.state(), allowed.name.as_str()), (State::Accepted, ""));
    assert_eq!(allowed.decision.unwrap().route(), Route::Response);
    let stranger = "999999";
    let status = sandbox.refused(judged_only(says(stranger, "1", "hello"))).await;
    assert_eq!(reason(&status), "NO_USER_INITIATION");
    let blocked = sandbox.send(judged_only(recorded(says(stranger, "1", "hello")))).await;
    assert_eq!(blocked.state(), State::Blocked);
    let wrong = SendMessageRequest { validate_only: true, ..SendMessageRequest::default() };
    assert_eq!(sandbox.refused(wrong).await.code(), Code::InvalidArgument);
    assert_eq!(sandbox.log.head().await.unwrap(), before);
    // The request id was not used up.
    let message = sandbox.send(says(ASHA, "1", "hello")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    // Judged once more, it is the message that was asked for.
    let again = sandbox.send(judged_only(says(ASHA, "1", "hello"))).await;
    assert_eq!((again.name.as_str(), again.state(), again.attempts), ("", State::Sent, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_shows_what_became_of_it() {
    let mut sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.stop_senders().await;
    let message = sandbox.send(says(ASHA, "1", "hello")).await;
    assert_eq!((message.state(), message.sent_time, message.delivered), (State::Accepted, None, false));
    assert!(message.create_time.is_some());
    sandbox.start_sender();
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.has_all_webhooks().await;
    let delivered = sandbox.get(&message.name).await.unwrap();
    assert!(delivered.sent_time.is_some() && delivered.delivered && !delivered.read, "{delivered:?}");
    assert_eq!(delivered.decision.unwrap().route(), Route::Response);
    sandbox.admin.read(ASHA, crate::sandbox::PAGE).await.unwrap();
    sandbox.has_all_webhooks().await;
    assert!(sandbox.get(&message.name).await.unwrap().read);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_unknown_message_is_not_found() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let message = sandbox.send(says(ASHA, "1", "hello")).await;
    let unknown = message.name.replace(ASHA, "999999");
    let status = sandbox.get(&unknown).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "NO_SUCH_MESSAGE"));
    assert_eq!(metadata(&status, "message"), unknown);
    let status = sandbox.get("messages/1").await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["name"]);
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.stop().await;
}
