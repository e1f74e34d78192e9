//! Whom a message goes to: a comment is answered in private once, a token is used once.

use crate::sandbox::{ASHA, PAGE, Sandbox};
use crate::words::{judged_only, reason, says, wrong_fields};
use api::proto::compliance::v1::{Comment, Group, Matter, PhoneNumber, Route, matter::Recipient};
use api::proto::content::v1::{OneTimeRequest, Template, template};
use api::proto::outbound::v1::{Content, ListMessagesRequest, SendMessageRequest, State, content};
use domain::id::Token;
use domain::right::TokenId;
use domain::time::Span;
use simulator::Deed;
use tokio::task::JoinSet;
use tonic_types::StatusExt;

const POST: &str = "1001_5";

fn to(request: SendMessageRequest, recipient: Recipient) -> SendMessageRequest {
    let matter = Matter { recipient: Some(recipient), ..request.matter.unwrap_or_default() };
    SendMessageRequest { matter: Some(matter), ..request }
}

fn answers(comment: &str, request_id: &str, text: &str) -> SendMessageRequest {
    let comment = Comment { comment_id: comment.to_owned(), post_id: POST.to_owned() };
    to(says(ASHA, request_id, text), Recipient::Comment(comment))
}

impl Sandbox {
    /// Asha comments; the comment's id.
    async fn comments(&self) -> String {
        let deed = Deed::Comment { text: "how much?".to_owned(), post_id: Some(POST.to_owned()) };
        let id = self.admin.act(ASHA, PAGE, &deed).await.unwrap().id.unwrap();
        self.has_all_webhooks().await;
        id
    }
}

#[tokio::test]
async fn invariant_06_a_comment_is_answered_in_private_once() {
    let sandbox = Sandbox::start().await;
    let comment = sandbox.comments().await;
    let judged = sandbox.send(judged_only(answers(&comment, "1", "ten"))).await;
    assert_eq!(judged.decision.unwrap().route(), Route::PrivateReply);
    let first = sandbox.send(answers(&comment, "1", "ten")).await;
    let prefix = format!("pages/{PAGE}/posts/{POST}/commenters/{ASHA}");
    assert!(first.name.starts_with(&format!("{prefix}/messages/")), "{}", first.name);
    assert_eq!(sandbox.send(answers(&comment, "1", "ten")).await.name, first.name);
    sandbox.becomes(&first.name, State::Sent).await;
    let status = sandbox.refused(answers(&comment, "2", "eleven")).await;
    assert_eq!(reason(&status), "PRIVATE_REPLY_SPENT");
    let rows = sandbox.rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].recipient.as_str(), rows[0].text.as_deref()), ("comment_id", Some("ten")));
    let listed = sandbox.list(ListMessagesRequest { parent: prefix, ..Default::default() }).await.unwrap();
    let states: Vec<_> = listed.messages.iter().map(|message| message.state()).collect();
    assert_eq!(states, [State::Sent, State::Blocked]);
    let status = sandbox.cancel(&first.name).await.unwrap_err();
    assert_eq!(reason(&status), "MESSAGE_NOT_WAITING");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_06_of_many_answers_to_one_comment_at_once_one_leaves() {
    let sandbox = Sandbox::start().await;
    let comment = sandbox.comments().await;
    let mut calls = JoinSet::new();
    for n in 0..10 {
        let (mut outbound, request) = (sandbox.outbound.clone(), answers(&comment, &n.to_string(), "ten"));
        calls.spawn(async move { outbound.send_message(request).await.map(tonic::Response::into_inner) });
    }
    let (taken, refused): (Vec<_>, Vec<_>) = calls.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), refused.len()), (1, 9));
    for status in refused.into_iter().filter_map(Result::err) {
        let reason = reason(&status);
        assert!(["PRIVATE_REPLY_RESERVED", "PRIVATE_REPLY_SPENT"].contains(&reason.as_str()), "{reason}");
    }
    sandbox.becomes(&taken[0].as_ref().unwrap().name, State::Sent).await;
    assert_eq!(sandbox.rows().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_comment_that_nobody_wrote_is_not_answered() {
    let sandbox = Sandbox::start().await;
    let status = sandbox.refused(answers("5_404", "1", "ten")).await;
    assert_eq!(reason(&status), "COMMENT_UNKNOWN");
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn ways_that_lead_elsewhere_are_refused_by_their_fields() {
    let sandbox = Sandbox::start().await;
    let paid = Matter { paid: true, ..Matter::default() };
    for (request, field) in [
        (to(says(ASHA, "1", "hello"), Recipient::Phone(PhoneNumber {})), "matter.phone"),
        (to(says(ASHA, "1", "hello"), Recipient::Group(Group {})), "matter.group"),
        (SendMessageRequest { matter: Some(paid), ..says(ASHA, "1", "hello") }, "matter.paid"),
    ] {
        assert_eq!(wrong_fields(&sandbox.refused(request).await), [field]);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_06_a_one_time_token_carries_one_message() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    let ask = OneTimeRequest { title: "Back in stock".to_owned(), payload: "STOCK".to_owned() };
    let ask = Template { kind: Some(template::Kind::OneTimeRequest(ask)) };
    let content = Some(Content { kind: Some(content::Kind::Template(ask)), ..Content::default() });
    let asked = sandbox.send(SendMessageRequest { content, ..says(ASHA, "ask", "") }).await;
    sandbox.becomes(&asked.name, State::Sent).await;
    let accepted = sandbox.admin.act(ASHA, PAGE, &Deed::Accept { title: None }).await.unwrap();
    sandbox.has_all_webhooks().await;
    let token = TokenId::of(&Token::parse(&accepted.id.unwrap()).unwrap()).to_string();
    hands.advance(Span::from_hours(25));
    let tells = |id: &str| {
        let request = to(says(ASHA, id, "It is here."), Recipient::OneTimeToken(token.clone()));
        let matter = Matter { topic: "STOCK".to_owned(), ..request.matter.unwrap_or_default() };
        SendMessageRequest { matter: Some(matter), ..request }
    };
    let told = sandbox.send(tells("1")).await;
    assert_eq!(told.decision.as_ref().unwrap().route(), Route::OneTime);
    sandbox.becomes(&told.name, State::Sent).await;
    let status = sandbox.refused(tells("2")).await;
    let in_the_way = status.get_error_details().precondition_failure().cloned().unwrap().violations;
    assert!(in_the_way.iter().any(|rule| rule.r#type == "TOKEN_SPENT"), "{in_the_way:?}");
    let rows = sandbox.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[1].recipient.as_str(), rows[1].text.as_deref()), ("one_time_notif_token", Some("It is here.")));
    sandbox.stop().await;
}
