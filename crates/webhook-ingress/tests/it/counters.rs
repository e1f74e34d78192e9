//! What can be seen in the metrics.

use crate::bodies::{NOON_MS, body, entry, item, message};
use crate::sandbox::Sandbox;
use domain::time::{Span, Timestamp};

fn events(kind: &str, duplicate: &str) -> String {
    format!(r#"nuncio_webhook_events_total{{duplicate="{duplicate}",kind="{kind}"}}"#)
}

#[tokio::test]
async fn events_are_counted_by_kind_and_by_whether_they_were_repeated() {
    let sandbox = Sandbox::start().await;
    let items = [
        message("1001", "2002", "m_1"),
        message("1001", "2003", "m_2"),
        item("1001", "2002", r#""read":{"watermark":1767225600000}"#),
        item("1001", "2002", r#""brand_new":{}"#),
    ];
    let delivered = body(&[entry("1001", &items)]);
    for _ in 0..3 {
        assert_eq!(sandbox.deliver(&delivered).await.status, 200);
    }
    for (kind, n_events) in [("message", 2), ("read", 1), ("unrecognized", 1)] {
        assert_eq!(sandbox.counted(&events(kind, "false")), n_events, "{kind}");
        assert_eq!(sandbox.counted(&events(kind, "true")), 2 * n_events, "{kind}");
    }
    assert_eq!(sandbox.requests("accepted"), 3);
    sandbox.stop().await;
}

#[tokio::test]
async fn events_from_the_future_are_counted() {
    let sandbox = Sandbox::start().await;
    let noon = Timestamp::from_millis(NOON_MS);
    for (mid, behind_ms, n_ahead) in [("m_1", 5_000, 0), ("m_2", 5_001, 1)] {
        sandbox.clock.set(noon.plus(Span::from_millis(-behind_ms)));
        let items = [message("1001", "2002", mid)];
        assert_eq!(sandbox.deliver(body(&[entry("1001", &items)])).await.status, 200);
        assert_eq!(sandbox.counted("nuncio_webhook_events_ahead_total"), n_ahead);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn metrics_name_no_person_no_page_and_no_message() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.deliver(body(&[entry("100177", &[message("100177", "200277", "m_77")])])).await.status, 200);
    assert_eq!(sandbox.deliver("unreadable 200277").await.status, 200);
    let text = sandbox.rendered();
    assert!(text.contains("nuncio_webhook_quarantined_total 1"), "{text}");
    for secret in ["100177", "200277", "m_77"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    sandbox.stop().await;
}
