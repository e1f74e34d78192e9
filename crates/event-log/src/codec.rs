//! Records as bytes: the one place where the domain's types meet the stored schema (`proto/nuncio/log/v1`).
//!
//! Decoding trusts nothing: a log written by another version, or damaged, gives an error that names the field.

mod decision;
mod erasing;
mod inbound;
mod intent;
mod page;
mod right;
mod sending;
mod system;
#[cfg(test)]
mod tests;
mod usual;

pub use decision::decision_bytes;
pub(crate) use usual::Extent;

use crate::record::Record;
use api::proto::log::v1 as wire;
use domain::event::{Event, Quarantined};
use domain::id::{BadId, FactId, Mid, RecordId, StreamId};
use domain::time::Timestamp;
use prost::Message as _;
use std::fmt::{Display, Write as _};
use uuid::Uuid;

/// As many bytes as the name of a send or a stream has, as a rule.
const USUAL_NAME: usize = 96;

/// Stored bytes that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    /// Not the schema's protobuf at all.
    #[error("not a record")]
    Protobuf(#[from] prost::DecodeError),
    /// A field is missing or has a value it cannot have.
    #[error("a record's `{0}` is missing or wrong")]
    Field(&'static str),
    /// It names another stream than the one it stands in.
    #[error("a record of another stream")]
    Misplaced,
}

/// A record as the bytes that both adapters store.
pub fn encode(record: &Record) -> Vec<u8> {
    let wire = wire::Record {
        id: record.id.as_uuid().as_bytes().to_vec(),
        stream: text(&record.stream),
        recorded_at_ms: record.recorded_at.as_millis(),
        fact: record.fact.map(|fact| fact.as_bytes().to_vec()).unwrap_or_default(),
        traceparent: record.traceparent.clone().unwrap_or_default(),
        events: record.events.iter().map(event_to_wire).collect(),
    };
    wire.encode_to_vec()
}

/// A name as text, in one piece of memory: names are longer than what a growing text begins with.
pub(crate) fn text(name: &impl Display) -> String {
    let mut text = String::with_capacity(USUAL_NAME);
    write!(text, "{name}").expect("a text takes whatever is written to it");
    text
}

/// Reads a record that [`encode`] wrote, in this or an older version.
///
/// # Errors
/// When the bytes are no record, or one of a kind this version does not know.
pub fn decode(bytes: &[u8]) -> Result<Record, Undecodable> {
    read(bytes, Extent::Whole)
}

/// Reads so much of a record that [`encode`] wrote as it takes to judge a past: what people and Pages said may be left out,
/// and what once led to a decision.
///
/// # Errors
/// As for [`decode`], but for what is left out.
pub fn decode_to_judge(bytes: &[u8]) -> Result<Record, Undecodable> {
    read(bytes, Extent::ToJudge)
}

pub(crate) fn read(bytes: &[u8], extent: Extent) -> Result<Record, Undecodable> {
    match usual::record(bytes, extent) {
        Some(record) => Ok(record),
        None => by_generated_code(bytes),
    }
}

fn by_generated_code(bytes: &[u8]) -> Result<Record, Undecodable> {
    let wire = wire::Record::decode(bytes)?;
    let events: Result<Vec<_>, _> = wire.events.into_iter().map(event_from_wire).collect();
    Ok(Record {
        id: RecordId::new(uuid(&wire.id, "id")?),
        stream: StreamId::parse(&wire.stream).map_err(|_| Undecodable::Field("stream"))?,
        recorded_at: Timestamp::from_millis(wire.recorded_at_ms),
        fact: if wire.fact.is_empty() { None } else { Some(fact(&wire.fact)?) },
        traceparent: none_if_empty(wire.traceparent),
        events: events?,
    })
}

fn event_to_wire(event: &Event) -> wire::Event {
    use wire::event::Kind;
    let kind = match event {
        Event::Inbound(inbound) => Kind::Inbound(inbound::to_wire(inbound)),
        Event::Quarantined(body) => Kind::Quarantined(wire::Quarantined {
            fact: body.fact.as_bytes().to_vec(),
            received_at_ms: body.received_at.as_millis(),
            reason: body.reason.clone(),
            body: body.body.clone(),
        }),
        Event::Sending(step) => Kind::Sending(sending::to_wire(step)),
        Event::Erasing(step) => Kind::Erasing(erasing::to_wire(*step)),
        Event::System(system) => Kind::System(system::to_wire(system)),
        Event::Right(step) => Kind::Right(right::to_wire(step)),
        Event::Consent(consent) => Kind::Consent(page::consent_to_wire(*consent)),
        Event::Page(step) => Kind::Page(page::to_wire(step)),
    };
    wire::Event { kind: Some(kind) }
}

fn event_from_wire(event: wire::Event) -> Result<Event, Undecodable> {
    use wire::event::Kind;
    Ok(match event.kind.ok_or(Undecodable::Field("event.kind"))? {
        Kind::Inbound(inbound) => Event::Inbound(Box::new(inbound::from_wire(inbound)?)),
        Kind::Quarantined(body) => Event::Quarantined(Quarantined {
            fact: fact(&body.fact)?,
            received_at: Timestamp::from_millis(body.received_at_ms),
            reason: body.reason,
            body: body.body,
        }),
        Kind::Sending(step) => Event::Sending(Box::new(sending::from_wire(step)?)),
        Kind::Erasing(step) => Event::Erasing(erasing::from_wire(step)?),
        Kind::System(system) => Event::System(system::from_wire(system)?),
        Kind::Right(step) => Event::Right(Box::new(right::from_wire(step)?)),
        Kind::Consent(consent) => Event::Consent(page::consent_from_wire(consent)),
        Kind::Page(step) => Event::Page(page::from_wire(step)?),
    })
}

fn uuid(bytes: &[u8], field: &'static str) -> Result<Uuid, Undecodable> {
    Uuid::from_slice(bytes).map_err(|_| Undecodable::Field(field))
}

fn fact(bytes: &[u8]) -> Result<FactId, Undecodable> {
    bytes.try_into().map(FactId::from_bytes).map_err(|_| Undecodable::Field("fact"))
}

fn optional_mid(raw: &str) -> Result<Option<Mid>, Undecodable> {
    optional(raw, Mid::parse, "mid")
}

/// An id that may be absent, which the schema writes as an empty text.
fn optional<T>(raw: &str, parse: fn(&str) -> Result<T, BadId>, field: &'static str) -> Result<Option<T>, Undecodable> {
    if raw.is_empty() { Ok(None) } else { required(raw, parse, field).map(Some) }
}

fn required<T>(raw: &str, parse: fn(&str) -> Result<T, BadId>, field: &'static str) -> Result<T, Undecodable> {
    parse(raw).map_err(|_| Undecodable::Field(field))
}

fn none_if_empty(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}

fn text_of<T>(id: Option<&T>, as_str: fn(&T) -> &str) -> String {
    id.map(as_str).unwrap_or_default().to_owned()
}
