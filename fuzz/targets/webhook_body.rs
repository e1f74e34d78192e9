//! Any bytes as the body of a webhook.

use super::body::{self, Entry};
use domain::event::{Event, InboundKind};
use domain::id::{FactId, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::Record;
use messenger::webhook::{Batch, Place, Placed, parse};
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
        }
        outlasts_storage(placed);
    }

    let later = parse(data, LATER).expect("the time of receipt does not matter");
    assert_eq!(stated(&later), stated(&batch), "a second delivery states the same facts");
    is_the_same_in_pieces(&entries, &batch);
}

/// What a batch states, whenever it came.
fn stated(batch: &Batch) -> (Vec<(FactId, &Place, &InboundKind)>, usize) {
    let facts = batch.facts.iter().map(|placed| (placed.fact.fact, &placed.place, &placed.fact.kind));
    (facts.collect(), batch.unplaced)
}

fn is_the_same_in_pieces(entries: &[Entry<'_>], whole: &Batch) {
    let mut pieces = Batch::default();
    for entry in entries {
        for piece in entry.split().unwrap_or_else(|| vec![entry.raw.get().to_owned()]) {
            let batch = parse(body::with_entries(&[piece]).as_bytes(), NOW).expect("a piece of a body is one too");
            pieces.facts.extend(batch.facts);
            pieces.unplaced += batch.unplaced;
        }
    }
    assert_eq!(stated(&pieces), stated(whole), "each event alone states the same facts");
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
