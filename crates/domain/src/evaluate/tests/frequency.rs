//! How often automation and broadcasts may write to one person, and who may write for a Page that is restricted.

use super::world::{P2026_09, World, bot, broadcast, staff};
use crate::decision::{Actor, Intent, Purpose, Remedy, Route};
use crate::event::{Concern, Event, Outcome, PageStepKind, SendingKind};
use crate::pack::{BUILT_IN, Pack, Rule};
use crate::testing::{DAY_MS, accepted, actors, at, dispatched, heard, message, requested, send_id, sent, settled};
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;

fn automation() -> Intent {
    Intent::new(Actor::Automation, Purpose::Conversation)
}

/// The newest pack with these lines before its last section of numbers.
fn with(lines: &str) -> Pack {
    Pack::parse("test", &BUILT_IN[P2026_09].1.replace("\n[thread]\n", &format!("\n{lines}\n[thread]\n"))).unwrap()
}

fn capped(most: u32, hours: i64) -> Pack {
    with(&format!("[frequency]\nmost = {most}\nwithin = \"{hours}h\"\n"))
}

/// The same, for a Page's own people and bots while it is restricted.
fn trying(who: &str) -> Pack {
    let text = BUILT_IN[P2026_09].1.replace("\nmemory = ", &format!("\nmay_try = \"{who}\"\nmemory = "));
    Pack::parse("test", &text).unwrap()
}

fn asked(send: u128, ms: i64, by: Actor) -> Event {
    let Event::Sending(mut step) = requested(send, at(ms)) else { unreachable!("a request is a step of a send") };
    if let SendingKind::Requested { intent, .. } = &mut step.kind {
        intent.actor = by;
    }
    Event::Sending(step)
}

/// Everything that happens to a send that goes out at this moment.
fn went(send: u128, ms: i64, by: Actor) -> Vec<Event> {
    let name = format!("m-{send}");
    let begin = [asked(send, ms, by), accepted(send, at(ms)), dispatched(send, at(ms), 1)];
    begin.into_iter().chain([settled(send, at(ms), 1, sent(&name))]).collect()
}

fn world(pack: Pack, sends: &[Vec<Event>]) -> World {
    // The person writes every now and then, so that the window is no matter.
    let heard = (0..20).map(|half_days| heard(at(half_days * DAY_MS / 2), message()));
    let history: Vec<_> = heard.chain(sends.iter().flatten().cloned()).collect();
    World { pack, ..World::new(P2026_09, &history) }
}

#[test]
fn a_cap_closes_with_the_last_send_and_opens_when_the_oldest_is_as_old_as_its_span() {
    let sends: Vec<_> = (1..=3).map(|n| went(n, i64::try_from(n).unwrap() * HOUR_MS, Actor::Automation)).collect();
    let two = world(capped(3, 24), &sends[..2]);
    two.allows(&automation(), 3 * HOUR_MS, Route::Response);
    let three = world(capped(3, 24), &sends);
    let free = 25 * HOUR_MS;
    for (intent, route) in [(automation(), Route::Response), (broadcast(Purpose::Promotion), Route::Update)] {
        three.blocks(&intent, free - 1, &[Rule::FrequencyCap]);
        three.is_helped(&intent, free - 1, Remedy::After(at(free)));
        assert_eq!(three.judge(&intent, free - 1).holds_until, Some(at(free)));
        three.allows(&intent, free, route);
        three.allows(&intent, free + 1, route);
    }
}

#[test]
fn people_and_bots_that_converse_are_neither_capped_nor_counted() {
    let sends: Vec<_> = (1..=9).map(|n| went(n, 0, Actor::Automation)).collect();
    let full = world(capped(1, 24), &sends);
    full.allows(&bot(Purpose::Conversation), HOUR_MS, Route::Response);
    full.allows(&staff(Purpose::Conversation), HOUR_MS, Route::Response);
    let answered = world(capped(1, 24), &[went(1, 0, Actor::Bot)]);
    answered.allows(&automation(), HOUR_MS, Route::Response);
}

#[test]
fn of_several_that_wait_the_first_ones_go() {
    let waits = |n| vec![asked(n, 0, Actor::Automation), accepted(n, at(0))];
    let state = world(capped(2, 24), &[waits(1), waits(2), waits(3)]);
    for (n, goes) in [(1, true), (2, true), (3, false)] {
        let own = World { send: Some(send_id(n)), ..world(capped(2, 24), &[waits(1), waits(2), waits(3)]) };
        assert_eq!(own.judge(&automation(), 1).route().is_some(), goes, "{n}");
    }
    // Another one is told at once.
    state.blocks(&automation(), 1, &[Rule::FrequencyCap]);
}

#[test]
fn what_may_have_gone_out_counts_and_what_did_not_does_not() {
    let begun = |n| vec![asked(n, 0, Actor::Broadcast), accepted(n, at(0)), dispatched(n, at(0), 1)];
    let ended = |outcome| vec![[begun(1), vec![settled(1, at(5), 1, outcome)]].concat()];
    for counts in [Outcome::Unknown, Outcome::Unresolved] {
        world(capped(1, 1), &ended(counts)).blocks(&automation(), 10, &[Rule::FrequencyCap]);
    }
    world(capped(1, 1), &[begun(1)]).blocks(&automation(), 10, &[Rule::FrequencyCap]);
    world(capped(1, 1), &ended(Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message })).allows(
        &automation(),
        10,
        Route::Response,
    );
}

