//! How attempts end.

use super::{Command, LATER, NOT_SENT, REJECTED, check, claimed_and, every_status};
use crate::conversation::Conversation;
use crate::event::{Event, Outcome};
use crate::send::{Refusal, Status};
use crate::testing::{at, dispatched, fold, send_id, sent, settled};

/// Every outcome there is, and the statuses of attempt 1 in which it tells something new.
fn every_outcome() -> [(Outcome, &'static [&'static str]); 6] {
    let all_but_sent = &[
        "requested",
        "accepted",
        "retrying",
        "deferred",
        "blocked",
        "cancelled",
        "expired",
        "dispatched",
        "unknown",
        "rejected",
        "unresolved",
    ];
    [
        (sent("m1"), all_but_sent),
        (REJECTED, &["dispatched", "unknown"]),
        (LATER, &["dispatched"]),
        (NOT_SENT, &["dispatched"]),
        (Outcome::Unknown, &["dispatched"]),
        (Outcome::Unresolved, &["dispatched", "unknown"]),
    ]
}

#[test]
fn an_outcome_is_recorded_where_it_tells_something_new() {
    for (outcome, news_in) in every_outcome() {
        for (name, history) in every_status() {
            let now = at(100_000);
            let is_news = news_in.contains(&name);
            let expected = if is_news { Ok(vec![settled(1, now, 1, outcome.clone())]) } else { Err(Refusal::Settled) };
            check(&history, Command::Settle(1, outcome.clone()), now, expected);
        }
    }
}

fn status(state: &Conversation) -> Option<&Status> {
    state.send(&send_id(1)).map(|send| &send.status)
}

#[test]
fn what_is_refused_as_no_news_would_change_no_state_and_what_is_recorded_does() {
    for (outcome, news_in) in every_outcome() {
        for (name, mut history) in every_status() {
            let before = fold(&history);
            history.push(settled(1, at(100_000), 1, outcome.clone()));
            let is_news = news_in.contains(&name);
            let after = fold(&history);
            // Behind the echo, the answer changes what tells of it and nothing else.
            let is_told_again = name == "sent" && matches!(outcome, Outcome::Sent { .. });
            let changed = if is_told_again { status(&after) != status(&before) } else { after != before };
            assert_eq!(changed, is_news, "{} in {name}", outcome.as_str());
        }
    }
}

#[test]
fn each_outcome_leads_to_its_status() {
    let now = at(100_000);
    let expected = [
        Status::Sent { mid: crate::testing::mid("m1"), at: now },
        Status::Rejected { code: 100, subcode: 33 },
        Status::Retrying { not_before: at(20_000), since: now },
        Status::Retrying { not_before: at(5_000), since: now },
        Status::Unknown { since: now },
        Status::Unresolved,
    ];
    for ((outcome, _), status) in every_outcome().into_iter().zip(expected) {
        let state = fold(&claimed_and(&[settled(1, now, 1, outcome)]));
        assert_eq!(state.send(&send_id(1)).unwrap().status, status);
    }
}

/// Claimed twice; the second attempt is under way, or its outcome unknown.
fn second_attempts() -> [Vec<Event>; 2] {
    let again = vec![settled(1, at(1_500), 1, NOT_SENT), dispatched(1, at(5_000), 2)];
    let mut unknown = again.clone();
    unknown.push(settled(1, at(30_000), 2, Outcome::Unknown));
    [claimed_and(&again), claimed_and(&unknown)]
}

#[test]
fn only_sent_is_taken_of_an_attempt_that_is_not_the_latest() {
    for history in second_attempts() {
        for attempt in [0, 1, 3] {
            for (outcome, _) in every_outcome() {
                let now = at(100_000);
                let is_sent = matches!(outcome, Outcome::Sent { .. });
                let recorded = vec![settled(1, now, attempt, outcome.clone())];
                let expected = if is_sent { Ok(recorded) } else { Err(Refusal::Settled) };
                check(&history, Command::Settle(attempt, outcome), now, expected);
            }
        }
    }
}
