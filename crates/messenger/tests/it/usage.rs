//! How much of the limits is used comes with every answer, also with a refusal.

use crate::sandbox::{PAGE, Sandbox, asha, says};
use domain::content::Content;
use domain::time::Span;
use messenger::client::{Action, ErrorClass, Scope, SendAnswer, Wait};
use simulator::FaultKind;

#[tokio::test]
async fn every_answer_tells_how_much_is_used() {
    let sandbox = Sandbox::start().await;
    let sent = sandbox.client.send(&sandbox.page, &sandbox.token, &says(Content::text("hello"))).await;
    assert!(matches!(sent.answer, SendAnswer::Accepted { .. }));
    let own = sent.usage.business.iter().find(|one| one.object == PAGE).unwrap();
    assert_eq!((own.kind.as_str(), own.regain, sent.usage.app.is_some()), ("messenger", Span::default(), true));
    let acted = sandbox.client.act(sandbox.us(), &asha(), &Action::TypingOn).await;
    assert!(acted.usage.app.is_some());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_refusal_for_too_many_calls_says_how_long_to_wait() {
    let sandbox = Sandbox::start().await;
    sandbox.admin.inject(FaultKind::ThrottlePage, 1).await.unwrap();
    let request = says(Content::text("hello"));
    let refused = sandbox.client.send(&sandbox.page, &sandbox.token, &request).await;
    let SendAnswer::Refused(error) = refused.answer else { panic!("{:?}", refused.answer) };
    assert_eq!(request.class_of(&error), ErrorClass::Rate(Scope::Page));
    assert_eq!(refused.usage.highest(), 100);
    assert_eq!(error.wait, refused.usage.regain().map(Wait::For));
    assert!(error.pause().is_some());
    sandbox.stop().await;
}
