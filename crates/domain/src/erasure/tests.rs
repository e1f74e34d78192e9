//! What an erasure leaves, what it keeps out, and what lifts the silence after it.

use super::{again, begin, complete, step};
use crate::conversation::Conversation;
use crate::decision::{Actor, Intent, Purpose, Remedy, Verdict};
use crate::event::{ErasingKind, Event};
use crate::pack::Rule;
use crate::testing::{PACK, accepted, at, fold, heard, judged_by, message, postback, requested, send_id, told};
use proptest::prelude::*;

const BOT: Intent = Intent::new(Actor::Bot, Purpose::Conversation);

fn erased(until_ms: i64) -> Event {
    step(at(until_ms), ErasingKind::Begun { until: at(until_ms) })
}

#[test]
fn an_erasure_begins_once_and_ends_once() {
    let begun = begin(&Conversation::default(), at(10));
    assert_eq!(begun, [erased(10)]);
    let state = fold(&begun);
    assert_eq!(begin(&state, at(10)), []);
    assert_eq!(begin(&state, at(11)).len(), 1);
    let completed = complete(&state, at(10), 3, at(20));
    assert_eq!(completed, [step(at(20), ErasingKind::Completed { until: at(10), n_removed: 3 })]);
    let ended = fold(&[begun, completed].concat());
    assert_eq!(ended.erasure().unwrap().n_removed, Some(3));
    assert_eq!(complete(&ended, at(10), 3, at(21)), []);
    assert_eq!(complete(&state, at(9), 3, at(20)), []);
}

#[test]
fn what_the_log_has_forgotten_is_erased_again_up_to_the_same_moment() {
    let forgotten = [Conversation::default(), fold(&[heard(at(1), message())]), fold(&[erased(9)])];
    for state in forgotten {
        assert_eq!(again(&state, at(10), at(99)), [step(at(99), ErasingKind::Begun { until: at(10) })]);
    }
    for until in [10, 11] {
        assert_eq!(again(&fold(&[erased(until)]), at(10), at(99)), []);
    }
}

#[test]
fn nothing_of_the_person_and_no_send_outlives_the_tombstone() {
    let state = fold(&[heard(at(1), message()), requested(1, at(2)), accepted(1, at(2)), erased(10)]);
    assert_eq!(state.person(), None);
    assert_eq!(state.send(&send_id(1)), None);
    assert_eq!(state, fold(&[erased(10)]));
}

#[test]
fn what_was_erased_is_not_taken_in_again_and_what_comes_after_is() {
    let before = fold(&[erased(10), told(1, at(10), at(99), message())]);
    assert_eq!(before, fold(&[erased(10)]));
    let after = fold(&[erased(10), told(1, at(11), at(99), message())]);
    assert!(after.person().is_some());
}

#[test]
fn after_an_erasure_nothing_may_be_said_until_the_person_writes() {
    let silent = [erased(10)];
    let tapped = [erased(10), heard(at(20), postback())];
    for history in [&silent[..], &tapped[..]] {
        let decision = judged_by(&PACK, &fold(history), &BOT, at(30));
        assert_eq!(decision.verdict, Verdict::Blocked);
        assert_eq!(decision.reason(), Some(Rule::RecipientSuppressed));
        assert_eq!(decision.remedies, [Remedy::PersonWrites]);
    }
    let wrote = fold(&[erased(10), heard(at(20), message())]);
    assert!(judged_by(&PACK, &wrote, &BOT, at(30)).route().is_some());
}

proptest! {
    /// Facts may come before or after the tombstone, once or twice: what they leave depends on their own times alone.
    #[test]
    fn what_is_left_of_facts_does_not_depend_on_when_they_come(
        before in prop::collection::vec(0_i64..20, 0..6),
        after in prop::collection::vec(0_i64..20, 0..6),
    ) {
        let facts = |times: &[i64]| -> Vec<Event> {
            times.iter().map(|ms| told(u128::try_from(*ms).unwrap(), at(*ms), at(*ms), message())).collect()
        };
        let late: Vec<i64> = before.iter().chain(&after).copied().filter(|ms| *ms > 10).collect();
        let mixed = fold(&[facts(&before), vec![erased(10)], facts(&after), facts(&late)].concat());
        let only_late = fold(&[vec![erased(10)], facts(&late)].concat());
        prop_assert_eq!(mixed.last_opening(&crate::conversation::Opening::ALL).map(|fact| fact.at),
            only_late.last_opening(&crate::conversation::Opening::ALL).map(|fact| fact.at));
        prop_assert_eq!(mixed.is_suppressed(), late.is_empty());
    }
}
