//! What a Page's pace brings out too late is refused when it is asked for, or ended as soon as that is known.

use crate::sandbox::{ASHA, BILAL, Sandbox};
use crate::words::{judged_only, metadata, reason, recorded, says, staff_says};
use api::convert;
use api::proto::outbound::v1::State;
use domain::time::{Span, Timestamp};
use service_kit::{Clock, ManualClock};
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt;

/// What a Page may send at once, by every rule pack.
const AT_ONCE: usize = 40;

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
    assert_eq!(sandbox.get(&metadata(&refused, "message")).await.unwrap().state(), State::Expired);
    let recorded = sandbox.send(recorded(says(BILAL, "2", "too late"))).await;
    assert_eq!(recorded.state(), State::Expired);
    // Who has time waits.
    let waits = sandbox.send(says(ASHA, "later", "one more")).await;
    assert_eq!(waits.state(), State::Accepted);
    hands.advance(Span::from_secs(2));
    sandbox.becomes(&waits.name, State::Sent).await;
    assert_eq!(sandbox.calls().await.len(), AT_ONCE + 1);
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
