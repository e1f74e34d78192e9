//! Files that the platform keeps: fetched once, sent by their ids, and fetched again when they are gone.

use crate::around::image;
use crate::errors::problems;
use crate::sandbox::{ASHA, BILAL, SOON, Sandbox};
use crate::words::{reason, says, wrong_fields};
use api::proto::content::v1 as wire;
use api::proto::outbound::v1::{Content, Message, SendMessageRequest, State, UploadAttachmentRequest, content};
use api::proto::page::v1::ProblemKind;
use domain::id::AttachmentId;
use domain::time::{Span, Timestamp};
use simulator::{Fault, FaultKind};
use sql::attachments::{self, Kept, Key};
use std::time::Duration;
use testkit::eventually;
use tonic::Code;

const URL: &str = "https://shop.example/cat.png?signature=hush";
const UPLOADS: &str = "message_attachments";

/// An image from somewhere.
fn shows(psid: &str, request_id: &str, kind: wire::source::Kind) -> SendMessageRequest {
    let source = Some(wire::Source { kind: Some(kind) });
    let attachment = wire::Attachment { media: wire::Media::Image.into(), source };
    let content = Content { kind: Some(content::Kind::Attachment(attachment)), ..Content::default() };
    SendMessageRequest { content: Some(content), ..says(psid, request_id, "") }
}

fn kept(url: &str) -> wire::source::Kind {
    wire::source::Kind::KeptUrl(url.to_owned())
}

impl Sandbox {
    async fn is_sent(&self, message: &Message) -> Message {
        self.becomes(&message.name, State::Sent).await
    }

    async fn n_uploads(&self) -> usize {
        self.calls_of(UPLOADS).await.len()
    }

    /// Lets our table say that the platform keeps the file under this id.
    async fn believes(&self, id: &str) {
        let (page, _) = self.page_and_token();
        let kept = Kept { id: AttachmentId::parse(id).unwrap(), uploaded_at: self.now() };
        let forgotten = Timestamp::from_millis(0);
        attachments::put(&self.database, &page, Key::of("image", URL), (&kept, None), forgotten).await.unwrap();
    }
}

