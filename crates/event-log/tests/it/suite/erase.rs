//! Erasing, down to the bytes on the disk.

use crate::samples::{conversation, ids, neighbour, record};
use crate::suite::{DEADLINE, add, follow_all, until_caught_up};
use event_log::{EventLog, Expected, Position};
use std::path::Path;

/// Erases, and again as long as the log does not answer, as whoever drives an erasure does.
async fn erase(log: &dyn EventLog, stream: &domain::id::StreamId, positions: &[Position]) {
    testkit::eventually(DEADLINE, async || log.erase(stream, positions).await.ok()).await;
}

pub(crate) async fn erased_records_are_gone_and_their_places_stay_empty(log: &dyn EventLog) {
    let stream = conversation(1);
    let other = neighbour(log, &stream);
    let mut own = Vec::new();
    for _ in 0..9 {
        own.push(add(log, &stream, "x").await);
    }
    let foreign = add(log, &other, "y").await;
    let erased: Vec<_> = [0, 1, 4, 7].map(|nth: usize| own[nth].position).to_vec();
    erase(log, &stream, &erased).await;
    // Once more: places that are empty already are passed over.
    erase(log, &stream, &erased).await;
    let rest: Vec<_> = [2, 3, 5, 6, 8].map(|nth: usize| own[nth].clone()).to_vec();
    assert_eq!(log.read(&stream, 0).await.unwrap(), rest);
    assert_eq!(log.read(&stream, own[3].position).await.unwrap(), rest[2..]);
    let (heard, _) = until_caught_up(&mut follow_all(log).await).await;
    assert_eq!(heard.len(), 6);
    let heard_own: Vec<_> = heard.into_iter().filter(|stored| stored.record.stream == stream).collect();
    assert_eq!(heard_own, rest);
    let revision = rest.last().unwrap().position;
    let next = log.append(&record(&stream, "z"), Expected::At(revision)).await.unwrap();
    assert!(next.revision > foreign.position.max(revision), "{next:?}");
}

pub(crate) async fn only_records_of_the_named_stream_are_erased(log: &dyn EventLog) {
    let stream = conversation(1);
    let other = neighbour(log, &stream);
    let kept = add(log, &stream, "x").await;
    let erased = add(log, &other, "y").await;
    erase(log, &other, &[kept.position, erased.position, erased.position + 1]).await;
    assert_eq!(ids(&log.read(&stream, 0).await.unwrap()), [kept.record.id]);
    assert_eq!(log.read(&other, 0).await.unwrap(), []);
}

pub(crate) async fn an_erased_text_is_in_no_file_of_the_log(log: &dyn EventLog, folder: &Path) {
    let stream = conversation(1);
    let secret = format!("my secret {:032x}", rand::random::<u128>());
    let kept = format!("public {:032x}", rand::random::<u128>());
    let first = add(log, &stream, &secret).await;
    for _ in 0..50 {
        add(log, &stream, &kept).await;
    }
    let last = add(log, &stream, &secret).await;
    add(log, &stream, &kept).await;
    testkit::eventually(DEADLINE, async || is_in_a_file(folder, &secret).then_some(())).await;
    erase(log, &stream, &[first.position, last.position]).await;
    assert!(!is_in_a_file(folder, &secret));
    testkit::eventually(DEADLINE, async || is_in_a_file(folder, &kept).then_some(())).await;
}

fn is_in_a_file(folder: &Path, text: &str) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    // A file may vanish between being listed and being read.
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                is_in_a_file(&path, text)
            } else {
                std::fs::read(&path).is_ok_and(|bytes| holds(&bytes))
            }
        })
    })
}
