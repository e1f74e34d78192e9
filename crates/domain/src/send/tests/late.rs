//! Sends to which the Page's turn comes too late.

use super::{PACKS, waiting};
use crate::event::{Event, SendingKind};
use crate::send::{Chance, Handling, Refusal, Status, chance, shed};
use crate::testing::{accepted, at, facts, fold, heard, message, requested, requested_with, send_id, step};
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

fn shed_at(history: &[Event], turn: Timestamp) -> Result<Vec<Event>, Refusal> {
    shed(&facts(&fold(history)), &PACKS, &send_id(1), turn, at(5))
}

fn expired(turn: Timestamp) -> Event {
    step(1, at(5), SendingKind::Expired { turn: Some(turn) })
}

#[test]
fn a_send_is_given_up_early_only_when_its_turn_comes_after_its_end() {
    let handling = Handling { expires_at: Some(at(60_000)), ..Handling::default() };
    let history = [requested_with(1, at(0), handling), accepted(1, at(0))];
    assert_eq!(shed_at(&history, at(59_999)), Err(Refusal::Settled));
    let expired = expired(at(60_000));
    assert_eq!(shed_at(&history, at(60_000)), Ok(vec![expired.clone()]));
    let [one, two] = history;
    let state = fold(&[one, two, expired]);
    assert_eq!(state.send(&send_id(1)).unwrap().status, Status::Expired { turn: Some(at(60_000)) });
    // One whose permission has no end never comes too late.
    assert_eq!(shed_at(&waiting(), at(60_000)), Err(Refusal::Settled));
}

/// Somebody writes, is answered, and writes again so much later.
fn written_again(handling: Handling, later_ms: Option<i64>) -> Vec<Event> {
    let first = vec![heard(at(0), message())];
    let decision = super::judged(&first, at(5));
    let accepted = step(1, at(5), SendingKind::Accepted { decision });
    let again = later_ms.map(|ms| heard(at(ms), message()));
    [first, vec![requested_with(1, at(5), handling), accepted]].concat().into_iter().chain(again).collect()
}

#[test]
fn a_send_makes_it_by_the_window_that_the_person_opened_since() {
    let (early, late) = (at(DAY_MS), at(DAY_MS + 1_000));
    assert_eq!(shed_at(&written_again(Handling::default(), None), early), Ok(vec![expired(early)]));
    let history = written_again(Handling::default(), Some(1_000));
    assert_eq!(shed_at(&history, early), Err(Refusal::Settled));
    assert_eq!(shed_at(&history, late), Ok(vec![expired(late)]));
    let (state, id) = (fold(&history), send_id(1));
    let send = (&id, state.send(&id).unwrap());
    assert_eq!(chance(&facts(&state), &PACKS, send, at(DAY_MS - 1)), Chance::Until(Some(at(DAY_MS))));
    assert_eq!(chance(&facts(&state), &PACKS, send, early), Chance::Until(Some(late)));
    assert_eq!(chance(&facts(&state), &PACKS, send, late), Chance::Late);
}

#[test]
fn what_is_held_until_it_is_allowed_comes_too_late_only_by_its_callers_word() {
    let handling = Handling { is_held: true, expires_at: Some(at(3 * DAY_MS)), ..Handling::default() };
    let history = written_again(handling, None);
    assert_eq!(shed_at(&history, at(2 * DAY_MS)), Err(Refusal::Settled));
    assert_eq!(shed_at(&history, at(3 * DAY_MS)), Ok(vec![expired(at(3 * DAY_MS))]));
}

#[test]
fn what_does_not_wait_is_not_given_up() {
    assert_eq!(shed_at(&[], at(1)), Err(Refusal::NoSuchSend));
    assert_eq!(shed_at(&[requested(1, at(0))], at(1)), Err(Refusal::NotWaiting("requested")));
}