#[tokio::test]
async fn a_kept_file_is_uploaded_once_and_sent_by_its_id() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    for request_id in ["1", "2"] {
        let message = sandbox.send(shows(ASHA, request_id, kept(URL))).await;
        assert_eq!(sandbox.is_sent(&message).await.attempts, 1);
    }
    let known = sandbox.upload(image("u-1", URL)).await.unwrap();
    assert!(known.reused);
    assert_eq!(sandbox.n_uploads().await, 1);
    for row in sandbox.rows().await {
        let payload = row.message.unwrap()["attachment"]["payload"].clone();
        assert_eq!(payload, serde_json::json!({ "attachment_id": known.attachment_id }));
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_with_one_new_file_upload_it_once() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.hears(BILAL).await;
    let slow = Fault { endpoint: Some(UPLOADS.to_owned()), delay_ms: Some(300), ..Fault::next(FaultKind::Slow, 1) };
    sandbox.admin.inject_fault(&slow).await.unwrap();
    let (one, two) =
        tokio::join!(sandbox.send(shows(ASHA, "1", kept(URL))), sandbox.send(shows(BILAL, "1", kept(URL))));
    for message in [one, two] {
        sandbox.is_sent(&message).await;
    }
    assert_eq!(sandbox.n_uploads().await, 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_file_refused_for_a_lost_permission_holds_its_message_and_fails_a_call() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_all().await;
    let lost = |count| Fault {
        endpoint: Some(UPLOADS.to_owned()),
        error: Some("Permission".to_owned()),
        ..Fault::next(FaultKind::Refuse, count)
    };
    sandbox.admin.inject_fault(&lost(1)).await.unwrap();
    let refused = sandbox.upload(image("u-1", URL)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "PLATFORM_REFUSED"));
    assert_eq!(problems(&sandbox).await, [ProblemKind::PermissionLost]);
    assert_eq!(sandbox.n_uploads().await, 1);
    sandbox.admin.inject_fault(&lost(1)).await.unwrap();
    let message = sandbox.send(shows(ASHA, "1", kept(URL))).await;
    eventually(SOON, || async { (sandbox.n_uploads().await == 2).then_some(()) }).await;
    // The whole Page waits with it.
    let other = sandbox.send(says(BILAL, "2", "hello")).await;
    sandbox.later(&hands, 50).await;
    assert_eq!((sandbox.n_uploads().await, sandbox.calls_of("messages").await.len()), (2, 0));
    sandbox.later(&hands, 11).await;
    for message in [&message, &other] {
        assert_eq!(sandbox.is_sent(message).await.attempts, 1);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn a_file_that_the_platform_forgot_is_uploaded_again_and_the_message_tried_once_more() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.believes("999").await;
    let message = sandbox.send(shows(ASHA, "1", kept(URL))).await;
    assert_eq!(sandbox.is_sent(&message).await.attempts, 2);
    assert_eq!((sandbox.n_uploads().await, sandbox.rows().await.len()), (1, 1));
    let codes: Vec<_> = sandbox.calls_of("messages").await.into_iter().map(|call| call.subcode).collect();
    assert_eq!(codes, [Some(2_018_074), None]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_new_file_that_the_platform_forgets_at_once_is_not_uploaded_for_ever() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.believes("999").await;
    let unknown = Fault { error: Some("NoSuchAttachment".to_owned()), ..Fault::next(FaultKind::Refuse, 1) };
    let message = {
        // The attempt with the new id meets it.
        sandbox.admin.inject_fault(&unknown).await.unwrap();
        sandbox.send(shows(ASHA, "1", kept(URL))).await
    };
    let rejected = sandbox.becomes(&message.name, State::Rejected).await;
    assert_eq!((rejected.attempts, rejected.platform_error.unwrap().subcode), (2, 2_018_074));
    assert_eq!(sandbox.n_uploads().await, 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_id_that_a_caller_names_is_never_replaced() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.believes("999").await;
    let named = wire::source::Kind::AttachmentId("999".to_owned());
    let message = sandbox.send(shows(ASHA, "1", named)).await;
    let rejected = sandbox.becomes(&message.name, State::Rejected).await;
    assert_eq!((rejected.attempts, sandbox.n_uploads().await), (1, 0));
    // But nobody is given it any more.
    assert_ne!(sandbox.upload(image("u-1", URL)).await.unwrap().attachment_id, "999");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_file_that_the_platform_refuses_refuses_its_message_before_it_leaves() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let large = Fault {
        endpoint: Some(UPLOADS.to_owned()),
        error: Some("AttachmentTooLarge".to_owned()),
        ..Fault::next(FaultKind::Refuse, 1)
    };
    sandbox.admin.inject_fault(&large).await.unwrap();
    let message = sandbox.send(shows(ASHA, "1", kept(URL))).await;
    let error = sandbox.becomes(&message.name, State::Rejected).await.platform_error.unwrap();
    assert_eq!((error.code, error.subcode), (100, 2_018_109));
    assert!(error.advice.contains("8 MB"), "{}", error.advice);
    assert_eq!(sandbox.calls_of("messages").await, []);
    sandbox.admin.inject_fault(&large).await.unwrap();
    let status = sandbox.upload(image("u-1", URL)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "PLATFORM_REFUSED"));
    assert!(status.message().contains("8 MB") && !status.message().contains("hush"), "{}", status.message());
    // A refusal is not remembered: the file may be another one by now.
    assert!(!sandbox.upload(image("u-1", URL)).await.unwrap().reused);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_made_again_before_the_message_leaves() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let lost = Fault { endpoint: Some(UPLOADS.to_owned()), ..Fault::next(FaultKind::ResponseLost, 1) };
    sandbox.admin.inject_fault(&lost).await.unwrap();
    let message = sandbox.send(shows(ASHA, "1", kept(URL))).await;
    assert_eq!(sandbox.is_sent(&message).await.attempts, 1);
    assert_eq!((sandbox.n_uploads().await, sandbox.rows().await.len()), (2, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_file_counts_as_forgotten_a_day_before_it_is() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    let first = sandbox.upload(image("u-1", URL)).await.unwrap();
    let (begun, ends) = (first.upload_time.unwrap(), first.expire_time.unwrap());
    assert_eq!((ends.seconds - begun.seconds, first.reused), (90 * 24 * 3_600, false));
    hands.advance(Span::from_hours(89 * 24 - 1));
    assert_eq!(sandbox.upload(image("u-2", URL)).await.unwrap().attachment_id, first.attachment_id);
    hands.advance(Span::from_hours(1));
    let second = sandbox.upload(image("u-3", URL)).await.unwrap();
    assert!(!second.reused);
    assert_ne!(second.attachment_id, first.attachment_id);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_platform_forgets_a_file_after_ninety_days() {
    let sandbox = Sandbox::start().await;
    sandbox.upload(image("u-1", URL)).await.unwrap();
    sandbox.admin.advance_clock(Duration::from_secs(91 * 24 * 3_600)).await.unwrap();
    sandbox.hears(ASHA).await;
    let message = sandbox.send(shows(ASHA, "1", kept(URL))).await;
    assert_eq!(sandbox.is_sent(&message).await.attempts, 2);
    assert_eq!(sandbox.n_uploads().await, 2);
    sandbox.admin.clear_recorder().await.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn a_check_alone_fetches_nothing_and_names_every_wrong_field() {
    let sandbox = Sandbox::start().await;
    let check = |url: &str| UploadAttachmentRequest { validate_only: true, ..image("u-1", url) };
    assert_eq!(sandbox.upload(check(URL)).await.unwrap().attachment_id, "");
    assert_eq!(sandbox.n_uploads().await, 0);
    let wrong = UploadAttachmentRequest { url: "file:///etc".to_owned(), ..UploadAttachmentRequest::default() };
    let status = sandbox.upload(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["parent", "request_id", "media", "url"]);
    let elsewhere = UploadAttachmentRequest { parent: "pages/1002".to_owned(), ..image("u-1", URL) };
    assert_eq!(reason(&sandbox.upload(elsewhere).await.unwrap_err()), "PAGE_NOT_REGISTERED");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_id_stands_for_one_file() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.upload(image("u-1", URL)).await.unwrap();
    assert_eq!(sandbox.upload(image("u-1", URL)).await.unwrap().attachment_id, first.attachment_id);
    let status = sandbox.upload(image("u-1", "https://shop.example/dog.png")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    sandbox.stop().await;
}
