//! When a message leaves, and what is told once: held until allowed, not before, not after, and business keys.

use crate::sandbox::{ASHA, BILAL, Sandbox};
use crate::words::{judged_only, metadata, reason, says, wrong_fields};
use api::convert::timestamp;
use api::proto::compliance::v1::Matter;
use api::proto::compliance::v1::matter::Recipient;
use api::proto::outbound::v1::{DedupePolicy, DeliveryGuarantee, OnBlock, SendMessageRequest, State};
use domain::time::Span;
use simulator::{EchoSetting, EchoTiming, FaultKind};
use std::time::Duration;
use tonic::Code;

const MINUTE: Span = Span::from_secs(60);

fn deferred(request: SendMessageRequest) -> SendMessageRequest {
    SendMessageRequest { on_block: OnBlock::Defer.into(), ..request }
}

fn keyed(request: SendMessageRequest, policy: DedupePolicy) -> SendMessageRequest {
    SendMessageRequest { dedupe_key: "order-42-shipped".to_owned(), dedupe_policy: policy.into(), ..request }
}

#[tokio::test]
async fn a_deferred_message_leaves_when_the_person_writes() {
    let sandbox = Sandbox::start().await;
    let judged = sandbox.send(deferred(judged_only(says(ASHA, "1", "welcome")))).await;
    assert_eq!((judged.state(), judged.name.as_str()), (State::Deferred, ""));
    let held = sandbox.send(deferred(says(ASHA, "1", "welcome"))).await;
    assert_eq!(held.state(), State::Deferred);
    assert!(!held.decision.unwrap().remedies.is_empty());
    sandbox.has_its_table().await;
    assert_eq!(sandbox.calls().await, []);
    sandbox.hears(ASHA).await;
    sandbox.becomes(&held.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["welcome"]);
    assert_eq!(sandbox.steps(&held.name).await[..2], ["requested", "deferred"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_deferred_message_that_nothing_frees_expires() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    let end = Some(timestamp(sandbox.now().plus(MINUTE)));
    let held = sandbox.send(deferred(SendMessageRequest { expire_time: end, ..says(ASHA, "1", "welcome") })).await;
    assert_eq!((held.state(), held.expire_time), (State::Deferred, end));
    hands.advance(MINUTE);
    let expired = sandbox.becomes(&held.name, State::Expired).await;
    assert_eq!(expired.attempts, 0);
    sandbox.hears(ASHA).await;
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn holding_back_is_part_of_what_is_asked_for_and_answering_is_not() {
    let sandbox = Sandbox::start().await;
    let held = sandbox.send(deferred(says(ASHA, "1", "welcome"))).await;
    let status = sandbox.refused(says(ASHA, "1", "welcome")).await;
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
    let again = sandbox.send(deferred(keyed(says(ASHA, "2", "welcome"), DedupePolicy::Reject))).await;
    let same = sandbox.send(deferred(keyed(says(ASHA, "2", "welcome"), DedupePolicy::ReturnExisting))).await;
    assert_eq!(again.name, same.name);
    assert_ne!(again.name, held.name);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_does_not_leave_before_it_may() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    let begin = Some(timestamp(sandbox.now().plus(MINUTE)));
    let later = sandbox.send(SendMessageRequest { not_before: begin, ..says(ASHA, "1", "later") }).await;
    assert_eq!((later.state(), later.not_before), (State::Accepted, begin));
    let now = sandbox.send(says(ASHA, "2", "now")).await;
    sandbox.becomes(&now.name, State::Sent).await;
    assert_eq!(sandbox.get(&later.name).await.unwrap().state(), State::Accepted);
    hands.advance(MINUTE);
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&later.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["now", "later"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_call_that_is_repeated_when_its_time_is_over_gives_its_message_and_a_new_one_is_wrong() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    let end = Some(timestamp(sandbox.now().plus(MINUTE)));
    let ends = |id: &str| deferred(SendMessageRequest { expire_time: end, ..says(ASHA, id, "welcome") });
    let first = sandbox.send(ends("1")).await;
    hands.advance(MINUTE);
    assert_eq!(sandbox.send(ends("1")).await.name, first.name);
    for late in [ends("2"), judged_only(ends("2"))] {
        assert_eq!(wrong_fields(&sandbox.refused(late).await), ["expire_time"]);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn every_wrong_word_on_when_and_how_is_named_at_once() {
    let sandbox = Sandbox::start().await;
    let (long_ago, longer_ago) = (sandbox.now().plus(Span::from_secs(-60)), sandbox.now().plus(Span::from_secs(-90)));
    let wrong = SendMessageRequest {
        on_block: 9,
        not_before: Some(timestamp(long_ago)),
        expire_time: Some(timestamp(longer_ago)),
        guarantee: 9,
        dedupe_policy: DedupePolicy::Reject.into(),
        ..says(ASHA, "1", "hello")
    };
    let fields = wrong_fields(&sandbox.refused(wrong).await);
    assert_eq!(fields, ["on_block", "expire_time", "guarantee", "dedupe_key", "expire_time"]);
    let both = SendMessageRequest {
        expire_time: Some(timestamp(longer_ago)),
        dedupe_key: "a b".to_owned(),
        ..says(ASHA, "1", "hello")
    };
    assert_eq!(wrong_fields(&sandbox.refused(both).await), ["dedupe_key", "expire_time"]);
    let token = Some(Recipient::OneTimeToken("0".repeat(32)));
    let twice = SendMessageRequest {
        guarantee: DeliveryGuarantee::AtLeastOnce.into(),
        matter: Some(Matter { recipient: token, ..Matter::default() }),
        ..says(ASHA, "1", "hello")
    };
    assert_eq!(wrong_fields(&sandbox.refused(twice).await), ["guarantee"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn one_business_key_tells_once_under_both_policies() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let first = sandbox.send(keyed(says(ASHA, "1", "shipped"), DedupePolicy::Reject)).await;
    assert_eq!(first.dedupe_key, "order-42-shipped");
    for other in [
        keyed(says(ASHA, "2", "shipped"), DedupePolicy::Reject),
        judged_only(keyed(says(ASHA, "2", "s"), DedupePolicy::Unspecified)),
    ] {
        let status = sandbox.refused(other).await;
        assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "DEDUPE_KEY_TAKEN"));
        assert_eq!(metadata(&status, "message"), first.name);
    }
    let existing = sandbox.send(keyed(says(ASHA, "3", "shipped again"), DedupePolicy::ReturnExisting)).await;
    assert_eq!(existing.name, first.name);
    sandbox.becomes(&first.name, State::Sent).await;
    let after = sandbox.send(keyed(says(ASHA, "4", "shipped"), DedupePolicy::ReturnExisting)).await;
    assert_eq!((after.name, after.state), (first.name, State::Sent.into()));
    assert_eq!(sandbox.texts().await, ["shipped"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_key_whose_message_came_to_nothing_is_free() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.send(deferred(keyed(says(ASHA, "1", "shipped"), DedupePolicy::Reject))).await;
    sandbox.cancel(&first.name).await.unwrap();
    sandbox.hears(ASHA).await;
    let second = sandbox.send(keyed(says(ASHA, "2", "shipped"), DedupePolicy::Reject)).await;
    sandbox.becomes(&second.name, State::Sent).await;
    assert_ne!(first.name, second.name);
    assert_eq!(sandbox.texts().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_wanted_at_least_once_is_tried_once_more_and_nothing_else_is() {
    let sandbox = Sandbox::start_with(|setup| setup.answer = Duration::from_millis(300)).await;
    sandbox.hears(ASHA).await;
    sandbox.hears(BILAL).await;
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::Never, delay_ms: None }).await.unwrap();
    // Neither arrives, so no list shows them.
    sandbox.admin.inject(FaultKind::ConnectionReset, 2).await.unwrap();
    let guarantee = DeliveryGuarantee::AtLeastOnce;
    let often = SendMessageRequest { guarantee: guarantee.into(), ..says(ASHA, "1", "at least once") };
    let often = sandbox.send(often).await;
    assert_eq!(often.guarantee(), guarantee);
    let once = sandbox.send(says(BILAL, "1", "at most once")).await;
    assert_eq!(once.guarantee(), DeliveryGuarantee::AtMostOnce);
    let sent = sandbox.becomes(&often.name, State::Sent).await;
    assert_eq!(sent.attempts, 2);
    sandbox.becomes(&once.name, State::Unresolved).await;
    assert_eq!(sandbox.texts().await, ["at least once"]);
    let steps = sandbox.steps(&often.name).await;
    let looked = steps.iter().position(|step| *step == "not_found").unwrap();
    assert!(steps.iter().position(|step| *step == "again").unwrap() > looked, "{steps:?}");
    sandbox.stop().await;
}
