//! Senders that send too much, too slowly, or no HTTP.

use crate::bodies::one_message;
use crate::http::{chunk, head, post};
use crate::sandbox::{SOON, Sandbox, mids, signed};
use std::time::{Duration, Instant};

const LIMIT: usize = 10_000;

/// How long a sender may take where a test waits for that; and what is far more.
const SHORT: Duration = Duration::from_millis(100);

/// A good body with exactly this many bytes.
fn padded(mid: &str, n_bytes: usize) -> String {
    let body = one_message(mid);
    format!("{body}{}", " ".repeat(n_bytes - body.len()))
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_413_before_it_is_sent() {
    let sandbox = Sandbox::start_with(|config| config.body_limit = LIMIT).await;
    for length in ["10001", "1000000000000000000"] {
        let mut connection = sandbox.connect().await;
        let framing = format!("Expect: 100-continue\r\nContent-Length: {length}");
        connection.send(head(Some(&signed("")), &framing)).await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, 413);
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
        connection.closed().await;
        sandbox.is_unharmed().await;
    }
    assert_eq!(sandbox.requests("too_large"), 2);

    assert_eq!(sandbox.deliver(padded("m_1", LIMIT)).await.status, 200);
    assert_eq!(mids(&sandbox.records().await).last().unwrap(), "m_1");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_that_names_no_length_is_answered_413() {
    let sandbox = Sandbox::start_with(|config| config.body_limit = LIMIT).await;
    for (n_bytes, status) in [(LIMIT, 200), (LIMIT + 1, 413)] {
        let body = padded("m_1", n_bytes);
        let mut connection = sandbox.connect().await;
        connection.send(head(Some(&signed(&body)), "Transfer-Encoding: chunked")).await;
        for piece in body.as_bytes().chunks(3_333) {
            connection.send(chunk(piece)).await;
        }
        // The end of a body that is too long is not awaited.
        if status == 200 {
            connection.send(chunk(b"")).await;
        }
        assert_eq!(connection.answer().await.status, status);
        if status == 413 {
            connection.closed().await;
        }
        assert_eq!(sandbox.records().await.len(), 1);
    }
    assert_eq!(sandbox.requests("too_large"), 1);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_go_on_is_answered_408() {
    let sandbox = Sandbox::start_with(|config| config.body_timeout = SHORT).await;
    let body = one_message("m_1");
    let begun = Instant::now();
    let mut connection = sandbox.connect().await;
    let delivery = post(Some(&signed(&body)), body.as_bytes());
    connection.send(&delivery[..delivery.len() - 1]).await;
    let answer = connection.answer().await;
    assert_eq!(answer.status, 408);
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    connection.closed().await;
    assert!((SHORT..SOON / 2).contains(&begun.elapsed()), "it took {:?}", begun.elapsed());
    assert_eq!((sandbox.requests("too_slow"), sandbox.log.n_appends()), (1, 0));
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_answered_408() {
    let sandbox = Sandbox::start_with(|config| config.body_timeout = SHORT).await;
    let mut connection = sandbox.connect().await;
    connection.send(head(Some(&signed("")), "Content-Length: 9000")).await;
    let mut pace = tokio::time::interval(SHORT / 10);
    let begun = Instant::now();
    let answer = loop {
        tokio::select! {
            answer = connection.answer() => break answer,
            _ = pace.tick() => (),
        }
        // The server may have closed meanwhile; its answer is read above.
        drop(connection.try_send(" ").await);
    };
    assert_eq!(answer.status, 408);
    assert!(begun.elapsed() < SOON / 2, "it took {:?}", begun.elapsed());
    connection.closed().await;
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn headers_that_do_not_end_close_the_connection() {
    let sandbox = Sandbox::start_with(|config| config.body_timeout = SHORT).await;
    for begun in ["P", "POST /webhook HTTP/1.1\r\nHost: nuncio.test\r\nX-Slow: "] {
        let mut connection = sandbox.connect().await;
        connection.send(begun).await;
        connection.closed().await;
        sandbox.is_unharmed().await;
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_no_http_harms_nobody() {
    let sandbox = Sandbox::start().await;
    let head = |framing: &str| head(Some(&signed("")), framing).into_bytes();
    let nonsense = [
        b"\0\x01\x02\xff\xfe\r\n\r\n".to_vec(),
        // How TLS begins.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"POST /webhook HTTP/9.9\r\n\r\n".to_vec(),
        head("Content-Length: -1"),
        head("Content-Length: many"),
        head("Content-Length: 1\r\nContent-Length: 2"),
        head("Content-Length: 99999999999999999999999999"),
        head("Transfer-Encoding: gzip"),
        [head("Transfer-Encoding: chunked"), b"zz\r\nbody\r\n".to_vec()].concat(),
        head(&format!("Content-Length: 0\r\nX-Long: {}", "x".repeat(600_000))),
        head(&format!("Content-Length: 0\r\n{}X-Last: 1", "X-Many: 1\r\n".repeat(200))),
    ];
    for (n, bytes) in nonsense.iter().enumerate() {
        let mut connection = sandbox.connect().await;
        drop(connection.try_send(bytes).await);
        if let Some(answer) = connection.answer_if_any().await {
            assert!((400..500).contains(&answer.status), "nonsense {n}: {}", answer.status);
        }
        connection.closed().await;
        sandbox.is_unharmed().await;
    }
    assert_eq!(sandbox.records().await.len(), nonsense.len());
    sandbox.stop().await;
}

#[tokio::test]
async fn one_connection_carries_many_deliveries_good_and_bad() {
    let sandbox = Sandbox::start().await;
    let mut connection = sandbox.connect().await;
    let good = |mid: &str| post(Some(&signed(one_message(mid))), one_message(mid).as_bytes());
    let unsigned = post(None, b"{}");
    for (delivery, status) in [(good("m_1"), 200), (unsigned.clone(), 401), (good("m_2"), 200), (unsigned, 401)] {
        connection.send(delivery).await;
        assert_eq!(connection.answer().await.status, status);
    }
    assert_eq!(mids(&sandbox.records().await), ["m_1", "m_2"]);
    sandbox.stop().await;
}
