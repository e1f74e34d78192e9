//! The quick way to read intents.

use super::{from_wire, purpose_from_wire};
use crate::codec::required;
use crate::codec::usual::{Fields, Value, text};
use api::proto::log::v1 as wire;
use domain::decision::{Actor, Intent, Purpose};
use domain::id::AgentId;
use prost::Message as _;

/// The intent in these bytes, if it can be read. One that names things is left to the generated code.
pub(in crate::codec) fn read(bytes: &[u8]) -> Option<Intent> {
    plain(bytes).or_else(|| from_wire(Some(wire::Intent::decode(bytes).ok()?)).ok())
}

fn plain(bytes: &[u8]) -> Option<Intent> {
    let (mut actor, mut intent) = (None, Intent::new(Actor::Bot, Purpose::Conversation));
    let mut purpose = None;
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(raw)) if actor.is_none() => actor = Some(speaker(raw)?),
            (2, Value::Number(number)) => {
                let number = wire::Purpose::try_from(i32::try_from(number).ok()?).ok()?;
                purpose = Some(purpose_from_wire(number)?);
            }
            (3, Value::Number(truth)) => intent.is_promotional = truth != 0,
            (4, Value::Number(truth)) => intent.is_recurring = truth != 0,
            (5, Value::Number(truth)) => intent.is_paid = truth != 0,
            (7, Value::Bytes(raw)) => intent.topic = Some(text(raw)?.to_owned()),
            (10, Value::Bytes(raw)) => intent.broadcast = Some(text(raw)?.to_owned()),
            _ => return None,
        }
    }
    Some(Intent { actor: actor?, purpose: purpose?, ..intent })
}

fn speaker(bytes: &[u8]) -> Option<Actor> {
    let mut fields = Fields::of(bytes);
    let agent = |raw| required(text(raw)?, AgentId::parse, "agent").ok();
    let actor = match fields.next()?? {
        (1, Value::Bytes(raw)) => Actor::Human(agent(raw)?),
        (2, Value::Bytes(raw)) => Actor::AiAssistedHuman(agent(raw)?),
        (3, Value::Bytes([])) => Actor::Bot,
        (4, Value::Bytes([])) => Actor::Automation,
        (5, Value::Bytes([])) => Actor::Broadcast,
        _ => return None,
    };
    fields.next()?.is_none().then_some(actor)
}
