//! Reading one stream, and the log's end.

use crate::samples::{conversation, ids, record};
use crate::suite::add;
use event_log::{EventLog, Expected, partition_of};
use futures_util::StreamExt as _;

pub(crate) async fn an_empty_stream_has_revision_zero(log: &dyn EventLog) {
    assert_eq!(log.read(&conversation(1), 0).await.unwrap(), []);
    add(log, &conversation(2), "x").await;
    assert_eq!(log.read(&conversation(1), 0).await.unwrap(), []);
    assert_eq!(log.read(&conversation(1), 99).await.unwrap(), []);
    log.append(&record(&conversation(1), "x"), Expected::revision(0)).await.unwrap();
}

pub(crate) async fn reading_begins_behind_a_revision(log: &dyn EventLog) {
    let (stream, other) = (conversation(1), crate::samples::neighbour(log, &conversation(1)));
    let mut all = Vec::new();
    for _ in 0..12 {
        all.push(add(log, &stream, "x").await);
        add(log, &other, "y").await;
    }
    assert_eq!(log.read(&stream, 0).await.unwrap(), all);
    for (nth, stored) in all.iter().enumerate() {
        assert_eq!(log.read(&stream, stored.position).await.unwrap(), all[nth + 1..]);
    }
}

pub(crate) async fn a_long_stream_is_read_whole_and_in_order(log: &dyn EventLog) {
    let stream = conversation(1);
    let records: Vec<_> = (0..1_200).map(|_| record(&stream, "x")).collect();
    let appends = futures_util::stream::iter(&records).map(|record| log.append(record, Expected::Any));
    let answered: Vec<_> = appends.buffered(64).collect().await;
    let mut wanted: Vec<_> =
        records.iter().zip(answered).map(|(record, answer)| (answer.unwrap().revision, record.id)).collect();
    wanted.sort_unstable();
    let found = log.read(&stream, 0).await.unwrap();
    assert!(found.is_sorted_by_key(|stored| stored.position));
    assert_eq!(ids(&found), wanted.iter().map(|(_, id)| *id).collect::<Vec<_>>());
}

pub(crate) async fn the_head_is_the_last_position_of_every_shard(log: &dyn EventLog) {
    let identity = log.identity();
    let empty = log.head().await.unwrap();
    assert_eq!(empty.incarnation, identity.incarnation());
    assert_eq!(empty.positions, vec![0; usize::from(identity.shards())]);
    let mut wanted = empty;
    for person in 0..16 {
        let stored = add(log, &conversation(person), "x").await;
        wanted.advance(identity.shard_of(partition_of(&stored.record.stream)), stored.position);
    }
    assert_eq!(log.head().await.unwrap(), wanted);
}

pub(crate) async fn an_open_log_answers_checks(log: &dyn EventLog) {
    log.check().await.unwrap();
}
