//! Many questions in one call.

use crate::sandbox::{NOON, Sandbox, after, at, may_bot, may_staff};
use api::proto::compliance::v1::{BatchEvaluateRequest, EvaluateSendRequest, Evaluation, evaluation};
use tonic::{Code, Status};

impl Sandbox {
    async fn batch(&self, requests: Vec<EvaluateSendRequest>) -> Result<Vec<Evaluation>, Status> {
        let request = BatchEvaluateRequest { requests };
        Ok(self.compliance.clone().batch_evaluate(request).await?.into_inner().evaluations)
    }
}

#[tokio::test]
async fn each_request_of_a_batch_is_answered_as_it_would_be_alone() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let stranger = || EvaluateSendRequest { parent: "pages/1001/conversations/7".to_owned(), ..may_bot() };
    let requests = || vec![may_bot(), at(after(30, 0), may_bot()), stranger(), at(after(30, 0), may_staff())];
    let together = sandbox.batch(requests()).await.unwrap();
    let mut alone = Vec::new();
    for request in requests() {
        let answer = sandbox.ask(request).await.unwrap();
        alone.push(Evaluation { result: Some(evaluation::Result::Answer(answer)) });
    }
    assert_eq!(together, alone);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_request_names_its_wrong_fields_and_the_others_are_judged() {
    let sandbox = Sandbox::start().await;
    let wrong = EvaluateSendRequest { parent: "pages/1001".to_owned(), actor: None, ..may_bot() };
    let evaluations = sandbox.batch(vec![wrong, may_bot()]).await.unwrap();
    let [Some(evaluation::Result::Wrong(wrong)), Some(evaluation::Result::Answer(_))] =
        [&evaluations[0].result, &evaluations[1].result]
    else {
        panic!("the first alone is wrong: {evaluations:?}");
    };
    let fields: Vec<_> = wrong.fields.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["parent", "actor"]);
    assert!(wrong.fields.iter().all(|one| !one.description.is_empty()));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_requests() {
    let sandbox = Sandbox::start().await;
    for n in [0, 1_001] {
        let status = sandbox.batch(vec![may_bot(); n]).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "wrong or missing: requests"));
    }
    assert_eq!(sandbox.batch(vec![may_bot(); 1_000]).await.unwrap().len(), 1_000);
    sandbox.stop().await;
}
