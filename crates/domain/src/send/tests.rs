//! A history, a command, and what then has happened.

mod cancel;
mod claim;
mod doubt;
mod found;
mod handling;
mod late;
mod plan;
mod properties;
mod request;
mod rights;
mod settle;
mod told;

use super::{Handling, Refusal, Request, claim, request, settle};
use crate::decision::{Actor, Decision, Intent, Purpose, Verdict};
use crate::event::{Concern, Content, Event, Outcome, SendingKind};
use crate::testing::{
    PACK, PACKS, accepted, at, blocked, claim_of, deferred, dispatched, echo, facts, fold, heard, judged_by, message,
    person, request_id, requested, send_id, sent, settled, step,
};
use crate::time::Timestamp;

const LATER: Outcome = Outcome::Retrying { not_before: at(20_000), code: 613 };
const NOT_SENT: Outcome = Outcome::NotSent { not_before: at(5_000) };
/// The names of the statuses that end a send.
const ENDED: [&str; 6] = ["blocked", "cancelled", "expired", "sent", "rejected", "unresolved"];
const REJECTED: Outcome = Outcome::Rejected { code: 100, subcode: 33, concern: Concern::Message };

/// What somebody wants of send 1.
#[expect(clippy::large_enum_variant, reason = "a test makes a few of them")]
enum Command {
    Request(Request),
    /// By the claim of this number.
    Claim(u128),
    /// That the attempt ended so.
    Settle(u32, Outcome),
}

#[track_caller]
fn check(history: &[Event], command: Command, now: Timestamp, expected: Result<Vec<Event>, Refusal>) {
    let state = fold(history);
    let answer = match command {
        Command::Request(command) => request(&facts(&state), &PACKS, &command, now),
        Command::Claim(n) => claim(&facts(&state), &PACKS, &claim_of(send_id(1), n), now),
        Command::Settle(attempt, outcome) => settle(&state, &send_id(1), attempt, outcome, now),
    };
    assert_eq!(answer, expected);
}

/// The judgement of a bot's answer after this history.
fn judged(history: &[Event], now: Timestamp) -> Box<Decision> {
    let intent = Intent::new(Actor::Bot, Purpose::Conversation);
    Box::new(judged_by(&PACK, &fold(history), &intent, now))
}

/// The person wrote at noon, and a bot's answer, send 1, waits since then.
fn waiting() -> Vec<Event> {
    vec![heard(at(0), message()), requested(1, at(0)), accepted(1, at(0))]
}

/// Send 1, claimed at one second, and what comes then.
fn claimed_and(rest: &[Event]) -> Vec<Event> {
    let mut history = waiting();
    history.push(dispatched(1, at(1_000), 1));
    history.extend_from_slice(rest);
    history
}

/// A history that ends with send 1 in each status, by the status's name.
fn every_status() -> [(&'static str, Vec<Event>); 12] {
    let unknown = settled(1, at(20_000), 1, Outcome::Unknown);
    [
        ("requested", vec![heard(at(0), message()), requested(1, at(0))]),
        ("accepted", waiting()),
        ("retrying", claimed_and(&[settled(1, at(1_500), 1, LATER)])),
        ("deferred", vec![requested(1, at(0)), deferred(1, at(0))]),
        ("blocked", vec![requested(1, at(0)), blocked(1, at(0))]),
        ("cancelled", [waiting(), vec![step(1, at(500), SendingKind::Cancelled)]].concat()),
        ("expired", [waiting(), vec![step(1, at(500), SendingKind::Expired { turn: None })]].concat()),
        ("dispatched", claimed_and(&[])),
        ("unknown", claimed_and(std::slice::from_ref(&unknown))),
        ("sent", claimed_and(&[heard(at(1_500), echo(Some(send_id(1)), "m1"))])),
        ("rejected", claimed_and(&[settled(1, at(1_500), 1, REJECTED)])),
        ("unresolved", claimed_and(&[unknown, settled(1, at(90_000), 1, Outcome::Unresolved)])),
    ]
}

fn a_request() -> Request {
    Request {
        send: send_id(1),
        recipient: person(),
        request: request_id(1),
        request_digest: [1; 16],
        intent: Intent::new(Actor::Bot, Purpose::Conversation),
        content: Content::text("yes"),
        handling: Handling::default(),
        turn: None,
    }
}

#[test]
fn every_status_has_its_own_name() {
    for (name, history) in every_status() {
        assert_eq!(fold(&history).send(&send_id(1)).unwrap().status.as_str(), name);
    }
}

#[test]
fn what_is_said_is_kept_just_until_the_send_has_ended() {
    for (name, history) in every_status() {
        let state = fold(&history);
        let send = state.send(&send_id(1)).unwrap();
        assert_eq!(send.content.is_none(), send.status.is_final(), "{name}");
        let is_over = ENDED.contains(&name);
        assert_eq!(send.status.is_final(), is_over, "{name}");
    }
}

#[test]
fn the_latest_judgement_is_the_one_that_is_shown() {
    let mut history = waiting();
    let verdict = |history: &[Event]| fold(history).send(&send_id(1)).unwrap().decision.clone().map(|it| it.verdict);
    assert_eq!(verdict(&history[..2]), None);
    assert!(matches!(verdict(&history), Some(Verdict::Allowed(_))));
    history.push(blocked(1, at(1_000)));
    assert_eq!(verdict(&history), Some(Verdict::Blocked));
}

#[test]
fn a_send_that_nobody_asked_for_is_not_there() {
    check(&[heard(at(0), message())], Command::Claim(1), at(0), Err(Refusal::NoSuchSend));
    check(&[], Command::Settle(1, sent("m1")), at(0), Err(Refusal::NoSuchSend));
    // Steps without a request, as a damaged history could have them, do not make one.
    let orphans = [accepted(1, at(0)), dispatched(1, at(0), 1), settled(1, at(0), 1, sent("m1"))];
    check(&orphans, Command::Claim(1), at(0), Err(Refusal::NoSuchSend));
}
