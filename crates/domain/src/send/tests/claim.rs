//! A worker's claim.

use super::{Command, LATER, NOT_SENT, check, claimed_and, every_status, judged, waiting};
use crate::event::{Event, SendingKind};
use crate::send::Refusal;
use crate::testing::{DAY_MS, GROUNDS, at, dispatched, heard, message, settled, step};
use crate::time::Timestamp;
use uuid::Uuid;

/// What claim 9 makes of the history: attempt and the last moment to leave.
fn claimed(history: &[Event], now: Timestamp, attempt: u32, leave_by: Timestamp) -> Vec<Event> {
    let (claim, decision) = (Uuid::from_u128(9), judged(history, now));
    vec![step(1, now, SendingKind::Dispatched { attempt, claim, leave_by, decision, grounds: GROUNDS })]
}

#[test]
fn a_claim_is_judged_anew_and_gives_three_seconds_to_leave() {
    let history = waiting();
    let now = at(60_000);
    check(&history, Command::Claim(9), now, Ok(claimed(&history, now, 1, at(63_000))));
}

#[test]
fn nothing_may_leave_after_the_end_of_the_window() {
    let history = waiting();
    for (now_ms, leave_by_ms) in
        [(DAY_MS - 3_001, DAY_MS - 1), (DAY_MS - 3_000, DAY_MS), (DAY_MS - 2_999, DAY_MS), (DAY_MS - 1, DAY_MS)]
    {
        check(&history, Command::Claim(9), at(now_ms), Ok(claimed(&history, at(now_ms), 1, at(leave_by_ms))));
    }
}

#[test]
fn a_send_whose_window_closed_while_it_waited_is_blocked() {
    let history = waiting();
    let now = at(DAY_MS);
    let blocked = step(1, now, SendingKind::Blocked { decision: judged(&history, now) });
    check(&history, Command::Claim(9), now, Ok(vec![blocked]));
}

#[test]
fn a_send_whose_window_was_opened_anew_while_it_waited_goes_out() {
    let mut history = waiting();
    history.push(heard(at(DAY_MS - 1), message()));
    let now = at(DAY_MS);
    check(&history, Command::Claim(9), now, Ok(claimed(&history, now, 1, at(DAY_MS + 3_000))));
}

#[test]
fn only_a_waiting_send_can_be_claimed() {
    for (name, history) in every_status() {
        if !matches!(name, "accepted" | "retrying" | "deferred") {
            check(&history, Command::Claim(9), at(200_000), Err(Refusal::NotWaiting(name)));
        }
    }
}

#[test]
fn an_attempt_that_failed_is_not_repeated_before_its_time() {
    for (outcome, due_ms) in [(LATER, 20_000), (NOT_SENT, 5_000)] {
        let history = claimed_and(&[settled(1, at(1_500), 1, outcome)]);
        check(&history, Command::Claim(9), at(due_ms - 1), Err(Refusal::NotDue { at: at(due_ms) }));
        let now = at(due_ms);
        check(&history, Command::Claim(9), now, Ok(claimed(&history, now, 2, at(due_ms + 3_000))));
    }
}

#[test]
fn every_claim_counts_as_an_attempt() {
    let failed = settled(1, at(1_500), 1, NOT_SENT);
    let again = [failed, dispatched(1, at(5_000), 2), settled(1, at(5_100), 2, NOT_SENT)];
    let history = claimed_and(&again);
    let now = at(6_000);
    check(&history, Command::Claim(9), now, Ok(claimed(&history, now, 3, at(9_000))));
}

#[test]
fn a_claim_that_skips_an_attempt_is_not_taken_for_the_next() {
    let mut history = waiting();
    history.push(dispatched(1, at(1_000), 2));
    check(&history, Command::Claim(9), at(1_000), Ok(claimed(&history, at(1_000), 1, at(4_000))));
}
