//! Appending, and what is expected of a stream.

use crate::samples::{conversation, ids, record, wrote};
use crate::suite::{add, revision};
use domain::event::{Event, Quarantined};
use domain::id::FactId;
use event_log::{AppendError, Appended, EventLog, Expected, Record, Revision};
use futures_util::future::join_all;

#[track_caller]
fn assert_conflict(outcome: Result<Appended, AppendError>, revision: Revision) {
    match outcome {
        Err(AppendError::Conflict { actual }) => assert_eq!(actual, revision),
        Ok(_) | Err(AppendError::Refused(_) | AppendError::Unknown(_)) => panic!("{outcome:?} is no conflict"),
    }
}

pub(crate) async fn an_appended_record_is_read_back_as_it_was(log: &dyn EventLog) {
    for stream in crate::samples::one_of_each_kind() {
        let quarantined = Event::Quarantined(Quarantined {
            fact: FactId::of(&[b"body"]),
            received_at: crate::samples::NOW,
            reason: "not JSON".to_owned(),
            body: (0..=255).collect(),
        });
        let events = vec![wrote("Grüße 🙂 'quoted' \\ \0 \n"), quarantined, wrote("")];
        let record = Record { fact: Some(FactId::of(&[stream.to_string().as_bytes()])), events, ..record(&stream, "") };
        let appended = log.append(&record, Expected::Empty).await.unwrap();
        assert!(!appended.is_duplicate);
        let found = log.read(&stream, 0).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].position, appended.revision);
        assert_eq!(found[0].record, record);
        assert_eq!(event_log::encode(&found[0].record), event_log::encode(&record));
    }
}

pub(crate) async fn an_expectation_that_holds_appends_and_one_that_does_not_answers_the_revision(log: &dyn EventLog) {
    let stream = conversation(1);
    let append = async |expected| log.append(&record(&stream, "x"), expected).await;
    assert_conflict(append(Expected::At(7)).await, 0);
    let first = append(Expected::Empty).await.unwrap().revision;
    assert_conflict(append(Expected::Empty).await, first);
    assert_conflict(append(Expected::At(first + 1)).await, first);
    let second = append(Expected::At(first)).await.unwrap().revision;
    let third = append(Expected::Any).await.unwrap().revision;
    assert!(first < second && second < third);
    assert_conflict(append(Expected::At(second)).await, third);
    assert_conflict(append(Expected::At(first)).await, third);
    assert_eq!(log.read(&stream, 0).await.unwrap().len(), 3);
}

pub(crate) async fn an_expectation_looks_at_its_own_stream_alone(log: &dyn EventLog) {
    let stream = conversation(1);
    let first = add(log, &stream, "x").await;
    let neighbour = crate::samples::neighbour(log, &stream);
    let foreign = add(log, &neighbour, "y").await;
    log.append(&record(&stream, "z"), Expected::At(first.position)).await.unwrap();
    log.append(&record(&neighbour, "z"), Expected::At(foreign.position)).await.unwrap();
}

pub(crate) async fn a_repeated_append_is_answered_as_the_first_was(log: &dyn EventLog) {
    let stream = conversation(1);
    for expected in [|_| Expected::Empty, Expected::At, |_| Expected::Any] {
        let expected = expected(revision(log, &stream).await);
        let record = record(&stream, "x");
        let first = log.append(&record, expected).await.unwrap();
        let second = log.append(&record, expected).await.unwrap();
        assert_eq!(second, first, "{expected:?}");
        assert!(!first.is_duplicate);
    }
    assert_eq!(log.read(&stream, 0).await.unwrap().len(), 3);
}

pub(crate) async fn a_repeated_append_is_found_behind_what_others_appended(log: &dyn EventLog) {
    let stream = conversation(1);
    for expected in [|_| Expected::Empty, Expected::At, |_| Expected::Any] {
        let expected = expected(revision(log, &stream).await);
        let record = record(&stream, "x");
        let first = log.append(&record, expected).await.unwrap();
        for _ in 0..7 {
            add(log, &stream, "somebody else's").await;
        }
        assert_eq!(log.append(&record, expected).await.unwrap(), first, "{expected:?}");
    }
    assert_eq!(log.read(&stream, 0).await.unwrap().len(), 24);
}

pub(crate) async fn of_many_appends_at_one_revision_exactly_one_wins(log: &dyn EventLog) {
    let stream = conversation(1);
    let mut winners = Vec::new();
    let mut reached = 0;
    for _ in 0..6 {
        let records: Vec<_> = (0..32).map(|_| record(&stream, "x")).collect();
        let appends = records.iter().map(|record| log.append(record, Expected::revision(reached)));
        let outcomes = join_all(appends).await;
        let won: Vec<_> = records.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).collect();
        let [(winner, Ok(appended))] = won[..] else { panic!("{} appends won", won.len()) };
        reached = appended.revision;
        winners.push(winner.id);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_conflict(outcome, reached);
        }
    }
    assert_eq!(ids(&log.read(&stream, 0).await.unwrap()), winners);
}

pub(crate) async fn appends_at_any_revision_are_all_stored_once(log: &dyn EventLog) {
    let streams: Vec<_> = (0..8).map(conversation).collect();
    let records: Vec<_> = (0..400).map(|number| record(&streams[number % 8], "x")).collect();
    let outcomes = join_all(records.iter().map(|record| log.append(record, Expected::Any))).await;
    for (stream, nth) in streams.iter().zip(0..) {
        let own = || records.iter().zip(&outcomes).skip(nth).step_by(8);
        let mut wanted: Vec<_> =
            own().map(|(record, outcome)| (outcome.as_ref().unwrap().revision, record.id)).collect();
        wanted.sort_unstable();
        let found = log.read(stream, 0).await.unwrap();
        let found: Vec<_> = found.iter().map(|stored| (stored.position, stored.record.id)).collect();
        assert_eq!(found, wanted);
    }
}
