//! The quick way to read records, without the generated types between the bytes and the domain's.
//!
//! Whoever rebuilds reads a whole log, and most of it is what people and Pages write to each other, delivered and read.
//! Those are read here. Everything else about a record, and everything out of the ordinary, is left to the generated
//! code, which also says what is wrong with what cannot be read.

use super::inbound::usual as inbound;
use super::{event_from_wire, fact, none_if_empty, uuid};
use crate::record::Record;
use api::proto::log::v1 as wire;
use domain::event::Event;
use domain::id::{RecordId, StreamId};
use domain::time::Timestamp;
use prost::Message as _;

/// The record in these bytes, if the generated code would read the same one; `None` says nothing about them.
pub(super) fn record(bytes: &[u8]) -> Option<Record> {
    let (mut id, mut stream, mut recorded_at_ms, mut known, mut traceparent) = (None, None, 0, None, None);
    let mut events = Vec::with_capacity(1);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(raw)) => id = Some(uuid(raw, "id").ok()?),
            (2, Value::Bytes(raw)) => stream = Some(StreamId::parse(text(raw)?).ok()?),
            (3, Value::Number(ms)) => recorded_at_ms = ms.cast_signed(),
            (4, Value::Bytes(raw)) => known = Some(fact(raw).ok()?),
            (5, Value::Bytes(raw)) => traceparent = none_if_empty(text(raw)?.to_owned()),
            (6, Value::Bytes(raw)) => events.push(event(raw)?),
            _ => return None,
        }
    }
    let (id, recorded_at) = (RecordId::new(id?), Timestamp::from_millis(recorded_at_ms));
    Some(Record { id, stream: stream?, recorded_at, fact: known, traceparent, events })
}

fn event(bytes: &[u8]) -> Option<Event> {
    let mut fields = Fields::of(bytes);
    if let Some((1, Value::Bytes(raw))) = fields.next()?
        && fields.next()?.is_none()
        && let Some(inbound) = inbound::read(raw)
    {
        return Some(Event::Inbound(inbound));
    }
    event_from_wire(wire::Event::decode(bytes).ok()?).ok()
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// A number, a moment or a truth.
    Number(u64),
    /// Text, bytes or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message as they come. Of a field that comes again the last counts, as it does for the generated code;
/// of a message in a message that comes again it does not, and none may be read so.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and value; inside, `None` at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Option<(u64, Value<'a>)>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                let (value, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                Value::Bytes(value)
            }
            _ => return None,
        };
        Some(Some((key >> 3, value)))
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.rest = rest;
                Some(u64::from(*byte))
            }
            _ => self.long_number(),
        }
    }

    /// Nobody writes a tenth group of seven bits but for numbers below zero, which are left to the generated code.
    fn long_number(&mut self) -> Option<u64> {
        let mut value = 0;
        for (place, byte) in self.rest.iter().enumerate().take(9) {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Some(value);
            }
        }
        None
    }
}

pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
