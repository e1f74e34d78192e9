//! That records come back from their bytes, and that bytes which older versions wrote stay readable.

mod contents;
mod golden;
mod judging;
mod steps;
mod usual;

use crate::record::Record;
use domain::event::{Event, Inbound, InboundKind};
use domain::id::{FactId, PageId, PersonKey, Psid, RecordId, StreamId};
use domain::time::Timestamp;
use uuid::Uuid;

/// A record of one fact of this kind; all else is always the same.
fn record_of(kind: InboundKind) -> Record {
    let page = PageId::parse("1001").unwrap();
    let fact = FactId::from_bytes([9; 16]);
    Record {
        id: RecordId::new(Uuid::from_u128(5)),
        stream: StreamId::Conversation(page.clone(), PersonKey::from_bytes([7; 16])),
        recorded_at: at(2),
        fact: Some(fact),
        traceparent: None,
        events: vec![Event::Inbound(Box::new(Inbound {
            fact,
            page,
            person: Some(Psid::parse("24601").unwrap()),
            stated_at: at(0),
            received_at: at(1),
            standby: false,
            kind,
        }))],
    }
}

/// So many milliseconds after a moment in 2026.
fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000 + ms)
}
