//! What tokens permit: one message, repeated ones, paid ones; and how they are asked for.

use super::{LATER, PACKS, used, wrote};
use crate::decision::{Capability, ContentKind, Intent, Purpose, Remedy, Route, To};
use crate::evaluate::tests::WEEK_MS;
use crate::evaluate::tests::world::{P2020, P2024, P2025, P2026, P2026_09, World, about, bot, broadcast};
use crate::event::{Event, NotificationChange, PageStepKind, RightStepKind};
use crate::pack::Rule;
use crate::right::Right;
use crate::testing::{DAY_MS, accepted, at, heard, message, one_time, repeated, requested, send_id, token_id};

#[test]
fn row_28_a_one_time_token_is_for_one_message_about_its_reason_within_a_year() {
    let year = 365 * DAY_MS;
    let right = Right::OneTime(token_id("t"));
    let history = vec![heard(at(0), one_time("t", "shoes"))];
    let news = about("shoes", bot(Purpose::Promotion));
    let named = Intent { to: To::Right(right.clone()), ..news.clone() };
    for pack in PACKS {
        let world = World::new(pack, &history);
        for intent in [&news, &named] {
            let decision = world.allows(intent, year - 1, Route::OneTime);
            assert_eq!((decision.right, decision.holds_until), (Some(right.clone()), Some(at(year))));
            assert!(world.judge(intent, year).findings.iter().any(|finding| finding.rule == Rule::TokenExpired));
        }
        let other = Intent { topic: Some("hats".to_owned()), ..named.clone() };
        assert!(world.judge(&other, 1).findings.iter().any(|finding| finding.rule == Rule::TokenTopicMismatch));
        let weekly = Intent { is_recurring: true, ..named.clone() };
        assert!(world.judge(&weekly, 1).findings.iter().any(|finding| finding.rule == Rule::RecurringContent));
        let unknown = Intent { to: To::Right(Right::OneTime(token_id("u"))), ..news.clone() };
        assert!(world.judge(&unknown, 1).findings.iter().any(|finding| finding.rule == Rule::TokenUnknown));
    }
    for (step, rule) in [
        (RightStepKind::Reserved, Rule::TokenReserved),
        (RightStepKind::Spent, Rule::TokenSpent),
        (RightStepKind::Dropped, Rule::TokenSpent),
    ] {
        let taken = [history[0].clone(), used(right.clone(), 1, step)];
        assert!(World::new(P2026, &taken).judge(&news, 2).findings.iter().any(|finding| finding.rule == rule));
    }
}

#[test]
fn row_28_no_token_is_used_while_the_window_is_open() {
    let history = [heard(at(0), message()), heard(at(0), one_time("t", "shoes"))];
    let named = Intent { to: To::Right(Right::OneTime(token_id("t"))), ..about("shoes", bot(Purpose::Promotion)) };
    for pack in PACKS {
        let world = World::new(pack, &history);
        for intent in [named.clone(), Intent { to: To::Person, ..named.clone() }] {
            assert_eq!(world.allows(&intent, DAY_MS - 1, Route::Update).right, None);
            assert!(world.allows(&intent, DAY_MS, Route::OneTime).right.is_some());
        }
    }
}

#[test]
fn row_28_one_time_requests_are_asked_inside_the_window_with_a_short_title_and_without_a_cap() {
    let ask = |title: &str| Intent {
        kind: ContentKind::OneTimeRequest { title: title.to_owned() },
        ..bot(Purpose::Conversation)
    };
    for pack in PACKS {
        let world = World::new(pack, &wrote());
        world.allows(&ask(&"é".repeat(65)), DAY_MS - 1, Route::Response);
        world.blocks(&ask(&"é".repeat(66)), 1, &[Rule::TitleTooLong]);
        world.is_helped(&ask(&"é".repeat(66)), 1, Remedy::ShorterTitle(65));
        world.blocks(&ask("shoes"), DAY_MS, &[Rule::WindowClosed, Rule::OptInOutsideWindow]);
    }
}

#[test]
fn row_29_recurring_notifications_pause_between_messages_and_end_with_a_date() {
    let right = Right::Repeated(token_id("t"));
    let given = heard(at(0), repeated("t", "shoes", None));
    let history = [given.clone(), used(right.clone(), 10, RightStepKind::Spent)];
    let news = about("shoes", broadcast(Purpose::Promotion));
    assert_eq!(World::new(P2020, &history).judge(&news, LATER).route(), None);
    for (pack, pause) in [(P2024, DAY_MS), (P2025, 2 * DAY_MS)] {
        let world = World::new(pack, &history);
        let decision = world.judge(&news, 9 + pause);
        assert!(decision.findings.iter().any(|finding| finding.rule == Rule::TokenCooldown));
        assert_eq!(decision.holds_until, Some(at(10 + pause)));
        assert_eq!(world.allows(&news, 10 + pause, Route::Recurring).right, Some(right.clone()));
    }
    // Ended, but where the Page has the exception.
    let world = World::new(P2026, &history);
    let ended = world.judge(&news, LATER * 2);
    assert!(ended.findings.iter().any(|finding| finding.rule == Rule::RecurringEnded));
    world.is_helped(&news, LATER * 2, Remedy::Granted(Capability::RecurringException));
    world.with_capability(Capability::RecurringException).allows(&news, LATER * 2, Route::Recurring);
    // Refused by the platform, until a later word on it.
    let dropped = [given.clone(), used(right.clone(), 10, RightStepKind::Dropped)];
    let refused = World::new(P2024, &dropped).judge(&news, LATER);
    assert!(refused.findings.iter().any(|finding| finding.rule == Rule::TokenExpired));
    for word in [None, Some(NotificationChange::Resume)] {
        let told =
            |at_ms| World::new(P2024, &[&dropped[..], &[heard(at(at_ms), repeated("t", "shoes", word))]].concat());
        told(11).allows(&news, LATER, Route::Recurring);
        assert_eq!(told(10).judge(&news, LATER).route(), None);
    }
    // Stopped, and resumed.
    let stop = heard(at(20), repeated("t", "shoes", Some(NotificationChange::Stop)));
    let resume = heard(at(30), repeated("t", "shoes", Some(NotificationChange::Resume)));
    let stopped = World::new(P2024, &[given.clone(), stop.clone()]).judge(&news, LATER);
    assert!(stopped.findings.iter().any(|finding| finding.rule == Rule::TokenStopped));
    World::new(P2024, &[given, resume, stop]).allows(&news, LATER, Route::Recurring);
}

