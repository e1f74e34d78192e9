//! Any bytes as the body of a webhook.

use super::body::{self, Entry, Piece};
use domain::event::{Event, Inbound, InboundKind, Unrecognized};
use domain::id::{FactId, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::Record;
use messenger::webhook::{Batch, Place, Placed, parse, retype};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_millis(1_767_225_700_000);
const LATER: Timestamp = Timestamp::from_millis(1_767_229_300_000);

/// The parser takes any bytes, loses nothing that a body says, and names each fact by what it states alone; each fact
/// outlasts being stored.
pub fn webhook_body(data: &[u8]) {
    let parsed = parse(data, NOW);
    assert_eq!(parse(data, NOW), parsed, "the same body says the same");
    let Ok(batch) = parsed else { return };
    let text = std::str::from_utf8(data).expect("what was read is text");

    let entries = Entry::all(text);
    let n_things: usize = entries.iter().map(Entry::len).sum();
    assert_eq!(batch.facts.len() + batch.unplaced, n_things, "everything is a fact or counted");

    for placed in &batch.facts {
        assert_eq!(placed.fact.received_at, NOW);
        if let Place::Person(psid) = &placed.place {
            assert_eq!(placed.fact.person.as_ref(), Some(psid), "the fact names the person it is placed with");
        } else {
            assert_eq!(placed.fact.person, None, "a fact names nobody it is not placed with");
        }
        if let InboundKind::Unrecognized(unrecognized) = &placed.fact.kind {
            assert!(text.contains(&unrecognized.raw), "what is not known is kept as it came");
            // Only what names its own array as a field can be taken for the other of the two.
            if !body::names_field(&unrecognized.raw, &unrecognized.field) || !is_array(&unrecognized.field) {
                assert_eq!(
                    retype(unrecognized, &placed.fact),
                    [],
                    "what is not known now is not known when read again"
                );
            }
        }
        outlasts_storage(placed);
    }

    let later = parse(data, LATER).expect("the time of receipt does not matter");
    assert_eq!(stated(&later), stated(&batch), "a second delivery states the same facts");
    is_the_same_in_pieces(&entries, &batch);
}

/// Whether what is kept under this name may come from elsewhere than from a change of that field.
fn is_array(field: &str) -> bool {
    ["entry", "messaging", "standby"].contains(&field)
}

/// What a batch states, whenever it came.
fn stated(batch: &Batch) -> (Vec<(FactId, &Place, &InboundKind)>, usize) {
    let facts = batch.facts.iter().map(|placed| (placed.fact.fact, &placed.place, &placed.fact.kind));
    (facts.collect(), batch.unplaced)
}

fn is_the_same_in_pieces(entries: &[Entry<'_>], whole: &Batch) {
    let mut all = Batch::default();
    for entry in entries {
        let Some(pieces) = entry.split() else {
            add(&mut all, alone(entry.raw.get()));
            continue;
        };
        for piece in pieces {
            let batch = alone(&piece.entry());
            if let [placed] = batch.facts.as_slice() {
                is_known_when_read_again(&piece, placed);
            }
            add(&mut all, batch);
        }
    }
    assert_eq!(stated(&all), stated(whole), "each event alone states the same facts");
}

fn alone(entry: &str) -> Batch {
    parse(body::with_entry(entry).as_bytes(), NOW).expect("a piece of a body is one too")
}

fn add(all: &mut Batch, batch: Batch) {
    all.facts.extend(batch.facts);
    all.unplaced += batch.unplaced;
}

/// A version that knew no kind would have kept the event; reading that again gives the fact that this version made.
fn is_known_when_read_again(piece: &Piece<'_>, placed: &Placed) {
    let field = piece.field.trim_end_matches(':');
    let is_known = !matches!(placed.fact.kind, InboundKind::Unrecognized(_));
    // What an older version kept of a change has the name of the change's own field.
    if field == "changes" || body::names_field(piece.raw.get(), field) || !is_known {
        return;
    }
    let kept = Unrecognized { field: field.to_owned(), raw: piece.raw.get().to_owned() };
    let fact = Inbound { kind: InboundKind::Unrecognized(kept.clone()), ..placed.fact.clone() };
    assert_eq!(retype(&kept, &fact), std::slice::from_ref(placed), "what was kept comes to the same fact");
}

fn outlasts_storage(placed: &Placed) {
    let record = Record {
        id: RecordId::new(Uuid::from_u128(7)),
        stream: StreamId::Page(placed.fact.page.clone()),
        recorded_at: NOW,
        fact: Some(placed.fact.fact),
        traceparent: None,
        events: vec![Event::Inbound(Box::new(placed.fact.clone()))],
    };
    let stored = event_log::decode(&event_log::encode(&record)).expect("every fact can be read back");
    assert_eq!(stored, record, "a fact is read back as it was stored");
}
