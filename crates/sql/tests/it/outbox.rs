//! The outbox is read in the order in which sends are to leave.

use crate::sandbox::{Sandbox, at, on_both, page, send, stream};
use domain::send::Class;
use sql::Derived;
use sql::outbox::{self, Change, Waiting};

on_both!(
    people_go_before_automation_and_early_windows_before_late_ones,
    a_send_put_in_again_is_there_once_as_last_said,
    a_send_that_must_wait_is_not_ready_and_tells_when_it_will_be,
    pages_with_something_to_send_are_listed,
    a_dropped_outbox_is_empty,
    a_moment_said_anew_moves_a_send_that_waits_and_brings_none_back,
    a_stream_taken_out_takes_its_sends_and_no_others,
    only_what_is_held_is_stirred,
    those_that_leave_before_another_are_counted,
    many_rows_at_once_are_what_each_alone_would_be,
);

fn waiting(number: u64, class: Class, deadline: i64) -> Waiting {
    Waiting {
        send: send(number),
        page: page(1001),
        class,
        deadline: at(deadline),
        not_before: at(0),
        is_held: false,
        stream: stream(1),
        position: number,
    }
}

async fn put(sandbox: &Sandbox, waiting: &Waiting) {
    sandbox.store(async |it| outbox::put(it, std::slice::from_ref(waiting)).await).await.unwrap();
}

async fn ready(sandbox: &Sandbox, now: i64, limit: usize) -> Vec<Waiting> {
    outbox::ready(&sandbox.database, (&page(1001), Class::Broadcast), at(now), limit).await.unwrap()
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
    sandbox.store(async |it| outbox::remove(it, &[&in_order[0].send]).await).await.unwrap();
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
        let change = Change { deadline: Some(at(600)), not_before: Some(at(77)), is_held: false };
        sandbox.store(async |it| outbox::change(it, &[(&send(number), change)]).await).await.unwrap();
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

async fn only_what_is_held_is_stirred(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let held = Waiting { is_held: true, not_before: at(900), ..waiting(1, Class::Person, 999) };
    let retrying = Waiting { not_before: at(900), ..waiting(2, Class::Person, 999) };
    let elsewhere = Waiting { stream: stream(2), ..Waiting { send: send(3), ..held.clone() } };
    for waiting in [&held, &retrying, &elsewhere] {
        put(&sandbox, waiting).await;
    }
    sandbox.store(async |it| outbox::stir(it, &stream(1), at(50)).await).await.unwrap();
    assert_eq!(ready(&sandbox, 899, 100).await, [Waiting { not_before: at(50), ..held.clone() }]);
    // What may leave earlier by itself is not put off.
    sandbox.store(async |it| outbox::stir(it, &stream(1), at(70)).await).await.unwrap();
    assert_eq!(ready(&sandbox, 50, 100).await.len(), 1);
    let freed = Change { deadline: Some(at(400)), ..Change::default() };
    sandbox.store(async |it| outbox::change(it, &[(&send(1), freed)]).await).await.unwrap();
    let expected = Waiting { is_held: false, deadline: at(400), not_before: at(50), ..held };
    assert_eq!(ready(&sandbox, 50, 100).await, [expected]);
}

async fn those_that_leave_before_another_are_counted(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let all =
        [(1, Class::Person, 900), (2, Class::Automation, 100), (3, Class::Automation, 200), (4, Class::Broadcast, 1)];
    for (number, class, deadline) in all {
        put(&sandbox, &waiting(number, class, deadline)).await;
    }
    put(&sandbox, &Waiting { page: page(1002), ..waiting(7, Class::Person, 1) }).await;
    for (class, deadline, n) in
        [(Class::Person, 899, 0), (Class::Person, 900, 1), (Class::Automation, 150, 2), (Class::Broadcast, 1, 4)]
    {
        assert_eq!(
            outbox::ahead(&sandbox.database, &page(1001), (class, at(deadline)), at(1_000_000)).await.unwrap(),
            n
        );
    }
}

async fn many_rows_at_once_are_what_each_alone_would_be(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    // More than go into one statement, and a rest that takes one of every size.
    let mut rows: Vec<_> = (1..=550).map(|number| waiting(number, Class::Broadcast, 900)).collect();
    sandbox.store(async |it| outbox::put(it, &rows).await).await.unwrap();
    assert_eq!(ready(&sandbox, 10, 1_000).await, rows);

    let moved = Change { deadline: None, not_before: Some(at(5)), is_held: false };
    let held = Change { deadline: Some(at(1_000)), not_before: None, is_held: true };
    let names: Vec<_> = rows.iter().map(|row| row.send.clone()).collect();
    let changes: Vec<_> = names[..300].iter().zip([moved, held].into_iter().cycle()).collect();
    sandbox.store(async |it| outbox::change(it, &changes).await).await.unwrap();
    for (row, (_, change)) in rows.iter_mut().zip(&changes) {
        row.deadline = change.deadline.unwrap_or(row.deadline);
        row.not_before = change.not_before.unwrap_or(row.not_before);
        row.is_held = change.is_held;
    }
    rows.sort_by_key(|row| (row.deadline, row.position));
    assert_eq!(ready(&sandbox, 10, 1_000).await, rows);

    let mut holding = Default::default();
    sandbox
        .store(async |it| {
            holding = outbox::holding(it, &[&stream(1), &stream(2)]).await?;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(holding, [stream(1)].into());

    let ended: Vec<_> = names[100..].iter().collect();
    sandbox.store(async |it| outbox::remove(it, &ended).await).await.unwrap();
    rows.retain(|row| names[..100].contains(&row.send));
    assert_eq!(ready(&sandbox, 10, 1_000).await, rows);
}
