//! What a Page's pace brings out too late is refused when it is asked for, or ended as soon as that is known.

use crate::sandbox::{ASHA, BILAL, Sandbox};
use crate::words::{judged_only, metadata, reason, recorded, says, staff_says};
use api::convert;
use api::proto::outbound::v1::{OnBlock, SendMessageRequest, State};
use domain::event::{Event, SendingKind};
use domain::time::{Span, Timestamp};
use service_kit::{Clock, ManualClock};
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt;

/// What a Page may send at once, by every rule pack.
const AT_ONCE: usize = 40;

fn deferred(request: SendMessageRequest) -> SendMessageRequest {
    SendMessageRequest { on_block: OnBlock::Defer.into(), ..request }
}

/// A Page that has just sent as much as it may, to Asha, and so long before Bilal's window closes. The clock stands.
async fn used_up(left: Span) -> (Sandbox, ManualClock) {
    let (clock, hands) = Clock::manual(Clock::system().now());
    let sandbox = Sandbox::start_with(|setup| {
        (setup.clock, setup.is_shaped, setup.lease_term) = (clock, true, Duration::from_secs(3_600));
    })
    .await;
    sandbox.hears_ago(BILAL, Duration::from_secs(24 * 3_600 - 60)).await;
    sandbox.hears(ASHA).await;
    let judged = sandbox.send(judged_only(says(BILAL, "0", "how long?"))).await;
    let closes = judged.decision.unwrap().hold_until_time.unwrap();
    let closes = Timestamp::from_millis(closes.seconds * 1_000 + i64::from(closes.nanos) / 1_000_000);
    hands.set(closes.plus(Span::from_millis(-left.as_millis())));
    for n in 0..AT_ONCE {
        sandbox.send(says(ASHA, &format!("{n}"), "here you are")).await;
    }
    sandbox.called(AT_ONCE).await;
    (sandbox, hands)
}