#[test]
fn row_29_a_marketing_message_is_paid_for_and_pauses_for_twelve_hours() {
    let right = Right::Repeated(token_id("t"));
    let history = [heard(at(0), repeated("t", "shoes", None)), used(right.clone(), 10, RightStepKind::Spent)];
    let news = about("shoes", broadcast(Purpose::Promotion));
    let paid = Intent { is_paid: true, ..news.clone() };
    for pack in [P2026, P2026_09] {
        let world = World::new(pack, &history);
        assert_eq!(world.judge(&paid, 9 + DAY_MS / 2).route(), None);
        assert_eq!(world.allows(&paid, 10 + DAY_MS / 2, Route::Marketing).right, Some(right.clone()));
        world.is_helped(&news, LATER, Remedy::Paid(Route::Marketing));
    }
    // While recurring ones are there, nobody pays; but until they have rested, only a paid one goes.
    let world = World::new(P2025, &history);
    let decision = world.allows(&paid, 10 + DAY_MS / 2, Route::Marketing);
    assert_eq!(decision.holds_until, Some(at(10 + 2 * DAY_MS)));
    world.allows(&paid, 10 + 2 * DAY_MS, Route::Recurring);
}

#[test]
fn row_29_the_same_recurring_title_is_asked_once_a_week() {
    let kind = ContentKind::RecurringRequest { title: "shoes".to_owned() };
    let ask = Intent { kind, ..bot(Purpose::Conversation) };
    let mut asked = requested(1, at(0));
    if let Event::Sending(step) = &mut asked
        && let crate::event::SendingKind::Requested { intent, .. } = &mut step.kind
    {
        **intent = ask.clone();
    }
    let again = WEEK_MS - DAY_MS / 2;
    let history = [heard(at(0), message()), asked, accepted(1, at(0)), heard(at(again), message())];
    for pack in [P2024, P2025, P2026, P2026_09] {
        let world = World::new(pack, &history);
        let decision = world.blocks(&ask, WEEK_MS - 1, &[Rule::OptInTooSoon]);
        assert_eq!(decision.holds_until, Some(at(WEEK_MS)));
        world.allows(&ask, WEEK_MS, Route::Response);
        let other = ContentKind::RecurringRequest { title: "hats".to_owned() };
        world.allows(&Intent { kind: other, ..ask.clone() }, WEEK_MS - 1, Route::Response);
        World { send: Some(send_id(1)), ..world }.allows(&ask, WEEK_MS - 1, Route::Response);
    }
    assert!(World::new(P2020, &history).judge(&ask, WEEK_MS).route().is_none());
}

#[test]
fn row_29_nobody_is_asked_again_for_what_they_agreed_to_unless_they_stopped_it() {
    let ask = |title: &str| Intent {
        kind: ContentKind::RecurringRequest { title: title.to_owned() },
        ..bot(Purpose::Conversation)
    };
    let given = [heard(at(0), message()), heard(at(1), repeated("t", "shoes", None))];
    let world = World::new(P2024, &given);
    world.blocks(&ask("shoes"), 2, &[Rule::OptInGiven]);
    world.allows(&ask("hats"), 2, Route::Response);
    let stop = heard(at(2), repeated("t", "shoes", Some(NotificationChange::Stop)));
    World::new(P2024, &[&given[..], &[stop]].concat()).allows(&ask("shoes"), 3, Route::Response);
}

#[test]
fn row_28_what_stands_in_the_way_of_one_token_stands_in_the_way_of_the_next() {
    let history = [heard(at(0), one_time("t", "shoes")), heard(at(1), one_time("u", "shoes"))];
    let closed = PageStepKind::CapabilityChanged { capability: Capability::OneTime, is_granted: false };
    let world = World::new(P2026, &history).with_page(&[closed]);
    let decision = world.judge(&about("shoes", bot(Purpose::Conversation)), 2);
    assert_eq!(decision.route(), None, "{:?}", decision.findings);
    assert!(decision.findings.iter().any(|finding| finding.rule == Rule::OneTimeClosed));
}
