//! What is found in the platform's list of messages, and what of that is taken back.

use super::{Command, check, claimed_and};
use crate::content::{Body, Words};
use crate::event::{Content, Event, Outcome, SendingKind, Witness};
use crate::id::Mid;
use crate::send::{LAST_LOOK, Listed, Listing, Patience, Refusal, Said, Status, Step, found, is_listable, plan};
use crate::testing::{
    PACKS, accepted, at, dispatched, echo, facts, fold, heard, message, mid, requested, requested_with, send_id, sent,
    settled, step,
};
use crate::time::{Span, Timestamp};
use proptest::prelude::*;

const PATIENCE: Patience = Patience {
    answer: Span::from_secs(20),
    margin: Span::from_secs(5),
    echo: Span::from_secs(60),
    look: Some(Span::from_secs(10)),
};

/// A message that the Page sent.
fn ours(named: &str, second: i64, text: &str) -> Listed {
    Listed {
        mid: mid(named),
        sent_at: Some(at(second * 1_000)),
        is_ours: Some(true),
        text: Words::unless_empty(text.to_owned()),
        has_files: false,
    }
}

/// What the person wrote a minute before.
fn theirs() -> Listed {
    Listed { is_ours: Some(false), ..ours("theirs", -60, "yes") }
}

fn look(history: &[Event], listed: &[Listed]) -> Option<Mid> {
    let listing = Listing { messages: listed.to_vec(), is_whole: false };
    found(&fold(history), &Said::of(history), &send_id(1), &listing).map(|(mid, _)| mid)
}

/// Send 1 says "yes", was claimed at one second and called unknown at thirty.
fn unknown() -> Vec<Event> {
    claimed_and(&[settled(1, at(30_000), 1, Outcome::Unknown)])
}

fn and(mut history: Vec<Event>, rest: &[Event]) -> Vec<Event> {
    history.extend_from_slice(rest);
    history
}

fn saying(send: u128, content: Content) -> Event {
    let Event::Sending(mut asked) = requested(send, at(0)) else { unreachable!("it is asked for") };
    let SendingKind::Requested { content: said, .. } = &mut asked.kind else { unreachable!("it is asked for") };
    **said = content;
    Event::Sending(asked)
}

#[test]
fn the_only_message_of_the_same_text_after_the_claim_is_it() {
    assert_eq!(look(&unknown(), &[ours("m1", 2, "yes"), theirs()]), Some(mid("m1")));
    let among = [ours("m2", 3, "no"), ours("m1", 2, " yes\n"), ours("m0", -30, "yes"), theirs()];
    assert_eq!(look(&unknown(), &among), Some(mid("m1")));
}

#[test]
fn the_platforms_clock_may_be_off_by_two_seconds_and_tells_whole_seconds_only() {
    for (second, is_it) in [(-2, false), (-1, true), (32, true), (33, false)] {
        let listed = [ours("m1", second, "yes"), theirs()];
        assert_eq!(look(&unknown(), &listed).is_some(), is_it, "at {second} s");
    }
}

#[test]
fn two_messages_of_the_same_text_or_one_that_cannot_be_read_leave_it_open() {
    let one = || ours("m1", 2, "yes");
    let hidden = Listed { is_ours: None, ..ours("m2", 3, "") };
    let undated = Listed { sent_at: None, ..ours("m2", 3, "yes") };
    let shared = Listed { has_files: true, ..ours("m2", 3, "yes") };
    // Also one that came long after: nobody says which of the two it is.
    for other in [ours("m2", 2, "yes"), ours("m2", 4_000, "yes"), hidden, undated, shared, one()] {
        assert_eq!(look(&unknown(), &[one(), other.clone(), theirs()]), None);
        assert_eq!(look(&unknown(), &[other, one(), theirs()]), None);
    }
    for alone in [
        Listed { is_ours: None, ..one() },
        Listed { sent_at: None, ..one() },
        Listed { has_files: true, ..one() },
        Listed { text: None, ..one() },
        Listed { is_ours: Some(false), ..one() },
    ] {
        assert_eq!(look(&unknown(), &[alone, theirs()]), None);
    }
}