#[tokio::test]
async fn what_would_leave_after_its_window_is_refused_at_once() {
    let (sandbox, hands) = used_up(Span::from_millis(500)).await;
    let refused = sandbox.refused(says(BILAL, "1", "too late")).await;
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "SEND_RATE"));
    let details = refused.get_error_details();
    let wait = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(wait > Duration::from_millis(500), "{wait:?}");
    assert_eq!(details.quota_failure().unwrap().violations[0].subject, "pages/1001");
    let turn = sandbox.now().plus(Span::from_millis(i64::try_from(wait.as_millis()).unwrap()));
    assert_eq!(metadata(&refused, "turn"), convert::rfc3339(turn));
    // The same request has the same answer, and the message can be looked at.
    let again = sandbox.refused(says(BILAL, "1", "too late")).await;
    assert_eq!(metadata(&again, "message"), metadata(&refused, "message"));
    let looked_at = sandbox.get(&metadata(&refused, "message")).await.unwrap();
    assert_eq!((looked_at.state(), looked_at.missed_turn_time), (State::Expired, Some(convert::timestamp(turn))));
    let asked = recorded(says(BILAL, "2", "too late"));
    let judged = sandbox.send(judged_only(asked.clone())).await;
    assert_eq!((judged.state(), judged.missed_turn_time), (State::Expired, Some(convert::timestamp(turn))));
    let recorded = sandbox.send(asked).await;
    assert_eq!((recorded.state(), recorded.missed_turn_time), (State::Expired, Some(convert::timestamp(turn))));
    // Who has time waits.
    let waits = sandbox.send(says(ASHA, "later", "one more")).await;
    assert_eq!(waits.state(), State::Accepted);
    hands.advance(Span::from_secs(2));
    sandbox.becomes(&waits.name, State::Sent).await;
    assert_eq!(sandbox.calls().await.len(), AT_ONCE + 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_goes_before_it_in_its_conversation_counts_however_long_that_could_wait() {
    let (sandbox, hands) = used_up(Span::from_secs(30)).await;
    // In a second as many may leave again, and all of those go to Asha.
    for n in 0..AT_ONCE {
        sandbox.send(says(ASHA, &format!("more-{n}"), "and more")).await;
    }
    let within = |psid, id, ms| {
        let end = Some(convert::timestamp(sandbox.now().plus(Span::from_millis(ms))));
        SendMessageRequest { expire_time: end, ..says(psid, id, "soon") }
    };
    let refused = sandbox.refused(within(ASHA, "behind", 1_500)).await;
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "SEND_RATE"));
    let in_time = sandbox.send(within(ASHA, "far-behind", 2_500)).await;
    let urgent = sandbox.send(within(BILAL, "beside", 1_500)).await;
    hands.advance(Span::from_millis(1_100));
    sandbox.becomes(&urgent.name, State::Sent).await;
    hands.advance(Span::from_millis(1_100));
    sandbox.becomes(&in_time.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_held_leaves_another_time_when_its_window_closes_before_its_turn() {
    let (sandbox, hands) = used_up(Span::from_millis(500)).await;
    let held = sandbox.send(deferred(says(BILAL, "1", "whenever"))).await;
    assert_eq!(held.state(), State::Accepted);
    hands.advance(Span::from_secs(2));
    sandbox.nudge(BILAL).await;
    sandbox.becomes(&held.name, State::Deferred).await;
    assert_eq!(sandbox.calls().await.len(), AT_ONCE);
    sandbox.hears(BILAL).await;
    sandbox.becomes(&held.name, State::Sent).await;
    let steps = sandbox.steps(&held.name).await;
    assert_eq!(steps[..4], ["requested", "accepted", "deferred", "dispatched"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_was_held_and_is_freed_when_its_page_has_too_much_to_do_ends_as_late_and_not_in_silence() {
    let (clock, hands) = Clock::manual(Clock::system().now());
    let sandbox = Sandbox::start_with(|setup| {
        (setup.clock, setup.is_shaped, setup.lease_term) = (clock, true, Duration::from_secs(3_600));
    })
    .await;
    sandbox.hears(ASHA).await;
    let end = Some(convert::timestamp(sandbox.now().plus(Span::from_secs(1))));
    let held = SendMessageRequest { expire_time: end, ..deferred(says(BILAL, "1", "welcome")) };
    let held = sandbox.send(held).await;
    assert_eq!(held.state(), State::Deferred);
    // The Page has used up its second, and three more go before it.
    for n in 0..4 * AT_ONCE {
        sandbox.send(staff_says(ASHA, &format!("staff-{n}"), "by a person")).await;
    }
    sandbox.called(AT_ONCE).await;
    sandbox.hears(BILAL).await;
    // The clock stands, so its own end has not come.
    sandbox.becomes(&held.name, State::Expired).await;
    let records = sandbox.records(BILAL).await;
    let turn = records.iter().flat_map(|stored| &stored.record.events).find_map(|event| {
        let Event::Sending(step) = event else { return None };
        let SendingKind::Expired { turn } = step.kind else { return None };
        Some(turn)
    });
    assert!(turn.unwrap().unwrap() >= sandbox.now().plus(Span::from_secs(1)), "{turn:?}");
    assert_eq!(sandbox.calls().await.len(), AT_ONCE);
    // It made way: what is asked for afterwards is judged by itself.
    hands.advance(Span::from_secs(4));
    sandbox.nudge(ASHA).await;
    let next = sandbox.send(deferred(says(BILAL, "2", "welcome"))).await;
    sandbox.becomes(&next.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn what_people_push_beyond_its_window_ends_as_soon_as_that_is_known() {
    let (sandbox, hands) = used_up(Span::from_secs(3)).await;
    let waits = sandbox.send(says(BILAL, "1", "in time")).await;
    assert_eq!(waits.state(), State::Accepted);
    // Three times what the Page may send in a second goes before it.
    for n in 0..3 * AT_ONCE {
        sandbox.send(staff_says(ASHA, &format!("staff-{n}"), "by a person")).await;
    }
    // The clock stands, so its window is open still.
    sandbox.becomes(&waits.name, State::Expired).await;
    assert_eq!(sandbox.steps(&waits.name).await, ["requested", "accepted", "expired"]);
    assert_eq!(sandbox.calls().await.len(), AT_ONCE);
    hands.advance(Span::from_secs(2));
    sandbox.called(2 * AT_ONCE).await;
    sandbox.stop().await;
}
