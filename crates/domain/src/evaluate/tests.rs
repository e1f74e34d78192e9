//! What is judged of each history, at each moment and for each speaker.

mod edges;
mod frequency;
mod laws;
mod properties;
mod rows;
mod world;

use super::VERSION;
use crate::conversation::{Conversation, Opening};
use crate::decision::{Actor, Decision, Finding, Intent, Purpose, Remedy, Route, Verdict};
use crate::event::{Event, InboundKind, LeadEnd, ReactionAction};
use crate::pack::Rule;
use crate::testing::{
    DAY_MS, PACK, actors, agent, at, fold, heard, idle_kinds, judged_by, lead, message, opt_in, postback, reaction,
    record, referral, says,
};
use crate::time::Timestamp;

const WEEK_MS: i64 = 7 * DAY_MS;

/// A decision as its parts that differ from case to case.
#[derive(Debug, PartialEq)]
struct Answer {
    verdict: Verdict,
    findings: Vec<Finding>,
    remedies: Vec<Remedy>,
    holds_until: Option<Timestamp>,
}

/// The answer to `intent` at `now`, and that everything else in the decision is as always.
#[track_caller]
fn check(history: &[Event], intent: &Intent, now: Timestamp, expected: &Answer) {
    let decision = judged_by(&PACK, &fold(history), intent, now);
    let Decision { verdict, findings, remedies, at, holds_until, pack, overrides, right, evaluator } = decision;
    assert_eq!(&Answer { verdict, findings, remedies, holds_until }, expected, "{intent:?}");
    assert_eq!((at, &pack, evaluator), (now, PACK.reference(), VERSION));
    assert_eq!((overrides, right), (None, None));
}

/// A rule that measured a span from the record of this number.
fn measured(rule: Rule, n: u128, from_ms: i64, to_ms: i64) -> Finding {
    Finding { rule, facts: vec![record(n)], span: Some((at(from_ms), at(to_ms))), about: None }
}

fn of(rule: Rule) -> Finding {
    Finding { rule, facts: Vec::new(), span: None, about: None }
}

fn allowed(route: Route, by: Finding) -> Answer {
    let holds_until = by.span.map(|(_, end)| end);
    Answer { verdict: Verdict::Allowed(route), findings: vec![by], remedies: Vec::new(), holds_until }
}

fn blocked(findings: Vec<Finding>, remedies: Vec<Remedy>) -> Answer {
    Answer { verdict: Verdict::Blocked, findings, remedies, holds_until: None }
}

/// The way inside the window: an answer, or something that comes unasked.
fn freely(intent: &Intent) -> Route {
    let is_answer = intent.purpose == Purpose::Conversation && intent.actor != Actor::Broadcast;
    if is_answer { Route::Response } else { Route::Update }
}

fn human() -> Intent {
    says(Actor::Human(agent()), Purpose::Conversation)
}

fn every_intent() -> impl Iterator<Item = Intent> {
    let purposes = [Purpose::Conversation, Purpose::Promotion];
    actors().into_iter().flat_map(move |actor| purposes.map(|purpose| says(actor.clone(), purpose)))
}

/// The facts by which a person opens the window, and as what each is kept.
fn opening_facts() -> [(Opening, InboundKind); 6] {
    [
        (Opening::Message, message()),
        (Opening::Postback, postback()),
        (Opening::Link, referral("SHORTLINK")),
        (Opening::Reaction, reaction(ReactionAction::React)),
        (Opening::OptIn, opt_in()),
        (Opening::Lead, lead(LeadEnd::Complete)),
    ]
}

#[test]
fn within_24_hours_of_each_opening_action_everybody_may_say_anything() {
    for (opening, kind) in opening_facts() {
        let history = [heard(at(0), kind)];
        for intent in every_intent() {
            let open = allowed(freely(&intent), measured(Rule::WindowOpen, 1, 0, DAY_MS));
            // A fact a little ahead of now counts too: clocks differ.
            for now_ms in [-1, 0, 1, DAY_MS - 1] {
                check(&history, &intent, at(now_ms), &open);
            }
            for now_ms in [DAY_MS, DAY_MS + 1] {
                let decision = judged_by(&PACK, &fold(&history), &intent, at(now_ms));
                assert_ne!(decision.route(), Some(freely(&intent)), "{opening:?} {now_ms} {intent:?}");
            }
        }
    }
}

#[test]
fn at_24_hours_the_window_of_each_opening_action_is_closed() {
    for (opening, kind) in opening_facts() {
        let history = [heard(at(0), kind)];
        let closed = measured(Rule::WindowClosed, 1, 0, DAY_MS);
        let mut remedies = vec![Remedy::PersonActs];
        if opening == Opening::Message {
            remedies.push(Remedy::HumanAnswersBefore(at(WEEK_MS)));
        }
        let answer = blocked(vec![closed, of(Rule::ActorNotHuman)], remedies);
        for actor in [Actor::Bot, Actor::Automation, Actor::Broadcast] {
            for now_ms in [DAY_MS, DAY_MS + 1] {
                check(&history, &says(actor.clone(), Purpose::Conversation), at(now_ms), &answer);
            }
        }
    }
}

#[test]
fn people_may_answer_until_just_before_seven_days_after_the_last_message() {
    let history = [heard(at(0), message())];
    let staff = allowed(Route::HumanAgent, measured(Rule::HumanAgentOpen, 1, 0, WEEK_MS));
    let closed = blocked(
        vec![measured(Rule::WindowClosed, 1, 0, DAY_MS), measured(Rule::HumanAgentClosed, 1, 0, WEEK_MS)],
        vec![Remedy::PersonActs],
    );
    for actor in [Actor::Human(agent()), Actor::AiAssistedHuman(agent())] {
        let intent = says(actor, Purpose::Conversation);
        for now_ms in [DAY_MS, DAY_MS + 1, WEEK_MS - 1] {
            check(&history, &intent, at(now_ms), &staff);
        }
        for now_ms in [WEEK_MS, WEEK_MS + 1] {
            check(&history, &intent, at(now_ms), &closed);
        }
    }
}