#[test]
fn a_list_that_is_not_whole_and_does_not_reach_back_to_the_claim_says_nothing() {
    assert_eq!(look(&unknown(), &[ours("m1", 2, "yes")]), None);
    assert_eq!(look(&unknown(), &[]), None);
    let whole = Listing { messages: vec![ours("m1", 2, "yes")], is_whole: true };
    let (state, said) = (fold(&unknown()), Said::of(&unknown()));
    assert_eq!(found(&state, &said, &send_id(1), &whole), Some((mid("m1"), at(2_000))));
    assert_eq!(found(&state, &said, &send_id(1), &Listing { messages: Vec::new(), is_whole: true }), None);
}

#[test]
fn a_message_that_is_known_is_not_it_and_does_not_hide_it() {
    let listed = [ours("inbox", 2, "yes"), ours("m1", 3, "yes"), theirs()];
    assert_eq!(look(&unknown(), &listed), None);
    let told = heard(at(2_000), echo(None, "inbox"));
    assert_eq!(look(&and(unknown(), std::slice::from_ref(&told)), &listed), Some(mid("m1")));
    assert_eq!(look(&and(unknown(), &[told]), &listed[..1]), None);
    let other = [requested(2, at(0)), dispatched(2, at(1_000), 1), settled(2, at(2_000), 1, sent("inbox"))];
    assert_eq!(look(&and(unknown(), &other), &listed), Some(mid("m1")));
}

#[test]
fn another_send_of_the_same_text_that_may_be_out_leaves_it_open() {
    let listed = [ours("m1", 2, "yes"), theirs()];
    let second = |rest: &[Event]| and(and(unknown(), &[requested(2, at(0)), accepted(2, at(0))]), rest);
    let claimed = dispatched(2, at(1_500), 1);
    assert_eq!(look(&second(&[]), &listed), Some(mid("m1")));
    let ends = [Outcome::Unknown, Outcome::Unresolved, super::REJECTED, super::LATER];
    for end in ends {
        let history = second(&[claimed.clone(), settled(2, at(30_000), 1, end)]);
        assert_eq!(look(&history, &listed), None);
    }
    assert_eq!(look(&second(std::slice::from_ref(&claimed)), &listed), None);
    // What was given up before cannot have come so late.
    let long_ago = [dispatched(2, at(-90_000), 1), settled(2, at(-9_000), 1, Outcome::Unresolved)];
    assert_eq!(look(&second(&long_ago), &listed), Some(mid("m1")));
    let other_text = [saying(3, Content::text("no")), dispatched(3, at(1_500), 1)];
    assert_eq!(look(&second(&other_text), &listed), Some(mid("m1")));
    // Asked for before the log lost its end: it may have been claimed there.
    let doubted = step(2, at(40_000), SendingKind::Doubted);
    assert_eq!(look(&second(&[doubted]), &listed), None);
}

#[test]
fn only_texts_are_found() {
    let sticker = Content { body: Body::Sticker(1), ..Content::text("yes") };
    let history = [
        heard(at(0), message()),
        saying(1, sticker),
        accepted(1, at(0)),
        dispatched(1, at(1_000), 1),
        settled(1, at(30_000), 1, Outcome::Unknown),
    ];
    assert!(!is_listable(&send_id(1), fold(&history).send(&send_id(1)).unwrap()));
    assert_eq!(look(&history, &[ours("m1", 2, "yes"), theirs()]), None);
}

fn listing(named: &str, second: i64) -> Outcome {
    Outcome::Found { mid: mid(named), at: at(second * 1_000), by: Witness::Listing }
}

#[test]
fn only_an_unknown_send_can_be_found_in_a_list() {
    for (name, history) in super::every_status() {
        let outcome = listing("m1", 2);
        let expected = match name {
            "unknown" => Ok(vec![settled(1, at(40_000), 1, outcome.clone())]),
            _ => Err(Refusal::Settled),
        };
        check(&history, Command::Settle(1, outcome), at(40_000), expected);
    }
}

