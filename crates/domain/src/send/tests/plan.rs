//! What is to be done next.

use super::{ENDED, LATER, claimed_and, every_status, waiting};
use crate::decision::Actor;
use crate::event::{Event, Outcome};
use crate::send::{Handling, Patience, Step, plan};
use crate::testing::{
    PACKS, accepted, agent, at, dispatched, echo, facts, fold, heard, requested, requested_by, requested_with, send_id,
    settled,
};
use crate::time::{Span, Timestamp};

const PATIENCE: Patience =
    Patience { answer: Span::from_secs(20), margin: Span::from_secs(5), echo: Span::from_secs(60), look: None };

#[track_caller]
fn check(history: &[Event], now: Timestamp, expected: &Step) {
    assert_eq!(&plan(&facts(&fold(history)), &PACKS, now, PATIENCE), expected);
}

fn with_another_behind(mut history: Vec<Event>) -> Vec<Event> {
    history.extend([requested(2, at(500)), accepted(2, at(500))]);
    history
}

fn unknown(send: u128, since_ms: i64) -> Event {
    settled(send, at(since_ms), 1, Outcome::Unknown)
}

#[test]
fn with_nothing_open_there_is_nothing_to_do() {
    check(&[], at(0), &Step::Idle);
    for (name, history) in every_status() {
        if name == "requested" || ENDED.contains(&name) {
            check(&history, at(500_000), &Step::Idle);
        }
    }
}

#[test]
fn what_waits_is_dispatched() {
    check(&waiting(), at(0), &Step::Dispatch(send_id(1)));
}

#[test]
fn sends_go_out_in_the_order_in_which_they_were_asked_for() {
    let asked = |send, ms| [requested(send, at(ms)), accepted(send, at(ms))];
    check(&[asked(2, 5), asked(1, 6)].concat(), at(10), &Step::Dispatch(send_id(2)));
    // The log's order counts, not the writers' clocks or ids.
    check(&[asked(2, 6), asked(1, 5)].concat(), at(10), &Step::Dispatch(send_id(2)));
    check(&[asked(2, 5), asked(1, 5)].concat(), at(10), &Step::Dispatch(send_id(2)));
}

#[test]
fn the_next_goes_out_once_the_one_before_has_ended() {
    for (name, history) in every_status() {
        // One that was never judged, as only a damaged history could have it, holds nobody back either.
        if name == "requested" || ENDED.contains(&name) {
            check(&with_another_behind(history), at(100_000), &Step::Dispatch(send_id(2)));
        }
    }
}

#[test]
fn a_claimed_send_holds_those_behind_it_until_its_answer_is_overdue() {
    // Claimed at 1 s: 3 s to leave, 20 s for the answer, 5 s of margin.
    let overdue_ms = 29_000;
    for history in [claimed_and(&[]), with_another_behind(claimed_and(&[]))] {
        for now_ms in [1_000, overdue_ms - 1] {
            check(&history, at(now_ms), &Step::WaitUntil(at(overdue_ms)));
        }
        for now_ms in [overdue_ms, overdue_ms + 1] {
            check(&history, at(now_ms), &Step::Settle(send_id(1), 1, Outcome::Unknown));
        }
    }
}

#[test]
fn an_unknown_send_holds_those_behind_it_for_ten_seconds() {
    let history = with_another_behind(claimed_and(&[unknown(1, 30_000)]));
    for now_ms in [30_000, 39_999] {
        check(&history, at(now_ms), &Step::WaitUntil(at(40_000)));
    }
    for now_ms in [40_000, 89_999] {
        check(&history, at(now_ms), &Step::Dispatch(send_id(2)));
    }
}

#[test]
fn an_unknown_send_is_given_up_when_no_echo_came_in_time() {
    for history in [claimed_and(&[unknown(1, 30_000)]), with_another_behind(claimed_and(&[unknown(1, 30_000)]))] {
        for now_ms in [90_000, 90_001] {
            check(&history, at(now_ms), &Step::Settle(send_id(1), 1, Outcome::Unresolved));
        }
    }
    check(&claimed_and(&[unknown(1, 30_000)]), at(89_999), &Step::WaitUntil(at(90_000)));
}

