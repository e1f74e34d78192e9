//! One file of bytes for each kind of message, as the version wrote it that first knew it.

#[path = "../../../../domain/tests/content/samples.rs"]
mod samples;

use super::at;
use crate::codec::{Undecodable, decode, encode};
use crate::record::Record;
use domain::content::Content;
use domain::decision::{Actor, Intent, Purpose};
use domain::event::{Event, Sending, SendingKind};
use domain::id::{PageId, PersonKey, Psid, RecordId, RequestId, SendId, StreamId};
use domain::send::Handling;
use samples::{Names, all};
use std::collections::BTreeSet;
use std::path::PathBuf;
use uuid::Uuid;

fn record(content: Content) -> Record {
    let (page, person) = (PageId::parse("1001").unwrap(), PersonKey::from_bytes([7; 16]));
    let kind = SendingKind::Requested {
        page: page.clone(),
        recipient: Psid::parse("24601").unwrap(),
        request: RequestId::parse("r-1").unwrap(),
        request_digest: [4; 16],
        intent: Box::new(Intent::new(Actor::Bot, Purpose::Conversation)),
        content: Box::new(content),
        handling: Handling::default(),
    };
    let send = SendId::new(page.clone(), person, Uuid::from_u128(9));
    Record {
        id: RecordId::new(Uuid::from_u128(5)),
        stream: StreamId::Conversation(page, person),
        recorded_at: at(5),
        fact: None,
        traceparent: None,
        events: vec![Event::Sending(Box::new(Sending { send, at: at(5), kind }))],
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden_contents").join(format!("{name}.bin"))
}

#[test]
fn messages_that_older_versions_wrote_say_what_they_said() {
    let mut written = Vec::new();
    for (name, content) in all(&Names::default()) {
        let (file, record) = (file(name), record(content));
        // A kind that has no file yet gets one; from then on only the file counts.
        if !file.exists() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, encode(&record)).unwrap();
            written.push(name);
        }
        assert_eq!(decode(&std::fs::read(&file).unwrap()).unwrap(), record, "{name}");
    }
    assert!(written.is_empty(), "commit the files that were written just now: {written:?}");
}

#[test]
fn every_file_of_messages_is_looked_at() {
    let known: BTreeSet<_> = all(&Names::default()).iter().map(|(name, _)| format!("{name}.bin")).collect();
    let folder = std::fs::read_dir(file("").parent().unwrap()).unwrap();
    let found: BTreeSet<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, known);
}

#[test]
fn what_breaks_a_limit_can_still_be_read() {
    let record = record(Content::text("x".repeat(5_000)));
    assert_eq!(decode(&encode(&record)).unwrap(), record);
}

#[test]
fn a_kind_of_message_that_a_newer_version_wrote_is_not_read_as_another() {
    let mut bytes = encode(&record(Content::text("unlike any other")));
    // The tag of the text becomes that of a field which nobody knows.
    let text = bytes.windows(5).position(|window| window == b"unlik").unwrap();
    bytes[text - 2] = (15 << 3) | 2;
    assert!(matches!(decode(&bytes), Err(Undecodable::Field("requested.content"))));
}