#[test]
fn what_was_found_is_taken_back_when_its_echo_names_no_or_another_send() {
    let history = and(unknown(), &[settled(1, at(40_000), 1, listing("m1", 2))]);
    let status = |history: &[Event]| fold(history).send(&send_id(1)).unwrap().status.clone();
    assert_eq!(status(&history), Status::Sent { mid: mid("m1"), at: at(2_000) });
    for named in [None, Some(send_id(2))] {
        let mistaken = and(history.clone(), &[heard(at(2_000), echo(named, "m1"))]);
        assert_eq!(status(&mistaken), Status::Unresolved);
        let after_all = and(mistaken, &[heard(at(3_000), echo(Some(send_id(1)), "m2"))]);
        assert_eq!(status(&after_all), Status::Sent { mid: mid("m2"), at: at(3_000) });
    }
    let others = and(history.clone(), &[heard(at(2_000), echo(None, "m2"))]);
    assert_eq!(status(&others), Status::Sent { mid: mid("m1"), at: at(2_000) });
    let echoed = and(history, &[heard(at(3_000), echo(Some(send_id(1)), "m2")), heard(at(2_000), echo(None, "m1"))]);
    assert_eq!(status(&echoed), Status::Sent { mid: mid("m2"), at: at(3_000) });
}

#[test]
fn an_answer_or_echo_that_comes_after_all_is_news_to_what_was_only_found() {
    let history = and(unknown(), &[settled(1, at(40_000), 1, listing("m1", 2))]);
    let news = Ok(vec![settled(1, at(50_000), 1, sent("m2"))]);
    check(&history, Command::Settle(1, sent("m2")), at(50_000), news);
    let elsewhere = Outcome::Found { mid: mid("m2"), at: at(9_000), by: Witness::Echo(send_id(1).stream()) };
    let told = and(history, &[settled(1, at(50_000), 1, elsewhere.clone())]);
    assert_eq!(fold(&told).send(&send_id(1)).unwrap().status, Status::Sent { mid: mid("m2"), at: at(9_000) });
    check(&told, Command::Settle(1, elsewhere), at(60_000), Err(Refusal::Settled));
}

#[track_caller]
fn plans(history: &[Event], now: Timestamp, expected: &Step) {
    assert_eq!(&plan(&facts(&fold(history)), &PACKS, now, PATIENCE), expected);
}

fn look_up(until_ms: i64) -> Step {
    Step::LookUp { send: send_id(1), attempt: 1, since: at(30_000), until: Some(at(until_ms)) }
}

fn in_vain(at_ms: i64) -> Event {
    settled(1, at(at_ms), 1, Outcome::NotFound { since: at(30_000) })
}

#[test]
fn an_unknown_send_is_looked_up_soon_and_once_more_before_it_is_given_up() {
    plans(&unknown(), at(39_999), &Step::WaitUntil(at(40_000)));
    plans(&unknown(), at(40_000), &look_up(90_000));
    let first = and(unknown(), &[in_vain(41_000)]);
    plans(&first, at(41_000), &Step::WaitUntil(at(90_000)));
    let last_ms = 90_000 + LAST_LOOK.as_millis();
    plans(&first, at(90_000), &look_up(last_ms));
    plans(&and(first.clone(), &[in_vain(90_500)]), at(90_500), &Step::Settle(send_id(1), 1, Outcome::Unresolved));
    // The platform did not answer for so long.
    plans(&first, at(last_ms - 1), &look_up(last_ms));
    plans(&first, at(last_ms), &Step::Settle(send_id(1), 1, Outcome::Unresolved));
}

#[test]
fn what_may_come_twice_is_tried_again_only_after_it_was_looked_up_in_vain() {
    use crate::send::{Guarantee, Handling};
    let handling = Handling { guarantee: Guarantee::AtLeastOnce, ..Handling::default() };
    let asked = [heard(at(0), message()), requested_with(1, at(0), handling), accepted(1, at(0))];
    let history = and(asked.to_vec(), &[dispatched(1, at(1_000), 1), settled(1, at(30_000), 1, Outcome::Unknown)]);
    let last = at(90_000).plus(LAST_LOOK);
    plans(&history, at(90_000), &look_up(90_000 + LAST_LOOK.as_millis()));
    plans(&history, last, &Step::Settle(send_id(1), 1, Outcome::Unresolved));
    let again = |now| Step::Settle(send_id(1), 1, Outcome::Again { not_before: now });
    plans(&and(history.clone(), &[in_vain(91_000)]), at(91_000), &again(at(91_000)));
    plans(&and(history.clone(), &[in_vain(41_000)]), last, &again(last));
    // The next attempt is looked up anew.
    let next = [in_vain(91_000), settled(1, at(91_000), 1, Outcome::Again { not_before: at(91_000) })];
    let next = and(and(history, &next), &[dispatched(1, at(91_000), 2)]);
    assert_eq!(fold(&next).send(&send_id(1)).unwrap().looked_up_at, None);
}

