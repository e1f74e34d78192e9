//! Reading the quarantine again.

use crate::bodies::{NOON_MS, body, entry, message, one_message};
use crate::sandbox::{Sandbox, inbound, mids};
use domain::event::{Erasing, ErasingKind, Event, Quarantined};
use domain::id::{AppId, FactId, RecordId, StreamId};
use domain::time::{Span, Timestamp};
use event_log::{EventLog as _, Expected, Record};
use service_kit::{Clock, Ids, Metrics};
use webhook_ingress::{Acceptor, KEPT_FOR, NewFacts, Replay, Replayed};

const NOON: Timestamp = Timestamp::from_millis(NOON_MS);
const ALL: Replay = Replay { since: None, facts: NewFacts::Append };

/// Reads the quarantine of a sandbox as another process does, at this moment.
async fn replay(sandbox: &Sandbox, now: Timestamp, replay: Replay) -> Replayed {
    let (app, (clock, _)) = (AppId::parse("77").unwrap(), Clock::manual(now));
    let acceptor = Acceptor::new(app, sandbox.log.clone(), clock, Ids::random(), &Metrics::new("nuncio", "0"));
    acceptor.replay(replay).await.unwrap()
}

/// Keeps a body as a version did that did not understand it.
async fn keep(sandbox: &Sandbox, received_at: Timestamp, body: &str) {
    let fact = FactId::of(&[b"quarantined", body.as_bytes()]);
    let (reason, body) = ("too new".to_owned(), body.as_bytes().to_vec());
    let record = Record {
        id: RecordId::new(Ids::random().uuid_v7(received_at)),
        stream: StreamId::Quarantine(AppId::parse("77").unwrap()),
        recorded_at: received_at,
        fact: Some(fact),
        traceparent: None,
        events: vec![Event::Quarantined(Quarantined { fact, received_at, reason, body })],
    };
    sandbox.log.append(&record, Expected::Any).await.unwrap();
}

#[tokio::test]
async fn invariant_02_a_body_that_is_understood_today_states_its_facts_as_of_when_it_came() {
    let sandbox = Sandbox::start().await;
    keep(&sandbox, NOON, &one_message("m_1")).await;
    let later = NOON.plus(Span::from_hours(48));

    let counted = replay(&sandbox, later, Replay { facts: NewFacts::Count, ..ALL }).await;
    assert_eq!(counted, Replayed { n_read: 1, n_new: 1, ..Replayed::default() });
    assert_eq!(sandbox.conversation("1001", "2002").await, []);

    assert_eq!(replay(&sandbox, later, ALL).await, counted);
    let stored = sandbox.conversation("1001", "2002").await;
    assert_eq!(mids(&stored), ["m_1"]);
    assert_eq!((inbound(&stored[0]).received_at, stored[0].record.recorded_at), (NOON, later));
    sandbox.stop().await;
}

#[tokio::test]
async fn reading_it_again_appends_nothing_more() {
    let sandbox = Sandbox::start().await;
    keep(&sandbox, NOON, &one_message("m_1")).await;
    // The same fact in another body.
    keep(&sandbox, NOON, &body(&[entry("1001", &[message("1001", "2002", "m_1")]), "7".to_owned()])).await;
    let first = replay(&sandbox, NOON, ALL).await;
    assert_eq!(first, Replayed { n_read: 2, n_new: 1, n_known: 1, n_unplaced: 1, ..Replayed::default() });
    let records = sandbox.records().await;
    // Long after anybody would remember the fact as a duplicate.
    let again = replay(&sandbox, NOON.plus(Span::from_hours(20)), ALL).await;
    assert_eq!(again, Replayed { n_read: 2, n_known: 2, n_unplaced: 1, ..Replayed::default() });
    assert_eq!(sandbox.records().await, records);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_was_stored_when_its_body_came_is_known() {
    let sandbox = Sandbox::start().await;
    let delivered = body(&[entry("1001", &[message("1001", "2002", "m_1")]), "7".to_owned()]);
    assert_eq!(sandbox.deliver(delivered).await.status, 200);
    assert_eq!(sandbox.deliver("hello").await.status, 200);
    let replayed = replay(&sandbox, NOON, ALL).await;
    assert_eq!(replayed, Replayed { n_read: 1, n_unreadable: 1, n_known: 1, n_unplaced: 1, ..Replayed::default() });
    assert_eq!(sandbox.records().await.len(), 3);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_11_what_was_erased_does_not_come_back() {
    let sandbox = Sandbox::start().await;
    keep(&sandbox, NOON, &one_message("m_1")).await;
    let (at, stream) = (NOON.plus(Span::from_hours(1)), sandbox.conversation_id("1001", "2002"));
    let tombstone = Record {
        id: RecordId::new(Ids::random().uuid_v7(at)),
        stream: stream.clone(),
        recorded_at: at,
        fact: None,
        traceparent: None,
        events: vec![Event::Erasing(Erasing { at, kind: ErasingKind::Begun { until: at } })],
    };
    sandbox.log.append(&tombstone, Expected::Any).await.unwrap();
    let replayed = replay(&sandbox, at, ALL).await;
    assert_eq!(replayed, Replayed { n_read: 1, n_erased: 1, ..Replayed::default() });
    assert_eq!(sandbox.log.read(&stream, 0).await.unwrap().len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn old_bodies_and_those_before_the_moment_asked_for_are_passed_over() {
    let sandbox = Sandbox::start().await;
    for (hours, mid) in [(0, "m_1"), (1, "m_2"), (2, "m_3")] {
        keep(&sandbox, NOON.plus(Span::from_hours(hours)), &one_message(mid)).await;
    }
    let hour = |hours| NOON.plus(Span::from_hours(hours));
    // The first is older than 30 days by a millisecond, then exactly as old.
    let thirty_days = NOON.plus(KEPT_FOR);
    let counting = Replay { facts: NewFacts::Count, ..ALL };
    for (now, since, n_passed_over) in [
        (thirty_days.plus(Span::from_millis(1)), None, 1),
        (thirty_days, None, 0),
        (thirty_days, Some(hour(1)), 1),
        (thirty_days, Some(hour(3)), 3),
        (hour(2), Some(hour(-900)), 0),
    ] {
        let replayed = replay(&sandbox, now, Replay { since, ..counting }).await;
        assert_eq!((replayed.n_passed_over, replayed.n_read), (n_passed_over, 3 - n_passed_over), "{now:?} {since:?}");
    }
    sandbox.stop().await;
}
