//! What a deployment on NATS does when NATS is away.

use crate::http;
use crate::world::{Log, PATIENCE, SECRET, standalone};
use std::net::SocketAddr;

const BODY: &[u8] = br#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_1","text":"hello"}}]}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn without_the_log_deliveries_are_refused_and_readiness_is_red_until_it_is_back() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let mut log = Log::jetstream();
    let process = standalone(&log, nowhere, &[]).await;
    let (webhook, admin) = (process.address("webhook"), process.address("admin"));
    until_ready(admin, true).await;
    assert_eq!(http::deliver(webhook, SECRET, BODY).await.unwrap().status, 200);

    let Log::JetStream(server) = &mut log else { unreachable!("this log is on JetStream") };
    server.kill();
    until_ready(admin, false).await;
    assert_eq!(http::deliver(webhook, SECRET, BODY).await.unwrap().status, 503);
    let ready = http::get(admin, "/readyz").await.unwrap();
    assert!(ready.body.contains("event log"), "{}", ready.body);
    assert_eq!(http::get(admin, "/livez").await.unwrap().status, 200);

    server.restart();
    until_ready(admin, true).await;
    assert_eq!(http::deliver(webhook, SECRET, BODY).await.unwrap().status, 200);
    let counted = http::get(admin, "/metrics").await.unwrap().body;
    assert!(counted.contains(r#"outcome="log_unavailable""#), "{counted}");
}

async fn until_ready(admin: SocketAddr, wanted: bool) {
    testkit::eventually(PATIENCE, || async {
        let answer = http::get(admin, "/readyz").await.unwrap();
        ((answer.status == 200) == wanted).then_some(())
    })
    .await;
}
