//! Tests of what is left of a quota, and of who counts for it.

use super::*;
use crate::conversation::Opening;
use crate::event::{
    Concern, Consent, ConsentBy, ConsentKind, Erasing, ErasingKind, Event, NotificationChange, Outcome, ReactionAction,
};
use crate::testing::{DAY_MS, ad_message, heard, message, notifications, postback, reaction, sent, settled};
use proptest::prelude::*;

const BUCKET_MS: i64 = 600_000;
const COUNTED_MS: i64 = DAY_MS + 1_800_000;

const fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn used(calls: &[(i64, u64)]) -> Used {
    let mut used = Used::new(CALLS);
    calls.iter().for_each(|(at_ms, n)| used.add(ms(*at_ms), *n));
    used
}

#[test]
fn a_call_counts_until_the_last_of_its_bucket_does_not() {
    let used = used(&[(0, 1), (BUCKET_MS - 1, 2), (BUCKET_MS, 4)]);
    let end_ms = BUCKET_MS - 1 + COUNTED_MS;
    for (now_ms, expected) in [(0, 7), (end_ms - 1, 7), (end_ms, 4), (end_ms + 1, 4)] {
        assert_eq!(used.count(ms(now_ms)), expected, "{now_ms}");
    }
    let next_ms = end_ms + BUCKET_MS;
    assert_eq!([next_ms - 1, next_ms, next_ms + 1].map(|now_ms| used.count(ms(now_ms))), [4, 0, 0]);
}

#[test]
fn more_is_free_when_the_oldest_bucket_ends() {
    let used = used(&[(5, 3), (BUCKET_MS + 5, 5)]);
    let (first, second) = (ms(BUCKET_MS - 1 + COUNTED_MS), ms(2 * BUCKET_MS - 1 + COUNTED_MS));
    let now = ms(2 * BUCKET_MS);
    for (most, n, expected) in
        [(9, 1, now), (8, 1, first), (8, 3, first), (8, 4, second), (5, 1, second), (8, 8, second)]
    {
        assert_eq!(used.frees(most, n, now), expected, "{n} more of {most}");
    }
    // More than there is in a day waits for another.
    assert_eq!(used.frees(8, 9, now), first.plus(Span::from_millis(COUNTED_MS)));
    assert_eq!(Used::new(CALLS).frees(0, 0, now), now);
}

#[test]
fn a_moment_at_which_calls_end_is_told_from_others() {
    let end = CALLS.end(CALLS.bucket(ms(1_234_567_890)));
    assert!(CALLS.is_end(end));
    for off in [-1, 1, BUCKET_MS / 2] {
        assert!(!CALLS.is_end(end.plus(Span::from_millis(off))), "{off}");
    }
}

#[test]
fn what_never_left_is_not_counted_and_what_is_over_is_forgotten() {
    let mut used = used(&[(0, 2), (BUCKET_MS, 1)]);
    used.take_back(ms(BUCKET_MS - 1));
    used.take_back(ms(7 * BUCKET_MS));
    assert_eq!((used.count(ms(0)), used.at(ms(0))), (2, 1));
    used.forget(CALLS.end(ms(0)));
    assert_eq!(used, super::tests::used(&[(BUCKET_MS, 1)]));
    assert_eq!(CALLS.oldest(CALLS.end(ms(BUCKET_MS))), ms(BUCKET_MS));
    used.forget(CALLS.end(ms(BUCKET_MS)));
    assert!(used.is_empty());
}

#[test]
fn broadcasts_stop_before_programs_and_programs_before_people() {
    let shares = |per_person, people| {
        let quota = Quota { per_person, people };
        assert_eq!(quota.share(Class::Person), quota.calls());
        Class::ALL.map(|class| quota.share(class))
    };
    assert_eq!(shares(200, 10), [2_000, 1_900, 1_600]);
    assert_eq!(shares(200, 0), [200, 190, 160]);
    assert_eq!(shares(3, 7), [21, 19, 16]);
    assert_eq!(shares(0, 0), [1, 1, 1]);
    assert!(Quota { per_person: u32::MAX, people: u64::MAX }.share(Class::Broadcast) > u64::MAX / 2);
}

/// A history, and a moment after its beginning.
fn histories() -> impl Strategy<Value = (Vec<(i64, u64)>, i64)> {
    let calls = prop::collection::vec((0..2 * COUNTED_MS, 1..50_u64), 0..60);
    (calls, 0..4 * COUNTED_MS)
}

