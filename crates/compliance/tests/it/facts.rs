//! A decision names the facts it rests on, and is the same whenever it is asked for again.

use crate::sandbox::{NOON, Sandbox, after, at, may_bot, may_staff};
use api::convert::timestamp;
use domain::event::{InboundKind, Message};
use domain::pack::Packs;
use event_log::EventLog;

#[tokio::test]
async fn findings_name_the_record_of_the_fact_and_the_span_it_opened() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(after(-30, 0)).await;
    let written = sandbox.hears(NOON).await.to_string();
    let open = sandbox.decision(may_bot()).await.findings.remove(0);
    assert_eq!(open.fact_records, std::slice::from_ref(&written));
    assert_eq!((open.start_time, open.end_time), (Some(timestamp(NOON)), Some(timestamp(after(24, 0)))));
    let tapped = sandbox.tapped(after(1, 0)).await.to_string();
    let closed = sandbox.decision(at(after(168, 0), may_staff())).await.findings;
    // Each window rests on a fact of its own.
    assert_eq!((&closed[0].rule, &closed[0].fact_records), (&"WINDOW_CLOSED".to_owned(), &vec![tapped]));
    assert_eq!((&closed[1].rule, &closed[1].fact_records), (&"HUMAN_AGENT_CLOSED".to_owned(), &vec![written]));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_fact_that_is_delivered_again_changes_no_decision() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.hears(NOON).await;
    let before = sandbox.decision(may_bot()).await;
    assert_eq!(before.findings[0].fact_records, [first.to_string()]);
    // Later than the log remembers, so it is in the log twice.
    let message = Message { text: "is it still there?".to_owned(), ..Message::default() };
    sandbox.told(NOON, after(1, 0), InboundKind::Message(message)).await;
    assert_eq!(sandbox.decision(may_bot()).await, before);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_same_question_has_the_same_answer_and_nothing_is_recorded() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let head = sandbox.log.head().await.unwrap();
    let question = || at(after(30, 0), may_bot());
    let first = sandbox.ask(question()).await.unwrap();
    assert_eq!(first.revision, head.position(0));
    sandbox.hands.set(after(50, 0));
    assert_eq!(sandbox.ask(question()).await.unwrap(), first);
    assert_eq!(sandbox.log.head().await.unwrap(), head);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_decision_names_its_pack_and_its_judge() {
    let sandbox = Sandbox::start().await;
    let decision = sandbox.decision(may_bot()).await;
    let packs = Packs::built_in();
    let pack = packs.in_force(NOON).reference();
    let digest: String = pack.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((decision.pack, decision.pack_digest), (pack.name.clone(), digest));
    assert_eq!(decision.evaluator, domain::evaluate::VERSION);
    sandbox.stop().await;
}
