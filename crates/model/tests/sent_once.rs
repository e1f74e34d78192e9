//! Nothing is sent twice, whatever interleaves; and the model notices when a guard is missing.
//!
//! Each test prints how many states it looked at: `cargo test -p model -- --nocapture`.

use domain::send::Guarantee;
use model::{Asked, Explored, Guard, Scenario, check};

const ONCE: Asked = Asked { guarantee: Guarantee::AtMostOnce, by_token: false, expires: None, by_staff: false };
const PERHAPS_TWICE: Asked = Asked { guarantee: Guarantee::AtLeastOnce, ..ONCE };
const BY_STAFF: Asked = Asked { by_staff: true, ..ONCE };
const BY_TOKEN: Asked = Asked { by_token: true, ..ONCE };

#[track_caller]
fn holds(what: &str, least: usize, scenario: Scenario) {
    let started = std::time::Instant::now();
    let Explored { n_states, n_steps, n_done, found } = check(scenario);
    eprintln!("{what}: {n_states} states, {n_steps} steps, {n_done} where all is done, {:?}", started.elapsed());
    if let Some(found) = found {
        panic!("{what}: {}\n  {}", found.what, found.path.join("\n  "));
    }
    assert!(n_states >= least, "{what}: the model has become smaller");
}

#[test]
fn invariant_07_a_send_is_written_once_whoever_stops_and_whatever_is_lost() {
    holds("one send", 90_000, Scenario::of(&[ONCE]));
}

#[test]
fn invariant_07_a_send_is_written_once_when_a_process_dies_at_any_point() {
    holds("a kill", 200_000, Scenario { kills: 1, ..Scenario::of(&[ONCE]) });
}

#[test]
fn invariant_07_a_send_that_the_platform_refuses_is_written_again_only_then() {
    holds("a refusal", 90_000, Scenario { refusals: 1, ends: 4, ..Scenario::of(&[ONCE]) });
}

#[test]
fn an_echo_settles_its_send_whenever_and_however_often_it_comes() {
    holds("echoes twice", 10_000, Scenario { echoes: 2, kills: 1, ends: 3, ..Scenario::of(&[ONCE]) });
}

#[test]
fn invariant_07_a_send_leaves_before_its_end_or_never_also_when_it_is_cancelled() {
    let expires = Asked { expires: Some(2), ..ONCE };
    holds("an end and a cancellation", 50_000, Scenario { cancels: 1, ..Scenario::of(&[expires]) });
}

#[test]
fn invariant_07_a_send_is_written_once_also_when_the_log_loses_its_end() {
    holds("a restored log", 250_000, Scenario { is_restored: true, ends: 4, ..Scenario::of(&[ONCE]) });
}

#[test]
fn a_send_of_at_least_once_is_written_twice_at_most() {
    holds("at least once", 500_000, Scenario { ends: 6, ..Scenario::of(&[PERHAPS_TWICE]) });
}

#[test]
fn a_send_that_may_be_out_is_never_said_to_have_come_to_nothing() {
    let scenario = Scenario::of(&[PERHAPS_TWICE]);
    holds("at least once, cancelled", 10_000, Scenario { ends: 4, cancels: 1, ..scenario.clone() });
    holds("at least once, refused", 10_000, Scenario { ends: 4, refusals: 1, ..scenario });
}

#[test]
fn invariant_06_a_right_is_used_once_though_two_sends_want_it() {
    let second = Asked { expires: Some(3), ..BY_TOKEN };
    holds("one token", 200_000, Scenario { refusals: 1, ends: 4, ..Scenario::of(&[BY_TOKEN, second]) });
}

#[test]
fn invariant_07_two_sends_of_one_conversation_are_written_once_each() {
    holds("two sends", 50_000, Scenario { ends: 3, ..Scenario::of(&[ONCE, ONCE]) });
}

/// Sends that one process looks up, while somebody writes the same in the inbox.
fn looked_up(sends: &[Asked]) -> Scenario {
    Scenario { looks_up: true, has_inbox: true, is_alone: true, ends: 4, ..Scenario::of(sends) }
}

#[test]
fn what_a_look_up_finds_is_the_sends_own_message_or_is_taken_back() {
    holds("a look-up", 10_000, looked_up(&[ONCE]));
    let killed = Scenario { kills: 1, ends: 3, ..looked_up(&[ONCE]) };
    holds("a look-up and a kill", 10_000, killed);
}

#[test]
fn what_a_look_up_finds_is_no_other_send_of_the_same_text() {
    let scenario = Scenario { has_inbox: false, ends: 3, ..looked_up(&[ONCE, BY_STAFF]) };
    holds("two of one text", 10_000, scenario);
}

#[test]
fn a_send_of_at_least_once_is_written_twice_at_most_also_when_it_is_looked_up() {
    holds("at least once, looked up", 10_000, Scenario { has_inbox: false, ..looked_up(&[PERHAPS_TWICE]) });
}

#[track_caller]
fn fails(guard: Guard, what: &str) {
    fails_in(Scenario::of(&[ONCE]), guard, what);
}

#[track_caller]
fn fails_in(scenario: Scenario, guard: Guard, what: &str) {
    let found = check(Scenario { without: Some(guard), ..scenario }).found;
    let found = found.unwrap_or_else(|| panic!("without {guard:?} nothing was found"));
    assert!(found.what.contains(what), "{}", found.what);
    eprintln!("without {guard:?}, after {} steps: {}", found.path.len(), found.what);
}

#[test]
fn without_any_one_guard_the_model_finds_a_way_that_breaks_it() {
    fails(Guard::ExpectedRevision, "under a claim that does not hold");
    fails(Guard::Acknowledgement, "under a claim that does not hold");
    fails(Guard::LeaveBy, "under a claim that does not hold");
    fails(Guard::Lease, "under a lease that has ended");
    fails(Guard::Ambiguity, "an attempt came to nothing, and it may be out");
    fails(Guard::Overdue, "an attempt came to nothing, and it may be out");
    fails(Guard::Attempt, "under a claim that does not hold");
    fails_in(looked_up(&[ONCE]), Guard::KnownMessages, "a message that is another's");
    fails_in(looked_up(&[ONCE]), Guard::TakingBack, "a message that is another's");
    fails_in(looked_up(&[ONCE, BY_STAFF]), Guard::OtherSends, "a message that is another's");
}
