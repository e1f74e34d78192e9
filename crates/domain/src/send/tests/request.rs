//! A caller's request.

use super::{Command, a_request, check, judged, waiting};
use crate::event::SendingKind;
use crate::send::{Refusal, Request};
use crate::testing::{DAY_MS, at, blocked, heard, message, request_id, requested, send_id, step};

#[test]
fn a_request_inside_the_window_is_accepted() {
    let history = [heard(at(0), message())];
    let now = at(DAY_MS - 1);
    let accepted = step(1, now, SendingKind::Accepted { decision: judged(&history, now) });
    check(&history, Command::Request(a_request()), now, Ok(vec![requested(1, now), accepted]));
}

#[test]
fn a_request_that_the_rules_forbid_is_recorded_as_blocked() {
    let history = [heard(at(0), message())];
    for (history, now) in [(&history[..], at(DAY_MS)), (&[], at(0))] {
        let blocked = step(1, now, SendingKind::Blocked { decision: judged(history, now) });
        check(history, Command::Request(a_request()), now, Ok(vec![requested(1, now), blocked]));
    }
}

#[test]
fn a_request_made_again_leads_to_the_send_it_led_to_at_first() {
    let again = Request { send: send_id(2), ..a_request() };
    let refused = vec![requested(1, at(0)), blocked(1, at(0))];
    for history in [waiting(), refused] {
        let expected = Err(Refusal::Repeated(send_id(1)));
        check(&history, Command::Request(again.clone()), at(30 * DAY_MS), expected);
    }
}

#[test]
fn a_request_id_is_not_taken_for_another_request() {
    let other = Request { send: send_id(2), request_digest: [2; 16], ..a_request() };
    check(&waiting(), Command::Request(other), at(0), Err(Refusal::RequestIdReused(send_id(1))));
}

#[test]
fn a_send_id_is_not_taken_for_another_request() {
    let same = Request { request: request_id(2), ..a_request() };
    check(&waiting(), Command::Request(same.clone()), at(0), Err(Refusal::Repeated(send_id(1))));
    let other = Request { request_digest: [2; 16], ..same };
    check(&waiting(), Command::Request(other), at(0), Err(Refusal::RequestIdReused(send_id(1))));
}

#[test]
fn another_request_of_the_same_words_is_another_send() {
    let other = Request { send: send_id(2), request: request_id(2), ..a_request() };
    let accepted = step(2, at(5), SendingKind::Accepted { decision: judged(&waiting(), at(5)) });
    check(&waiting(), Command::Request(other), at(5), Ok(vec![requested(2, at(5)), accepted]));
}
