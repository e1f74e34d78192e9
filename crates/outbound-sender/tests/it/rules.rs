//! What is more to the rules than the window: purposes with references, and the Page itself.

use crate::sandbox::{ASHA, Sandbox};
use crate::words::{metadata, reason, says, wrong_fields};
use api::proto::compliance::v1::{Group, Matter, Purpose, Route, matter};
use api::proto::outbound::v1::{SendMessageRequest, State};
use domain::event::PageStepKind;
use std::time::Duration;
use tonic::Code;

const HOUR: Duration = Duration::from_secs(3_600);

/// An update of an order.
fn update(request_id: &str) -> SendMessageRequest {
    let reference = Some(matter::Reference::OrderId("42".to_owned()));
    let matter = Some(Matter { reference, ..Matter::default() });
    let purpose = Purpose::PostPurchaseUpdate.into();
    SendMessageRequest { purpose, matter, ..says(ASHA, request_id, "It has left our house.") }
}

#[tokio::test]
async fn an_update_inside_the_window_goes_out_as_one() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let sent = sandbox.send(update("1")).await;
    assert_eq!(sent.decision.unwrap().route(), Route::Update);
    sandbox.becomes(&sent.name, State::Sent).await;
    assert_eq!(sandbox.rows().await[0].messaging_type, "UPDATE");
    sandbox.is_lawful().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn an_update_after_the_window_is_refused_since_its_tag_is_retired() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_ago(ASHA, 25 * HOUR).await;
    let status = sandbox.refused(update("1")).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "TAG_RETIRED"));
    assert!(status.message().contains("A person of the staff may answer until "), "{}", status.message());
    let recorded = sandbox.get(&metadata(&status, "message")).await.unwrap().decision.unwrap();
    let rules: Vec<_> = recorded.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["TAG_RETIRED", "WINDOW_CLOSED", "ACTOR_NOT_HUMAN"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn nothing_leaves_a_page_whose_messaging_is_off() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.page_step(PageStepKind::MessagingSwitched { is_on: false }).await;
    let status = sandbox.refused(says(ASHA, "1", "hello")).await;
    assert_eq!(reason(&status), "MESSAGING_DISABLED");
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_from_here_is_refused_with_all_its_fields() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let matter = Matter {
        content: Some(matter::Content::OneTimeRequestTitle("shoes".to_owned())),
        recipient: Some(matter::Recipient::Group(Group {})),
        paid: true,
        ..Matter::default()
    };
    let status = sandbox.refused(SendMessageRequest { matter: Some(matter), ..says(ASHA, "1", "hello") }).await;
    let fields = ["matter.content", "matter.group", "matter.paid"];
    assert_eq!((status.code(), wrong_fields(&status)), (Code::InvalidArgument, fields.map(str::to_owned).to_vec()));
    sandbox.stop().await;
}
