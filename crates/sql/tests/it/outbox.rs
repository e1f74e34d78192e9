//! The outbox is read in the order in which sends are to leave.

use crate::sandbox::{LOG, Sandbox, at, on_both, page, send, stream};
use sql::outbox::{self, Class, Waiting};
use sql::{Advance, Derived};
use std::sync::Arc;

on_both!(
    people_go_before_automation_and_early_windows_before_late_ones,
    a_send_put_in_again_is_there_once_as_last_said,
    a_send_that_must_wait_is_not_ready_and_tells_when_it_will_be,
    pages_with_something_to_send_are_listed,
    a_dropped_outbox_is_empty,
    a_moment_said_anew_moves_a_send_that_waits_and_brings_none_back,
    a_stream_taken_out_takes_its_sends_and_no_others,
    everything_that_waits_is_read_with_the_place_that_it_counts_up_to,
);

fn waiting(number: u64, class: Class, deadline: i64) -> Waiting {
    Waiting {
        send: send(number),
        page: page(1001),
        class,
        deadline: at(deadline),
        not_before: at(0),
        stream: stream(1),
        position: number,
    }
}

async fn put(sandbox: &Sandbox, waiting: &Waiting) {
    sandbox.store(async |it| outbox::put(it, waiting).await).await.unwrap();
}

async fn ready(sandbox: &Sandbox, now: i64, limit: usize) -> Vec<Waiting> {
    outbox::ready(&sandbox.database, &page(1001), at(now), limit).await.unwrap()
}

async fn people_go_before_automation_and_early_windows_before_late_ones(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let in_order = [
        waiting(9, Class::Person, 500),
        waiting(3, Class::Person, 900),
        waiting(5, Class::Person, 900),
        waiting(2, Class::Automation, 100),
        waiting(1, Class::Broadcast, 50),
    ];
    for waiting in in_order.iter().rev() {
        put(&sandbox, waiting).await;
    }
    put(&sandbox, &Waiting { page: page(1002), ..waiting(7, Class::Person, 1) }).await;
    assert_eq!(ready(&sandbox, 10, 100).await, in_order);
    assert_eq!(ready(&sandbox, 10, 2).await, in_order[..2]);
    sandbox.store(async |it| outbox::remove(it, &in_order[0].send).await).await.unwrap();
    assert_eq!(ready(&sandbox, 10, 100).await, in_order[1..]);
}

async fn a_send_put_in_again_is_there_once_as_last_said(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &waiting(1, Class::Person, 500)).await;
    let later = Waiting { not_before: at(77), ..waiting(1, Class::Automation, 600) };
    put(&sandbox, &later).await;
    assert_eq!(ready(&sandbox, 77, 100).await, [later]);
}

async fn a_send_that_must_wait_is_not_ready_and_tells_when_it_will_be(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    for (number, not_before) in [(1, 0), (2, 300), (3, 200)] {
        put(&sandbox, &Waiting { not_before: at(not_before), ..waiting(number, Class::Person, 900) }).await;
    }
    assert_eq!(ready(&sandbox, 199, 100).await.len(), 1);
    assert_eq!(outbox::next_start(&sandbox.database, &page(1001), at(199)).await.unwrap(), Some(at(200)));
    assert_eq!(ready(&sandbox, 200, 100).await.len(), 2);
    assert_eq!(outbox::next_start(&sandbox.database, &page(1001), at(300)).await.unwrap(), None);
    assert_eq!(outbox::next_start(&sandbox.database, &page(1002), at(0)).await.unwrap(), None);
}

async fn pages_with_something_to_send_are_listed(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert!(outbox::pages(&sandbox.database).await.unwrap().is_empty());
    for (number, of) in [(1, 30), (2, 4), (3, 30), (4, 200)] {
        put(&sandbox, &Waiting { page: page(of), ..waiting(number, Class::Person, 900) }).await;
    }
    assert_eq!(outbox::pages(&sandbox.database).await.unwrap(), [page(200), page(30), page(4)]);
}

async fn a_dropped_outbox_is_empty(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &waiting(1, Class::Person, 900)).await;
    sandbox.database.drop_derived(Derived::Due).await.unwrap();
    assert_eq!(ready(&sandbox, 0, 100).await.len(), 1);
    sandbox.database.drop_derived(Derived::Outbox).await.unwrap();
    assert!(ready(&sandbox, 0, 100).await.is_empty());
}

async fn a_moment_said_anew_moves_a_send_that_waits_and_brings_none_back(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    put(&sandbox, &waiting(1, Class::Person, 500)).await;
    for number in [1, 2] {
        sandbox.store(async |it| outbox::set_deadline(it, &send(number), at(600)).await).await.unwrap();
        sandbox.store(async |it| outbox::set_not_before(it, &send(number), at(77)).await).await.unwrap();
    }
    let moved = Waiting { not_before: at(77), ..waiting(1, Class::Person, 600) };
    assert_eq!(ready(&sandbox, 77, 100).await, [moved]);
}

async fn a_stream_taken_out_takes_its_sends_and_no_others(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let other = Waiting { stream: stream(2), ..waiting(3, Class::Person, 500) };
    for waiting in [&waiting(1, Class::Person, 500), &waiting(2, Class::Broadcast, 500), &other] {
        put(&sandbox, waiting).await;
    }
    sandbox.store(async |it| outbox::remove_stream(it, &stream(1)).await).await.unwrap();
    assert_eq!(ready(&sandbox, 0, 100).await, [other]);
}

/// Each transaction puts one send in and moves the checkpoint to its number.
async fn everything_that_waits_is_read_with_the_place_that_it_counts_up_to(sandbox: Sandbox) {
    let sandbox = Arc::new(sandbox.migrated().await);
    assert_eq!(outbox::all(&sandbox.database).await.unwrap(), None);
    const LAST: u64 = 60;
    let mut writing = tokio::task::JoinSet::new();
    writing.spawn({
        let sandbox = Arc::clone(&sandbox);
        async move {
            for number in 1..=LAST {
                let step = Advance { name: "outbox", incarnation: LOG, shard: 3, from: number - 1, to: number };
                let waiting = waiting(number, Class::Person, 900);
                let both = async |it: &mut sql::Transaction| {
                    outbox::put(it, &waiting).await?;
                    it.advance(step).await
                };
                sandbox.store(both).await.unwrap();
            }
        }
    });
    loop {
        let Some((reached, sends)) = outbox::all(&sandbox.database).await.unwrap() else { continue };
        assert_eq!(reached.incarnation, LOG);
        assert_eq!(sends.len() as u64, reached.positions[&3]);
        if reached.positions[&3] == LAST {
            break;
        }
    }
    writing.join_all().await;
}
