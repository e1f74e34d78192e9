//! What is due comes earliest first.

use crate::sandbox::{Sandbox, at, on_both, stream};
use sql::due::{self, Due};

on_both!(
    what_is_due_comes_earliest_first,
    an_instant_put_in_again_is_moved,
    an_instant_taken_out_is_gone,
    a_stream_taken_out_takes_its_instants_of_the_kind_and_no_others,
);

const KIND: &str = "send.expiry";

fn due(name: &str, ms: i64) -> Due {
    Due { kind: KIND.to_owned(), stream: stream(1), name: name.to_owned(), at: at(ms) }
}

async fn put(sandbox: &Sandbox, due: &Due) {
    sandbox.store(async |it| due::put(it, due).await).await.unwrap();
}

async fn ready(sandbox: &Sandbox, now: i64, limit: usize) -> Vec<Due> {
    due::ready(&sandbox.database, KIND, at(now), limit).await.unwrap()
}

async fn what_is_due_comes_earliest_first(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert_eq!(due::next(&sandbox.database, KIND).await.unwrap(), None);
    for one in [due("c", 300), due("a", 200), due("b", 100)] {
        put(&sandbox, &one).await;
    }
    put(&sandbox, &Due { kind: "token.warning".to_owned(), ..due("d", 1) }).await;
    assert_eq!(ready(&sandbox, 299, 100).await, [due("b", 100), due("a", 200)]);
    assert_eq!(ready(&sandbox, 300, 1).await, [due("b", 100)]);
    assert_eq!(due::next(&sandbox.database, KIND).await.unwrap(), Some(at(100)));
}

async fn an_instant_put_in_again_is_moved(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &due("a", 100)).await;
    put(&sandbox, &due("a", 50)).await;
    assert_eq!(ready(&sandbox, 1_000, 100).await, [due("a", 50)]);
}

async fn an_instant_taken_out_is_gone(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &due("a", 100)).await;
    put(&sandbox, &due("b", 100)).await;
    sandbox.store(async |it| due::remove(it, KIND, &stream(1), "a").await).await.unwrap();
    assert_eq!(ready(&sandbox, 1_000, 100).await, [due("b", 100)]);
}

async fn a_stream_taken_out_takes_its_instants_of_the_kind_and_no_others(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let elsewhere = Due { stream: stream(2), ..due("c", 100) };
    let other = Due { kind: "token.warning".to_owned(), ..due("d", 100) };
    for one in [&due("a", 100), &due("b", 100), &elsewhere, &other] {
        put(&sandbox, one).await;
    }
    sandbox.store(async |it| due::remove_stream(it, KIND, &stream(1)).await).await.unwrap();
    assert_eq!(ready(&sandbox, 1_000, 100).await, [elsewhere]);
    assert_eq!(due::next(&sandbox.database, &other.kind).await.unwrap(), Some(at(100)));
}
