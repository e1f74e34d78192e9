//! What an older version kept unrecognized, typed by this one, tells the same as what was typed at once.

use crate::http;
use crate::process::run;
use crate::world::{Clients, Log, SECRET, conversation, nuncio};
use api::proto::conversation::v1::{Conversation, ConversationEvent, GetConversationRequest, ListEventsRequest};
use domain::event::{Event, Inbound, InboundKind, Unrecognized};
use domain::id::{FactId, PageId, Psid, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::jetstream::{self, JetStreamLog};
use event_log::sqlite::{self, SqliteLog};
use event_log::{EventLog, Expected, Record};
use messenger::webhook;
use service_kit::Ids;
use std::net::SocketAddr;
use std::path::Path;

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
const NOON_MS: i64 = 1_767_225_600_000;

/// What a person did, of kinds that are known today: first what this tells, then how.
fn events() -> Vec<String> {
    let members = [
        r#""message":{"mid":"m_1","text":"hello"}"#,
        r#""reaction":{"reaction":"love","emoji":"❤","action":"react","mid":"m_9"}"#,
        r#""message_edit":{"mid":"m_1","text":"hello there","num_edit":1}"#,
        r#""postback":{"mid":"m_2","title":"Start","payload":"GO"}"#,
    ];
    let event = |(nth, members): (i64, &str)| {
        let at = NOON_MS + nth;
        format!(r#"{{"sender":{{"id":"2002"}},"recipient":{{"id":"1001"}},"timestamp":{at},{members}}}"#)
    };
    (0..).zip(members).map(event).collect()
}

fn body(events: &[String]) -> String {
    let events = events.join(",");
    format!(r#"{{"object":"page","entry":[{{"id":"1001","time":{NOON_MS},"messaging":[{events}]}}]}}"#)
}

/// Writes to a log that no process has open.
async fn open(log: &Log) -> Box<dyn EventLog> {
    match log {
        Log::Embedded(_) => {
            let keys = log.keys();
            let path = keys.iter().find_map(|key| key.strip_prefix("log.path=")).unwrap();
            Box::new(SqliteLog::open(Path::new(path), sqlite::Config::default()).unwrap())
        }
        Log::JetStream(server) => {
            let config = jetstream::Config { url: server.url(), ..jetstream::Config::default() };
            Box::new(JetStreamLog::open(config).await.unwrap())
        }
    }
}

/// Stores an event as a version did that did not know its kind.
async fn keep(log: &dyn EventLog, raw: &str) {
    let (page, psid) = (PageId::parse("1001").unwrap(), Psid::parse("2002").unwrap());
    let received_at = Timestamp::from_millis(NOON_MS + 1_000);
    let typed = webhook::parse(body(&[raw.to_owned()]).as_bytes(), received_at).unwrap().facts.remove(0).fact;
    let fact = FactId::of(&[b"unrecognized", raw.as_bytes()]);
    let kind = InboundKind::Unrecognized(Unrecognized { field: "messaging".to_owned(), raw: raw.to_owned() });
    let record = Record {
        id: RecordId::new(Ids::random().uuid_v7(received_at)),
        stream: StreamId::Conversation(page.clone(), log.identity().person_key(&page, &psid)),
        recorded_at: received_at,
        fact: Some(fact),
        traceparent: None,
        events: vec![Event::Inbound(Box::new(Inbound { fact, kind, ..typed }))],
    };
    log.append(&record, Expected::Any).await.unwrap();
}

/// What a deployment tells of the person, without places in the log.
async fn told(log: &Log) -> (Conversation, Vec<ConversationEvent>) {
    let process = nuncio(&["standalone"], &["grpc"], log, NOWHERE, &[]).await;
    let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
    let name = conversation("2002");
    let request = GetConversationRequest { name: name.clone() };
    let state = clients.conversations.clone().get_conversation(request).await.unwrap().into_inner();
    let request = ListEventsRequest { parent: name, ..ListEventsRequest::default() };
    let events = clients.conversations.clone().list_events(request).await.unwrap().into_inner().events;
    assert!(process.terminate().await.success());
    let bare = |event: ConversationEvent| ConversationEvent { revision: 0, record: String::new(), ..event };
    let mut events: Vec<_> = events.into_iter().map(bare).collect();
    events.sort_by_key(|event| event.time.as_ref().map(|time| (time.seconds, time.nanos)));
    (Conversation { revision: 0, ..state }, events)
}

async fn replay(log: &Log, words: &[&str]) -> String {
    let keys = log.keys();
    let sets = keys.iter().flat_map(|key| ["--set", key]);
    let words: Vec<_> = ["log", "replay-unrecognized"].iter().chain(words).copied().chain(sets).collect();
    let output = run(&words).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_and_is_typed_later_tells_the_same_as_what_was_typed_at_once() {
    let at_once = Log::embedded();
    let process = nuncio(&["standalone"], &["webhook"], &at_once, NOWHERE, &[]).await;
    let delivered = http::deliver(process.address("webhook"), SECRET, body(&events()).as_bytes()).await.unwrap();
    assert_eq!(delivered.status, 200);
    assert!(process.terminate().await.success());
    let expected = told(&at_once).await;
    let kinds: Vec<_> = expected.1.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["message", "reaction", "edit", "postback"]);

    for later in [Log::embedded(), Log::jetstream()] {
        let log = open(&later).await;
        for event in events() {
            keep(&*log, &event).await;
        }
        drop(log);
        let (state, kept) = told(&later).await;
        assert!(state.last_opening_time.is_none() && kept.iter().all(|event| event.kind == "unrecognized"));
        let dry = replay(&later, &["--dry-run"]).await;
        assert!(dry.contains("facts in them: 4 new, and would be appended; 0 known already"), "{dry}");
        let wet = replay(&later, &["--output", "json"]).await;
        let facts = serde_json::json!({ "new": 4, "known": 0, "erased": 0 });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&wet).unwrap()["facts"], facts);
        assert_eq!(told(&later).await, expected);
        let again = replay(&later, &[]).await;
        assert!(again.contains("facts in them: 0 new, and appended; 4 known already"), "{again}");
    }
}
