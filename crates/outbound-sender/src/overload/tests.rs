//! Under ten times the load more messages make their window than where they leave as they were asked for.

use super::{Classes, InTime, Mix, Order, Windows, in_time};
use domain::send::Class;

const SEEDS: std::ops::Range<u64> = 0..20;

fn mix(seed: u64, windows: Windows, classes: Classes) -> Mix {
    Mix { seed, windows, classes }
}

/// How many of this class, and of those that go before it.
fn up_to(made: &InTime, class: Class) -> usize {
    made.0.range(..=class).map(|(_, n)| n).sum()
}

/// On no seed make fewer their window than in the other order, and more over all.
#[track_caller]
fn beats(other: Order, classes: Classes, windows: &[Windows]) {
    for windows in windows {
        let (mut n_made, mut n_others) = (0, 0);
        for seed in SEEDS {
            let mix = mix(seed, *windows, classes);
            let (made, others) = (in_time(&mix, Order::Urgency), in_time(&mix, other));
            for class in Class::ALL {
                let is_counted = other == Order::PeopleFirst || class == Class::Broadcast;
                assert!(
                    !is_counted || up_to(&made, class) >= up_to(&others, class),
                    "{mix:?}: {made:?} and {others:?}"
                );
            }
            n_made += up_to(&made, Class::Broadcast);
            n_others += up_to(&others, Class::Broadcast);
        }
        assert!(n_made > n_others, "{windows:?}: {n_made} and {n_others}");
        // Neither stands still: what a Page may send in the time is used up.
        assert!(n_others > 20 * 300, "{windows:?}: {n_others}");
    }
}

#[test]
fn at_ten_times_the_rate_more_make_their_window_than_first_in_first_out_on_every_seed() {
    beats(Order::FirstInFirstOut, Classes::One, &Windows::ALL);
}

#[test]
fn where_people_go_first_more_make_their_window_in_and_above_every_class_on_every_seed() {
    beats(Order::PeopleFirst, Classes::Mixed, &Windows::ALL);
}

#[test]
fn that_people_go_first_costs_less_than_urgency_gains_unless_nobody_can_wait_long() {
    let long = [Windows::Doubling, Windows::Uniform(16_000), Windows::Uniform(32_000)];
    beats(Order::FirstInFirstOut, Classes::Mixed, &long);
}

#[test]
fn however_short_the_windows_more_people_are_answered_in_time() {
    for windows in [Windows::Uniform(4_000), Windows::Uniform(8_000)] {
        for seed in SEEDS {
            let mix = mix(seed, windows, Classes::Mixed);
            let people = |order| up_to(&in_time(&mix, order), Class::Person);
            let (made, in_turn) = (people(Order::Urgency), people(Order::FirstInFirstOut));
            assert!(made > in_turn, "{mix:?}: {made} and {in_turn}");
        }
    }
}

#[test]
fn the_same_seed_plays_the_same() {
    let made = || in_time(&mix(7, Windows::Doubling, Classes::Mixed), Order::Urgency);
    assert_eq!(made(), made());
}
