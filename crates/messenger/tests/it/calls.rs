//! Every call besides the sending of messages, against the platform.

use crate::sandbox::{ASHA, OTHER_APP, OTHER_TOKEN, PAGE, Sandbox, T0, asha, refusal, says};
use domain::content::{Body, Content, Media, Source};
use domain::id::{AppId, Mid, PersonaId, Psid};
use domain::time::{Span, Timestamp};
use messenger::client::{Action, Control, OwnPage, SubscribedApp};
use secrecy::SecretString;
use serde_json::json;
use std::time::Duration;

fn nobody() -> Psid {
    Psid::parse("9999").unwrap()
}

#[tokio::test]
async fn a_page_types_sees_and_reacts() {
    let sandbox = Sandbox::start().await;
    let mid = sandbox.takes(says(Content::text("look"))).await;
    let react = Action::React { mid: mid.clone(), reaction: "love".into() };
    for action in [Action::TypingOn, Action::TypingOff, Action::MarkSeen, react, Action::Unreact { mid }] {
        let done = sandbox.client.act(sandbox.us(), &asha(), &action).await;
        assert_eq!(done.answer, Ok(()), "{}", action.as_str());
    }
    let foreign = Action::Unreact { mid: Mid::parse("m_x").unwrap() };
    assert_eq!(refusal(sandbox.client.act(sandbox.us(), &asha(), &foreign).await), (100, 0));
    assert_eq!(refusal(sandbox.client.act(sandbox.us(), &nobody(), &Action::TypingOn).await), (100, 2_018_001));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_file_is_uploaded_once_and_sent_by_its_id() {
    let sandbox = Sandbox::start().await;
    let saved = sandbox.client.upload(sandbox.us(), Media::Audio, &"https://shop.example/a.mp3".into()).await;
    let source = Source::Saved(saved.answer.unwrap());
    sandbox.takes(says(Content::new(Body::Attachment { media: Media::Audio, source }))).await;
    let gone = sandbox.client.upload(sandbox.us(), Media::Audio, &"https://gone.invalid/a.mp3".into()).await;
    assert_eq!(refusal(gone), (100, 2_018_008));
    sandbox.stop().await;
}

#[tokio::test]
async fn personas_are_made_listed_and_deleted() {
    let sandbox = Sandbox::start().await;
    let (client, us) = (&sandbox.client, sandbox.us());
    let picture = "https://shop.example/ravi.png".into();
    let mut made = Vec::new();
    for n in 0..101 {
        made.push(client.create_persona(us, &format!("Ravi {n}"), &picture).await.answer.unwrap());
    }
    let found = client.persona(us, &made[7]).await.answer.unwrap();
    assert_eq!((&found.id, found.name.as_str(), found.picture_url), (&made[7], "Ravi 7", Some(picture.clone())));
    let mut listed: Vec<PersonaId> =
        client.personas(us).await.answer.unwrap().into_iter().map(|persona| persona.id).collect();
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
    assert_eq!(client.delete_persona(us, &made[0]).await.answer, Ok(()));
    assert_eq!(client.personas(us).await.answer.unwrap().len(), 100);
    assert_eq!(refusal(client.persona(us, &made[0]).await), (100, 33));
    assert_eq!(refusal(client.delete_persona(us, &made[0]).await), (100, 33));
    assert_eq!(refusal(client.create_persona(us, &"x".repeat(51), &picture).await), (100, 0));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_thread_goes_from_app_to_app() {
    let sandbox = Sandbox::start().await;
    sandbox.admin.set_page(PAGE, &json!({ "default_app": "4004" })).await.unwrap();
    let other = SecretString::from(OTHER_TOKEN);
    let (client, us) = (&sandbox.client, sandbox.us());
    let own_app = AppId::parse("4004").unwrap();
    let other_app = AppId::parse(OTHER_APP).unwrap();
    assert_eq!(client.thread_owner(us, &asha()).await.answer, Ok(None));
    let pass = Control::Pass(other_app.clone(), Some("an order".into()));
    assert_eq!(client.control(us, &asha(), &pass).await.answer, Ok(()));
    let owner = client.thread_owner(us, &asha()).await.answer.unwrap().unwrap();
    assert_eq!(owner.app, Some(other_app));
    assert_eq!(owner.until, Some(Timestamp::from_millis(T0).plus(Span::from_hours(24))));
    assert_eq!(sandbox.refuses(says(Content::text("mine?"))).await, (10, 2_018_300));
    assert_eq!(client.control(us, &asha(), &Control::Request(None)).await.answer, Ok(()));
    assert_eq!(client.control(us, &asha(), &Control::Take(None)).await.answer, Ok(()));
    assert_eq!(client.control(us, &asha(), &Control::Extend(Span::from_hours(48))).await.answer, Ok(()));
    let owner = client.thread_owner(us, &asha()).await.answer.unwrap().unwrap();
    assert_eq!((owner.app, owner.until), (Some(own_app), Some(Timestamp::from_millis(T0).plus(Span::from_hours(48)))));
    assert_eq!(client.control(us, &asha(), &Control::Release).await.answer, Ok(()));
    assert_eq!(client.thread_owner(us, &asha()).await.answer, Ok(None));
    // The other app's token proves nothing with our secret.
    let stranger = messenger::client::As { page: &sandbox.page, token: &other };
    assert_eq!(refusal(client.control(stranger, &asha(), &Control::Take(None)).await), (100, 0));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_latest_messages_of_a_person_are_read_newest_first() {
    let sandbox = Sandbox::start().await;
    let file = Content::new(Body::Attachment {
        media: Media::Image,
        source: Source::Url("https://shop.example/a.png".into()),
    });
    sandbox.admin.advance_clock(Duration::from_secs(60)).await.unwrap();
    let first = sandbox.takes(says(Content::text("here it is"))).await;
    let second = sandbox.takes(says(file)).await;
    let found = sandbox.client.latest_messages(sandbox.us(), &asha()).await.answer.unwrap();
    assert_eq!(found.iter().map(|one| one.is_ours).collect::<Vec<_>>(), [Some(true), Some(true), Some(false)]);
    assert_eq!((&found[0].mid, &found[1].mid), (&second, &first));
    let files: Vec<_> = found[0].files.iter().map(|file| (file.kind.as_deref(), file.url.clone())).collect();
    assert_eq!(files, [(Some("image"), Some("https://shop.example/a.png".into()))]);
    assert_eq!((&found[1].text, &found[2].text), (&Some("here it is".into()), &Some("hello".into())));
    assert_eq!(found[1].sent_at, Some(Timestamp::from_millis(T0 + 60_000)));
    assert!(!format!("{found:?}").contains("here it is"));
    assert_eq!(sandbox.client.latest_messages(sandbox.us(), &nobody()).await.answer, Ok(Vec::new()));
    sandbox.stop().await;
}

#[tokio::test]
async fn beyond_the_twenty_newest_messages_only_their_ids_are_known() {
    let sandbox = Sandbox::start().await;
    for n in 0..21 {
        sandbox.admin.write(ASHA, PAGE, &n.to_string()).await.unwrap();
    }
    let found = sandbox.client.latest_messages(sandbox.us(), &asha()).await.answer.unwrap();
    let readable = found.iter().filter(|one| one.text.is_some()).count();
    assert_eq!((found.len(), readable, found[20].is_ours), (22, 20, None));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_is_asked_what_it_hears_and_what_its_token_is_worth() {
    let sandbox = Sandbox::start().await;
    let (client, us) = (&sandbox.client, sandbox.us());
    assert_eq!(client.subscribe(us, &["messages", "message_echoes"]).await.answer, Ok(()));
    let apps = client.subscribed_apps(us).await.answer.unwrap();
    let own = apps.iter().find(|app| app.app == AppId::parse("4004").unwrap()).unwrap();
    let SubscribedApp { fields, .. } = own;
    assert_eq!(fields, &["message_echoes", "messages"]);
    assert_eq!(refusal(client.subscribe(us, &["gossip"]).await), (100, 0));
    let state = client.check_token(us, us.token).await.answer.unwrap();
    assert_eq!((state.is_valid, state.page, state.expires_at), (true, Some(sandbox.page.clone()), None));
    assert!(state.scopes.contains(&"pages_messaging".to_owned()));
    let state = client.check_token(us, &SecretString::from("EAAnothing")).await.answer.unwrap();
    assert_eq!((state.is_valid, state.page, state.scopes), (false, None, Vec::new()));
    let page = client.own_page(us.token).await.answer.unwrap();
    assert!(matches!(page, Some(OwnPage { id, .. }) if id == sandbox.page));
    assert_eq!(refusal(client.own_page(&SecretString::from("EAAnothing")).await), (190, 0));
    sandbox.stop().await;
}
