//! Sends that nobody wants any more, or whose turn would come too late.

use super::{every_status, waiting};
use crate::event::Event;
use crate::event::{RightStep, RightStepKind, SendingKind};
use crate::right::Right;
use crate::send::{Refusal, cancel};
use crate::testing::{at, comment_id, fold, send_id, step};
use crate::testing::{commented, heard};

#[test]
fn what_waits_can_be_cancelled_and_what_a_worker_has_cannot() {
    for (name, history) in every_status() {
        let expected = match name {
            "accepted" | "retrying" | "deferred" => Ok(vec![step(1, at(200_000), SendingKind::Cancelled)]),
            "cancelled" => Err(Refusal::Settled),
            name => Err(Refusal::NotWaiting(name)),
        };
        assert_eq!(cancel(&fold(&history), &send_id(1), at(200_000)), expected, "{name}");
    }
    assert_eq!(cancel(&fold(&[]), &send_id(1), at(0)), Err(Refusal::NoSuchSend));
}

#[test]
fn a_cancelled_send_gives_back_what_it_holds() {
    let right = Right::PrivateReply(comment_id("c"));
    let right_step =
        |ms, kind| Event::Right(Box::new(RightStep { right: right.clone(), send: send_id(1), at: at(ms), kind }));
    let mut history = vec![heard(at(0), commented("c", crate::event::CommentVerb::Add))];
    history.extend(waiting());
    history.push(right_step(0, RightStepKind::Reserved));
    let events = cancel(&fold(&history), &send_id(1), at(9)).unwrap();
    assert_eq!(events, [step(1, at(9), SendingKind::Cancelled), right_step(9, RightStepKind::Released)]);
    history.extend(events);
    assert!(fold(&history).rights().held_by(&send_id(1)).is_empty());
}

#[test]
fn nothing_moves_a_send_that_a_worker_has() {
    for (name, mut history) in every_status() {
        let before = fold(&history);
        history.push(step(1, at(300_000), SendingKind::Cancelled));
        let is_moved = matches!(name, "requested" | "accepted" | "retrying" | "deferred");
        assert_eq!(fold(&history) != before, is_moved, "{name}");
    }
}