#[test]
fn looking_up_holds_back_nothing_that_can_be_done() {
    let behind = and(unknown(), &[requested(2, at(500)), accepted(2, at(500))]);
    plans(&behind, at(40_000), &Step::Dispatch(send_id(2)));
}

/// What became of one send, or of one message of a person at the Page's inbox.
#[derive(Clone, Debug)]
struct Fate {
    is_by_hand: bool,
    text: &'static str,
    claimed_ms: i64,
    /// How long after the claim it arrived at the platform; none: never.
    arrived: Option<i64>,
    is_echoed: bool,
    /// Whether the list shows it yet, and what it says.
    is_listed: bool,
    is_readable: bool,
    end: u8,
}

fn fate() -> impl Strategy<Value = Fate> {
    let shown = (any::<bool>(), prop::bool::weighted(0.7), prop::bool::weighted(0.9));
    let texts = prop::sample::select(vec!["yes", "yes ", "no"]);
    let arrived = prop::option::weighted(0.8, 0..20_000_i64);
    (prop::bool::weighted(0.3), texts, 0..60_000_i64, arrived, shown, 0..5_u8).prop_map(
        |(is_by_hand, text, claimed_ms, arrived, (is_echoed, is_listed, is_readable), end)| Fate {
            is_by_hand,
            text,
            claimed_ms,
            arrived,
            is_echoed,
            is_listed,
            is_readable,
            end,
        },
    )
}

/// The conversation's history and the platform's list, whose clock is off by `off_ms`. The echo of what people write at
/// the inbox has come.
fn told(fates: &[Fate], off_ms: i64) -> (Vec<Event>, Vec<Listed>) {
    let (mut history, mut listed) = (vec![heard(at(-90_000), message())], vec![theirs()]);
    for (fate, n) in fates.iter().zip(1_u128..) {
        let (claimed, named) = (at(fate.claimed_ms), format!("m{n}"));
        if !fate.is_by_hand {
            history.extend([saying(n, Content::text(fate.text)), accepted(n, claimed), dispatched(n, claimed, 1)]);
            let outcome = match fate.end {
                0 => None,
                1 if fate.arrived.is_none() => Some(super::REJECTED),
                2 => Some(Outcome::Unresolved),
                _ => Some(Outcome::Unknown),
            };
            history.extend(outcome.map(|outcome| settled(n, claimed.plus(Span::from_secs(28)), 1, outcome)));
        }
        let Some(late_ms) = fate.arrived else { continue };
        if fate.is_by_hand || fate.is_echoed {
            history.push(heard(claimed, echo((!fate.is_by_hand).then(|| send_id(n)), &named)));
        }
        if fate.is_listed {
            let second = (fate.claimed_ms + late_ms + off_ms).div_euclid(1_000);
            let shown = ours(&named, second, fate.text);
            let hidden = Listed { is_ours: None, text: None, ..shown.clone() };
            listed.push(if fate.is_readable { shown } else { hidden });
        }
    }
    (history, listed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn invariant_07_what_is_found_is_the_sends_own_message_whatever_is_listed(
        fates in prop::collection::vec(fate(), 1..6),
        off_ms in -2_000..2_000_i64,
        turn in 0..6_usize,
    ) {
        let (history, mut messages) = told(&fates, off_ms);
        let is_whole = turn % 2 == 0;
        if is_whole {
            messages.remove(0);
        }
        let mut listing = Listing { messages, is_whole };
        let (state, said) = (fold(&history), Said::of(&history));
        for n in 1..=fates.len() as u128 {
            let answer = found(&state, &said, &send_id(n), &listing);
            if let Some((found, _)) = &answer {
                prop_assert_eq!(found, &mid(&format!("m{n}")));
            }
            let len = listing.messages.len().max(1);
            listing.messages.rotate_left(turn % len);
            prop_assert_eq!(&found(&state, &said, &send_id(n), &listing), &answer, "the order of the list");
            // One more of the same text, by whomever, leaves it open.
            let text = fates[n as usize - 1].text;
            let mut more = listing.clone();
            more.messages.push(ours("more", 90, text));
            if answer.is_some() {
                prop_assert_eq!(found(&state, &said, &send_id(n), &more), None);
            }
        }
    }
}
