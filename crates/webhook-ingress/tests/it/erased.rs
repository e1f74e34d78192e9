//! Old facts of people who were erased are answered, counted and not stored.

use crate::bodies::{NOON_MS, body, entry, message};
use crate::sandbox::{Sandbox, mids};
use domain::time::Timestamp;

/// What person 2002 wrote to Page 1001 at this moment.
fn wrote(mid: &str, at_ms: i64) -> String {
    message("1001", "2002", mid).replace(&format!(r#""timestamp":{NOON_MS}"#), &format!(r#""timestamp":{at_ms}"#))
}

#[tokio::test]
async fn invariant_11_what_was_stated_before_an_erasure_is_answered_and_counted_and_not_stored() {
    let sandbox = Sandbox::start().await;
    let until = NOON_MS - 10;
    sandbox.erased.note(sandbox.conversation_id("1001", "2002"), Timestamp::from_millis(until));
    // An older receipt that is read again takes nothing back.
    sandbox.erased.note(sandbox.conversation_id("1001", "2002"), Timestamp::from_millis(until - 5));
    let items = [
        wrote("m_before", until - 1),
        wrote("m_then", until),
        wrote("m_after", until + 1),
        message("1001", "2003", "m_other"),
    ];
    let delivered = body(&[entry("1001", &items), entry("1002", &[message("1002", "2002", "m_elsewhere")])]);
    for n_deliveries in 1..=2 {
        assert_eq!(sandbox.deliver(&delivered).await.status, 200);
        assert_eq!(sandbox.counted("nuncio_webhook_events_erased_total"), 2 * n_deliveries);
    }
    assert_eq!(mids(&sandbox.conversation("1001", "2002").await), ["m_after"]);
    assert_eq!(sandbox.records().await.len(), 3);
    sandbox.stop().await;
}
