//! Who controls a thread, where another app shares the Page.

use crate::parts::within;
use crate::sandbox::{ASHA, PAGE, Sandbox};
use crate::words::{metadata, reason, says, wrong_fields};
use api::proto::outbound::v1::control_thread_request::Kind;
use api::proto::outbound::v1::{
    ControlThreadRequest, GetThreadOwnerRequest, PassThread, ReleaseThread, RequestThread, State, TakeThread,
    ThreadOwner,
};
use domain::event::PageStepKind;
use domain::id::AppId;
use serde_json::json;
use simulator::{Filter, NewApp, NewPage};
use tonic::Code;

const OURS: &str = "4004";
const OTHER: &str = "5005";

fn pass() -> Kind {
    Kind::Pass(PassThread { app_id: OTHER.to_owned() })
}

impl Sandbox {
    /// A Page that another app shares. Asha has written.
    async fn shared() -> Self {
        let sandbox = Self::start().await;
        let app = NewApp { id: OTHER.to_owned(), secret: "another-secret".to_owned(), ..NewApp::default() };
        sandbox.admin.add_app(&app).await.unwrap();
        let page = NewPage { id: PAGE.to_owned(), access_token: "other".to_owned(), app: Some(OTHER.to_owned()) };
        sandbox.admin.add_page_of(&page).await.unwrap();
        sandbox.admin.set_page(PAGE, &json!({ "default_app": OURS })).await.unwrap();
        sandbox.page_step(PageStepKind::Connected { app: AppId::parse(OURS).unwrap() }).await;
        sandbox.hears(ASHA).await;
        sandbox
    }

    async fn owner(&self) -> ThreadOwner {
        let mut client = self.around.actions.clone();
        let parent = format!("pages/{PAGE}/conversations/{ASHA}");
        within(client.get_thread_owner(GetThreadOwnerRequest { parent })).await.unwrap().into_inner()
    }
}

#[tokio::test]
async fn a_thread_that_was_passed_takes_no_message_until_it_is_taken_back() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, pass()).await.unwrap();
    assert_eq!(sandbox.owner().await.app_id, OTHER);
    let status = sandbox.refused(says(ASHA, "1", "hello")).await;
    assert_eq!(reason(&status), "THREAD_NOT_OURS");
    sandbox.control(ASHA, Kind::Take(TakeThread {})).await.unwrap();
    assert_eq!(sandbox.owner().await.app_id, OURS);
    let message = sandbox.send(says(ASHA, "2", "hello again")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.texts().await, ["hello again"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn whoever_may_not_take_a_thread_is_told_so_and_nothing_is_recorded() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, pass()).await.unwrap();
    sandbox.admin.set_page(PAGE, &json!({ "default_app": OTHER })).await.unwrap();
    let n_records = sandbox.records(ASHA).await.len();
    let status = sandbox.control(ASHA, Kind::Take(TakeThread {})).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "PLATFORM_REFUSED"));
    assert_eq!(metadata(&status, "code"), "2018171");
    assert!(status.message().contains("Ask the app that has the thread."), "{}", status.message());
    assert_eq!(sandbox.records(ASHA).await.len(), n_records);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_for_a_thread_tells_the_app_that_has_it() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, pass()).await.unwrap();
    sandbox.control(ASHA, Kind::Request(RequestThread {})).await.unwrap();
    assert_eq!(sandbox.owner().await.app_id, OTHER);
    assert_eq!(sandbox.calls_of("request_thread_control").await.len(), 1);
    let status = sandbox.refused(says(ASHA, "1", "hello")).await;
    assert_eq!(reason(&status), "THREAD_NOT_OURS");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_thread_that_was_released_is_nobodys() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, Kind::Take(TakeThread {})).await.unwrap();
    assert!(sandbox.owner().await.owned);
    sandbox.control(ASHA, Kind::Release(ReleaseThread {})).await.unwrap();
    assert_eq!(sandbox.owner().await, ThreadOwner::default());
    let message = sandbox.send(says(ASHA, "1", "hello")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_thread_needs_a_person_and_every_wrong_field_is_named() {
    let sandbox = Sandbox::shared().await;
    let status = sandbox.control("5151515151", pass()).await.unwrap_err();
    assert_eq!(reason(&status), "NO_USER_INITIATION");
    let mut client = sandbox.around.actions.clone();
    let wrong = ControlThreadRequest {
        kind: Some(Kind::Release(ReleaseThread {})),
        note: "bye".to_owned(),
        ..ControlThreadRequest::default()
    };
    let status = within(client.control_thread(wrong)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["parent", "note"]);
    let none = Filter { kind: Some("pass_thread_control".to_owned()), ..Filter::default() };
    assert_eq!(sandbox.admin.calls_where(&none).await.unwrap(), []);
    sandbox.stop().await;
}
