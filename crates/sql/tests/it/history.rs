//! The history keeps each record once, as it was.

use crate::sandbox::{LOG, Sandbox, on_both, record, stream};
use domain::id::StreamId;
use sql::SqlError;
use sql::erasure::{self, Tombstone};
use sql::history::{self, Damaged, Entry, Kept, NewEntry, Page};

on_both!(
    a_stream_is_read_in_order_from_anywhere,
    a_record_is_kept_once_and_another_in_its_place_is_refused,
    many_records_at_once_are_kept_as_each_alone_would_be,
    a_shard_is_read_page_by_page,
    another_incarnation_has_a_history_of_its_own,
    bytes_come_back_as_they_were,
    an_altered_byte_is_seen,
    a_row_that_cannot_be_read_takes_no_other_with_it,
);

fn entry<'a>(stream: &'a StreamId, position: u64, body: &'a [u8]) -> NewEntry<'a> {
    NewEntry { stream, position, shard: 2, record: record(position), body }
}

async fn keep(sandbox: &Sandbox, entry: NewEntry<'_>) -> Result<Kept, SqlError> {
    sandbox.store(async |it| history::insert(it, LOG, entry).await).await
}

fn positions(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position).collect()
}

async fn a_stream_is_read_in_order_from_anywhere(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (ours, other) = (stream(1), stream(2));
    for (stream, position) in [(&ours, 9), (&other, 5), (&ours, 3), (&ours, 300)] {
        assert_eq!(keep(&sandbox, entry(stream, position, b"body")).await.unwrap(), Kept::Stored);
    }
    let all = history::read(&sandbox.database, LOG, &ours, 0).await.unwrap();
    assert_eq!(positions(&all), [3, 9, 300]);
    assert_eq!((all[0].stream.clone(), all[0].shard, all[0].record), (ours.clone(), 2, record(3)));
    assert_eq!(positions(&history::read(&sandbox.database, LOG, &ours, 3).await.unwrap()), [9, 300]);
    assert!(history::read(&sandbox.database, LOG, &ours, 300).await.unwrap().is_empty());
}

async fn a_record_is_kept_once_and_another_in_its_place_is_refused(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let ours = stream(1);
    assert_eq!(keep(&sandbox, entry(&ours, 7, b"first")).await.unwrap(), Kept::Stored);
    assert_eq!(keep(&sandbox, entry(&ours, 7, b"first")).await.unwrap(), Kept::Known);
    assert!(matches!(keep(&sandbox, entry(&ours, 7, b"second")).await, Err(SqlError::Broken(_))));
    // The same place in the shard, by another stream.
    assert!(matches!(keep(&sandbox, entry(&stream(2), 7, b"first")).await, Err(SqlError::Broken(_))));
    let kept = history::read(&sandbox.database, LOG, &ours, 0).await.unwrap();
    assert_eq!((kept.len(), &kept[0].body[..]), (1, &b"first"[..]));
}

async fn many_records_at_once_are_kept_as_each_alone_would_be(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (ours, erased) = (stream(1), stream(2));
    erasure::bury(&sandbox.database, Tombstone { stream: &erased, incarnation: LOG, position: 500 }).await.unwrap();
    keep(&sandbox, entry(&ours, 7, b"body")).await.unwrap();
    let of = |position: u64| if position.is_multiple_of(50) { &erased } else { &ours };
    let entries: Vec<_> = (1..=510).map(|position| entry(of(position), position, b"body")).collect();
    let keep_all =
        async |entries: &[NewEntry<'_>]| sandbox.store(async |it| history::insert_all(it, LOG, entries).await).await;
    keep_all(&entries).await.unwrap();
    let page = Page { shard: 2, after: 0, limit: 1_000 };
    let kept = history::read_shard(&sandbox.database, LOG, page).await.unwrap();
    let expected: Vec<_> = (1..=510).filter(|position| position % 50 != 0).collect();
    assert_eq!(positions(&kept), expected);
    assert!(kept.iter().all(Entry::is_intact));

    let mut altered = entries.clone();
    altered[300].body = b"another";
    assert!(matches!(keep_all(&altered).await, Err(SqlError::Broken(_))));
}

async fn a_shard_is_read_page_by_page(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    for position in 1..=7 {
        let stream = stream(u8::try_from(position).unwrap());
        keep(&sandbox, entry(&stream, position, b"body")).await.unwrap();
    }
    let page = |after| Page { shard: 2, after, limit: 3 };
    for (after, expected) in [(0, vec![1, 2, 3]), (3, vec![4, 5, 6]), (6, vec![7]), (7, vec![])] {
        let read = history::read_shard(&sandbox.database, LOG, page(after)).await.unwrap();
        assert_eq!(positions(&read), expected);
    }
    let other = Page { shard: 1, ..page(0) };
    assert!(history::read_shard(&sandbox.database, LOG, other).await.unwrap().is_empty());
}

async fn another_incarnation_has_a_history_of_its_own(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let ours = stream(1);
    keep(&sandbox, entry(&ours, 7, b"before")).await.unwrap();
    let after = sandbox.store(async |it| history::insert(it, "restored", entry(&ours, 7, b"after")).await).await;
    assert_eq!(after.unwrap(), Kept::Stored);
    let read = history::read(&sandbox.database, "restored", &ours, 0).await.unwrap();
    assert_eq!((read.len(), &read[0].body[..]), (1, &b"after"[..]));
}

async fn bytes_come_back_as_they_were(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let ours = stream(1);
    // Among them what a database might take for a number or for the end of a text.
    let every: Vec<u8> = (0..=255).collect();
    let bodies: [&[u8]; 5] = [b"", b"123", b"0x10", b"\0\0", &every];
    for (position, body) in (1..).zip(bodies) {
        keep(&sandbox, entry(&ours, position, body)).await.unwrap();
    }
    let kept = history::read(&sandbox.database, LOG, &ours, 0).await.unwrap();
    assert!(kept.iter().all(Entry::is_intact));
    assert_eq!(kept.into_iter().map(|entry| entry.body).collect::<Vec<_>>(), bodies);
}

async fn an_altered_byte_is_seen(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let ours = stream(1);
    keep(&sandbox, entry(&ours, 1, b"body")).await.unwrap();
    keep(&sandbox, entry(&ours, 2, b"bodx")).await.unwrap();
    sandbox.pretend("UPDATE history SET body = (SELECT body FROM history WHERE position = 2) WHERE position = 1").await;
    let kept = history::read(&sandbox.database, LOG, &ours, 0).await.unwrap();
    assert_eq!(kept.iter().map(Entry::is_intact).collect::<Vec<_>>(), [false, true]);
}

async fn a_row_that_cannot_be_read_takes_no_other_with_it(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    for position in [3, 4, 5] {
        keep(&sandbox, entry(&stream(1), position, b"body")).await.unwrap();
    }
    sandbox.pretend("UPDATE history SET stream = 'nobody' WHERE position = 4").await;
    let page = Page { shard: 2, after: 0, limit: 9 };
    assert!(matches!(history::read_shard(&sandbox.database, LOG, page).await, Err(SqlError::Broken(_))));
    let rows = history::survey(&sandbox.database, LOG, page).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| row.as_ref().map(|entry| entry.position)).collect();
    assert!(matches!(read[..], [Ok(3), Err(Damaged { position: 4, .. }), Ok(5)]), "{read:?}");
}
