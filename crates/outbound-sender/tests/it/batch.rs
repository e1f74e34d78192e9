//! Many requests in one call: each has a result of its own, and a conversation keeps its order.

use crate::sandbox::{ASHA, BILAL, Sandbox};
use crate::words::{says, wrong_fields};
use api::proto::outbound::v1::State;
use api::proto::outbound::v1::batch_send_result::Result as Outcome;
use tonic::Code;
use tonic_types::RpcStatusExt;

#[tokio::test]
async fn each_request_has_a_result_of_its_own_in_its_place() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let wrong = says(ASHA, "", "");
    let requests = vec![says(ASHA, "1", "one"), wrong, says(BILAL, "1", "blocked"), says(ASHA, "1", "one")];
    let results = sandbox.batch(requests.clone()).await.unwrap();
    let [Outcome::Message(first), Outcome::Error(wrong), Outcome::Error(blocked), Outcome::Message(same)] =
        &results[..]
    else {
        panic!("{results:?}")
    };
    assert_eq!(first.name, same.name);
    assert_eq!(wrong.code, i32::from(Code::InvalidArgument));
    assert_eq!(wrong.get_details_bad_request().unwrap().field_violations.len(), 2);
    assert_eq!(blocked.get_details_error_info().unwrap().reason, "NO_USER_INITIATION");
    sandbox.becomes(&first.name, State::Sent).await;
    // Repeating the call sends nothing more.
    let again = sandbox.batch(requests).await.unwrap();
    assert!(matches!(&again[0], Outcome::Message(message) if message.name == first.name));
    assert_eq!(sandbox.texts().await, ["one"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_batch_keeps_the_order_within_each_conversation() {
    let sandbox = Sandbox::start().await;
    let people = [ASHA, BILAL, "7770077700"];
    for psid in people {
        sandbox.hears(psid).await;
    }
    let requests = (0..60).map(|n| says(people[n % people.len()], &n.to_string(), &format!("{n:02}"))).collect();
    let results = sandbox.batch(requests).await.unwrap();
    let names = results.into_iter().map(|result| match result {
        Outcome::Message(message) => message.name,
        Outcome::Error(status) => panic!("{status:?}"),
    });
    for name in names {
        sandbox.becomes(&name, State::Sent).await;
    }
    for psid in people {
        let rows = sandbox.rows().await;
        let texts: Vec<_> = rows.iter().filter(|row| row.psid == psid).map(|row| row.text.clone().unwrap()).collect();
        assert_eq!(texts.len(), 20);
        assert!(texts.is_sorted(), "{texts:?}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn an_empty_batch_and_one_that_is_too_long_are_refused_as_a_whole() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    for n in [0, 501] {
        let requests = (0..n).map(|n| says(ASHA, &n.to_string(), "hello")).collect();
        assert_eq!(wrong_fields(&sandbox.batch(requests).await.unwrap_err()), ["requests"]);
    }
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}
