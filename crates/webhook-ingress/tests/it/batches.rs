//! What one body says, and where each part of it goes.

use crate::bodies::{body, entry, item, message, of_page, one_message};
use crate::faults::Fault;
use crate::sandbox::{Sandbox, inbound, mids};
use domain::event::InboundKind;
use domain::id::{OptinRef, PageId, PostId, Psid, StreamId};
use event_log::EventLog;

#[tokio::test]
async fn invariant_01_a_webhook_answered_200_is_in_the_log() {
    let sandbox = Sandbox::start().await;
    for n in 1..=4 {
        let mid = format!("m_{n}");
        assert_eq!(sandbox.deliver(one_message(&mid)).await.status, 200);
        let survived = sandbox.records_after_a_crash().await;
        assert_eq!((survived.len(), mids(&survived).last()), (n, Some(&mid)));
        assert_eq!(survived, sandbox.records().await);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn every_event_of_a_batch_is_stored_once_and_in_order_within_its_conversation() {
    const EVENTS: usize = 100;
    let sandbox = Sandbox::start().await;
    // Ten conversations on three Pages take turns, in entries of one to three events.
    let conversations: [&[usize]; 3] = [&[0, 3, 6, 9], &[1, 4, 7], &[2, 5, 8]];
    let mut turns = [0; 3];
    let mut expected = vec![Vec::new(); 10];
    let mut entries = Vec::new();
    let mut sent = 0;
    while sent < EVENTS {
        let (page, n_items) = (entries.len() % 3, 1 + entries.len() % 4 % 3);
        let mut items = Vec::new();
        for _ in 0..n_items.min(EVENTS - sent) {
            let conversation = conversations[page][turns[page] % conversations[page].len()];
            let mid = format!("m_{sent}");
            items.push(message(&format!("100{page}"), &format!("20{conversation}"), &mid));
            expected[conversation].push(mid);
            turns[page] += 1;
            sent += 1;
        }
        entries.push(entry(&format!("100{page}"), &items));
    }
    assert!(expected.iter().all(|mids| mids.len() > 5), "each conversation has a share: {expected:?}");

    sandbox.log.set(Fault::Overtake);
    assert_eq!(sandbox.deliver(body(&entries)).await.status, 200);

    for (conversation, expected) in expected.iter().enumerate() {
        let stored = sandbox.conversation(&format!("100{}", conversation % 3), &format!("20{conversation}")).await;
        assert_eq!(&mids(&stored), expected);
    }
    let records = sandbox.records().await;
    assert_eq!(records.len(), EVENTS);
    for stored in &records {
        assert_eq!(stored.record.fact, Some(inbound(stored).fact));
        assert_eq!(stored.record.recorded_at, inbound(stored).received_at);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn each_event_goes_to_the_stream_of_whom_it_is_about() {
    let sandbox = Sandbox::start().await;
    let echo = r#"{"sender":{"id":"1001"},"recipient":{"id":"2002"},"timestamp":1767225600000,"message":{"mid":"m_2","is_echo":true,"text":"ours"}}"#;
    let optin = r#"{"recipient":{"id":"1001"},"timestamp":1767225600000,"optin":{"ref":"r","user_ref":"u/1"}}"#;
    let items = [message("1001", "2002", "m_1"), echo.to_owned(), optin.to_owned()];
    let comment = r#"{"item":"comment","verb":"add","comment_id":"5_6","post_id":"1001_5","from":{"id":"2002"}}"#;
    let label = r#"{"user":{"id":"2002"},"action":"add","label":{"id":"1"}}"#;
    let post = r#"{"item":"post","verb":"add","post_id":"1001_7","from":{"id":"2002"}}"#;
    let like = r#"{"item":"reaction","verb":"add","post_id":"1001_7","from":{"id":"2002"},"reaction_type":"like"}"#;
    let changes = [("feed", comment), ("inbox_labels", label), ("feed", post), ("feed", like), ("calls", "{}")]
        .map(|(field, value)| format!(r#"{{"field":"{field}","value":{value}}}"#));
    let changed = format!(r#"{{"id":"1001","time":1767225600,"changes":[{}]}}"#, changes.join(","));
    let delivered = body(&[entry("1001", &items), changed, entry("1002", &[message("1002", "2002", "m_3")])]);

    assert_eq!(sandbox.deliver(delivered).await.status, 200);

    let page = PageId::parse("1001").unwrap();
    let commenter = sandbox.log.identity().person_key(&page, &Psid::parse("2002").unwrap());
    for (stream, expected) in [
        (sandbox.conversation_id("1001", "2002"), &["message", "echo", "inbox_label"][..]),
        (sandbox.conversation_id("1002", "2002"), &["message"]),
        (StreamId::Optin(page.clone(), OptinRef::parse("u/1").unwrap()), &["opt_in"]),
        (StreamId::Comment(page.clone(), PostId::parse("1001_5").unwrap(), commenter), &["comment"]),
        // A visitor's post can be answered like a comment.
        (StreamId::Comment(page.clone(), PostId::parse("1001_7").unwrap(), commenter), &["feed"]),
        (StreamId::Page(page), &["feed", "unrecognized"]),
    ] {
        let stored = sandbox.log.read(&stream, 0).await.unwrap();
        let kinds: Vec<_> = stored.iter().map(|stored| inbound(stored).kind.as_str()).collect();
        assert_eq!(kinds, expected, "{stream:?}");
    }
    assert_eq!(sandbox.records().await.len(), 9);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_unknown_kind_is_stored_as_it_came_and_the_rest_is_processed() {
    let sandbox = Sandbox::start().await;
    let unknown = item("1001", "2002", r#""brand_new" : {"a":[1, 2,{"b":null}],"t":"caf\u00e9 a\/b"}"#);
    let items = [message("1001", "2002", "m_1"), unknown.clone(), message("1001", "2002", "m_2")];

    assert_eq!(sandbox.deliver(of_page("1001", &items)).await.status, 200);

    let stored = sandbox.conversation("1001", "2002").await;
    let [first, kept, last] = stored.as_slice() else { panic!("stored: {}", stored.len()) };
    assert_eq!(mids(&[first.clone(), last.clone()]), ["m_1", "m_2"]);
    let InboundKind::Unrecognized(kept) = &inbound(kept).kind else { panic!("it was read as something else") };
    assert_eq!((kept.field.as_str(), &kept.raw), ("messaging", &unknown));
    assert!(sandbox.quarantined().await.is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_body_without_events_is_answered_200_and_stores_nothing() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.deliver(r#"{"object":"page","entry":[]}"#).await.status, 200);
    assert!(sandbox.records().await.is_empty());
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}
