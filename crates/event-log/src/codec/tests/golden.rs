//! One file of bytes a kind, as the version wrote them that first knew it.

mod details;
mod first;
mod page;
mod person;

use super::record_of;
use crate::codec::{decode, encode};
use domain::event::InboundKind;
use domain::id::{AppId, Mid, Token};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Every file, and what it must still mean.
pub(super) fn all() -> Vec<(&'static str, InboundKind)> {
    [first::kinds(), details::kinds(), person::kinds(), page::kinds()].concat()
}

pub(super) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.bin"))
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn mid(id: &str) -> Mid {
    Mid::parse(id).unwrap()
}

fn app(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

fn token() -> Token {
    Token::parse("token-1").unwrap()
}

#[test]
fn what_older_versions_wrote_means_what_it_meant() {
    let mut written = Vec::new();
    for (name, kind) in all() {
        let (file, record) = (file(name), record_of(kind));
        // A kind that has no file yet gets one; from then on only the file counts.
        if !file.exists() {
            std::fs::write(&file, encode(&record)).unwrap();
            written.push(name);
        }
        assert_eq!(decode(&std::fs::read(&file).unwrap()).unwrap(), record, "{name}");
    }
    assert!(written.is_empty(), "commit the files that were written just now: {written:?}");
}

#[test]
fn every_kind_comes_back_from_its_bytes_with_every_detail() {
    for (name, kind) in all() {
        let record = record_of(kind);
        assert_eq!(decode(&encode(&record)).unwrap(), record, "{name}");
    }
}

#[test]
fn every_file_is_looked_at() {
    let known: BTreeSet<_> = all().iter().map(|(name, _)| format!("{name}.bin")).collect();
    assert_eq!(known.len(), all().len(), "no name is used twice");
    let folder = std::fs::read_dir(file("").parent().unwrap()).unwrap();
    let found: BTreeSet<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, known);
}

#[test]
fn every_kind_has_a_file() {
    let found: BTreeSet<_> = all().iter().map(|(_, kind)| number(kind)).collect();
    assert_eq!(found, (1..=30).collect());
}

/// A new kind does not compile until it has a number here, and the test above fails until it has a file.
const fn number(kind: &InboundKind) -> u8 {
    match kind {
        InboundKind::Message(_) => 1,
        InboundKind::Echo(_) => 2,
        InboundKind::Delivered { .. } => 3,
        InboundKind::Read { .. } => 4,
        InboundKind::Postback(_) => 5,
        InboundKind::Referral(_) => 6,
        InboundKind::Unsent(_) => 7,
        InboundKind::Edit(_) => 8,
        InboundKind::Reaction(_) => 9,
        InboundKind::OptIn(_) => 10,
        InboundKind::AccountLink(_) => 11,
        InboundKind::ThreadControl(_) => 12,
        InboundKind::AppRoles(_) => 13,
        InboundKind::PolicyEnforcement(_) => 14,
        InboundKind::ResponseFeedback(_) => 15,
        InboundKind::CustomerFeedback(_) => 16,
        InboundKind::CustomerInformation(_) => 17,
        InboundKind::Order(_) => 18,
        InboundKind::Form(_) => 19,
        InboundKind::GamePlay(_) => 20,
        InboundKind::Lead(_) => 21,
        InboundKind::Coupon(_) => 22,
        InboundKind::RequestAccepted => 23,
        InboundKind::Comment(_) => 24,
        InboundKind::Feed(_) => 25,
        InboundKind::InboxLabel(_) => 26,
        InboundKind::Marketing(_) => 27,
        InboundKind::SubscriberUpload(_) => 28,
        InboundKind::TemplateStatus(_) => 29,
        InboundKind::Unrecognized(_) => 30,
    }
}

#[test]
fn the_debug_text_of_a_fact_names_no_token() {
    for (name, kind) in all() {
        let text = format!("{:?}", record_of(kind));
        assert!(!text.contains("token-1") && !text.contains("code-1"), "{name}: {text}");
    }
}
