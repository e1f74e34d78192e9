//! Deliveries while the log does not work.

use crate::bodies::{message, of_page, one_message};
use crate::faults::Fault;
use crate::sandbox::{SOON, Sandbox, deliver, mids};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long the log may take where a test waits for that; enough for a few syncs of a busy disk.
const SHORT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn while_the_log_is_known_not_to_work_deliveries_are_answered_503_without_touching_it() {
    let sandbox = Sandbox::start().await;
    // If it were touched, the answer would not come in time.
    sandbox.log.set(Fault::Hang { after: 0 });
    sandbox.log_ready.send_replace(false);
    let begun = Instant::now();
    for n in 0..5 {
        assert_eq!(sandbox.deliver(one_message(&format!("m_{n}"))).await.status, 503);
    }
    assert!(begun.elapsed() < SOON / 2, "it took {:?}", begun.elapsed());
    assert_eq!(sandbox.deliver_signed(None, "{}").await.status, 401);
    assert_eq!((sandbox.requests("log_unavailable"), sandbox.log.n_appends()), (5, 0));

    sandbox.log.set(Fault::None);
    sandbox.log_ready.send_replace(true);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_log_that_refuses_is_answered_503_until_it_takes_again() {
    let sandbox = Sandbox::start().await;
    sandbox.log.set(Fault::Refuse { after: 0 });
    for body in [one_message("m_1"), "unreadable".to_owned()] {
        assert_eq!(sandbox.deliver(&body).await.status, 503);
    }
    assert_eq!(sandbox.requests("log_unavailable"), 2);
    assert!(sandbox.records().await.is_empty());
    assert_eq!(sandbox.counted("nuncio_webhook_quarantined_total"), 0);

    sandbox.log.set(Fault::None);
    assert_eq!(sandbox.deliver(one_message("m_1")).await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_log_that_hangs_is_answered_503_after_the_append_timeout() {
    let sandbox = Sandbox::start_with(|config| config.append_timeout = SHORT).await;
    sandbox.log.set(Fault::Hang { after: 0 });
    let begun = Instant::now();
    assert_eq!(sandbox.deliver(one_message("m_1")).await.status, 503);
    assert!((SHORT..SOON / 2).contains(&begun.elapsed()), "it took {:?}", begun.elapsed());
    assert_eq!((sandbox.requests("log_unavailable"), sandbox.log.n_hanging()), (1, 0));

    sandbox.log.set(Fault::None);
    assert_eq!(sandbox.deliver(one_message("m_1")).await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_is_answered_503_and_stored_once() {
    let sandbox = Sandbox::start().await;
    sandbox.log.set(Fault::LoseAnswers);
    for _ in 0..2 {
        assert_eq!(sandbox.deliver(one_message("m_1")).await.status, 503);
        assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    }
    sandbox.log.set(Fault::None);
    assert_eq!(sandbox.deliver(one_message("m_1")).await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_batch_that_was_stored_in_part_is_completed_by_its_redelivery() {
    for fault in [Fault::Refuse { after: 2 }, Fault::Hang { after: 2 }] {
        let sandbox = Sandbox::start_with(|config| config.append_timeout = SHORT).await;
        let items: Vec<_> = (0..5).map(|n| message("1001", "2002", &format!("m_{n}"))).collect();
        let delivered = of_page("1001", &items);
        sandbox.log.set(fault);
        assert_eq!(sandbox.deliver(&delivered).await.status, 503);
        assert_eq!(mids(&sandbox.records().await), ["m_0", "m_1"], "{fault:?}");

        sandbox.log.set(Fault::None);
        assert_eq!(sandbox.deliver(&delivered).await.status, 200);
        assert_eq!(mids(&sandbox.records().await), ["m_0", "m_1", "m_2", "m_3", "m_4"], "{fault:?}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn invariant_01_every_webhook_answered_200_by_a_failing_log_is_in_the_log() {
    const DELIVERIES: usize = 60;
    let sandbox = Sandbox::start().await;
    sandbox.log.set(Fault::RefuseEvery { n: 3 });
    let mut deliveries = JoinSet::new();
    for n in 0..DELIVERIES {
        let address = sandbox.address;
        deliveries.spawn(async move {
            let items = [0, 1].map(|part| message("1001", &format!("2{n}"), &format!("m_{n}_{part}")));
            (n, deliver(address, of_page("1001", &items)).await.status)
        });
    }
    let (taken, refused): (Vec<_>, Vec<_>) =
        deliveries.join_all().await.into_iter().partition(|(_, status)| *status == 200);
    assert!(!taken.is_empty() && refused.iter().all(|(_, status)| *status == 503), "{refused:?}");
    assert!(!refused.is_empty());
    for (n, _) in taken {
        let stored = sandbox.conversation("1001", &format!("2{n}")).await;
        assert_eq!(mids(&stored), [format!("m_{n}_0"), format!("m_{n}_1")]);
    }
    sandbox.stop().await;
}
