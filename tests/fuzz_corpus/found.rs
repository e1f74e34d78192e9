//! What the fuzzers' properties found, where the fault lay between crates' public functions: one test for each.

use crate::input;
use event_log::{Undecodable, decode};

#[track_caller]
fn check_refused(name: &str, field: &str) {
    let refusal = decode(&input("record_decode", name)).expect_err("the record is refused");
    assert!(matches!(refusal, Undecodable::Field(named) if named == field), "{name}: {refusal}");
}

#[test]
fn a_fact_with_sealed_parts_is_not_read_as_one_that_has_none() {
    check_refused("sealed", "inbound.sealed");
}

#[test]
fn half_a_span_is_not_read_as_none() {
    check_refused("span_half", "finding.to_ms");
}
