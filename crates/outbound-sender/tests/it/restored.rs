//! A log that was brought back from a backup has forgotten what it lost, and the people have not.

use crate::sandbox::{ASHA, BILAL, ECHO, Sandbox};
use crate::words::says;
use api::proto::outbound::v1::State;
use domain::event::{Event, System, SystemKind};
use domain::id::{RecordId, StreamId};
use domain::time::{Span, Timestamp};
use event_log::{EventLog as _, Expected, Record};
use service_kit::Ids;

/// Tells the log that it lost its end, as `nuncio log restored` does.
async fn restored(sandbox: &Sandbox, at: Timestamp) {
    let kind = SystemKind::LogRestored { lost_after: at, previous_incarnation: "0011223344556677".to_owned() };
    let record = Record {
        id: RecordId::new(Ids::random().uuid_v7(at)),
        stream: StreamId::log(),
        recorded_at: at,
        fact: None,
        traceparent: None,
        events: vec![Event::System(System { at, kind })],
    };
    sandbox.log.append(&record, Expected::Any).await.unwrap();
}

#[tokio::test]
async fn invariant_07_after_a_restore_what_waits_from_before_is_never_sent_and_what_is_new_is() {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    sandbox.hears(BILAL).await;
    sandbox.kill_senders().await;
    // As the backup knows it; in what was lost, it may have been sent.
    let old = sandbox.send(says(ASHA, "1", "old")).await;
    assert_eq!(old.state(), State::Accepted);
    hands.advance(Span::from_millis(1));
    restored(&sandbox, sandbox.now()).await;
    hands.advance(Span::from_millis(1));

    sandbox.start_sender();
    sandbox.becomes(&old.name, State::Unknown).await;
    let new = sandbox.send(says(BILAL, "2", "new")).await;
    sandbox.becomes(&new.name, State::Sent).await;
    assert_eq!(sandbox.steps(&old.name).await, ["requested", "accepted", "doubted"]);

    hands.advance(ECHO);
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&old.name, State::Unresolved).await;
    assert_eq!(sandbox.texts().await, ["new"]);
    sandbox.stop().await;
}
