//! What callers ask for besides what is said: when, until when, held or not, twice rather than never, and once by name.

use super::{Command, REJECTED, a_request, check, claimed_and, judged};
use crate::evaluate::Facts;
use crate::event::{Event, Outcome, PageStepKind, SendingKind};
use crate::id::BusinessKey;
use crate::send::{Claim, Guarantee, Handling, Patience, Refusal, Request, Status, Step, claim, plan, settle};
use crate::testing::{
    DAY_MS, PACKS, PAGE_ID, accepted, at, blocked, claim_of, deferred, dispatched, echo, facts, fold, fold_page, heard,
    message, page_step, request_id, requested, requested_with, send_id, settled, step,
};
use crate::time::{Span, Timestamp};

const PATIENCE: Patience =
    Patience { answer: Span::from_secs(20), margin: Span::from_secs(5), echo: Span::from_secs(60), look: None };

fn planned(history: &[Event], now: Timestamp) -> Step {
    plan(&facts(&fold(history)), &PACKS, now, PATIENCE)
}

fn claimed(history: &[Event], now: Timestamp) -> Result<Vec<Event>, Refusal> {
    claim(&facts(&fold(history)), &PACKS, &claim_of(send_id(1), 9), now)
}

fn with(handling: Handling) -> Vec<Event> {
    vec![heard(at(0), message()), requested_with(1, at(0), handling), accepted(1, at(0))]
}

#[test]
fn what_is_to_leave_later_waits_for_that_and_holds_nobody_back() {
    let mut history = with(Handling { not_before: Some(at(60_000)), ..Handling::default() });
    assert_eq!(claimed(&history, at(59_999)), Err(Refusal::NotDue { at: at(60_000) }));
    assert_eq!(planned(&history, at(59_999)), Step::WaitUntil(at(60_000)));
    assert_eq!(planned(&history, at(60_000)), Step::Dispatch(send_id(1)));
    assert!(claimed(&history, at(60_000)).is_ok());
    history.extend([requested(2, at(10)), accepted(2, at(10))]);
    assert_eq!(planned(&history, at(20)), Step::Dispatch(send_id(2)));
}

#[test]
fn what_is_to_leave_later_is_judged_for_that_moment() {
    let history = [heard(at(0), message())];
    let later = Handling { not_before: Some(at(DAY_MS)), ..Handling::default() };
    let command = Request { handling: later.clone(), ..a_request() };
    let blocked = step(1, at(5), SendingKind::Blocked { decision: judged(&history, at(DAY_MS)) });
    check(&history, Command::Request(command), at(5), Ok(vec![requested_with(1, at(5), later), blocked]));
}

#[test]
fn what_has_expired_never_leaves() {
    let history = with(Handling { expires_at: Some(at(60_000)), ..Handling::default() });
    let Ok([Event::Sending(claimed_at_last)]) =
        claimed(&history, at(59_999)).as_deref().map(|events| [events[0].clone()])
    else {
        panic!("still its time")
    };
    // Its first byte may not leave later either.
    assert!(matches!(claimed_at_last.kind, SendingKind::Dispatched { leave_by, .. } if leave_by == at(60_000)));
    let expired = step(1, at(60_000), SendingKind::Expired { turn: None });
    assert_eq!(claimed(&history, at(60_000)), Ok(vec![expired]));
    assert_eq!(planned(&history, at(60_000)), Step::Dispatch(send_id(1)));
    // Also while an attempt is waited for.
    let later = settled(1, at(2_000), 1, Outcome::Retrying { not_before: at(90_000), code: 613 });
    let again = [history, vec![dispatched(1, at(1_000), 1), later]].concat();
    assert_eq!(planned(&again, at(2_000)), Step::WaitUntil(at(60_000)));
    assert_eq!(planned(&again, at(60_000)), Step::Dispatch(send_id(1)));
}

#[test]
fn nothing_is_claimed_shortly_before_the_end_of_what_allows_it() {
    let history = with(Handling::default());
    let careful = Claim { margin: Span::from_secs(2), ..claim_of(send_id(1), 9) };
    let claim = |now| claim(&facts(&fold(&history)), &PACKS, &careful, now).unwrap();
    let Event::Sending(last) = &claim(at(DAY_MS - 2_001))[0] else { panic!() };
    assert_eq!(last.kind.as_str(), "dispatched");
    let late = at(DAY_MS - 2_000);
    let blocked = step(1, late, SendingKind::Blocked { decision: judged(&history, at(DAY_MS)) });
    assert_eq!(claim(late), [blocked]);
}

