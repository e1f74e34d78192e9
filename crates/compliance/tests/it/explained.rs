//! A decision on a message, explained by the message's name.

use crate::sandbox::{ASHA, NOON, Sandbox, after};
use api::proto::compliance::v1::{Actor, ExplainDecisionRequest, Explanation, Purpose, Verdict, actor};
use domain::decision::{Actor as Speaker, Intent, Purpose as Why, Reference};
use domain::evaluate::Facts;
use domain::event::{Content, Event, Sending, SendingKind};
use domain::id::{Psid, RequestId, SendId};
use domain::pack::Packs;
use domain::page::Page;
use event_log::{Conversations, EventLog};
use std::sync::Arc;
use tonic::{Code, Status};
use uuid::Uuid;

impl Sandbox {
    async fn explain(&self, name: &str) -> Result<Explanation, Status> {
        let request = ExplainDecisionRequest { name: name.to_owned() };
        self.compliance.clone().explain_decision(request).await.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn a_blocked_message_is_explained_with_what_was_asked_and_what_would_change_it() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let (page_id, id) = (Sandbox::page(), Uuid::from_u128(9));
    let send = SendId::new(page_id.clone(), sandbox.asha(), id);
    let log: Arc<dyn EventLog> = sandbox.log.clone();
    let state = Conversations::new(log).load(&send.stream()).await.unwrap().state;
    let reference = Some(Reference::Order("42".to_owned()));
    let command = domain::send::Request {
        send: send.clone(),
        recipient: Psid::parse(ASHA).unwrap(),
        request: RequestId::parse("r-1").unwrap(),
        request_digest: [1; 16],
        intent: Intent { reference, ..Intent::new(Speaker::Bot, Why::Conversation) },
        content: Content::text("yes"),
        handling: domain::send::Handling::default(),
        turn: None,
    };
    let page = Page::default();
    let facts = Facts::new(&page_id, &page, &state);
    let events = domain::send::request(&facts, &Packs::built_in(), &command, after(30, 0)).unwrap();
    sandbox.happened(send.stream(), events).await;
    let name = format!("pages/{page_id}/conversations/{ASHA}/messages/{id}");
    let told = sandbox.explain(&name).await.unwrap();
    assert_eq!((told.name.as_str(), told.purpose()), (name.as_str(), Purpose::Conversation));
    assert!(matches!(told.actor, Some(Actor { kind: Some(actor::Kind::Bot(_)) })));
    assert!(told.matter.unwrap().reference.is_some());
    let decision = told.decision.unwrap();
    assert_eq!((decision.verdict(), decision.sentence.as_str()), (Verdict::Blocked, "blocked"));
    assert_eq!(told.lines[0], "blocked");
    assert!(told.lines.iter().any(|line| line.starts_with("WINDOW_CLOSED: ")), "{:?}", told.lines);
    assert!(told.lines.iter().any(|line| line.starts_with("A person of the staff may answer until ")));
    sandbox.stop().await;
}

#[tokio::test]
async fn what_was_never_judged_cannot_be_explained() {
    let sandbox = Sandbox::start().await;
    let id = Uuid::from_u128(9);
    let send = SendId::new(Sandbox::page(), sandbox.asha(), id);
    let step = Sending { send: send.clone(), at: NOON, kind: SendingKind::Doubted };
    sandbox.happened(send.stream(), vec![Event::Sending(Box::new(step))]).await;
    let name = format!("pages/1001/conversations/{ASHA}/messages/{id}");
    assert_eq!(sandbox.explain(&name).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(sandbox.explain("pages/1001").await.unwrap_err().code(), Code::InvalidArgument);
    sandbox.stop().await;
}
