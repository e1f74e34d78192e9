//! Any bytes as a stored record.

use api::proto::log::v1 as wire;
use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose};
use domain::evaluate::{Facts, judge};
use domain::event::{Grounds, Outcome, Recorded};
use domain::id::{PageId, RecordId};
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Claim, Patience, cancel, claim, plan, settle, shed};
use domain::time::{Span, Timestamp};
use event_log::Record;
use prost::Message as _;
use std::sync::LazyLock;
use uuid::Uuid;

static PACKS: LazyLock<Packs> = LazyLock::new(Packs::built_in);

/// Decoding takes any bytes; what it makes of them is written and read back unchanged, and no record stops those who
/// read the log.
pub fn record_decode(data: &[u8]) {
    let Ok(record) = event_log::decode(data) else { return };
    let bytes = event_log::encode(&record);
    let stored = wire::Record::decode(data).expect("a record is a protobuf message");
    assert_eq!(bytes, stored.encode_to_vec(), "nothing that the schema names is lost");
    let again = event_log::decode(&bytes).expect("what was written can be read");
    assert_eq!(again, record, "a record is read as it was written");
    assert_eq!(event_log::encode(&again), bytes, "a record has one form");
    assert!(event_log::partition_of(&record.stream) < event_log::PARTITIONS);
    can_be_folded(&record);
    is_judged_alike(data, &record);
}

/// What is left out where a past is only judged changes no judgement.
fn is_judged_alike(data: &[u8], record: &Record) {
    let judged = event_log::decode_to_judge(data).expect("what can be read whole can be read in part");
    let fold =
        |record: &Record| Conversation::fold(record.events.iter().map(|event| Recorded { record: record.id, event }));
    let (whole, judged) = (fold(record), fold(&judged));
    assert_eq!((judged.rights(), judged.reach()), (whole.rights(), whole.reach()), "rights and wishes are the same");
    let (page_id, page) = (PageId::parse("1").expect("a digit is an id"), Page::default());
    for purpose in Purpose::ALL {
        let intent = Intent::new(Actor::Automation, purpose);
        let judge = |state| judge(&PACKS, &Facts::new(&page_id, &page, state), &intent, record.recorded_at);
        assert_eq!(judge(&judged), judge(&whole), "both judge alike");
    }
}

/// Folds take every event ever written.
fn can_be_folded(record: &Record) {
    let again = RecordId::new(Uuid::max());
    let told = |id: RecordId| record.events.iter().map(move |event| Recorded { record: id, event });
    let once = Conversation::fold(told(record.id));
    assert_eq!(Conversation::fold(told(record.id)), once, "the same history folds to the same state");
    let twice = Conversation::fold(told(record.id).chain(told(again)));

    let page = Page::fold(told(record.id).chain(told(again)));
    let mut packs = PACKS.clone();
    record.events.iter().for_each(|event| packs.evolve(event));
    for state in [&once, &twice] {
        for now in [Timestamp::from_millis(i64::MIN), record.recorded_at, Timestamp::from_millis(i64::MAX)] {
            answers(state, &page, &packs, now);
        }
    }
}

/// Whatever is asked of a state has an answer, and whatever that answer appends can be folded too.
fn answers(state: &Conversation, page: &Page, packs: &Packs, now: Timestamp) {
    let page_id = PageId::parse("1").expect("a digit is an id");
    let facts = Facts::new(&page_id, page, state);
    for purpose in Purpose::ALL {
        drop(judge(packs, &facts, &Intent::new(Actor::Automation, purpose), now));
    }
    let moment = Span::from_millis(1);
    drop(plan(&facts, packs, now, Patience { answer: moment, margin: moment, echo: moment, look: Some(moment) }));
    for (send, known) in state.sends() {
        let command = Claim { send: send.clone(), claim: Uuid::nil(), grounds: Grounds::default(), margin: moment };
        let answers = [
            claim(&facts, packs, &command, now),
            settle(state, send, known.attempts, Outcome::Unknown, now),
            settle(state, send, known.attempts, Outcome::Unresolved, now),
            settle(state, send, known.attempts, Outcome::Again { not_before: now }, now),
            cancel(state, send, now),
            shed(&facts, packs, send, now, now),
        ];
        for events in answers.into_iter().flatten() {
            let mut after = state.clone();
            let record = RecordId::new(Uuid::max());
            events.iter().for_each(|event| after.evolve(Recorded { record, event }));
            assert_ne!(after, *state, "what a command appends changes something");
        }
    }
}
