//! Clients that go away before they have their answer.

use crate::bodies::{message, of_page, one_message};
use crate::faults::Fault;
use crate::http::{chunk, head, post};
use crate::sandbox::{SOON, Sandbox, mids, signed};
use testkit::eventually;

#[tokio::test]
async fn a_client_that_leaves_before_its_body_is_whole_stores_nothing() {
    let sandbox = Sandbox::start().await;
    let body = one_message("m_1");
    let delivery = post(Some(&signed(&body)), body.as_bytes());
    let head_length = delivery.len() - body.len();
    for n_bytes in [0, 10, head_length - 1, head_length, head_length + 1, delivery.len() - 1] {
        let mut connection = sandbox.connect().await;
        connection.send(&delivery[..n_bytes]).await;
        drop(connection);
        sandbox.is_unharmed().await;
    }
    let mut stored = mids(&sandbox.records().await);
    stored.retain(|mid| mid == "m_1");
    assert!(stored.is_empty(), "a part of a body was taken for the whole");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_body_cut_short_is_answered_400_to_who_still_listens() {
    let sandbox = Sandbox::start().await;
    let body = one_message("m_1");
    let half = &body.as_bytes()[..body.len() / 2];
    let by_length = head(Some(&signed(&body)), &format!("Content-Length: {}", body.len()));
    let by_chunks = head(Some(&signed(&body)), "Transfer-Encoding: chunked");
    for cut in [[by_length.as_bytes(), half].concat(), [by_chunks.as_bytes(), &chunk(half)].concat()] {
        let mut connection = sandbox.connect().await;
        connection.send(cut).await;
        connection.finish_sending().await;
        assert_eq!(connection.answer().await.status, 400);
        connection.closed().await;
    }
    assert_eq!((sandbox.requests("body_lost"), sandbox.log.n_appends()), (2, 0));
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn what_a_client_that_left_had_delivered_in_part_is_completed_by_its_redelivery() {
    let sandbox = Sandbox::start_with(|config| config.max_in_flight = 1).await;
    let items: Vec<_> = (0..4).map(|n| message("1001", "2002", &format!("m_{n}"))).collect();
    let delivered = of_page("1001", &items);
    sandbox.log.set(Fault::Hang { after: 2 });
    let mut connection = sandbox.connect().await;
    connection.send(post(Some(&signed(&delivered)), delivered.as_bytes())).await;
    hanging(&sandbox, 1).await;
    drop(connection);
    // Nobody waits for the answer any more, so the work is given up and its place is free.
    hanging(&sandbox, 0).await;
    sandbox.log.set(Fault::None);
    assert_eq!(mids(&sandbox.records().await), ["m_0", "m_1"]);

    assert_eq!(sandbox.deliver(&delivered).await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_0", "m_1", "m_2", "m_3"]);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

/// Waits until this many appends hang.
async fn hanging(sandbox: &Sandbox, n: usize) {
    eventually(SOON, || async move { (sandbox.log.n_hanging() == n).then_some(()) }).await;
}
