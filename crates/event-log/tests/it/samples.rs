//! Records to append.

use domain::event::{Event, Inbound, InboundKind, Message};
use domain::id::{AppId, FactId, Kind, Mid, OptinRef, PageId, PersonKey, PostId, Psid, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{EventLog, Record, Stored, partition_of};
use uuid::Uuid;

/// The moment at which all of this happens.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

pub(crate) fn page(number: u32) -> PageId {
    PageId::parse(&format!("10{number}")).unwrap()
}

/// The stream of one conversation; another number is another person.
pub(crate) fn conversation(person: u32) -> StreamId {
    on_page(1, person)
}

/// The stream of one conversation with a Page.
pub(crate) fn on_page(number: u32, person: u32) -> StreamId {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&person.to_be_bytes());
    StreamId::Conversation(page(number), PersonKey::from_bytes(key))
}

/// One stream of each kind, none of which is a [`conversation`].
pub(crate) fn one_of_each_kind() -> Vec<StreamId> {
    let each = Kind::ALL.into_iter().map(|kind| match kind {
        Kind::Conversation => on_page(7, 7),
        Kind::Comment => StreamId::Comment(page(7), PostId::parse("107_5.>").unwrap(), PersonKey::from_bytes([7; 16])),
        Kind::Optin => StreamId::Optin(page(7), OptinRef::parse("order.1>*").unwrap()),
        Kind::Page => StreamId::Page(page(7)),
        Kind::Quarantine => StreamId::Quarantine(AppId::parse("77").unwrap()),
        Kind::System => StreamId::log(),
    });
    each.collect()
}

/// Another stream that lives in the same shard.
pub(crate) fn neighbour(log: &dyn EventLog, stream: &StreamId) -> StreamId {
    let shard = |stream: &StreamId| log.identity().shard_of(partition_of(stream));
    let mut others = (1_000..).map(conversation);
    others.find(|other| shard(other) == shard(stream)).unwrap()
}

/// A new record without a fact, in which somebody writes `text`.
pub(crate) fn record(stream: &StreamId, text: &str) -> Record {
    Record {
        id: RecordId::new(Uuid::from_u128(rand::random())),
        stream: stream.clone(),
        recorded_at: NOW,
        fact: None,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        events: vec![wrote(text)],
    }
}

/// A new record of the fact that `text` was written.
pub(crate) fn fact(stream: &StreamId, text: &str) -> Record {
    Record { fact: Some(FactId::of(&[text.as_bytes()])), ..record(stream, text) }
}

pub(crate) fn wrote(text: &str) -> Event {
    let mid = Mid::parse(&format!("m_{:x}", rand::random::<u64>())).unwrap();
    let message = Message { mid: Some(mid), text: text.to_owned(), ..Message::default() };
    Event::Inbound(Box::new(Inbound {
        fact: FactId::of(&[text.as_bytes()]),
        page: page(1),
        person: Some(Psid::parse("24601").unwrap()),
        stated_at: NOW,
        received_at: NOW,
        standby: false,
        kind: InboundKind::Message(message),
    }))
}

/// The ids of records, in order.
pub(crate) fn ids(records: &[Stored]) -> Vec<RecordId> {
    records.iter().map(|stored| stored.record.id).collect()
}
