//! Faults on command: what the caller sees, and whether the message took place.

use simulator::FaultKind;
use tokio::io::AsyncReadExt;

use crate::receiver::Receiver;
use crate::sandbox::{ASHA, DEADLINE, PAGE, Sandbox, bearer, message};

async fn with_asha_and(kind: FaultKind) -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.admin.inject(kind, 1).await.unwrap();
    sandbox
}

/// One faulty send, then a good one: both the answer and the number of messages that took place are as told.
async fn check(kind: FaultKind, expected: (u16, u64, Option<u64>), takes_place: bool) {
    let sandbox = with_asha_and(kind).await;
    assert_eq!(sandbox.send(message("faulty")).await.error(), expected, "{kind:?}");
    sandbox.send(message("good")).await.mid();
    let sends = sandbox.admin.sends().await.unwrap();
    let texts: Vec<_> = sends.iter().map(|row| row.text.as_deref().unwrap()).collect();
    if takes_place {
        assert_eq!(texts, ["faulty", "good"], "{kind:?}");
        assert_eq!((sends[0].fault, sends[1].fault), (Some(kind), None));
    } else {
        assert_eq!(texts, ["good"], "{kind:?}");
    }
    let n_echoes = sandbox.admin.webhooks().await.unwrap().iter().filter(|row| row.kind == "echo").count();
    assert_eq!(n_echoes, sends.len(), "{kind:?}");
    let calls = sandbox.admin.calls().await.unwrap();
    assert_eq!((calls[0].http_status, calls[0].fault), (Some(expected.0), Some(kind)));
    assert_eq!(calls[0].mid.is_some(), takes_place);
    assert_eq!((calls[1].http_status, calls[1].code, calls[1].fault), (Some(200), None, None));
    sandbox.stop().await;
}

#[tokio::test]
async fn some_faults_answer_an_error_and_keep_the_message() {
    check(FaultKind::Error500, (500, 1, None), true).await;
    check(FaultKind::SentButError, (400, 1, Some(1_357_046)), true).await;
}

#[tokio::test]
async fn some_faults_answer_an_error_and_drop_the_message() {
    check(FaultKind::Error500Before, (500, 1, None), false).await;
    check(FaultKind::Throttle, (400, 613, None), false).await;
    check(FaultKind::Refuse, (400, 10, Some(2_018_278)), false).await;
}

#[tokio::test]
async fn a_lost_response_closes_the_connection_after_the_message_took_place() {
    let receiver = Receiver::start().await;
    let sandbox = Sandbox::start_towards(&receiver.url).await;
    sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    assert!(sandbox.try_send(message("lost")).await.is_none());
    let sends = sandbox.admin.sends().await.unwrap();
    assert_eq!((sends.len(), sends[0].text.as_deref()), (1, Some("lost")));
    let echo = receiver.wait_for(2).await[1].event();
    assert_eq!((&echo["message"]["mid"], &echo["message"]["is_echo"]), (&sends[0].mid.clone().into(), &true.into()));
    let call = sandbox.admin.calls().await.unwrap().remove(0);
    assert_eq!((call.http_status, call.mid), (None, Some(sends[0].mid.clone())));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_hanging_call_takes_place_and_is_never_answered() {
    let sandbox = with_asha_and(FaultKind::Hang).await;
    let body = message("hang").to_string();
    let mut stream = sandbox.begin("/v25.0/me/messages", &bearer(), "application/json", &body).await;
    let taken = async {
        while sandbox.admin.sends().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, taken).await.expect("the message takes place");
    assert_eq!(stream.try_read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // Stopping ends the hanging call as well, without a byte.
    sandbox.stop().await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_fault_waits_for_a_message_that_would_be_accepted() {
    let sandbox = with_asha_and(FaultKind::Throttle).await;
    let mut bad = message("bad");
    bad["message"] = serde_json::Value::Null;
    assert_eq!(sandbox.send(bad).await.error(), (400, 100, None));
    let throttled = sandbox.send(message("hi")).await;
    assert_eq!(throttled.error(), (400, 613, None));
    assert!(throttled.head.contains("x-app-usage: {\"call_count\":100,"), "{}", throttled.head);
    sandbox.admin.inject(FaultKind::Throttle, 5).await.unwrap();
    sandbox.admin.clear_faults().await.unwrap();
    sandbox.send(message("hi")).await.mid();
    sandbox.stop().await;
}
