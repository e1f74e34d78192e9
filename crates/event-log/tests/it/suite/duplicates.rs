//! Facts that come again.

use crate::samples::{conversation, fact, ids, neighbour};
use event_log::{Appended, EventLog, Expected};

pub(crate) async fn a_fact_is_stored_once_within_the_span(log: &dyn EventLog) {
    let stream = conversation(1);
    let first = fact(&stream, "hello");
    let Appended { revision, is_duplicate } = log.append(&first, Expected::Any).await.unwrap();
    assert!(!is_duplicate);
    let duplicate = Appended { revision, is_duplicate: true };
    assert_eq!(log.append(&fact(&stream, "hello"), Expected::Any).await.unwrap(), duplicate);
    // The span covers everything that shares a shard, not one stream alone.
    let other = neighbour(log, &stream);
    assert_eq!(log.append(&fact(&other, "hello"), Expected::Any).await.unwrap(), duplicate);
    assert_eq!(log.append(&fact(&stream, "hello"), Expected::Any).await.unwrap(), duplicate);
    assert!(!log.append(&fact(&other, "goodbye"), Expected::Any).await.unwrap().is_duplicate);
    assert_eq!(ids(&log.read(&stream, 0).await.unwrap()), [first.id]);
    assert_eq!(log.read(&other, 0).await.unwrap().len(), 1);
}

pub(crate) async fn our_own_repetition_of_a_fact_is_no_duplicate(log: &dyn EventLog) {
    let stream = conversation(1);
    let record = fact(&stream, "hello");
    let first = log.append(&record, Expected::Any).await.unwrap();
    assert_eq!(log.append(&record, Expected::Any).await.unwrap(), first);
    assert!(!first.is_duplicate);
    assert_eq!(log.read(&stream, 0).await.unwrap().len(), 1);
}
