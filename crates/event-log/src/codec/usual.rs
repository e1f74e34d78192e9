//! The quick way to read records, without the generated types between the bytes and the domain's.
//!
//! Whoever rebuilds reads a whole log, and most of it is what people and Pages write to each other, delivered and read,
//! and the steps of sends. Those are read here. Everything else about a record, and everything out of the ordinary, is
//! left to the generated code, which also says what is wrong with what cannot be read.

use super::inbound::usual as inbound;
use super::sending::usual as sending;
use super::{event_from_wire, fact, none_if_empty, uuid};
use crate::record::Record;
use api::proto::log::v1 as wire;
use domain::event::Event;
use domain::id::{RecordId, StreamId};
use domain::time::Timestamp;
use prost::Message as _;

/// How much of a record is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// What judging a past needs. These may be left out, and are not looked at then: what is said, the ids of messages and
    /// apps that tell of no send, and of a judgement the pack's name, what would lift it, and all that led to it but the
    /// rules that forbid.
    ToJudge,
}

/// The record in these bytes, if the generated code would read the same one; `None` says nothing about them.
pub(super) fn record(bytes: &[u8], extent: Extent) -> Option<Record> {
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
            (6, Value::Bytes(raw)) => events.push(event(raw, extent)?),
            _ => return None,
        }
    }
    let (id, recorded_at) = (RecordId::new(id?), Timestamp::from_millis(recorded_at_ms));
    Some(Record { id, stream: stream?, recorded_at, fact: known, traceparent, events })
}

fn event(bytes: &[u8], extent: Extent) -> Option<Event> {
    let mut fields = Fields::of(bytes);
    let (number, raw) = match fields.next()? {
        Some((number @ (1 | 3), Value::Bytes(raw))) if fields.next()?.is_none() => (number, raw),
        Some(_) | None => return by_generated_code(bytes),
    };
    let quick = if number == 1 {
        inbound::read(raw, extent).map(Event::Inbound)
    } else {
        sending::read(raw, extent).map(Event::Sending)
    };
    quick.or_else(|| by_generated_code(bytes))
}

fn by_generated_code(bytes: &[u8]) -> Option<Event> {
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

/// What the first field of a message holds that has no other.
pub(super) fn only(message: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::of(message);
    match fields.next()? {
        Some((1, Value::Bytes(raw))) if fields.next()?.is_none() => Some(raw),
        Some(_) | None => None,
    }
}

/// A number that has 32 bits. Of one that has more the generated code drops some.
pub(super) fn short(number: u64) -> Option<u32> {
    u32::try_from(number).ok()
}

pub(super) const fn moment(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms.cast_signed())
}
