//! People to whom a Page can write are counted by what each rule pack lets count.

use crate::sandbox::{Sandbox, at, on_both, page, stream};
use domain::conversation::Opening;
use domain::id::StreamId;
use domain::quota::Means;
use domain::time::Timestamp;
use sql::Derived;
use sql::engaged::{self, Engaged};

on_both!(
    a_person_counts_once_by_whichever_means_and_only_for_their_page,
    the_latest_moment_stays_whatever_comes_after_it,
    who_is_taken_out_does_not_count_until_they_are_put_in_again,
    the_people_are_dropped_with_the_outbox,
);

const WROTE: Means = Means::Acted(Opening::Message);
const TAPPED: Means = Means::Acted(Opening::Postback);

async fn put(sandbox: &Sandbox, rows: &[(&StreamId, Means, i64)]) {
    let engaged: Vec<_> = rows
        .iter()
        .map(|(stream, means, at_ms)| {
            let page = stream.page().unwrap();
            Engaged { stream, page, means: *means, at: at(*at_ms) }
        })
        .collect();
    sandbox.store(async |it| engaged::put(it, &engaged).await).await.unwrap();
}

async fn count(sandbox: &Sandbox, after: &[(Means, i64)]) -> u64 {
    let after: Vec<_> = after.iter().map(|(means, at_ms)| (*means, at(*at_ms))).collect();
    engaged::count(&sandbox.database, &page(1001), &after, 100).await.unwrap()
}

async fn a_person_counts_once_by_whichever_means_and_only_for_their_page(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (asha, bilal) = (stream(1), stream(2));
    let StreamId::Conversation(_, person) = &asha else { unreachable!("streams of tests are conversations") };
    let elsewhere = StreamId::Conversation(page(1002), *person);
    assert_eq!(count(&sandbox, &[(WROTE, 0)]).await, 0);
    put(&sandbox, &[(&asha, WROTE, 10), (&asha, TAPPED, 20), (&bilal, TAPPED, 5), (&elsewhere, WROTE, 30)]).await;
    for (after, expected) in [
        (&[(WROTE, 9)][..], 1),
        (&[(WROTE, 10)], 0),
        (&[(WROTE, 9), (TAPPED, 4)], 2),
        (&[(WROTE, 9), (TAPPED, 5)], 1),
        (&[(WROTE, 10), (TAPPED, 19)], 1),
        (&[(WROTE, i64::MAX), (TAPPED, 4), (Means::Agreed, 0)], 2),
        (&[(Means::Agreed, 0)], 0),
    ] {
        assert_eq!(count(&sandbox, after).await, expected, "{after:?}");
    }
    let few = engaged::count(&sandbox.database, &page(1001), &[(WROTE, at(0)), (TAPPED, at(0))], 1).await.unwrap();
    assert_eq!(few, 1);
}

async fn the_latest_moment_stays_whatever_comes_after_it(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let asha = stream(1);
    for (at_ms, expected) in [(20, 20), (10, 20), (20, 20), (21, 21)] {
        put(&sandbox, &[(&asha, WROTE, at_ms)]).await;
        let all = engaged::all(&sandbox.database).await.unwrap();
        assert_eq!(all, [(asha.clone(), "message".to_owned(), at(expected))]);
    }
}

async fn who_is_taken_out_does_not_count_until_they_are_put_in_again(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let streams: Vec<_> = (1..=6).map(stream).collect();
    let rows: Vec<_> = streams.iter().flat_map(|stream| [(stream, WROTE, 10), (stream, Means::Agreed, 50)]).collect();
    put(&sandbox, &rows).await;
    let gone: Vec<_> = streams.iter().take(5).collect();
    sandbox.store(async |it| engaged::remove(it, &gone).await).await.unwrap();
    sandbox.store(async |it| engaged::remove_means(it, &streams[5], Means::Agreed).await).await.unwrap();
    assert_eq!(count(&sandbox, &[(WROTE, 0), (Means::Agreed, 0)]).await, 1);
    assert_eq!(count(&sandbox, &[(Means::Agreed, 0)]).await, 0);
    put(&sandbox, &[(&streams[0], WROTE, 5)]).await;
    assert_eq!(count(&sandbox, &[(WROTE, 0)]).await, 2);
}

async fn the_people_are_dropped_with_the_outbox(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &[(&stream(1), WROTE, 10)]).await;
    sandbox.database.drop_derived(Derived::Outbox).await.unwrap();
    let left: Vec<(StreamId, String, Timestamp)> = engaged::all(&sandbox.database).await.unwrap();
    assert_eq!(left, []);
}
