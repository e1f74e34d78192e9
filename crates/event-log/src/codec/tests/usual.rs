//! That the quick way to read records agrees with the generated code.

use super::golden::{all, file};
use super::{record_of, steps};
use crate::codec::{Extent, by_generated_code, encode, inbound, sending, usual};
use api::proto::log::v1 as wire;
use domain::event::{Echo, Event, InboundKind, Message, Outcome, Sending, SendingKind};
use domain::id::{AppId, Mid, PageId, PersonKey, SendId};
use domain::time::Timestamp;
use proptest::prelude::*;
use prost::Message as _;
use std::sync::LazyLock;
use uuid::Uuid;
use wire::inbound::Kind;

fn mid(id: &str) -> Option<Mid> {
    Some(Mid::parse(id).unwrap())
}

fn usual_kinds() -> Vec<InboundKind> {
    let message = Message {
        mid: mid("m_1"),
        text: "is it on its way? 🙂".to_owned(),
        quick_reply: Some(String::new()),
        reply_to: mid("m_0"),
        ..Message::default()
    };
    let echo = Echo {
        mid: Mid::parse("m_2").unwrap(),
        app: Some(AppId::parse("4004").unwrap()),
        send: Some(SendId::new(PageId::parse("1001").unwrap(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(9))),
        foreign_metadata: None,
        text: "it is".to_owned(),
        attachments: Vec::new(),
        reply_to: mid("m_1"),
        is_unsupported: false,
        hop_context: None,
    };
    let watermark = Timestamp::from_millis(1_767_225_600_000);
    let mids = vec![Mid::parse("m_2").unwrap(), Mid::parse("m_3").unwrap()];
    vec![
        InboundKind::Message(message),
        InboundKind::Message(Message::default()),
        InboundKind::Echo(echo),
        InboundKind::Delivered { watermark, mids },
        InboundKind::Delivered { watermark, mids: Vec::new() },
        InboundKind::Read { watermark },
        InboundKind::Read { watermark: Timestamp::default() },
    ]
}

/// Every step of a send that has a file, and an attempt that ended well or in silence.
fn all_steps() -> Vec<Sending> {
    let mid = Mid::parse("m_2").unwrap();
    let outcomes = [Outcome::Sent { mid }, Outcome::Unknown, Outcome::Unresolved];
    let files = steps::all().into_iter().flat_map(|(_, events)| events);
    let known = files.filter_map(|event| if let Event::Sending(step) = event { Some(*step) } else { None });
    let known: Vec<_> = known.collect();
    let ended =
        outcomes.map(|outcome| Sending { kind: SendingKind::Settled { attempt: 1, outcome }, ..known[0].clone() });
    known.into_iter().chain(ended).collect()
}

fn is_usual(step: &Sending) -> bool {
    match &step.kind {
        SendingKind::Requested { .. }
        | SendingKind::Accepted { .. }
        | SendingKind::Blocked { .. }
        | SendingKind::Dispatched { .. } => true,
        SendingKind::Settled { outcome, .. } => match outcome {
            Outcome::Sent { .. } | Outcome::Unknown | Outcome::Unresolved => true,
            Outcome::Found { .. }
            | Outcome::NotFound { .. }
            | Outcome::Rejected { .. }
            | Outcome::Retrying { .. }
            | Outcome::NotSent { .. }
            | Outcome::Again { .. } => false,
        },
        SendingKind::Deferred { .. } | SendingKind::Cancelled | SendingKind::Expired { .. } | SendingKind::Doubted => {
            false
        }
    }
}

pub(super) static WRITTEN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(written);

/// Every file of bytes, and what is usual, alone and two in a record.
fn written() -> Vec<Vec<u8>> {
    let files = all().into_iter().map(|(name, _)| std::fs::read(file(name)).unwrap());
    let usual = usual_kinds().into_iter().map(record_of);
    let doubled = usual.clone().map(|mut record| {
        record.events.extend(record.events.clone());
        record.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        record.fact = None;
        record
    });
    let steps_files = steps::all().into_iter().map(|(name, _)| std::fs::read(steps::file(name)).unwrap());
    let each_step = all_steps().into_iter().map(|step| steps::record(vec![Event::Sending(Box::new(step))]));
    let encoded = usual.clone().chain(doubled.clone()).chain(each_step).map(|record| encode(&record));
    files.chain(steps_files).chain(encoded).collect()
}

/// A fact that is usual, as bytes: what stands before its kind, the kind's key, and what the kind says.
fn in_parts(kind: InboundKind) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let Event::Inbound(fact) = &record_of(kind).events[0] else { panic!("a record of one fact") };
    let mut fact = inbound::to_wire(fact);
    let whole = fact.encode_to_vec();
    let said = match fact.kind.take() {
        Some(Kind::Message(message)) => message.encode_to_vec(),
        Some(Kind::Echo(echo)) => echo.encode_to_vec(),
        Some(Kind::Delivered(delivered)) => delivered.encode_to_vec(),
        Some(Kind::Read(read)) => read.encode_to_vec(),
        other => panic!("{other:?} is not usual"),
    };
    let before = fact.encode_to_vec();
    let key = whole[before.len()..before.len() + 2].to_vec();
    (before, key, said)
}