#[test]
fn an_echo_ends_the_wait_for_it() {
    let told = heard(at(2_000), echo(Some(send_id(1)), "m1"));
    check(&claimed_and(&[unknown(1, 30_000), told]), at(500_000), &Step::Idle);
}

#[test]
fn an_unknown_send_holds_no_longer_than_it_is_waited_for() {
    let hasty = Patience { echo: Span::from_secs(4), ..PATIENCE };
    let state = fold(&with_another_behind(claimed_and(&[unknown(1, 30_000)])));
    assert_eq!(plan(&facts(&state), &PACKS, at(33_999), hasty), Step::WaitUntil(at(34_000)));
    assert_eq!(plan(&facts(&state), &PACKS, at(34_000), hasty), Step::Settle(send_id(1), 1, Outcome::Unresolved));
}

#[test]
fn what_is_passed_is_looked_at_again_in_its_time() {
    let passed = claimed_and(&[unknown(1, 30_000)]);
    // The one behind was claimed at 60 s and is overdue at 88 s, before the first is given up at 90 s.
    let mut early = with_another_behind(passed.clone());
    early.push(dispatched(2, at(60_000), 1));
    check(&early, at(61_000), &Step::WaitUntil(at(88_000)));
    // Claimed at 70 s it is overdue at 98 s, after that.
    let mut late = with_another_behind(passed.clone());
    late.push(dispatched(2, at(70_000), 1));
    check(&late, at(71_000), &Step::WaitUntil(at(90_000)));
    // Two that are passed: the one that is given up first.
    let mut two = with_another_behind(passed);
    two.extend([dispatched(2, at(1_000), 1), unknown(2, 31_000)]);
    check(&two, at(50_000), &Step::WaitUntil(at(90_000)));
}

#[test]
fn an_attempt_to_come_later_holds_those_behind_it_and_goes_first_when_it_is_due() {
    let later = Outcome::Retrying { not_before: at(9_000), code: 613 };
    let history = with_another_behind(claimed_and(&[settled(1, at(1_500), 1, later)]));
    check(&history, at(8_999), &Step::WaitUntil(at(9_000)));
    check(&history, at(9_000), &Step::Dispatch(send_id(1)));
}

#[test]
fn an_attempt_to_come_much_later_holds_those_behind_it_for_ten_seconds() {
    let history = with_another_behind(claimed_and(&[settled(1, at(1_500), 1, LATER)]));
    check(&history, at(11_499), &Step::WaitUntil(at(11_500)));
    check(&history, at(11_500), &Step::Dispatch(send_id(2)));
}

#[test]
fn nobody_is_held_for_more_than_half_of_what_is_left_of_their_window() {
    let handling = Handling { expires_at: Some(at(9_500)), ..Handling::default() };
    let mut history = claimed_and(&[settled(1, at(1_500), 1, LATER)]);
    history.extend([requested_with(2, at(500), handling), accepted(2, at(500))]);
    check(&history, at(5_499), &Step::WaitUntil(at(5_500)));
    check(&history, at(5_500), &Step::Dispatch(send_id(2)));
}

#[test]
fn a_persons_answer_waits_for_no_program_and_a_program_for_no_broadcast() {
    let actors = [Actor::Broadcast, Actor::Bot, Actor::Human(agent())];
    let mut history = vec![heard(at(0), crate::testing::message())];
    for (n, actor) in (1..).zip(actors) {
        history.extend([requested_by(n, at(10), actor), accepted(n, at(10))]);
        check(&history, at(20), &Step::Dispatch(send_id(n)));
    }
    // Nor for one that is under way, or of which nobody knows.
    for n in [1, 2] {
        history.extend([dispatched(n, at(1_000), 1), settled(n, at(2_000), 1, Outcome::Unknown)]);
    }
    check(&history, at(2_000), &Step::Dispatch(send_id(3)));
}

#[test]
fn the_step_that_is_planned_names_the_latest_attempt() {
    let again = [settled(1, at(1_500), 1, LATER), dispatched(1, at(20_000), 2)];
    check(&claimed_and(&again), at(48_000), &Step::Settle(send_id(1), 2, Outcome::Unknown));
}
