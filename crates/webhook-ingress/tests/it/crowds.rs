//! Many at a time: whoever is not the platform keeps nobody out, and there is an end to everything.

use crate::bodies::one_message;
use crate::faults::Fault;
use crate::http::{Connection, head, post};
use crate::sandbox::{SOON, Sandbox, signed};
use std::time::{Duration, Instant};
use testkit::eventually;
use tokio::task::JoinSet;

/// Far more than anything takes that is answered at once.
const LONG: Duration = Duration::from_secs(60);

/// Connections that have begun a delivery with `body` and then send nothing more.
async fn stalled(sandbox: &Sandbox, count: usize, body: &str) -> Vec<Connection> {
    let mut stalled = Vec::new();
    for _ in 0..count {
        let mut connection = sandbox.connect().await;
        let framing = format!("Expect: 100-continue\r\nContent-Length: {}", body.len() + 1);
        connection.send(head(Some(&signed(body)), &framing)).await;
        assert_eq!(connection.answer().await.status, 100);
        connection.send(body).await;
        stalled.push(connection);
    }
    stalled
}

#[tokio::test]
async fn deliveries_beyond_the_limit_at_a_time_are_answered_503_at_once() {
    const PLACES: usize = 3;
    let sandbox = Sandbox::start_with(|config| {
        config.max_in_flight = PLACES;
        config.append_timeout = LONG;
    })
    .await;
    sandbox.log.set(Fault::Hang { after: 0 });
    let mut working = Vec::new();
    for n in 0..PLACES {
        let body = one_message(&format!("m_{n}"));
        let mut connection = sandbox.connect().await;
        connection.send(post(Some(&signed(&body)), body.as_bytes())).await;
        working.push(connection);
    }
    eventually(SOON, || async { (sandbox.log.n_hanging() == PLACES).then_some(()) }).await;
    let begun = Instant::now();
    for _ in 0..5 {
        assert_eq!(sandbox.deliver(one_message("m_too_many")).await.status, 503);
    }
    assert!(begun.elapsed() < SOON / 2, "it took {:?}", begun.elapsed());
    assert_eq!((sandbox.requests("overloaded"), sandbox.log.n_appends()), (5, PLACES));

    sandbox.log.set(Fault::None);
    for mut connection in working {
        assert_eq!(connection.answer().await.status, 200);
    }
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn slow_bodies_of_strangers_take_no_places() {
    let sandbox = Sandbox::start_with(|config| {
        config.max_in_flight = 1;
        config.body_timeout = LONG;
    })
    .await;
    let stalled = stalled(&sandbox, 20, "a body that never ends").await;
    sandbox.is_unharmed().await;
    assert_eq!(sandbox.requests("overloaded"), 0);
    drop(stalled);
    sandbox.stop().await;
}

#[tokio::test]
async fn bodies_beyond_the_room_for_all_are_answered_503_until_others_have_ended() {
    const EACH: usize = 4_000;
    let sandbox = Sandbox::start_with(|config| {
        config.body_limit = 2 * EACH;
        config.max_buffered = 3 * EACH;
        config.body_timeout = LONG;
    })
    .await;
    let stalled = stalled(&sandbox, 2, &"x".repeat(EACH)).await;
    let large = format!("{}{}", one_message("m_1"), " ".repeat(EACH + 1));
    eventually(SOON, || async { (sandbox.deliver(&large).await.status == 503).then_some(()) }).await;
    // A small one has room still.
    sandbox.is_unharmed().await;
    drop(stalled);
    eventually(SOON, || async { (sandbox.deliver(&large).await.status == 200).then_some(()) }).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_one_to_end() {
    let sandbox = Sandbox::start_with(|config| {
        config.max_connections = 2;
        config.body_timeout = LONG;
    })
    .await;
    let mut stalled = stalled(&sandbox, 2, "a body that never ends").await;
    let body = one_message("m_1");
    let mut waiting = sandbox.connect().await;
    waiting.send(post(Some(&signed(&body)), body.as_bytes())).await;
    let answer = tokio::time::timeout(Duration::from_millis(200), waiting.answer()).await;
    assert!(answer.is_err(), "it was served beside two others: {answer:?}");
    stalled.pop();
    assert_eq!(waiting.answer().await.status, 200);
    drop((stalled, waiting));
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    let sandbox = Sandbox::start_with(|config| config.max_in_flight = 1).await;
    let mut opening = JoinSet::new();
    for _ in 0..50 {
        opening.spawn(Connection::open(sandbox.address));
    }
    let idle = opening.join_all().await;
    sandbox.is_unharmed().await;
    drop(idle);
    sandbox.stop().await;
}