#[test]
fn another_rule_in_the_way_names_the_refusal() {
    let state = World { pack: capped(1, 48), ..World::new(P2026_09, &went(1, 0, Actor::Automation)) };
    let decision = state.judge(&automation(), HOUR_MS);
    assert_eq!(decision.reason(), Some(Rule::NoUserInitiation));
    assert!(decision.findings.iter().any(|finding| finding.rule == Rule::FrequencyCap));
}

#[test]
fn a_restricted_page_says_nothing_unless_its_pack_lets_people_or_bots_try() {
    let speakers = actors().map(|actor| Intent::new(actor, Purpose::Conversation));
    for (who, expected) in [
        ("nobody", [false; 5]),
        ("people", [true, true, false, false, false]),
        ("people_and_bots", [true, true, true, false, false]),
    ] {
        let restricted = world(trying(who), &[]).with_page(&[PageStepKind::Refused { code: 368, subcode: 0 }]);
        let found: Vec<_> = speakers.iter().map(|intent| restricted.judge(intent, 0).route().is_some()).collect();
        assert_eq!(found, expected, "{who}");
    }
    let whatever = World::new(P2026_09, &[heard(at(0), message())]);
    let restricted = whatever.with_page(&[PageStepKind::Refused { code: 368, subcode: 0 }]);
    assert!(speakers.iter().all(|intent| restricted.judge(intent, 0).reason() == Some(Rule::PageRestricted)));
}

#[test]
fn a_page_may_have_a_cap_and_a_word_on_restrictions_of_its_own() {
    let own = "[frequency]\nmost = 1\nwithin = \"2d\"\n[restrictions]\nmay_try = \"people\"\n";
    let text = BUILT_IN[P2026_09].1;
    let pack = Pack::parse("test", text).unwrap().with_overrides("the Page's own", own).unwrap();
    assert_eq!((pack.frequency().unwrap().most, pack.restrictions().may_try.as_str()), (1, "people"));
    assert!(Pack::parse("test", text).unwrap().frequency().is_none());
    let wrong = "[frequency]\nmost = 0\nwithin = \"40d\"\n[restrictions]\nmay_try = \"all\"\n\
                 [block_rate]\nper_mille = 1001\nwithin = \"25h\"\n";
    let refused = Pack::parse("test", text).unwrap().with_overrides("own", wrong).unwrap_err().to_string();
    let keys = ["frequency.most", "frequency.within", "restrictions.may_try"];
    for key in keys.into_iter().chain(["block_rate.per_mille", "block_rate.within"]) {
        assert!(refused.contains(key), "{key} in: {refused}");
    }
}

fn sends() -> impl Strategy<Value = Vec<Vec<Event>>> {
    let actor = prop::sample::select(actors().to_vec());
    prop::collection::vec((0..3 * DAY_MS, actor), 0..8)
        .prop_map(|sends| (1..).zip(sends).map(|(n, (ms, actor))| went(n, ms, actor)).collect())
}

proptest! {
    // Each case reads packs from their texts, which takes its time.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_tighter_cap_or_any_at_all_never_allows_what_was_blocked(
        sends in sends(),
        (most, hours) in (1..5_u32, 1..48_i64),
        (fewer, longer) in (0..4_u32, 0..24_i64),
        (actor, now_ms) in (prop::sample::select(actors().to_vec()), 0..5 * DAY_MS),
    ) {
        let intent = Intent::new(actor, Purpose::Conversation);
        let free = world(with(""), &sends).judge(&intent, now_ms);
        let loose = world(capped(most, hours), &sends).judge(&intent, now_ms);
        let tight = world(capped(most.saturating_sub(fewer).max(1), hours + longer), &sends).judge(&intent, now_ms);
        prop_assert!(free.route().is_some() || loose.route().is_none());
        prop_assert!(loose.route().is_some() || tight.route().is_none());
    }

    #[test]
    fn a_cap_counts_what_a_list_would_and_holds_until_the_moment_that_it_names(
        sends in sends(),
        (most, hours) in (1..5_u32, 1..48_i64),
        now_ms in 3 * DAY_MS..5 * DAY_MS,
    ) {
        let world = world(capped(most, hours), &sends);
        let is_counted = |step: &Vec<Event>| matches!(&step[0], Event::Sending(first)
            if matches!(&first.kind, SendingKind::Requested { intent, .. }
                if matches!(intent.actor, Actor::Automation | Actor::Broadcast)
                    && at(now_ms).since(first.at).as_millis() < hours * HOUR_MS));
        let n = sends.iter().filter(|steps| is_counted(steps)).count();
        let decision = world.judge(&automation(), now_ms);
        prop_assert_eq!(decision.route().is_none(), n >= most as usize);
        if decision.route().is_none() {
            let end = decision.holds_until.unwrap().since(at(0)).as_millis();
            prop_assert_eq!(world.judge(&automation(), end - 1).route(), None);
            prop_assert!(world.judge(&automation(), end).route().is_some());
        }
    }
}
