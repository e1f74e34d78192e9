//! Typing what an older version kept unrecognized.

use crate::bodies::{NOON_MS, item, of_page};
use crate::sandbox::{Sandbox, inbound};
use domain::event::{Erasing, ErasingKind, Event, Inbound, InboundKind, Unrecognized};
use domain::id::{AppId, FactId, RecordId, StreamId};
use domain::time::{Span, Timestamp};
use event_log::{EventLog as _, Expected, Record, Stored};
use messenger::webhook;
use service_kit::{Clock, Ids, Metrics};
use webhook_ingress::{Acceptor, NewFacts, Replay, Retyped};

const NOON: Timestamp = Timestamp::from_millis(NOON_MS);
const ALL: Replay = Replay { since: None, facts: NewFacts::Append };
const COUNT: Replay = Replay { since: None, facts: NewFacts::Count };

/// Types what is kept in a sandbox's log as another process does, a day later.
async fn retype(sandbox: &Sandbox, replay: Replay) -> Retyped {
    let (app, (clock, _)) = (AppId::parse("77").unwrap(), Clock::manual(NOON.plus(Span::from_hours(24))));
    let acceptor = Acceptor::new(app, sandbox.log.clone(), clock, Ids::random(), &Metrics::new("nuncio", "0"));
    acceptor.retype(replay).await.unwrap()
}

/// Events of person 2002 on Page 1001, of kinds that are known today.
fn events() -> Vec<String> {
    let members = [
        r#""message":{"mid":"m_1","text":"hello"}"#,
        r#""postback":{"mid":"m_2","title":"Start","payload":"GO"}"#,
        r#""reaction":{"reaction":"love","emoji":"❤","action":"react","mid":"m_9"}"#,
        r#""message_edit":{"mid":"m_1","text":"hello there","num_edit":1}"#,
        r#""read":{"watermark":1767225599000}"#,
    ];
    members.into_iter().map(|members| item("1001", "2002", members)).collect()
}

/// Keeps an event of person 2002 on Page 1001 as a version did that did not know its kind.
async fn keep(sandbox: &Sandbox, received_at: Timestamp, raw: &str) {
    let batch = webhook::parse(of_page("1001", &[raw.to_owned()]).as_bytes(), received_at).unwrap();
    let [placed] = &batch.facts[..] else { panic!("{batch:?}") };
    let fact = FactId::of(&[b"unrecognized", b"1001", b"messaging", raw.as_bytes()]);
    let kind = InboundKind::Unrecognized(Unrecognized { field: "messaging".to_owned(), raw: raw.to_owned() });
    let kept = Inbound { fact, kind, ..placed.fact.clone() };
    append(sandbox, &sandbox.conversation_id("1001", "2002"), Some(fact), Event::Inbound(Box::new(kept))).await;
}

async fn append(sandbox: &Sandbox, stream: &StreamId, fact: Option<FactId>, event: Event) {
    let record = Record {
        id: RecordId::new(Ids::random().uuid_v7(NOON)),
        stream: stream.clone(),
        recorded_at: NOON,
        fact,
        traceparent: None,
        events: vec![event],
    };
    sandbox.log.append(&record, Expected::Any).await.unwrap();
}

/// The facts in records, without those that are unrecognized.
fn typed(records: &[Stored]) -> Vec<Inbound> {
    let facts = records.iter().map(|stored| {
        assert_eq!(stored.record.fact, Some(inbound(stored).fact));
        inbound(stored).clone()
    });
    facts.filter(|fact| !matches!(fact.kind, InboundKind::Unrecognized(_))).collect()
}

#[tokio::test]
async fn what_was_kept_comes_to_the_same_facts_as_if_it_had_been_typed_at_once() {
    let (at_once, later) = (Sandbox::start().await, Sandbox::start().await);
    assert_eq!(at_once.deliver(of_page("1001", &events())).await.status, 200);
    for event in events() {
        keep(&later, NOON, &event).await;
    }
    let counted = retype(&later, COUNT).await;
    assert_eq!(counted, Retyped { n_understood: 5, n_new: 5, ..Retyped::default() });
    assert_eq!(typed(&later.records().await), []);

    assert_eq!(retype(&later, ALL).await, counted);
    let expected = typed(&at_once.conversation("1001", "2002").await);
    assert_eq!((expected.len(), typed(&later.conversation("1001", "2002").await)), (5, expected));
    // What was kept stays as it was, and nothing is added by doing it again.
    let records = later.records().await;
    assert_eq!(records.len(), 10);
    assert_eq!(retype(&later, ALL).await, Retyped { n_understood: 5, n_known: 5, ..Retyped::default() });
    assert_eq!(later.records().await, records);
    at_once.stop().await;
    later.stop().await;
}

#[tokio::test]
async fn what_concerns_the_page_alone_is_told_of_the_person_once_it_is_understood() {
    let sandbox = Sandbox::start().await;
    let entry = of_page("1001", &events());
    let raw = &entry[entry.find(r#"{"id":"1001""#).unwrap()..entry.len() - 2];
    let kind = InboundKind::Unrecognized(Unrecognized { field: "entry".to_owned(), raw: raw.to_owned() });
    let placed = webhook::parse(entry.as_bytes(), NOON).unwrap().facts.remove(0);
    let kept = Inbound { fact: FactId::of(&[b"entry"]), person: None, kind, ..placed.fact };
    append(&sandbox, &StreamId::Page(kept.page.clone()), Some(kept.fact), Event::Inbound(Box::new(kept))).await;
    assert_eq!(retype(&sandbox, ALL).await, Retyped { n_understood: 1, n_new: 5, ..Retyped::default() });
    assert_eq!(typed(&sandbox.conversation("1001", "2002").await).len(), 5);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_unknown_still_or_came_too_early_or_is_known_already_adds_nothing() {
    let sandbox = Sandbox::start().await;
    let hour = |hours| NOON.plus(Span::from_hours(hours));
    let [message, postback, ..] = &events()[..] else { panic!("there are more") };
    assert_eq!(sandbox.deliver(of_page("1001", std::slice::from_ref(message))).await.status, 200);
    keep(&sandbox, hour(1), &item("1001", "2002", r#""telepathy":{"thought":"hm"}"#)).await;
    keep(&sandbox, hour(2), message).await;
    keep(&sandbox, hour(0), postback).await;
    let records = sandbox.records().await;
    let since = Replay { since: Some(hour(1)), ..ALL };
    let nothing_new = Retyped { n_passed_over: 1, n_unknown: 1, n_understood: 1, n_known: 1, ..Retyped::default() };
    assert_eq!(retype(&sandbox, since).await, nothing_new);
    assert_eq!(sandbox.records().await, records);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_11_what_was_erased_is_not_typed() {
    let sandbox = Sandbox::start().await;
    keep(&sandbox, NOON, &events()[0]).await;
    let stream = sandbox.conversation_id("1001", "2002");
    append(&sandbox, &stream, None, Event::Erasing(Erasing { at: NOON, kind: ErasingKind::Begun { until: NOON } }))
        .await;
    assert_eq!(retype(&sandbox, ALL).await, Retyped { n_understood: 1, n_erased: 1, ..Retyped::default() });
    assert_eq!(typed(&sandbox.records().await[..1]), []);
    assert_eq!(sandbox.records().await.len(), 2);
    sandbox.stop().await;
}
