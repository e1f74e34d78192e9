//! A database that is away.

use super::sandbox::{Running, Sandbox};
use testkit::Postgres;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_waited_for() {
    let mut server = Postgres::start();
    let sandbox = Sandbox::on(server.database()).await;
    let mut running = Running::start(sandbox.runner().await.0);
    sandbox.append(20).await;
    sandbox.until_filled().await;
    for _ in 0..2 {
        server.kill();
        sandbox.append(20).await;
        // One that begins without the database waits as well.
        server.restart();
        sandbox.append(20).await;
        sandbox.until_filled().await;
    }
    assert!(!running.has_ended());
    running.stop().await;
    sandbox.check_exactly_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_finds_no_database_waits_for_it() {
    let mut server = Postgres::start();
    let sandbox = Sandbox::on(server.database()).await;
    let (runner, _) = sandbox.runner().await;
    sandbox.append(20).await;
    server.kill();
    runner.check().await.unwrap();
    let running = Running::start(runner);
    server.restart();
    sandbox.until_filled().await;
    running.stop().await;
    sandbox.check_exactly_once().await;
}
