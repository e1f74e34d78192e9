//! Several appends or followers by one call, for logs that have no quicker way than one by one.

use super::{AppendError, Appended, EventLog, Expected, Filter, LogError};
use crate::follower::Follower;
use crate::record::{Checkpoint, Record};
use domain::id::StreamId;
use futures_util::future::try_join_all;
use std::collections::HashMap;

/// Side by side across streams, one after the other within one.
pub(super) async fn append_all<L: EventLog + ?Sized>(
    log: &L,
    records: &[Record],
) -> Result<Vec<Appended>, AppendError> {
    let mut order: HashMap<&StreamId, usize> = HashMap::new();
    let mut streams: Vec<Vec<usize>> = Vec::new();
    for (number, record) in records.iter().enumerate() {
        let place = *order.entry(&record.stream).or_insert(streams.len());
        if place == streams.len() {
            streams.push(Vec::new());
        }
        streams[place].push(number);
    }
    let in_order = |numbers: Vec<usize>| async move {
        let mut done = Vec::with_capacity(numbers.len());
        for number in numbers {
            done.push((number, log.append(&records[number], Expected::Any).await?));
        }
        Ok(done)
    };
    let mut done: Vec<_> = try_join_all(streams.into_iter().map(in_order)).await?.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, appended)| appended).collect())
}

/// Each for itself.
pub(super) async fn follow_parts<L: EventLog + ?Sized>(
    log: &L,
    filter: &Filter,
    parts: Vec<Vec<u16>>,
    from: &Checkpoint,
) -> Result<Vec<Follower>, LogError> {
    let follow = |partitions| log.follow(Filter { partitions, ..filter.clone() }, from.clone());
    try_join_all(parts.into_iter().map(follow)).await
}
