//! What the fuzzers' properties found, where the fault lay between crates' public functions: one test for each.

use crate::input;
use domain::event::InboundKind;
use domain::time::Timestamp;
use event_log::{Undecodable, decode};
use messenger::webhook::{parse, retype};

#[track_caller]
fn check_refused(name: &str, field: &str) {
    let refusal = decode(&input("record_decode", name)).expect_err("the record is refused");
    assert!(matches!(refusal, Undecodable::Field(named) if named == field), "{name}: {refusal}");
}

#[test]
fn a_fact_with_sealed_parts_is_not_read_as_one_that_has_none() {
    check_refused("sealed", "inbound.sealed");
    check_refused("one_time_sealed_and_plain", "one_time.token");
    check_refused("notifications_sealed_and_plain", "notifications.token");
    check_refused("marketing_sealed_and_plain", "marketing_message.token");
    check_refused("linked_sealed_and_plain", "account_link.code");
}

#[test]
fn a_code_is_not_dropped_from_an_account_that_is_not_linked() {
    check_refused("unlinked_with_code", "account_link.code");
}

#[test]
fn half_a_span_is_not_read_as_none() {
    check_refused("span_half", "finding.to_ms");
}

#[test]
fn a_change_among_events_is_not_known_when_it_is_read_again_either() {
    let batch = parse(&input("webhook_body", "change_among_events"), Timestamp::from_millis(0)).unwrap();
    assert_eq!(batch.facts.len(), 2);
    for placed in batch.facts {
        let InboundKind::Unrecognized(kept) = &placed.fact.kind else { panic!("{:?}", placed.fact.kind) };
        assert_eq!(retype(kept, &placed.fact), []);
    }
}