/// What counts, call by call: each as if it were the last of its bucket.
fn naive(calls: &[(i64, u64)], now_ms: i64) -> u64 {
    let last_of = |at_ms: i64| at_ms.div_euclid(BUCKET_MS) * BUCKET_MS + BUCKET_MS - 1;
    calls.iter().filter(|(at_ms, _)| now_ms < last_of(*at_ms) + COUNTED_MS).map(|(_, n)| n).sum()
}

proptest! {
    #[test]
    fn the_count_is_that_of_every_call_by_itself((calls, now_ms) in histories(), split in 0..60_usize) {
        let all = used(&calls);
        prop_assert_eq!(all.count(ms(now_ms)), naive(&calls, now_ms));
        // Never less than the platform may count, and too much for no longer than a bucket.
        let within = |span_ms: i64| calls.iter().filter(|(at_ms, _)| now_ms < at_ms + span_ms).map(|(_, n)| n).sum::<u64>();
        prop_assert!(all.count(ms(now_ms)) >= within(COUNTED_MS));
        prop_assert!(all.count(ms(now_ms)) <= within(COUNTED_MS + BUCKET_MS));
        // Two processes count the same together.
        let (first, second) = calls.split_at(split.min(calls.len()));
        prop_assert_eq!(used(first).and(&used(second)), all.clone());
        // Nothing that counts is forgotten.
        let mut kept = all.clone();
        kept.forget(ms(now_ms));
        prop_assert_eq!(kept.count(ms(now_ms)), all.count(ms(now_ms)));
    }

    #[test]
    fn what_is_free_at_a_moment_was_not_free_before((calls, now_ms) in histories(), most in 1..400_u64, n in 1..400_u64) {
        let n = n.min(most);
        let free = used(&calls).frees(most, n, ms(now_ms)).as_millis();
        prop_assert!(naive(&calls, free) + n <= most);
        prop_assert!(free == now_ms || naive(&calls, free - 1) + n > most);
    }
}

fn told(event: &Event) -> Vec<Engaged> {
    engaged(event).collect()
}

#[test]
fn who_acts_can_be_written_to_by_that() {
    let at = ms(7 * BUCKET_MS + 5);
    let by = |opening| Engaged::By(Means::Acted(opening), ms(7 * BUCKET_MS));
    assert_eq!(told(&heard(at, message())), [by(Opening::Message)]);
    assert_eq!(told(&heard(at, postback())), [by(Opening::Postback)]);
    assert_eq!(told(&heard(at, ad_message())), [by(Opening::Message), by(Opening::AdMessage)]);
    assert_eq!(told(&heard(at, reaction(ReactionAction::Unreact))), []);
}

#[test]
fn a_token_counts_until_its_end_unless_it_is_stopped() {
    let until = |change| told(&heard(ms(0), notifications(change)));
    let given = until(None);
    assert!(matches!(given[..], [Engaged::By(Means::Agreed, end)] if end > ms(0)), "{given:?}");
    assert_eq!(until(Some(NotificationChange::Resume)), given);
    assert_eq!(until(Some(NotificationChange::Stop)), [Engaged::NotBy(Means::Agreed)]);
}

#[test]
fn who_wants_or_gets_no_messages_is_not_counted() {
    let consent = |kind| told(&Event::Consent(Consent { at: ms(0), kind, by: ConsentBy::Word }));
    assert_eq!(consent(ConsentKind::OptedOut), [Engaged::Not]);
    assert_eq!(consent(ConsentKind::OptedIn), []);
    let rejected = |code, concern| told(&settled(1, ms(0), 1, Outcome::Rejected { code, subcode: 0, concern }));
    assert_eq!(rejected(10, Concern::Person), [Engaged::Not]);
    assert_eq!(rejected(551, Concern::Message), [Engaged::Not]);
    assert_eq!(rejected(100, Concern::Message), []);
    assert_eq!(rejected(551, Concern::Right), []);
    assert_eq!(told(&settled(1, ms(0), 1, sent("m"))), []);
    let erasing = |kind| told(&Event::Erasing(Erasing { at: ms(0), kind }));
    assert_eq!(erasing(ErasingKind::Begun { until: ms(0) }), [Engaged::Not]);
    assert_eq!(erasing(ErasingKind::Completed { until: ms(0), n_removed: 1 }), []);
}

#[test]
fn every_means_has_a_name_of_its_own() {
    let mut names: Vec<_> = Means::ALL.map(Means::as_str).into();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Means::ALL.len());
    for opening in Opening::ALL {
        assert!(Means::ALL.contains(&Means::Acted(opening)));
    }
}
