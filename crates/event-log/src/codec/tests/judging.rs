//! That records read for judging are the same records, but for what is left out.

use super::usual::{WRITTEN, damaged};
use crate::codec::{Extent, by_generated_code, decode, decode_to_judge, usual};
use crate::record::Record;
use domain::conversation::Conversation;
use domain::decision::{Decision, Verdict};
use domain::event::{Content, Event, Inbound, InboundKind, Recorded, Sending, SendingKind};
use proptest::prelude::*;

/// The record without anything that may be left out.
fn bare(mut record: Record) -> Record {
    for event in &mut record.events {
        match event {
            Event::Inbound(inbound) => strip_fact(inbound),
            Event::Sending(step) => strip_step(step),
            Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::System(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_) => (),
        }
    }
    record
}

fn strip_fact(inbound: &mut Inbound) {
    if let InboundKind::Message(message) = &mut inbound.kind {
        (message.mid, message.text, message.reply_to) = (None, String::new(), None);
    }
    if let InboundKind::Echo(echo) = &mut inbound.kind {
        (echo.app, echo.text, echo.reply_to) = (None, String::new(), None);
    }
    if let InboundKind::Delivered { mids, .. } = &mut inbound.kind {
        mids.clear();
    }
}

fn strip_step(step: &mut Sending) {
    match &mut step.kind {
        SendingKind::Requested { content, .. } => **content = Content::text(""),
        SendingKind::Accepted { decision }
        | SendingKind::Blocked { decision }
        | SendingKind::Deferred { decision, .. }
        | SendingKind::Dispatched { decision, .. } => strip_decision(decision),
        SendingKind::Settled { .. } | SendingKind::Cancelled | SendingKind::Expired { .. } | SendingKind::Doubted => (),
    }
}

fn strip_decision(decision: &mut Decision) {
    decision.pack.name.clear();
    decision.remedies.clear();
    match decision.verdict {
        Verdict::Allowed(_) => decision.findings.clear(),
        Verdict::Blocked => decision.findings.iter_mut().for_each(|finding| {
            (finding.facts, finding.span, finding.about) = (Vec::new(), None, None);
        }),
    }
}

/// Whether both fold to what judges alike.
fn folds_alike(one: &Record, other: &Record) -> bool {
    let fold =
        |record: &Record| Conversation::fold(record.events.iter().map(|event| Recorded { record: record.id, event }));
    let (one, other) = (fold(one), fold(other));
    let openings = domain::conversation::Opening::ALL;
    (one.rights(), one.reach(), one.last_opening(&openings))
        == (other.rights(), other.reach(), other.last_opening(&openings))
}

#[test]
fn what_is_read_for_judging_differs_only_in_what_is_left_out() {
    let mut n_smaller = 0;
    for bytes in &*WRITTEN {
        let (whole, judged) = (decode(bytes).unwrap(), decode_to_judge(bytes).unwrap());
        n_smaller += usize::from(whole != judged);
        assert!(folds_alike(&whole, &judged));
        assert_eq!(bare(judged), bare(whole));
    }
    assert!(n_smaller > 50, "{n_smaller}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_192))]

    #[test]
    fn what_is_read_for_judging_agrees_on_damaged_bytes(bytes in damaged()) {
        if let Some(judged) = usual::record(&bytes, Extent::ToJudge)
            && let Ok(whole) = by_generated_code(&bytes)
        {
            prop_assert!(folds_alike(&whole, &judged));
            prop_assert_eq!(bare(judged), bare(whole));
        }
    }
}
