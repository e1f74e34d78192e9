//! Where a table begins: behind its checkpoint, or from the beginning.

use super::sandbox::{PATIENCE, Running, Sandbox, on_both};
use domain::id::Kind;
use event_log::{EventLog, Filter, LogError};
use sql::{Advance, Derived};
use std::sync::atomic::Ordering;

on_both!(
    a_table_dropped_under_load_is_filled_from_the_beginning,
    a_table_that_is_dropped_while_nothing_happens_is_filled_again,
    a_restart_goes_on_from_the_checkpoint,
    a_restored_log_has_its_tables_filled_anew,
    a_checkpoint_ahead_of_the_log_is_refused_with_advice,
    a_checkpoint_moves_on_where_nothing_is_wanted,
);

async fn a_table_dropped_under_load_is_filled_from_the_beginning(sandbox: Sandbox) {
    let running = Running::start(sandbox.runner().await.0);
    let database = sandbox.database().await;
    for round in 1..=20 {
        sandbox.append(30).await;
        if round % 6 == 0 {
            database.drop_derived(Derived::Due).await.unwrap();
        }
    }
    sandbox.until_filled().await;
    running.stop().await;
    sandbox.check_exactly_once().await;
}

async fn a_table_that_is_dropped_while_nothing_happens_is_filled_again(sandbox: Sandbox) {
    let running = Running::start(sandbox.runner().await.0);
    sandbox.append(30).await;
    sandbox.until_filled().await;
    sandbox.database().await.drop_derived(Derived::Due).await.unwrap();
    sandbox.until_filled().await;
    running.stop().await;
    sandbox.check_exactly_once().await;
    let shown = sandbox.metrics.render();
    for line in [
        r#"nuncio_projection_rebuilds_total{table="due"} 2"#,
        r#"nuncio_projection_records_total{table="due"} 60"#,
        r#"nuncio_projection_lag{table="due"} 0"#,
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} in\n{shown}");
    }
}

async fn a_restart_goes_on_from_the_checkpoint(sandbox: Sandbox) {
    let (first, n_first) = sandbox.runner().await;
    let first = Running::start(first);
    sandbox.append(50).await;
    sandbox.until_filled().await;
    first.stop().await;
    assert_eq!(n_first.load(Ordering::Relaxed), 50);
    sandbox.append(5).await;
    let (second, n_second) = sandbox.runner().await;
    second.check().await.unwrap();
    let second = Running::start(second);
    sandbox.until_filled().await;
    second.stop().await;
    assert_eq!(n_second.load(Ordering::Relaxed), 5);
    sandbox.check_exactly_once().await;
}

async fn a_restored_log_has_its_tables_filled_anew(sandbox: Sandbox) {
    let running = Running::start(sandbox.runner().await.0);
    sandbox.append(20).await;
    sandbox.until_filled().await;
    running.stop().await;
    let before = sandbox.log.identity().incarnation().to_owned();
    let sandbox = sandbox.restored().await;
    assert_ne!(sandbox.log.identity().incarnation(), before);
    let (runner, _) = sandbox.runner().await;
    runner.check().await.unwrap();
    let running = Running::start(runner);
    sandbox.until_filled().await;
    running.stop().await;
    sandbox.check_exactly_once().await;
}

async fn a_checkpoint_ahead_of_the_log_is_refused_with_advice(sandbox: Sandbox) {
    sandbox.append(3).await;
    let mut transaction = sandbox.database().await.begin().await.unwrap();
    let (name, incarnation) = (Derived::Due.name(), sandbox.log.identity().incarnation());
    transaction.advance(Advance { name, incarnation, shard: 0, from: 0, to: 4 }).await.unwrap();
    transaction.commit().await.unwrap();
    let (runner, _) = sandbox.runner().await;
    let asked = runner.check().await.unwrap_err();
    let ran = tokio::time::timeout(PATIENCE, runner.run(tokio_util::sync::CancellationToken::new())).await.unwrap();
    for error in [asked, ran.unwrap_err()] {
        let LogError::Broken(cause) = error else { panic!("{error}") };
        assert!(cause.to_string().contains("nuncio log restored --lost-after"), "{cause}");
    }
    assert!(sandbox.applied().await.is_empty());
}

async fn a_checkpoint_moves_on_where_nothing_is_wanted(sandbox: Sandbox) {
    let nothing = Filter { kinds: vec![Kind::Comment], ..Filter::default() };
    let (runner, n_applied) = sandbox.runner_of(nothing).await;
    let running = Running::start(runner);
    // Some is there when following begins, and some comes later.
    sandbox.append(10).await;
    sandbox.until_filled().await;
    sandbox.append(10).await;
    sandbox.until_filled().await;
    running.stop().await;
    assert_eq!(n_applied.load(Ordering::Relaxed), 0);
}