fn joined(before: &[u8], key: &[u8], said: &[u8]) -> Vec<u8> {
    let mut bytes = [before, key].concat();
    prost::encode_length_delimiter(said.len(), &mut bytes).unwrap();
    bytes.extend_from_slice(said);
    bytes
}

#[test]
fn what_is_usual_is_read_the_quick_way() {
    for kind in usual_kinds() {
        let (before, key, said) = in_parts(kind.clone());
        let fact = inbound::usual::read(&joined(&before, &key, &said), Extent::Whole);
        assert_eq!(fact.map(|fact| fact.kind), Some(kind));
    }
    for bytes in &*WRITTEN {
        assert_eq!(usual::record(bytes, Extent::Whole), by_generated_code(bytes).ok());
    }
}

#[test]
fn usual_steps_are_read_the_quick_way() {
    let mut n_quick = 0;
    for step in all_steps() {
        let quick = sending::usual::read(&sending::to_wire(&step).encode_to_vec(), Extent::Whole);
        assert_eq!(quick.is_some(), is_usual(&step), "{step:?}");
        assert!(quick.is_none_or(|quick| *quick == step), "{step:?}");
        n_quick += usize::from(is_usual(&step));
    }
    assert!(n_quick > 30, "{n_quick}");
}

#[test]
fn the_quick_way_agrees_on_steps_that_run_together() {
    let all: Vec<_> = all_steps().iter().map(|step| sending::to_wire(step).encode_to_vec()).collect();
    for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
        let bytes = [&**one, other].concat();
        if let Some(quick) = sending::usual::read(&bytes, Extent::Whole) {
            let generated = sending::from_wire(wire::Sending::decode(&*bytes).unwrap()).unwrap();
            assert_eq!(*quick, generated);
        }
    }
}

/// To protobuf, messages one behind the other are one: values are replaced, lists go on, inner messages are merged.
#[test]
fn the_quick_way_agrees_on_facts_that_run_together() {
    for (before, key, said) in usual_kinds().into_iter().map(in_parts) {
        for (other_before, other_key, other_said) in usual_kinds().into_iter().map(in_parts) {
            let one = joined(&before, &key, &said);
            let mut together = vec![
                [&*one, &joined(&other_before, &other_key, &other_said)].concat(),
                [&*one, &other_before].concat(),
                [&*other_before, &one].concat(),
            ];
            if key == other_key {
                together.push(joined(&before, &key, &[&*said, &*other_said].concat()));
            }
            for bytes in together {
                let generated = inbound::from_wire(wire::Inbound::decode(&*bytes).unwrap()).unwrap();
                let quick = inbound::usual::read(&bytes, Extent::Whole).unwrap_or_else(|| Box::new(generated.clone()));
                assert_eq!(*quick, generated);
            }
        }
    }
}

/// A piece of the bytes is replaced by another piece of them, or by a byte: fields are cut, repeated, emptied, put in another
/// order, and change their type.
pub(super) fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let (which, from, piece) =
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (which, from, 0_usize..40, piece, 0_usize..40, any::<Option<u8>>()).prop_map(
        |(which, from, n_out, piece, n_in, byte)| {
            let mut bytes = which.get(&WRITTEN).clone();
            let from = from.index(bytes.len());
            let piece = piece.index(bytes.len());
            let replacement = match byte {
                Some(byte) => vec![byte],
                None => bytes[piece..bytes.len().min(piece + n_in)].to_vec(),
            };
            let end = bytes.len().min(from + n_out);
            bytes.splice(from..end, replacement);
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_192))]

    #[test]
    fn the_quick_way_agrees_on_damaged_bytes(bytes in damaged()) {
        if let Some(record) = usual::record(&bytes, Extent::Whole) {
            prop_assert_eq!(by_generated_code(&bytes).ok(), Some(record));
        }
    }
}