#[test]
fn nobody_may_write_to_a_person_who_never_opened_a_conversation() {
    let never = blocked(vec![of(Rule::NoUserInitiation)], vec![Remedy::PersonActs]);
    let idle: Vec<_> = idle_kinds().into_iter().map(|kind| heard(at(0), kind)).collect();
    for intent in every_intent() {
        check(&[], &intent, at(0), &never);
        check(&idle, &intent, at(1), &never);
    }
}

#[test]
fn promotion_waits_for_the_window_and_the_refusal_says_who_may_answer_without() {
    let history = [heard(at(0), message())];
    let closed = measured(Rule::WindowClosed, 1, 0, DAY_MS);
    let too_late = measured(Rule::HumanAgentClosed, 1, 0, WEEK_MS);
    let without = Remedy::WithoutPromotionBefore(at(WEEK_MS));
    let paid = Remedy::Paid(Route::Sponsored);

    let person = says(Actor::Human(agent()), Purpose::Promotion);
    let findings = vec![closed.clone(), of(Rule::PromotionOutsideWindow)];
    check(&history, &person, at(DAY_MS), &blocked(findings, vec![Remedy::PersonActs, without, paid]));
    let findings = vec![closed.clone(), of(Rule::PromotionOutsideWindow), too_late.clone()];
    check(&history, &person, at(WEEK_MS), &blocked(findings, vec![Remedy::PersonActs, paid]));

    let bot = says(Actor::Bot, Purpose::Promotion);
    let findings = vec![closed.clone(), of(Rule::ActorNotHuman), of(Rule::PromotionOutsideWindow)];
    check(&history, &bot, at(WEEK_MS - 1), &blocked(findings, vec![Remedy::PersonActs, without, paid]));
    let findings = vec![closed, of(Rule::ActorNotHuman), of(Rule::PromotionOutsideWindow), too_late];
    check(&history, &bot, at(WEEK_MS), &blocked(findings, vec![Remedy::PersonActs, paid]));
}

#[test]
fn after_seven_days_a_bot_hears_that_no_person_could_answer_either() {
    let findings = vec![
        measured(Rule::WindowClosed, 1, 0, DAY_MS),
        of(Rule::ActorNotHuman),
        measured(Rule::HumanAgentClosed, 1, 0, WEEK_MS),
    ];
    let intent = says(Actor::Bot, Purpose::Conversation);
    check(&[heard(at(0), message())], &intent, at(WEEK_MS), &blocked(findings, vec![Remedy::PersonActs]));
}

#[test]
fn a_conversation_opened_by_anything_but_a_message_gives_people_no_more_time() {
    for (_, kind) in opening_facts().into_iter().filter(|(opening, _)| *opening != Opening::Message) {
        let closed = blocked(vec![measured(Rule::WindowClosed, 1, 0, DAY_MS)], vec![Remedy::PersonActs]);
        for now_ms in [DAY_MS, WEEK_MS - 1, WEEK_MS] {
            check(&[heard(at(0), kind.clone())], &human(), at(now_ms), &closed);
        }
    }
}

#[test]
fn a_later_tap_opens_the_window_anew_but_gives_people_no_more_time() {
    let tap_ms = 5 * DAY_MS;
    let history = [heard(at(0), message()), heard(at(tap_ms), postback())];
    let end_ms = tap_ms + DAY_MS;
    let open = allowed(Route::Response, measured(Rule::WindowOpen, 2, tap_ms, end_ms));
    check(&history, &human(), at(end_ms - 1), &open);
    let staff = allowed(Route::HumanAgent, measured(Rule::HumanAgentOpen, 1, 0, WEEK_MS));
    check(&history, &human(), at(end_ms), &staff);
    let closed = measured(Rule::WindowClosed, 2, tap_ms, end_ms);
    let findings = vec![closed, measured(Rule::HumanAgentClosed, 1, 0, WEEK_MS)];
    check(&history, &human(), at(WEEK_MS), &blocked(findings, vec![Remedy::PersonActs]));
}

#[test]
fn only_actions_that_the_pack_names_open_the_window() {
    let mut text = crate::pack::BUILT_IN[0].1.to_owned();
    for action in ["message", "link", "reaction", "opt_in", "lead"] {
        text = text.replace(&format!("\n{action} = \"standard\""), "");
    }
    let pack = crate::pack::Pack::parse("test", &text).unwrap();
    let decision = |kind| judged_by(&pack, &fold(&[heard(at(0), kind)]), &human(), at(1));
    assert_eq!(decision(message()).reason(), Some(Rule::NoUserInitiation));
    assert_eq!(decision(postback()).route(), Some(Route::Response));
    assert_eq!(&decision(postback()).pack, pack.reference());
}

#[test]
fn a_refusal_is_named_by_the_first_rule_that_forbids() {
    let reason = |state: &Conversation, intent: &Intent| judged_by(&PACK, state, intent, at(DAY_MS)).reason();
    let state = fold(&[heard(at(0), message())]);
    let bot = says(Actor::Bot, Purpose::Conversation);
    assert_eq!(reason(&state, &bot), Some(Rule::WindowClosed));
    assert_eq!(reason(&Conversation::default(), &bot), Some(Rule::NoUserInitiation));
    assert_eq!(reason(&state, &human()), None);
}
