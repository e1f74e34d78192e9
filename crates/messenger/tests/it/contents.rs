//! Every kind of message is taken by the platform, and what breaks a limit is refused there too.

#[path = "../../../domain/tests/content/samples.rs"]
mod samples;

use crate::sandbox::{ASHA, OTHER_APP, PAGE, Sandbox, asha, says};
use domain::content::{Content, Media};
use domain::decision::ContentKind;
use domain::id::AppId;
use messenger::client::{MessagingType, SendAnswer, SendRequest};
use samples::{Names, all};
use serde_json::json;

impl Sandbox {
    /// Makes what the samples name.
    async fn names(&self) -> Names {
        let url = "https://shop.example/a.png".into();
        let saved = self.client.upload(self.us(), Media::Image, &url).await.answer.unwrap();
        let persona = self.client.create_persona(self.us(), "Ravi", &url).await.answer.unwrap();
        let mid = self.takes(says(Content::text("first"))).await;
        self.approve().await;
        Names { saved, persona, mid, app: AppId::parse(OTHER_APP).unwrap() }
    }

    /// Has the template approved that the samples use.
    async fn approve(&self) {
        let body = "Hello {{1}}, your order will arrive at your place {{2}} in the morning.";
        let template = json!({
            "name": "order_update", "language": "en_US", "category": "UTILITY",
            "components": [{ "type": "BODY", "text": body }],
        });
        let made = self.graph("message_templates", &template).await;
        assert_eq!(made["status"], "APPROVED", "{made}");
    }
}

/// How a message of this kind goes out.
fn request(content: Content) -> SendRequest {
    let by_template = matches!(content.kind(), ContentKind::UtilityTemplate { .. });
    let messaging_type = if by_template { MessagingType::Utility } else { MessagingType::Response };
    SendRequest { messaging_type, ..says(content) }
}

#[tokio::test]
async fn every_kind_is_taken_by_the_platform() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    for (name, content) in all(&names) {
        let expected = content.words().map(str::to_owned);
        let keeps = name == "image_kept";
        let answer = sandbox.send(&request(content)).await;
        let SendAnswer::Accepted { mid, recipient, attachment } = answer else { panic!("{name}: {answer:?}") };
        assert_eq!((recipient, attachment.is_some()), (Some(asha()), keeps), "{name}");
        let rows = sandbox.admin.sends().await.unwrap();
        let row = rows.iter().find(|row| row.mid == mid.as_str()).unwrap();
        assert_eq!(row.metadata.as_deref(), Some("note"), "{name}");
        if name.starts_with("text") {
            assert_eq!(row.text, expected, "{name}");
        }
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn a_kept_file_can_be_sent_again_by_its_id() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    let (_, kept) = all(&names).into_iter().find(|(name, _)| *name == "image_kept").unwrap();
    let SendAnswer::Accepted { attachment: Some(saved), .. } = sandbox.send(&says(kept)).await else { panic!() };
    let again = Names { saved, ..names };
    let (_, content) = all(&again).into_iter().find(|(name, _)| *name == "image_saved").unwrap();
    sandbox.takes(says(content)).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn the_platform_hears_what_stands_beside_a_message() {
    let sandbox = Sandbox::start().await;
    let names = sandbox.names().await;
    let (_, content) = all(&names).into_iter().find(|(name, _)| *name == "text_with_everything").unwrap();
    let mid = sandbox.takes(says(content)).await;
    let rows = sandbox.admin.sends().await.unwrap();
    let row = rows.iter().find(|row| row.mid == mid.as_str()).unwrap();
    assert_eq!(row.persona.as_deref(), Some(names.persona.as_str()));
    let replies = row.message.as_ref().unwrap()["quick_replies"].as_array().unwrap();
    assert_eq!(replies.len(), 4);
    let thread = sandbox.admin.thread(ASHA, PAGE, 0).await.unwrap();
    let shown = thread.iter().find(|row| row.mid == mid.as_str()).unwrap();
    assert_eq!(shown.reply_to.as_deref(), Some(names.mid.as_str()));
    sandbox.stop().await;
}
