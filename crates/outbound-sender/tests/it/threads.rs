//! Who controls a thread, where another app shares the Page.

use crate::parts::within;
use crate::sandbox::{ASHA, PAGE, SOON, Sandbox};
use crate::words::{metadata, reason, says, wrong_fields};
use api::proto::outbound::v1::control_thread_request::Kind;
use api::proto::outbound::v1::{
    ControlThreadRequest, GetThreadOwnerRequest, OnBlock, PassThread, ReleaseThread, RequestThread, SendMessageRequest,
    State, TakeThread, ThreadOwner,
};
use domain::event::PageStepKind;
use domain::id::AppId;
use domain::time::Span;
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

/// A message that takes the thread.
fn taking(request_id: &str) -> SendMessageRequest {
    SendMessageRequest { take_thread: true, ..says(ASHA, request_id, "hello") }
}

#[tokio::test]
async fn a_message_may_take_the_thread_that_another_app_has() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, pass()).await.unwrap();
    let only = SendMessageRequest { validate_only: true, ..taking("1") };
    assert_eq!(reason(&sandbox.refused(only).await), "THREAD_NOT_OURS");
    assert_eq!(sandbox.owner().await.app_id, OTHER);
    let message = sandbox.send(taking("1")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.owner().await.app_id, OURS);
    // The same call again, and a message in a thread that is ours, take nothing.
    sandbox.control(ASHA, pass()).await.unwrap();
    assert_eq!(sandbox.send(taking("1")).await.name, message.name);
    assert_eq!(sandbox.owner().await.app_id, OTHER);
    sandbox.control(ASHA, Kind::Take(TakeThread {})).await.unwrap();
    let second = sandbox.send(taking("2")).await;
    sandbox.becomes(&second.name, State::Sent).await;
    assert_eq!(sandbox.calls_of("take_thread_control").await.len(), 2);
    assert_eq!(sandbox.texts().await.len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn no_thread_is_taken_for_a_message_that_is_forbidden_besides() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, pass()).await.unwrap();
    sandbox.page_step(PageStepKind::MessagingSwitched { is_on: false }).await;
    // Its senders go by what they read of a Page a moment ago.
    let n_asked = std::sync::atomic::AtomicU32::new(0);
    testkit::eventually(SOON, async || {
        let n = n_asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let status = sandbox.refused(says(ASHA, &format!("off-{n}"), "hello")).await;
        (reason(&status) == "MESSAGING_DISABLED").then_some(())
    })
    .await;
    assert_eq!(reason(&sandbox.refused(taking("1")).await), "MESSAGING_DISABLED");
    assert_eq!(sandbox.owner().await.app_id, OTHER);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_thread_that_may_not_be_taken_leaves_the_message_forbidden() {
    let sandbox = Sandbox::shared().await;
    sandbox.control(ASHA, pass()).await.unwrap();
    sandbox.admin.set_page(PAGE, &json!({ "default_app": OTHER })).await.unwrap();
    let status = sandbox.refused(taking("1")).await;
    assert_eq!(reason(&status), "THREAD_NOT_OURS");
    assert_eq!(sandbox.owner().await.app_id, "");
    // Held, it leaves once the thread is ours.
    let held = SendMessageRequest { on_block: OnBlock::Defer.into(), ..taking("2") };
    let held = sandbox.send(held).await;
    assert_eq!(held.state(), State::Deferred);
    sandbox.admin.set_page(PAGE, &json!({ "default_app": OURS })).await.unwrap();
    sandbox.control(ASHA, Kind::Take(TakeThread {})).await.unwrap();
    sandbox.becomes(&held.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_thread_is_taken_only_for_what_leaves_at_once() {
    let sandbox = Sandbox::shared().await;
    let later = Some(api::convert::timestamp(sandbox.now().plus(Span::from_hours(1))));
    let status = sandbox.refused(SendMessageRequest { not_before: later, ..taking("1") }).await;
    assert_eq!(wrong_fields(&status), ["take_thread"]);
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
