//! Wrong questions are refused with every wrong field at once.

use crate::sandbox::{NOON, Sandbox, after, at, may, may_bot};
use api::proto::compliance::v1::{Actor, EvaluateSendRequest, HumanAgent, Purpose, Verdict, actor};
use tonic::Code;
use tonic_types::StatusExt;

impl Sandbox {
    /// The wrong fields that the answer names.
    async fn wrong_fields(&self, request: EvaluateSendRequest) -> Vec<String> {
        let status = self.ask(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "INVALID_FIELDS");
        details.bad_request().unwrap().field_violations.iter().map(|violation| violation.field.clone()).collect()
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let sandbox = Sandbox::start().await;
    let no_time = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    let wrong = EvaluateSendRequest { at_time: no_time, ..EvaluateSendRequest::default() };
    assert_eq!(sandbox.wrong_fields(wrong).await, ["parent", "actor", "purpose", "at_time"]);
    let nobody = EvaluateSendRequest { actor: Some(Actor { kind: None }), ..may_bot() };
    assert_eq!(sandbox.wrong_fields(nobody).await, ["actor"]);
    let nameless = may(actor::Kind::Human(HumanAgent::default()), Purpose::Conversation);
    assert_eq!(sandbox.wrong_fields(nameless).await, ["actor.human.agent_id"]);
    let nameless = may(actor::Kind::AiAssistedHuman(HumanAgent::default()), Purpose::Conversation);
    assert_eq!(sandbox.wrong_fields(nameless).await, ["actor.ai_assisted_human.agent_id"]);
    assert_eq!(sandbox.wrong_fields(EvaluateSendRequest { purpose: 99, ..may_bot() }).await, ["purpose"]);
    let page = EvaluateSendRequest { parent: "pages/1001".to_owned(), ..may_bot() };
    assert_eq!(sandbox.wrong_fields(page).await, ["parent"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_below_a_millisecond_is_cut_off() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let mut question = at(after(24, -1), may_bot());
    question.at_time.as_mut().unwrap().nanos += 999_999;
    assert_eq!(sandbox.decision(question.clone()).await.verdict(), Verdict::Allowed);
    question.at_time.as_mut().unwrap().nanos = 1_000_000_000;
    assert_eq!(sandbox.wrong_fields(question).await, ["at_time"]);
    sandbox.stop().await;
}
