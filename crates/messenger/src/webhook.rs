//! Webhook bodies: from verified bytes to facts. Nothing that a good body says is lost; what is not understood
//! is kept as it came.

mod event;
mod fact;
mod wire;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use crate::json;
use domain::event::{Inbound, InboundKind, Unrecognized};
use domain::id::{OptinRef, PageId, Psid};
use domain::time::Timestamp;
use event::Event;
use serde_json::value::RawValue;

/// What one body says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Its facts, in the order of the body.
    pub facts: Vec<Placed>,
    /// How many things it says that belong to no Page, so that no fact could be made of them. When it is not 0, the
    /// body has to be kept whole.
    pub unplaced: usize,
}

/// A fact, and whom it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Whom it is about, on the fact's Page.
    pub place: Place,
    /// The fact.
    pub fact: Inbound,
}

/// Whom a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A person whose PSID is known; the fact names it too.
    Person(Psid),
    /// A person who is known by a checkbox opt-in alone.
    UserRef(OptinRef),
    /// The Page itself, or somebody whom the platform does not name.
    Page,
}

/// Why a body as a whole could not be understood. It never shows what the body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The bytes are no text.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// The text is no JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// It is something else than an object, or names a key twice.
    #[error("the body is not a JSON object with one `object` and one `entry`")]
    NotObject,
    /// It concerns something else than a Page, such as an Instagram account.
    #[error("the body's `object` is not `page`")]
    NotPage,
    /// It has no list of entries.
    #[error("the body's `entry` is not an array")]
    NoEntries,
}

/// Reads a body whose signature was verified. `received_at` is when it came.
///
/// # Errors
/// When the body as a whole can't be understood; it must then be kept whole. Trouble with one event is no error.
pub fn parse(body: &[u8], received_at: Timestamp) -> Result<Batch, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::NotUtf8)?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| Unreadable::NotJson)?;
    let body: wire::Body<'_> = json::object(raw).ok_or(Unreadable::NotObject)?;
    // Not read as an id: a bare number must not pass, and Instagram's bodies look just like Messenger's.
    let object: Option<String> = body.object.and_then(|object| serde_json::from_str(object.get()).ok());
    if object.as_deref() != Some("page") {
        return Err(Unreadable::NotPage);
    }
    let entries = body.entry.and_then(items).ok_or(Unreadable::NoEntries)?;
    let mut batch = Batch::default();
    for entry in entries {
        Entry::read(entry, received_at, &mut batch);
    }
    Ok(batch)
}

/// What every event of an entry has in common.
struct Entry {
    page: Option<PageId>,
    time: Timestamp,
    received_at: Timestamp,
}

impl Entry {
    fn read(raw: &RawValue, received_at: Timestamp, batch: &mut Batch) {
        let Some(wire) = json::object::<wire::Entry<'_>>(raw) else {
            batch.unplaced += 1;
            return;
        };
        let page = wire.id.and_then(json::text).and_then(|id| PageId::parse(&id).ok());
        let time = wire.time.and_then(json::moment).unwrap_or(received_at);
        let entry = Self { page, time, received_at };
        let arrays = [("messaging", wire.messaging), ("standby", wire.standby), ("changes", wire.changes)];
        let mut arrays: Vec<_> = arrays.into_iter().filter_map(|(field, array)| Some((field, array?))).collect();
        if arrays.is_empty() {
            entry.unrecognized("entry", raw, batch);
        }
        // All three borrow from one text, so their addresses tell the order in which they were written.
        arrays.sort_by_key(|(_, array)| array.get().as_ptr());
        for (field, array) in arrays {
            match items(array) {
                Some(items) if field == "changes" => {
                    items
                        .into_iter()
                        .for_each(|change| entry.unrecognized(&event::changed_field(change), change, batch));
                }
                Some(items) => items.into_iter().for_each(|item| entry.event(field, item, batch)),
                None => entry.unrecognized(field, array, batch),
            }
        }
    }

    /// An item of `messaging` or `standby`.
    fn event(&self, field: &'static str, raw: &RawValue, batch: &mut Batch) {
        let Some(event) = Event::read(raw, self.page.as_ref()) else {
            self.unrecognized(field, raw, batch);
            return;
        };
        let Some(page) = event.page else {
            batch.unplaced += 1;
            return;
        };
        let kind = event.kind.unwrap_or_else(|| InboundKind::Unrecognized(kept(field, raw)));
        let fact = Inbound {
            fact: fact::id(&page, &event.place, event.time, &kind, raw),
            page,
            person: match &event.place {
                Place::Person(psid) => Some(psid.clone()),
                Place::UserRef(_) | Place::Page => None,
            },
            stated_at: event.time.unwrap_or(self.time),
            received_at: self.received_at,
            standby: field == "standby",
            kind,
        };
        batch.facts.push(Placed { place: event.place, fact });
    }

    /// Something that concerns the Page and that no more is known of.
    fn unrecognized(&self, field: &str, raw: &RawValue, batch: &mut Batch) {
        let Some(page) = self.page.clone() else {
            batch.unplaced += 1;
            return;
        };
        let kind = InboundKind::Unrecognized(kept(field, raw));
        let fact = Inbound {
            fact: fact::id(&page, &Place::Page, None, &kind, raw),
            page,
            person: None,
            stated_at: self.time,
            received_at: self.received_at,
            standby: field == "standby",
            kind,
        };
        batch.facts.push(Placed { place: Place::Page, fact });
    }
}

fn kept(field: &str, raw: &RawValue) -> Unrecognized {
    Unrecognized { field: field.to_owned(), raw: raw.get().to_owned() }
}

fn items(array: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array.get()).ok()
}
