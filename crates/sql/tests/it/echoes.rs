//! Echoes that came in another stream than their send are kept until that is settled.

use crate::sandbox::{Sandbox, at, on_both, page, person, send, stream};
use domain::id::{Mid, PostId, SendId, StreamId};
use sql::Derived;
use sql::echoes::{self, Elsewhere};
use uuid::Uuid;

on_both!(
    an_echo_is_kept_until_its_send_is_settled,
    an_echo_told_twice_is_kept_as_it_was_told_first,
    what_is_erased_on_either_side_is_forgotten,
    echoes_are_dropped_with_the_outbox,
);

fn elsewhere(send: SendId) -> Elsewhere {
    Elsewhere { send, echoed_in: stream(9), mid: Mid::parse("m_1").unwrap(), at: at(7) }
}

async fn put(sandbox: &Sandbox, echo: &Elsewhere) {
    sandbox.store(async |it| echoes::put(it, echo).await).await.unwrap();
}

async fn kept(sandbox: &Sandbox) -> Vec<Elsewhere> {
    echoes::of_page(&sandbox.database, &page(1001), 10).await.unwrap()
}

async fn an_echo_is_kept_until_its_send_is_settled(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let [first, second] = [1, 2].map(|n| elsewhere(send(n)));
    put(&sandbox, &first).await;
    put(&sandbox, &second).await;
    assert_eq!(kept(&sandbox).await, [first.clone(), second.clone()]);
    assert_eq!(echoes::of_page(&sandbox.database, &page(1001), 1).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(echoes::of_page(&sandbox.database, &page(1002), 10).await.unwrap(), []);
    assert_eq!(echoes::pages(&sandbox.database).await.unwrap(), [page(1001)]);
    sandbox.store(async |it| echoes::remove(it, &first.send).await).await.unwrap();
    assert_eq!(kept(&sandbox).await, std::slice::from_ref(&second));
    sandbox.store(async |it| echoes::remove(it, &second.send).await).await.unwrap();
    assert_eq!(echoes::pages(&sandbox.database).await.unwrap(), []);
}

async fn an_echo_told_twice_is_kept_as_it_was_told_first(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let first = elsewhere(send(1));
    put(&sandbox, &first).await;
    put(&sandbox, &Elsewhere { at: at(8), ..first.clone() }).await;
    assert_eq!(kept(&sandbox).await, [first]);
}

async fn what_is_erased_on_either_side_is_forgotten(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let post = PostId::parse("1001_5").unwrap();
    let to_commenter = |n| SendId::to_commenter(page(1001), post.clone(), person(n), Uuid::from_u128(u128::from(n)));
    let [first, second] = [1, 2].map(to_commenter).map(elsewhere);
    let second = Elsewhere { echoed_in: stream(8), ..second };
    put(&sandbox, &first).await;
    put(&sandbox, &second).await;
    sandbox.store(async |it| echoes::remove_stream(it, &StreamId::Page(page(1001))).await).await.unwrap();
    sandbox.store(async |it| echoes::remove_stream(it, &stream(9)).await).await.unwrap();
    assert_eq!(kept(&sandbox).await, std::slice::from_ref(&second));
    sandbox.store(async |it| echoes::remove_stream(it, &second.send.stream()).await).await.unwrap();
    assert_eq!(kept(&sandbox).await, []);
}

async fn echoes_are_dropped_with_the_outbox(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &elsewhere(send(1))).await;
    sandbox.database.drop_derived(Derived::Outbox).await.unwrap();
    assert_eq!(kept(&sandbox).await, []);
}