#[test]
fn what_may_leave_by_another_way_after_the_window_waits_for_that() {
    use crate::decision::{Actor, Intent, Purpose, Route};
    let intent = Intent::new(Actor::Human(crate::testing::agent()), Purpose::Conversation);
    let command = Request { intent, ..a_request() };
    let mut history = vec![heard(at(0), message())];
    history.extend(crate::send::request(&facts(&fold(&history)), &PACKS, &command, at(1)).unwrap());
    let careful = Claim { margin: Span::from_secs(2), ..claim_of(send_id(1), 9) };
    let claim = |now| claim(&facts(&fold(&history)), &PACKS, &careful, now);
    assert_eq!(claim(at(DAY_MS - 1)), Err(Refusal::NotDue { at: at(DAY_MS) }));
    let Event::Sending(step) = &claim(at(DAY_MS)).unwrap()[0] else { panic!() };
    let SendingKind::Dispatched { decision, .. } = &step.kind else { panic!("{}", step.kind.as_str()) };
    assert_eq!(decision.route(), Some(Route::HumanAgent));
}

#[test]
fn what_is_held_goes_out_as_soon_as_the_person_writes() {
    let handling = Handling { is_held: true, expires_at: Some(at(9 * DAY_MS)), ..Handling::default() };
    let command = Request { handling: handling.clone(), ..a_request() };
    let held = step(1, at(5), SendingKind::Deferred { decision: judged(&[], at(5)), expires_at: handling.expires_at });
    check(&[], Command::Request(command), at(5), Ok(vec![requested_with(1, at(5), handling.clone()), held.clone()]));
    let mut history = vec![requested_with(1, at(5), handling), held];
    assert_eq!(planned(&history, at(10)), Step::WaitUntil(at(9 * DAY_MS)));
    assert_eq!(claimed(&history, at(10)), Err(Refusal::Held));
    history.push(heard(at(20), message()));
    assert_eq!(planned(&history, at(20)), Step::Dispatch(send_id(1)));
    assert!(matches!(claimed(&history, at(20)).as_deref(), Ok([Event::Sending(_)])));
    // And nobody waits for it.
    history.truncate(2);
    history.extend([heard(at(20), message()), requested(2, at(30)), accepted(2, at(30))]);
    history.push(settled(1, at(40), 1, Outcome::Unknown));
    assert_eq!(planned(&history, at(2 * DAY_MS)), Step::Dispatch(send_id(2)));
}

#[test]
fn what_is_held_is_held_again_when_its_turn_finds_it_forbidden() {
    let mut history = with(Handling { is_held: true, ..Handling::default() });
    let now = at(DAY_MS);
    let held = step(1, now, SendingKind::Deferred { decision: judged(&history, now), expires_at: None });
    assert_eq!(claimed(&history, now), Ok(vec![held.clone()]));
    history.push(held);
    assert!(matches!(fold(&history).send(&send_id(1)).unwrap().status, Status::Deferred { look_at: None }));
}

#[test]
fn what_may_come_twice_is_tried_once_more_when_no_echo_came() {
    let handling = Handling { guarantee: Guarantee::AtLeastOnce, ..Handling::default() };
    let mut history = with(handling);
    history.extend([dispatched(1, at(1_000), 1), settled(1, at(30_000), 1, Outcome::Unknown)]);
    let again = Outcome::Again { not_before: at(90_000) };
    assert_eq!(planned(&history, at(90_000)), Step::Settle(send_id(1), 1, again.clone()));
    assert_eq!(settle(&fold(&history), &send_id(1), 1, again.clone(), at(90_000)).unwrap().len(), 1);
    history.push(settled(1, at(90_000), 1, again.clone()));
    assert_eq!(planned(&history, at(90_000)), Step::Dispatch(send_id(1)));
    history.extend([dispatched(1, at(90_000), 2), settled(1, at(120_000), 2, Outcome::Unknown)]);
    assert_eq!(planned(&history, at(180_000)), Step::Settle(send_id(1), 2, Outcome::Unresolved));
    assert_eq!(settle(&fold(&history), &send_id(1), 2, again, at(180_000)), Err(Refusal::Settled));
    // The echo of the first ends it all the same.
    history.push(heard(at(2_000), echo(Some(send_id(1)), "m1")));
    assert_eq!(planned(&history, at(180_000)), Step::Idle);
}

