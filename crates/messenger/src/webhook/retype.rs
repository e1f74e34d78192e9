//! Reading again what an older version kept because it did not know it.

use super::{Batch, Entry, Placed, change};
use domain::event::{Inbound, InboundKind, Unrecognized};
use serde_json::value::RawValue;

/// What an unrecognized part of a body says to this version: the very facts, with the same ids, that it would have
/// made of it when it came. `inbound` is the fact that holds it. Empty while it is still not understood.
pub fn retype(unrecognized: &Unrecognized, inbound: &Inbound) -> Vec<Placed> {
    let Ok(raw) = serde_json::from_str::<&RawValue>(&unrecognized.raw) else { return Vec::new() };
    // Where the event itself stated no time, the fact has that of its entry.
    let entry = Entry { page: Some(inbound.page.clone()), time: inbound.stated_at, received_at: inbound.received_at };
    let field = unrecognized.field.as_str();
    let mut batch = Batch::default();
    // A change may name the field `standby`, too. Events name no field.
    let is_change = change::field(raw) == field;
    match field {
        "entry" if !is_change => Entry::read(raw, inbound.received_at, &mut batch),
        "messaging" | "standby" if !is_change => entry.event(field, raw, &mut batch),
        field => entry.change(field, raw, &mut batch),
    }
    batch.facts.retain(|placed| !matches!(placed.fact.kind, InboundKind::Unrecognized(_)));
    batch.facts
}
