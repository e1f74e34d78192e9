//! What a pace lets through, and when.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { all: 40, media: 10, private_replies: 3 };

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The most messages of any sliding second.
fn most_in_a_second(written: &[Duration]) -> usize {
    let within = |from: &Duration| written.iter().filter(|at| (*from..*from + ms(1_000)).contains(*at)).count();
    written.iter().map(within).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn no_sliding_second_holds_more_than_the_limit_however_late_workers_write(
        steps in prop::collection::vec((0..30_u64, 0..400_u64, any::<bool>()), 1..400),
    ) {
        let pace = Pace::fresh();
        let (mut now, mut open, mut written): (_, Vec<(Duration, Permit)>, Vec<Duration>) =
            (ms(5_000), Vec::new(), Vec::new());
        for (pass, late, is_used) in steps {
            now += ms(pass);
            let due: Vec<_> = open.extract_if(.., |(at, _)| *at <= now).collect();
            for (at, permit) in due {
                permit.wrote(at);
                written.push(at);
            }
            if let Ok(permit) = pace.permit_at_once(LIMITS, now)
                && is_used
            {
                open.push((now + ms(late), permit));
            }
        }
        written.sort();
        prop_assert!(most_in_a_second(&written) <= 40);
    }
}

/// A way to a platform and back, and all that went over it.
struct Way {
    pace: Pace,
    open: Vec<(Duration, Duration, Permit)>,
    written: Vec<Duration>,
    arrived: Vec<Duration>,
}

impl Way {
    fn new(pace: Pace) -> Self {
        Self { pace, open: Vec::new(), written: Vec::new(), arrived: Vec::new() }
    }

