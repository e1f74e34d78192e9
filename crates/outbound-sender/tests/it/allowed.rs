//! Nothing leaves without a recorded allow that still holds.

use crate::sandbox::{ASHA, BILAL, PAGE, SOON, Sandbox};
use crate::words::{reason, recorded, says, staff_says};
use api::proto::compliance::v1::{Purpose, Verdict};
use api::proto::outbound::v1::{SendMessageRequest, State};
use domain::event::PageStepKind;
use domain::id::{PageId, StreamId};
use domain::time::Span;
use event_log::EventLog as _;
use simulator::{EchoSetting, EchoTiming, FaultKind};
use std::time::Duration;
use testkit::eventually;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn invariant_04_no_message_leaves_without_a_recorded_allow() {
    let sandbox = Sandbox::start().await;
    let stranger = "7770077700";
    sandbox.hears(ASHA).await;
    sandbox.hears_ago(BILAL, 25 * HOUR).await;
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let mut names = vec![sandbox.send(says(ASHA, "a1", "bot inside")).await.name];
    sandbox.becomes(&names[0], State::Sent).await;
    names.push(sandbox.send(staff_says(ASHA, "a2", "staff inside")).await.name);
    names.push(sandbox.send(staff_says(BILAL, "b1", "staff outside")).await.name);
    sandbox.refused(says(BILAL, "b2", "bot outside")).await;
    sandbox.refused(says(stranger, "c1", "to a stranger")).await;
    let promotion = Purpose::Promotion.into();
    sandbox.refused(SendMessageRequest { purpose: promotion, ..staff_says(BILAL, "b3", "buy") }).await;
    for name in &names {
        sandbox.becomes(name, State::Sent).await;
    }
    let mut texts = sandbox.texts().await;
    texts.sort();
    assert_eq!(texts, ["bot inside", "staff inside", "staff outside"]);
    assert_eq!(sandbox.calls().await.len(), 3);
    sandbox.is_lawful().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_04_a_window_that_closes_before_a_messages_turn_keeps_it_back() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_ago(ASHA, 23 * HOUR).await;
    // Nobody learns what became of the first, so it holds back the second.
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::Never, delay_ms: None }).await.unwrap();
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    hands.advance(Span::from_millis(1));
    let second = sandbox.send(says(ASHA, "2", "second")).await;
    assert_eq!(second.state(), State::Accepted);
    sandbox.called(1).await;
    hands.advance(Span::from_hours(2));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&first.name, State::Unknown).await;
    hands.advance(Span::from_secs(10));
    sandbox.nudge(ASHA).await;
    let second = sandbox.becomes(&second.name, State::Blocked).await;
    assert_eq!(second.attempts, 0);
    let decision = second.decision.unwrap();
    assert_eq!(decision.verdict(), Verdict::Blocked);
    assert_eq!(decision.findings[0].rule, "WINDOW_CLOSED");
    assert_eq!(sandbox.texts().await, ["first"]);
    assert_eq!(sandbox.steps(&second.name).await, ["requested", "accepted", "blocked"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_04_a_claim_ends_with_the_window_that_allows_it() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    // The window has one second left, less than a claim may last; the log takes longer than that to answer.
    sandbox.hears_ago(ASHA, 24 * HOUR - Duration::from_secs(60)).await;
    hands.advance(Span::from_secs(58));
    sandbox.log.inject("dispatched", crate::faults::Fault::AnswerAfter(hands, Span::from_millis(2_500)));
    let message = sandbox.send(says(ASHA, "1", "too late")).await;
    sandbox.becomes(&message.name, State::Blocked).await;
    let steps = ["requested", "accepted", "dispatched", "not_sent", "blocked"];
    assert_eq!(sandbox.steps(&message.name).await, steps);
    assert_eq!(sandbox.calls().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_05_only_a_human_takes_the_human_agent_route_and_only_when_the_window_is_closed() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.hears_ago(BILAL, 25 * HOUR).await;
    let inside = sandbox.send(staff_says(ASHA, "1", "inside")).await;
    let outside = sandbox.send(staff_says(BILAL, "1", "outside")).await;
    let bot = sandbox.send(recorded(says(BILAL, "2", "bot"))).await;
    assert_eq!(bot.state(), State::Blocked);
    sandbox.becomes(&inside.name, State::Sent).await;
    sandbox.becomes(&outside.name, State::Sent).await;
    let mut rows: Vec<_> =
        sandbox.rows().await.into_iter().map(|row| (row.text.unwrap(), row.messaging_type, row.tag)).collect();
    rows.sort();
    let tag = Some("HUMAN_AGENT".to_owned());
    assert_eq!(rows[0], ("inside".to_owned(), "RESPONSE".to_owned(), None));
    assert_eq!(rows[1], ("outside".to_owned(), "MESSAGE_TAG".to_owned(), tag));
    assert_eq!(rows.len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn after_seven_days_the_staff_may_not_answer_either() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_ago(ASHA, 7 * 24 * HOUR).await;
    let status = sandbox.refused(staff_says(ASHA, "1", "late")).await;
    assert_eq!(reason(&status), "WINDOW_CLOSED");
    sandbox.hears_ago(BILAL, 7 * 24 * HOUR - Duration::from_secs(60)).await;
    let message = sandbox.send(staff_says(BILAL, "1", "just in time")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_04_a_claim_names_the_revision_of_the_page_that_it_was_judged_by() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    sandbox.becomes(&first.name, State::Sent).await;
    assert_eq!(sandbox.page_revisions(&first.name).await, [0]);
    for is_on in [false, true] {
        sandbox.page_step(PageStepKind::MessagingSwitched { is_on }).await;
    }
    let stream = StreamId::Page(PageId::parse(PAGE).unwrap());
    let revision = sandbox.log.read(&stream, 0).await.unwrap().last().unwrap().position;
    // What was known of the Page lately may be used for a moment longer, and what is named is what was used.
    let second = eventually(SOON, async || {
        let id = service_kit::Ids::random().uuid_v7(sandbox.now()).to_string();
        let second = sandbox.send(says(ASHA, &id, "second")).await;
        let second = sandbox.becomes(&second.name, State::Sent).await;
        (sandbox.page_revisions(&second.name).await == [revision]).then_some(second)
    })
    .await;
    assert_eq!(second.attempts, 1);
    sandbox.stop().await;
}
