//! Several who fill one table.

use super::sandbox::{PATIENCE, QUICK, Running, Sandbox, any, on_both};
use std::sync::atomic::Ordering;
use tokio::task::JoinSet;

on_both!(
    each_record_has_its_effect_once_though_several_fill_the_table_and_are_killed,
    one_replica_fills_a_table_and_another_goes_on_when_it_is_gone,
);

/// Without a lease, so that they really compete.
async fn each_record_has_its_effect_once_though_several_fill_the_table_and_are_killed(sandbox: Sandbox) {
    let start = async || {
        let runner = sandbox.runner().await.0;
        let mut task = JoinSet::new();
        task.spawn(async move { runner.work().await });
        task
    };
    let mut running = vec![start().await, start().await, start().await];
    for _ in 0..25 {
        sandbox.append(1 + any(40)).await;
        running[any(3)] = start().await;
    }
    sandbox.until_filled().await;
    drop(running);
    sandbox.check_exactly_once().await;
}

async fn one_replica_fills_a_table_and_another_goes_on_when_it_is_gone(sandbox: Sandbox) {
    let (first, n_first) = sandbox.runner().await;
    let first = Running::start(first);
    sandbox.append(20).await;
    sandbox.until_filled().await;
    let (second, n_second) = sandbox.runner().await;
    let second = Running::start(second);
    // Longer than a lease holds by itself.
    let end = tokio::time::Instant::now() + 3 * QUICK.term;
    while tokio::time::Instant::now() < end {
        sandbox.append(1).await;
        sandbox.until_filled().await;
    }
    assert_eq!(n_second.load(Ordering::Relaxed), 0, "the first has the lease");
    first.kill().await;
    let before = n_first.load(Ordering::Relaxed);
    sandbox.append(5).await;
    sandbox.until_filled().await;
    assert_eq!((n_first.load(Ordering::Relaxed), n_second.load(Ordering::Relaxed)), (before, 5));
    // One that stops gives the lease back, so the next need not wait for its end.
    second.stop().await;
    let (third, _) = sandbox.runner().await;
    let third = Running::start(third.at_pace(crate::Pace { term: PATIENCE * 10, ..QUICK }));
    sandbox.append(5).await;
    sandbox.until_filled().await;
    third.stop().await;
    sandbox.check_exactly_once().await;
}