    /// Writes a message now if it may: it arrives 10 ms later and is answered 30 ms later, both put off by `late`, and the
    /// answer by `slow` as well.
    fn writes(&mut self, now: Duration, late: Duration, slow: Duration) -> Result<(), Duration> {
        let mut answers: Vec<_> = self.open.extract_if(.., |(_, answered, _)| *answered <= now).collect();
        answers.sort_by_key(|(_, answered, _)| *answered);
        for (at, answered, permit) in answers {
            permit.answered(at, answered);
        }
        let permit = self.pace.permit_at_once(LIMITS, now)?;
        permit.wrote(now);
        self.written.push(now);
        self.arrived.push(now + ms(10) + late);
        self.open.push((now, now + ms(30) + late + slow, permit));
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_sliding_second_of_arrivals_holds_more_than_a_twentieth_above_the_limit_where_some_are_late(
        runs in prop::collection::vec((1..60_u64, 0..30_u64, 0..100_u64, 0..1_200_u64), 1..30),
        is_taken_over in any::<bool>(),
    ) {
        let mut now = ms(5_000);
        let mut way = Way::new(if is_taken_over { Pace::used_up(LIMITS, now) } else { Pace::fresh() });
        if is_taken_over {
            // The one before used up its limit until then, and the way was as quick as it can be.
            way.arrived.extend((0..40).map(|_| ms(5_000)));
            now += WINDOW;
        }
        way.writes(now, ms(0), ms(0)).unwrap();
        for (n_asked, pass, late, slow) in runs {
            for n in 0..n_asked {
                now += ms(pass);
                // The others of a run are neither late nor slow.
                let (late, slow) = if n % 4 == 3 { (0, 0) } else { (late, slow) };
                let _put_off = way.writes(now, ms(late), ms(slow));
            }
        }
        way.arrived.sort();
        prop_assert!(most_in_a_second(&way.written) <= 40);
        prop_assert!(most_in_a_second(&way.arrived) <= 42);
    }

    #[test]
    fn a_turn_is_never_told_later_than_it_comes_where_answers_are_late(
        lates in prop::collection::vec(0..100_u64, 1..200), n_ahead in 0..100_usize,
    ) {
        let (mut way, mut now) = (Way::new(Pace::fresh()), ms(5_000));
        let mut send = |way: &mut Way, late: u64| loop {
            match way.writes(now, ms(late), ms(0)) {
                Ok(()) => return now,
                Err(until) => now = until,
            }
        };
        let mut at = ms(0);
        for late in &lates {
            at = send(&mut way, *late);
        }
        let told = way.pace.turn(n_ahead, LIMITS, at);
        let came = (0..=n_ahead).map(|n| send(&mut way, lates[n % lates.len()])).last().unwrap();
        prop_assert!(told <= came, "{told:?} and {came:?}");
    }
}

/// When messages leave that each take a while to be claimed, `claims` in turn, if as many as may are claimed at any moment
/// until `end`.
fn claimed(claims: &[u64], end: Duration) -> Vec<Duration> {
    let (pace, mut now, mut open, mut written) = (Pace::fresh(), ms(0), Vec::<(Duration, Permit)>::new(), Vec::new());
    let mut claims = claims.iter().cycle();
    while now < end {
        for (_, permit) in open.extract_if(.., |(at, _)| *at <= now) {
            permit.wrote(now);
            permit.answered(now, now);
            written.push(now);
        }
        while let Ok(permit) = pace.permit(LIMITS, now) {
            open.push(((now + ms(*claims.next().unwrap())).max(permit.from()), permit));
        }
        now += ms(1);
    }
    written
}

proptest! {
    #[test]
    fn no_sliding_second_holds_more_than_the_limit_where_messages_are_claimed_ahead(
        claims in prop::collection::vec(0..300_u64, 1..100),
    ) {
        prop_assert!(most_in_a_second(&claimed(&claims, ms(5_000))) <= 40);
    }
}

#[test]
fn what_a_claim_takes_is_not_lost_to_the_page() {
    let written = claimed(&[0, 20, 50], ms(60_000));
    assert!(written.len() * 100 > 60 * 40 * 98, "{} in a minute", written.len());
}

/// How many messages leave in a simulated minute whose answers are late by up to 100 ms, the most at a time where they all
/// could be written at once.
fn in_a_minute_of_late_answers() -> Way {
    let (mut way, mut now, mut dice) = (Way::new(Pace::fresh()), ms(0), 1_u64);
    while now < ms(60_000) {
        // The generator of Knuth's MMIX: its upper bits are good enough to draw answers.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let late = (dice >> 33) % 101;
        if let Err(until) = way.writes(now, ms(late), ms(0)) {
            now = until;
        }
    }
    way
}

#[test]
fn what_arrives_late_by_ways_that_were_only_just_opened_counts_late() {
    let (mut way, mut now) = (Way::new(Pace::fresh()), ms(5_000));
    while way.written.len() < 80 {
        let late = if way.written.len() < 40 { 80 } else { 0 };
        if let Err(until) = way.writes(now, ms(late), ms(0)) {
            // Those who wait ask again when the first answers are there.
            now = until.max(now + ms(200));
        }
    }
    way.arrived.sort();
    let most = most_in_a_second(&way.arrived);
    assert!(most <= 42, "{most}");
}

#[test]
fn late_answers_take_nothing_from_what_a_page_may_send() {
    let mut way = in_a_minute_of_late_answers();
    let n_sent = way.written.len();
    assert!(n_sent * 100 > 60 * 40 * 98, "{n_sent} in a minute");
    way.arrived.sort();
    assert!(most_in_a_second(&way.written) <= 40);
    assert!(most_in_a_second(&way.arrived) <= 42);
}

#[test]
fn with_enough_to_do_nearly_the_whole_limit_is_used() {
    let pace = Pace::fresh();
    let mut written = Vec::new();
    let mut now = ms(0);
    while now < ms(60_000) {
        match pace.permit_at_once(LIMITS, now) {
            Ok(permit) => {
                permit.wrote(now);
                permit.answered(now, now);
                written.push(now);
            }
            Err(until) => now = until,
        }
    }
    assert!(written.len() * 100 > 60 * 40 * 95, "{} in a minute", written.len());
    assert!(most_in_a_second(&written) <= 40);
}

#[test]
fn whoever_takes_a_page_over_waits_out_what_the_other_may_have_written() {
    let pace = Pace::used_up(LIMITS, ms(5_000));
    assert_eq!(pace.permit_at_once(LIMITS, ms(5_500)).unwrap_err(), ms(5_000) + WINDOW);
    assert!(pace.permit_at_once(LIMITS, ms(5_000) + WINDOW).is_ok());
}

#[test]
fn audio_and_video_have_a_limit_of_their_own() {
    let pace = Pace::fresh();
    let media: Vec<_> = (0..10).map(|_| pace.permit_at_once(LIMITS, ms(1)).unwrap()).collect();
    assert!(media.iter().all(|permit| permit.for_media(LIMITS, ms(1)).is_ok()));
    let eleventh = pace.permit_at_once(LIMITS, ms(1)).unwrap();
    assert_eq!(eleventh.for_media(LIMITS, ms(1)), Err(ms(1) + WINDOW));
    drop(media);
    assert!(eleventh.for_media(LIMITS, ms(1)).is_ok());
}

#[test]
fn a_page_that_is_slowed_uses_a_part_of_its_limit_and_a_paused_one_nothing() {
    let pace = Pace::fresh();
    pace.permit_at_once(LIMITS, ms(0)).unwrap().slow_to(50);
    let permits: Vec<_> = (0..40).filter_map(|_| pace.permit_at_once(LIMITS, ms(1)).ok()).collect();
    assert_eq!(permits.len(), 20);
    permits[0].slow_to(100);
    permits[0].pause(ms(700));
    assert_eq!(pace.permit_at_once(LIMITS, ms(699)).unwrap_err(), ms(700));
    assert!(pace.permit_at_once(LIMITS, ms(700)).is_ok());
}

#[test]
fn a_turn_is_told_as_it_then_comes() {
    let pace = Pace::fresh();
    for at in [10, 400, 900] {
        let permit = pace.permit_at_once(LIMITS, ms(at)).unwrap();
        permit.wrote(ms(at));
        permit.answered(ms(at), ms(at));
    }
    let now = ms(950);
    let told: Vec<_> = (0..200).map(|n_ahead| pace.turn(n_ahead, LIMITS, now)).collect();
    let mut came = Vec::new();
    let mut at = now;
    while came.len() < told.len() {
        match pace.permit_at_once(LIMITS, at) {
            Ok(permit) => {
                permit.wrote(at);
                permit.answered(at, at);
                came.push(at);
            }
            Err(until) => at = until,
        }
    }
    assert_eq!(told, came);
}

#[test]
fn a_turn_waits_for_the_end_of_a_pause_and_hopes_for_the_full_limit_after_it() {
    let pace = Pace::fresh();
    let permit = pace.permit_at_once(LIMITS, ms(0)).unwrap();
    permit.slow_to(10);
    permit.pause(ms(60_000));
    drop(permit);
    assert_eq!(pace.turn(39, LIMITS, ms(5)), ms(60_000));
    assert_eq!(pace.turn(40, LIMITS, ms(5)), ms(60_000) + WINDOW);
    assert_eq!(pace.turn(1_000_000, Limits::NONE, ms(60_000)), ms(60_000));
}

#[test]
fn lists_are_asked_for_once_a_second_at_most_and_not_by_a_paused_page() {
    let pace = Pace::fresh();
    let permit = pace.permit_at_once(LIMITS, ms(0)).unwrap();
    assert_eq!(permit.for_look_up(ms(5)), Ok(()));
    assert_eq!(permit.for_look_up(ms(1_004)), Err(ms(1_005)));
    assert_eq!(permit.for_look_up(ms(1_005)), Ok(()));
    permit.pause(ms(9_000));
    assert_eq!(permit.for_look_up(ms(3_000)), Err(ms(9_000)));
    let taken_over = Pace::used_up(Limits { all: 1, ..LIMITS }, ms(5_000));
    let permit = taken_over.permit_at_once(LIMITS, ms(5_000)).unwrap();
    assert_eq!(permit.for_look_up(ms(5_000)), Err(ms(6_000)));
}
