//! What becomes of sends when the log has lost its end.

use super::{LATER, REJECTED, claimed_and, every_status, waiting};
use crate::event::{Event, Outcome, SendingKind};
use crate::send::{Patience, Refusal, Status, Step, doubt, plan};
use crate::testing::{
    PACKS, accepted, at, dispatched, echo, facts, fold, heard, mid, requested, send_id, sent, settled, step,
};
use crate::time::Span;

const PATIENCE: Patience =
    Patience { answer: Span::from_secs(20), margin: Span::from_secs(5), echo: Span::from_secs(60), look: None };

fn doubted(send: u128, ms: i64) -> Event {
    step(send, at(ms), SendingKind::Doubted)
}

#[test]
fn whatever_waits_or_is_under_way_may_have_gone_out_and_the_rest_is_as_it_was() {
    for (name, history) in every_status() {
        let is_open = matches!(name, "accepted" | "retrying" | "deferred" | "dispatched");
        let expected = if is_open { Ok(vec![doubted(1, 100_000)]) } else { Err(Refusal::Settled) };
        assert_eq!(doubt(&fold(&history), at(90_000), at(100_000)), expected, "{name}");
    }
    let again = claimed_and(&[settled(1, at(1_500), 1, LATER)]);
    assert_eq!(doubt(&fold(&again), at(90_000), at(100_000)), Ok(vec![doubted(1, 100_000)]));
}

#[test]
fn what_was_asked_for_since_the_restore_is_certain() {
    let both = [waiting(), vec![requested(2, at(50_001)), accepted(2, at(50_001))]].concat();
    assert_eq!(doubt(&fold(&both), at(50_000), at(60_000)), Ok(vec![doubted(1, 60_000)]));
    assert_eq!(doubt(&fold(&both), at(50_001), at(60_000)), Ok(vec![doubted(1, 60_000), doubted(2, 60_000)]));
}

#[test]
fn invariant_07_a_doubted_send_is_never_dispatched_and_waits_for_its_echo_alone() {
    for history in [waiting(), claimed_and(&[]), claimed_and(&[settled(1, at(1_500), 1, LATER)])] {
        let mut history = history;
        history.push(doubted(1, 30_000));
        let state = fold(&history);
        assert_eq!(state.send(&send_id(1)).unwrap().status, Status::Unknown { since: at(30_000) });
        assert_eq!(plan(&facts(&state), &PACKS, at(50_000), PATIENCE), Step::WaitUntil(at(90_000)));
        let attempts = state.send(&send_id(1)).unwrap().attempts;
        assert_eq!(
            plan(&facts(&state), &PACKS, at(90_000), PATIENCE),
            Step::Settle(send_id(1), attempts, Outcome::Unresolved)
        );
        assert_eq!(doubt(&state, at(90_000), at(100_000)), Err(Refusal::Settled));

        // It ends by its echo, or by nobody's.
        let mut told = history.clone();
        told.push(heard(at(2_000), echo(Some(send_id(1)), "m1")));
        assert_eq!(fold(&told).send(&send_id(1)).unwrap().status, Status::Sent { mid: mid("m1"), at: at(2_000) });
        history.push(settled(1, at(90_000), attempts, Outcome::Unresolved));
        assert_eq!(fold(&history).send(&send_id(1)).unwrap().status, Status::Unresolved);
    }
}

#[test]
fn doubt_changes_nothing_of_a_send_that_has_ended_or_is_unknown() {
    let ends = [sent("m1"), REJECTED, Outcome::Unknown];
    for history in ends.map(|end| claimed_and(&[settled(1, at(1_500), 1, end)])) {
        let mut later = history.clone();
        later.extend([doubted(1, 30_000), dispatched(1, at(31_000), 2)]);
        assert_eq!(fold(&later), fold(&history));
    }
}
