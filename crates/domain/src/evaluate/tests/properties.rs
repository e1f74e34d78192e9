//! What holds of every decision, whatever the history, the speaker and the moment.

use super::WEEK_MS;
use crate::conversation::Conversation;
use crate::decision::{Decision, Intent, Purpose, Remedy, Route, Verdict};
use crate::event::{Event, InboundKind, LeadEnd, ReactionAction};
use crate::testing::{
    DAY_MS, PACK, actors, at, fold, idle_kinds, judged_by, lead, message, opt_in, postback, reaction, referral, says,
    told,
};
use crate::time::{Span, Timestamp, effective};
use proptest::prelude::*;

/// A fact that opens something or nothing: what, when, and how long until it was received.
type Said = (InboundKind, i64, i64);

fn moment_ms() -> impl Strategy<Value = i64> {
    // Often just at the edge of a window of something said at zero.
    let edges = [0, DAY_MS, WEEK_MS, WEEK_MS + DAY_MS];
    let near = (prop::sample::select(edges.to_vec()), -2..=2_i64).prop_map(|(edge, off)| edge + off);
    prop_oneof![near, -DAY_MS..10 * DAY_MS]
}

fn said() -> impl Strategy<Value = Said> {
    let kind = prop_oneof![
        3 => Just(message()),
        1 => Just(postback()),
        1 => Just(referral("SHORTLINK")),
        1 => Just(referral("ADS")),
        1 => Just(reaction(ReactionAction::React)),
        1 => Just(opt_in()),
        1 => Just(lead(LeadEnd::Complete)),
        2 => prop::sample::select(idle_kinds().into_iter().filter(|kind| kind.as_str() != "message").collect::<Vec<_>>()),
    ];
    (kind, moment_ms(), prop_oneof![4 => Just(100_i64), 1 => -20_000..2 * DAY_MS])
}

fn history() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 0..6)
}

fn intent() -> impl Strategy<Value = Intent> {
    let purpose = prop::sample::select(vec![Purpose::Conversation, Purpose::Promotion]);
    (prop::sample::select(actors().to_vec()), purpose).prop_map(|(actor, purpose)| says(actor, purpose))
}

fn events(history: &[Said]) -> Vec<Event> {
    let event = |(n, (kind, stated_ms, delay_ms)): (u128, &Said)| {
        told(n, at(*stated_ms), at(stated_ms + delay_ms), kind.clone())
    };
    (1..).zip(history).map(event).collect()
}

fn state(history: &[Said]) -> Conversation {
    fold(&events(history))
}

/// The latest moment that counts among facts that `opens` takes, read straight off the history.
fn last(history: &[Said], opens: fn(&InboundKind) -> bool) -> Option<Timestamp> {
    let chosen = history.iter().filter(|(kind, ..)| opens(kind));
    chosen.map(|(_, stated_ms, delay_ms)| effective(at(*stated_ms), at(stated_ms + delay_ms))).max()
}

fn opens_window(kind: &InboundKind) -> bool {
    // Told from the name alone, so that the fold's own match does not prove itself.
    match kind.as_str() {
        "message" | "postback" => true,
        "referral" => *kind == referral("SHORTLINK"),
        "reaction" => *kind == reaction(ReactionAction::React),
        "opt_in" => *kind == opt_in(),
        "lead" => *kind == lead(LeadEnd::Complete),
        _ => false,
    }
}

fn is_within(opened: Option<Timestamp>, length_ms: i64, now: Timestamp) -> bool {
    opened.is_some_and(|opened| now.since(opened) < Span::from_millis(length_ms))
}

fn judge(history: &[Said], intent: &Intent, now: Timestamp) -> Decision {
    judged_by(&PACK, &state(history), intent, now)
}

proptest! {
    #[test]
    fn invariant_05_only_people_take_the_human_agent_route_and_only_with_the_window_closed(
        history in history(),
        intent in intent(),
        now_ms in moment_ms(),
    ) {
        let now = at(now_ms);
        let is_window_open = is_within(last(&history, opens_window), DAY_MS, now);
        let is_staff_open = is_within(last(&history, |kind| matches!(kind, InboundKind::Message(_))), WEEK_MS, now);
        let may_staff = is_staff_open && intent.actor.is_human() && intent.purpose == Purpose::Conversation;
        let expected = if is_window_open {
            Verdict::Allowed(super::freely(&intent))
        } else if may_staff {
            Verdict::Allowed(Route::HumanAgent)
        } else {
            Verdict::Blocked
        };
        prop_assert_eq!(judge(&history, &intent, now).verdict, expected);
    }

    #[test]
    fn another_message_never_turns_an_allow_into_a_block(
        mut history in history(),
        more in (moment_ms(), -20_000..2 * DAY_MS),
        place in any::<prop::sample::Index>(),
        intent in intent(),
        now_ms in moment_ms(),
    ) {
        let before = judge(&history, &intent, at(now_ms));
        history.insert(place.index(history.len() + 1), (message(), more.0, more.1));
        let after = judge(&history, &intent, at(now_ms));
        prop_assert!(before.route().is_none() || after.route().is_some());
        prop_assert!(before.holds_until <= after.holds_until || after.route() != before.route());
    }

    #[test]
    fn the_same_arguments_give_the_same_decision(
        history in history(),
        intent in intent(),
        now_ms in moment_ms(),
    ) {
        prop_assert_eq!(judge(&history, &intent, at(now_ms)), judge(&history, &intent, at(now_ms)));
    }

    #[test]
    fn an_allow_holds_just_until_the_moment_it_names(
        history in history(),
        intent in intent(),
        now_ms in moment_ms(),
        part in 0..=1_000_i64,
    ) {
        let decision = judge(&history, &intent, at(now_ms));
        let Some(end) = decision.holds_until else {
            prop_assert_eq!(decision.route(), None);
            return Ok(());
        };
        let left_ms = end.since(at(now_ms)).as_millis();
        prop_assert!(left_ms > 0);
        let between = at(now_ms + (left_ms - 1) * part / 1_000);
        prop_assert_eq!(judge(&history, &intent, between).route(), decision.route());
        prop_assert_ne!(judge(&history, &intent, end).route(), decision.route());
    }

    #[test]
    fn a_block_stays_until_the_person_acts_and_every_remedy_that_it_names_lifts_it(
        mut history in history(),
        intent in intent(),
        now_ms in moment_ms(),
        later_ms in 0..10 * DAY_MS,
    ) {
        let decision = judge(&history, &intent, at(now_ms));
        if decision.route().is_some() {
            return Ok(());
        }
        prop_assert!(decision.reason().is_some());
        prop_assert_eq!(judge(&history, &intent, at(now_ms + later_ms)).verdict, Verdict::Blocked);
        for remedy in decision.remedies {
            if remedy == Remedy::PersonActs {
                history.push((postback(), now_ms, 0));
                prop_assert!(judge(&history, &intent, at(now_ms)).route().is_some());
                history.pop();
            } else if let Remedy::HumanAnswersBefore(end) | Remedy::WithoutPromotionBefore(end) = remedy {
                let just_before = end.plus(Span::from_millis(-1));
                prop_assert_eq!(judge(&history, &super::human(), just_before).route(), Some(Route::HumanAgent));
                prop_assert_eq!(judge(&history, &super::human(), end).route(), None);
            } else if let Remedy::Paid(route) = remedy {
                let paid = Intent { is_paid: true, ..intent.clone() };
                prop_assert_eq!(judge(&history, &paid, at(now_ms)).route(), Some(route));
            } else {
                prop_assert!(false, "nothing here is lifted by {remedy:?}");
            }
        }
    }
}
