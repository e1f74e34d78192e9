//! Deliveries that come again.

use crate::bodies::{body, entry, message, of_page, one_message};
use crate::sandbox::{Sandbox, deliver, mids};
use domain::time::Span;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_redelivery_within_the_window_stores_nothing_more_and_is_answered_200() {
    let sandbox = Sandbox::start().await;
    let [first, second, other] =
        [("2002", "m_1"), ("2002", "m_2"), ("2003", "m_3")].map(|(person, mid)| message("1001", person, mid));
    let whole = of_page("1001", &[first.clone(), second.clone(), other.clone()]);
    assert_eq!(sandbox.deliver(&whole).await.status, 200);
    let records = sandbox.records().await;
    assert_eq!(mids(&records).len(), 3);

    sandbox.clock.advance(Span::from_secs(119));
    let turned_round = of_page("1001", &[other, second.clone(), first.clone()]);
    let split = body(&[entry("1001", &[second]), entry("1001", &[first])]);
    for again in [&whole, &turned_round, &split] {
        assert_eq!(sandbox.deliver(again).await.status, 200);
        assert_eq!(sandbox.records().await, records);
    }
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_redelivery_after_the_window_states_the_same_fact() {
    let sandbox = Sandbox::start().await;
    let delivered = one_message("m_1");
    assert_eq!(sandbox.deliver(&delivered).await.status, 200);
    sandbox.clock.advance(Span::from_hours(24));
    assert_eq!(sandbox.deliver(&delivered).await.status, 200);
    let records = sandbox.records().await;
    let [first, again] = records.as_slice() else { panic!("stored: {}", records.len()) };
    assert_eq!(first.record.fact, again.record.fact);
    assert_ne!(first.record.id, again.record.id);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_event_repeated_inside_one_body_is_stored_once() {
    let sandbox = Sandbox::start().await;
    let item = message("1001", "2002", "m_1");
    let twice = entry("1001", &[item.clone(), item]);
    assert_eq!(sandbox.deliver(body(&[twice.clone(), twice])).await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_same_body_delivered_many_times_at_once_is_stored_once() {
    let sandbox = Sandbox::start().await;
    let items: Vec<_> = (0..5).map(|n| message("1001", "2002", &format!("m_{n}"))).collect();
    let delivered = of_page("1001", &items);
    let mut deliveries = JoinSet::new();
    for _ in 0..16 {
        let (address, delivered) = (sandbox.address, delivered.clone());
        deliveries.spawn(async move { deliver(address, delivered).await.status });
    }
    assert_eq!(deliveries.join_all().await, [200; 16]);
    assert_eq!(mids(&sandbox.records().await), ["m_0", "m_1", "m_2", "m_3", "m_4"]);
    sandbox.stop().await;
}
