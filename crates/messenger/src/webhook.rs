//! Webhook bodies: from verified bytes to facts. Nothing that a good body says is lost; what is not understood
//! is kept as it came.

mod change;
mod event;
mod fact;
mod kind;
mod retype;
mod wire;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use crate::json;
use domain::event::{Inbound, InboundKind, Unrecognized};
use domain::id::{OptinRef, PageId, PostId, Psid};
use domain::time::Timestamp;
use event::Event;
pub use retype::retype;
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
    /// A person who commented on a post. The id is theirs in public; it is not said that they can be written to by it.
    Comment {
        /// The post.
        post: PostId,
        /// Who commented.
        commenter: Psid,
    },
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
        let arrays = [
            ("messaging", wire.messaging),
            ("messaging", wire.misspelt),
            ("standby", wire.standby),
            ("changes", wire.changes),
        ];
        let mut arrays: Vec<_> = arrays.into_iter().filter_map(|(field, array)| Some((field, array?))).collect();
        if arrays.is_empty() {
            entry.unrecognized("entry", raw, batch);
        }
        // All borrow from one text, so their addresses tell the order in which they were written.
        arrays.sort_by_key(|(_, array)| array.get().as_ptr());
        for (field, array) in arrays {
            match items(array) {
                Some(items) if field == "changes" => {
                    items.into_iter().for_each(|item| entry.change(&change::field(item), item, batch));
                }
                Some(items) => items.into_iter().for_each(|item| entry.event(field, item, batch)),
                // One that should stand in an array may stand alone.
                None if field == "changes" => entry.change(field, array, batch),
                None => entry.event(field, array, batch),
            }
        }
    }

    /// An item of `messaging` or `standby`.
    fn event(&self, field: &str, raw: &RawValue, batch: &mut Batch) {
        let Some(event) = Event::read(raw, self.page.as_ref()) else {
            self.unrecognized(field, raw, batch);
            return;
        };
        let Some(page) = event.page else {
            batch.unplaced += 1;
            return;
        };
        let kind = event.kind.unwrap_or_else(|| InboundKind::Unrecognized(kept(field, raw)));
        let told = Told { page, place: event.place, time: event.time, standby: field == "standby", kind };
        batch.facts.push(self.placed(told, raw));
    }

    /// An item of `changes`, which names this field.
    fn change(&self, field: &str, raw: &RawValue, batch: &mut Batch) {
        match change::read(raw, self.page.as_ref()) {
            Some(change::Change::Fact(fact)) => self.changed(*fact, field, raw, batch),
            Some(change::Change::Messaging(value)) => self.event_as_change(false, value, (field, raw), batch),
            Some(change::Change::Standby(value)) => self.event_as_change(true, value, (field, raw), batch),
            None => self.unrecognized(field, raw, batch),
        }
    }

    fn changed(&self, fact: change::Fact, field: &str, raw: &RawValue, batch: &mut Batch) {
        let Some(page) = self.page.clone().or(fact.page) else {
            self.unrecognized(field, raw, batch);
            return;
        };
        let told = Told { page, place: fact.place, time: fact.time, standby: false, kind: fact.kind };
        batch.facts.push(self.placed(told, raw));
    }

    /// An event in the place of a change's value: the same fact as in `messaging`, or else an unknown change.
    fn event_as_change(&self, standby: bool, value: &RawValue, (field, raw): (&str, &RawValue), batch: &mut Batch) {
        match Event::read(value, self.page.as_ref()) {
            Some(Event { page: Some(page), place, time, kind: Some(kind) }) => {
                batch.facts.push(self.placed(Told { page, place, time, standby, kind }, value));
            }
            Some(_) | None => self.unrecognized(field, raw, batch),
        }
    }

    /// Something that concerns the Page and that no more is known of.
    fn unrecognized(&self, field: &str, raw: &RawValue, batch: &mut Batch) {
        let Some(page) = self.page.clone() else {
            batch.unplaced += 1;
            return;
        };
        let kind = InboundKind::Unrecognized(kept(field, raw));
        let told = Told { page, place: Place::Page, time: None, standby: field == "standby", kind };
        batch.facts.push(self.placed(told, raw));
    }

    fn placed(&self, told: Told, raw: &RawValue) -> Placed {
        let Told { page, place, time, standby, kind } = told;
        let fact = Inbound {
            fact: fact::id(&page, &place, time, &kind, raw),
            page,
            person: match &place {
                Place::Person(psid) => Some(psid.clone()),
                Place::UserRef(_) | Place::Comment { .. } | Place::Page => None,
            },
            stated_at: time.unwrap_or(self.time),
            received_at: self.received_at,
            standby,
            kind,
        };
        Placed { place, fact }
    }
}

/// What one event says, with all that is its own.
struct Told {
    page: PageId,
    place: Place,
    time: Option<Timestamp>,
    standby: bool,
    kind: InboundKind,
}

fn kept(field: &str, raw: &RawValue) -> Unrecognized {
    Unrecognized { field: field.to_owned(), raw: raw.get().to_owned() }
}

fn items(array: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array.get()).ok()
}
