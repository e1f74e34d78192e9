//! Verified bodies that cannot be understood.

use crate::bodies::{body, entry, message};
use crate::sandbox::{Sandbox, mids};

const QUARANTINED: &str = "nuncio_webhook_quarantined_total";

/// Bodies of which no part can be understood.
fn unreadable() -> Vec<Vec<u8>> {
    let instagram = r#"{"object":"instagram","entry":[{"id":"1001","time":1767225600000,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225600000,"message":{"mid":"m_1","text":"x"}}]}]}"#;
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "hello",
        "[]",
        "17",
        "null",
        "{}",
        "{\"object\":\"page\"}",
        "{\"object\":\"page\",\"entry\":{}}",
        "{\"object\":\"page\",\"entry\":[{\"id\":\"1001\",",
        "{\"object\":\"page\",\"object\":\"page\",\"entry\":[]}",
        "{\"object\":[\"page\"],\"entry\":[]}",
        "\u{feff}{\"object\":\"page\",\"entry\":[]}",
        "{\"object\":\"page\",\"entry\":[]}\0",
        instagram,
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(b"{\"object\":\"page\",\"entry\":[],\"text\":\"caf\xe9\"}".to_vec());
    bodies.push((0..=255).collect());
    // Deep enough to overflow the stack of a parser that calls itself.
    bodies.push(vec![b'['; 200_000]);
    bodies.push(br#"{"a":"#.repeat(40_000));
    bodies
}

#[tokio::test]
async fn invariant_02_an_unreadable_verified_body_is_quarantined_whole_and_answered_200() {
    let sandbox = Sandbox::start().await;
    let unreadable = unreadable();
    for (n, body) in unreadable.iter().enumerate() {
        assert_eq!(sandbox.deliver(body).await.status, 200);
        assert_eq!(sandbox.counted(QUARANTINED), n as u64 + 1);
        sandbox.is_unharmed().await;
    }
    assert!(sandbox.quarantined().await == unreadable, "the bytes kept are not the bytes that came");
    assert_eq!(sandbox.records().await.len(), 2 * unreadable.len());
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_02_a_body_of_which_a_part_belongs_to_no_page_is_stored_and_kept_whole() {
    let sandbox = Sandbox::start().await;
    let of_nobody = r#"{"time":1767225600000,"changes":[{"field":"feed","value":{}}]}"#.to_owned();
    let no_entry = "7".to_owned();
    let good = [("1001", "m_1"), ("1002", "m_2")].map(|(page, mid)| entry(page, &[message(page, "2002", mid)]));
    let [first, last] = good;
    let delivered = body(&[first, of_nobody, no_entry, last]);

    assert_eq!(sandbox.deliver(&delivered).await.status, 200);

    assert_eq!(sandbox.quarantined().await, [delivered.as_bytes()]);
    assert_eq!(mids(&sandbox.conversation("1001", "2002").await), ["m_1"]);
    assert_eq!(mids(&sandbox.conversation("1002", "2002").await), ["m_2"]);
    assert_eq!((sandbox.records().await.len(), sandbox.counted(QUARANTINED)), (3, 1));
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn an_unreadable_body_delivered_again_is_kept_once() {
    let sandbox = Sandbox::start().await;
    for _ in 0..3 {
        assert_eq!(sandbox.deliver("hello").await.status, 200);
    }
    assert_eq!(sandbox.quarantined().await, [b"hello"]);
    sandbox.stop().await;
}
