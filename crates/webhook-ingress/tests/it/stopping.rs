//! Stopping: what is in flight is finished, nothing new is begun, and nobody can hold it up.

use crate::bodies::one_message;
use crate::faults::Fault;
use crate::http::{head, post};
use crate::sandbox::{SOON, Sandbox, mids, signed};
use testkit::eventually;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_delivery_whose_body_is_under_way_is_finished_and_answered() {
    let mut sandbox = Sandbox::start().await;
    let body = one_message("m_1");
    let mut connection = sandbox.connect().await;
    let framing = format!("Expect: 100-continue\r\nContent-Length: {}", body.len());
    connection.send(head(Some(&signed(&body)), &framing)).await;
    assert_eq!(connection.answer().await.status, 100);
    sandbox.begin_to_stop();
    refused(&sandbox).await;
    assert!(!sandbox.has_ended());

    connection.send(&body).await;
    let answer = connection.answer().await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    connection.closed().await;
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_delivery_that_waits_for_the_log_is_finished_and_answered() {
    let mut sandbox = Sandbox::start().await;
    let body = one_message("m_1");
    sandbox.log.set(Fault::Hang { after: 0 });
    let mut connection = sandbox.connect().await;
    connection.send(post(Some(&signed(&body)), body.as_bytes())).await;
    eventually(SOON, || async { (sandbox.log.n_hanging() == 1).then_some(()) }).await;
    sandbox.begin_to_stop();
    refused(&sandbox).await;
    assert!(!sandbox.has_ended());
    assert_eq!(sandbox.log.n_hanging(), 1);

    sandbox.log.set(Fault::None);
    assert_eq!(connection.answer().await.status, 200);
    connection.closed().await;
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_stop() {
    // So long that waiting for it fails the test.
    let sandbox = Sandbox::start_with(|config| config.body_timeout = 10 * SOON).await;
    let fresh = sandbox.connect().await;
    let mut kept_open = sandbox.connect().await;
    kept_open.send(post(None, b"{}")).await;
    assert_eq!(kept_open.answer().await.status, 401);
    sandbox.stop().await;
    fresh.closed().await;
    kept_open.closed().await;
}

/// Waits until new connections are refused, while the old ones are still served.
async fn refused(sandbox: &Sandbox) {
    eventually(SOON, || async { TcpStream::connect(sandbox.address).await.is_err().then_some(()) }).await;
}
