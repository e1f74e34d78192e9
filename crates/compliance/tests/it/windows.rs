//! Who may speak when: now, and at a given moment.

use crate::sandbox::{NOON, Sandbox, actors, after, at, human, may, may_bot, may_staff};
use api::convert::timestamp;
use api::proto::compliance::v1::{Decision, EvaluateSendRequest, Purpose, RemedyKind, Route, Verdict};
use domain::time::Span;

/// A day and a week, in hours.
const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;

/// The rules that spoke, in order.
fn rules(decision: &Decision) -> Vec<&str> {
    decision.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

fn remedies(decision: &Decision) -> Vec<RemedyKind> {
    decision.remedies.iter().map(|remedy| remedy.kind()).collect()
}

impl Sandbox {
    async fn check(&self, request: EvaluateSendRequest, verdict: Verdict, route: Route, spoke: &[&str]) {
        let decision = self.decision(request).await;
        assert_eq!((decision.verdict(), decision.route(), rules(&decision)), (verdict, route, spoke.to_vec()));
    }
}

#[tokio::test]
async fn inside_the_window_everybody_may_say_everything() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    for actor in actors() {
        for purpose in [Purpose::Conversation, Purpose::Promotion] {
            let decision = sandbox.decision(may(actor.clone(), purpose)).await;
            // Promotion is no answer, whoever brings it.
            let route = if purpose == Purpose::Conversation { Route::Response } else { Route::Update };
            assert_eq!((decision.verdict(), decision.route()), (Verdict::Allowed, route));
            assert_eq!(decision.hold_until_time, Some(timestamp(after(DAY, 0))));
            assert_eq!((decision.at_time, decision.remedies), (Some(timestamp(NOON)), Vec::new()));
        }
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn the_window_is_open_until_just_before_24_hours() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let (allowed, blocked) = (Verdict::Allowed, Verdict::Blocked);
    sandbox.check(at(after(DAY, -1), may_bot()), allowed, Route::Response, &["WINDOW_OPEN"]).await;
    let closed = ["WINDOW_CLOSED", "ACTOR_NOT_HUMAN"];
    sandbox.check(at(after(DAY, 0), may_bot()), blocked, Route::Unspecified, &closed).await;
    sandbox.check(at(after(DAY, 1), may_bot()), blocked, Route::Unspecified, &closed).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_05_the_staff_may_answer_until_just_before_7_days_and_by_their_route_only_outside_the_window() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let (allowed, blocked) = (Verdict::Allowed, Verdict::Blocked);
    let human_agent = Route::HumanAgent;
    sandbox.check(at(after(DAY, -1), may_staff()), allowed, Route::Response, &["WINDOW_OPEN"]).await;
    sandbox.check(at(after(DAY, 0), may_staff()), allowed, human_agent, &["HUMAN_AGENT_OPEN"]).await;
    sandbox.check(at(after(WEEK, -1), may_staff()), allowed, human_agent, &["HUMAN_AGENT_OPEN"]).await;
    let closed = ["WINDOW_CLOSED", "HUMAN_AGENT_CLOSED"];
    sandbox.check(at(after(WEEK, 0), may_staff()), blocked, Route::Unspecified, &closed).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_refusal_is_an_answer_that_says_what_would_lift_it() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let decision = sandbox.decision(at(after(DAY, 0), may_bot())).await;
    assert_eq!(remedies(&decision), [RemedyKind::PersonActs, RemedyKind::HumanAnswers]);
    assert_eq!(decision.remedies[1].before_time, Some(timestamp(after(WEEK, 0))));
    assert_eq!(decision.hold_until_time, None);
    assert!(decision.findings.iter().all(|finding| finding.forbids && !finding.sentence.is_empty()));
    assert!(decision.findings.iter().all(|finding| finding.source.starts_with("https://")));
    let promotion = at(after(DAY, 0), may(human(), Purpose::Promotion));
    let decision = sandbox.decision(promotion).await;
    assert_eq!(rules(&decision), ["WINDOW_CLOSED", "PROMOTION_OUTSIDE_WINDOW"]);
    let by_agreement = [RemedyKind::OptIn, RemedyKind::OptIn];
    assert_eq!(remedies(&decision)[..2], [RemedyKind::PersonActs, RemedyKind::WithoutPromotion]);
    assert_eq!(remedies(&decision)[2..], by_agreement);
    let routes: Vec<_> = decision.remedies[2..].iter().map(|remedy| remedy.route()).collect();
    assert_eq!(routes, [Route::Recurring, Route::Marketing]);
    let decision = sandbox.decision(at(after(WEEK, 0), may_staff())).await;
    assert_eq!(remedies(&decision), [RemedyKind::PersonActs]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_tapped_button_opens_the_window_and_gives_the_staff_no_more_time() {
    let sandbox = Sandbox::start().await;
    sandbox.tapped(NOON).await;
    sandbox.check(may_bot(), Verdict::Allowed, Route::Response, &["WINDOW_OPEN"]).await;
    let staff = at(after(DAY, 0), may_staff());
    sandbox.check(staff, Verdict::Blocked, Route::Unspecified, &["WINDOW_CLOSED"]).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn without_a_time_it_is_judged_for_now() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    sandbox.hands.set(after(DAY, -1));
    sandbox.check(may_bot(), Verdict::Allowed, Route::Response, &["WINDOW_OPEN"]).await;
    sandbox.hands.advance(Span::from_millis(1));
    assert_eq!(sandbox.decision(may_bot()).await.verdict(), Verdict::Blocked);
    // The person writes again, and that is seen at once.
    sandbox.hears(after(DAY, 0)).await;
    assert_eq!(sandbox.decision(may_bot()).await.verdict(), Verdict::Allowed);
    sandbox.stop().await;
}

#[tokio::test]
async fn nobody_writes_first_to_a_person_who_never_acted() {
    let sandbox = Sandbox::start().await;
    for actor in actors() {
        let answer = sandbox.ask(may(actor, Purpose::Conversation)).await.unwrap();
        let decision = answer.decision.unwrap();
        assert_eq!((answer.revision, decision.verdict()), (0, Verdict::Blocked));
        assert_eq!((rules(&decision), remedies(&decision)), (vec!["NO_USER_INITIATION"], vec![RemedyKind::PersonActs]));
    }
    sandbox.stop().await;
}