#[test]
fn invariant_07_nothing_is_tried_again_whose_caller_did_not_choose_that() {
    let history = claimed_and(&[settled(1, at(30_000), 1, Outcome::Unknown)]);
    let again = Outcome::Again { not_before: at(90_000) };
    assert_eq!(settle(&fold(&history), &send_id(1), 1, again.clone(), at(90_000)), Err(Refusal::Settled));
    let mut forged = history.clone();
    forged.push(settled(1, at(90_000), 1, again));
    assert_eq!(fold(&forged), fold(&history));
}

#[test]
fn what_is_told_once_is_not_asked_for_twice_unless_it_came_to_nothing() {
    let key = Some(BusinessKey::parse("order-42-shipped").unwrap());
    let handling = Handling { key, ..Handling::default() };
    let again = Request {
        send: send_id(2),
        request: request_id(2),
        handling: handling.clone(),
        request_digest: [2; 16],
        ..a_request()
    };
    let first =
        |end: Vec<Event>| [vec![heard(at(0), message()), requested_with(1, at(0), handling.clone())], end].concat();
    let refused = Err(Refusal::KeyTaken(send_id(1)));
    for end in [vec![accepted(1, at(0))], vec![deferred(1, at(0))]] {
        check(&first(end), Command::Request(again.clone()), at(5), refused.clone());
    }
    let sent = vec![accepted(1, at(0)), heard(at(2), echo(Some(send_id(1)), "m1"))];
    check(&first(sent), Command::Request(again.clone()), at(5), refused);
    for end in [vec![blocked(1, at(0))], vec![accepted(1, at(0)), step(1, at(1), SendingKind::Cancelled)]] {
        let history = first(end);
        let accepted = step(2, at(5), SendingKind::Accepted { decision: judged(&history, at(5)) });
        let expected = Ok(vec![requested_with(2, at(5), handling.clone()), accepted]);
        let answer = crate::send::request(&facts(&fold(&history)), &PACKS, &again, at(5));
        assert_eq!(answer.map(|events| events.len()), expected.map(|events: Vec<Event>| events.len()));
    }
}

#[test]
fn a_send_whose_turn_would_come_too_late_is_refused_at_once() {
    let history = [heard(at(0), message())];
    for (turn_ms, is_refused) in [(DAY_MS - 1, false), (DAY_MS, true)] {
        let command = Request { turn: Some(at(turn_ms)), ..a_request() };
        let accepted = step(1, at(5), SendingKind::Accepted { decision: judged(&history, at(5)) });
        let mut expected = vec![requested(1, at(5)), accepted];
        if is_refused {
            expected.push(step(1, at(5), SendingKind::Expired { turn: Some(at(turn_ms)) }));
        }
        check(&history, Command::Request(command), at(5), Ok(expected));
    }
}

#[test]
fn one_that_was_tried_again_is_never_said_to_have_come_to_nothing() {
    let unknown = settled(1, at(20_000), 1, Outcome::Unknown);
    let again = settled(1, at(90_000), 1, Outcome::Again { not_before: at(90_000) });
    let twice = with(Handling { guarantee: Guarantee::AtLeastOnce, ..Handling::default() });
    let waits = [twice, vec![dispatched(1, at(1_000), 1), unknown, again]].concat();
    let second = dispatched(1, at(91_000), 2);
    let ends = [
        vec![step(1, at(91_000), SendingKind::Cancelled)],
        vec![step(1, at(91_000), SendingKind::Expired { turn: None })],
        vec![blocked(1, at(91_000))],
        vec![second, settled(1, at(92_000), 2, REJECTED)],
    ];
    for end in ends {
        let state = fold(&[waits.clone(), end].concat());
        assert_eq!(state.send(&send_id(1)).unwrap().status, Status::Unresolved);
    }
}

#[test]
fn a_paused_page_lets_nothing_leave_and_keeps_what_waits() {
    let history = with(Handling { expires_at: Some(at(60_000)), ..Handling::default() });
    let state = fold(&history);
    let paused = fold_page(&[page_step(at(5), PageStepKind::Paused { reason: "stocktaking".to_owned() })]);
    let facts = Facts::new(&PAGE_ID, &paused, &state);
    assert_eq!(claim(&facts, &PACKS, &claim_of(send_id(1), 9), at(6)), Err(Refusal::Paused));
    assert_eq!(plan(&facts, &PACKS, at(6), PATIENCE), Step::WaitUntil(at(60_000)));
    // Its time runs on.
    let expired = step(1, at(60_000), SendingKind::Expired { turn: None });
    assert_eq!(claim(&facts, &PACKS, &claim_of(send_id(1), 9), at(60_000)), Ok(vec![expired]));
}
