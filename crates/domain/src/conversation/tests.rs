//! What a conversation's state says after a history.

mod bounded;
mod redelivery;

use super::{Conversation, Fact, Opening};
use crate::event::{
    Concern, Edit, Event, HopContext, InboundKind, LeadEnd, Message, Outcome, Quarantined, ReactionAction, Referral,
    Side, Unsent, Witness,
};
use crate::id::{Psid, StreamId};
use crate::send::{SettledBy, Status};
use crate::testing::{
    DAY_MS, accepted, at, blocked, dispatched, echo, fact_id, fold, heard, idle_kinds, lead, message, mid, opt_in,
    page, person, postback, reaction, record, referral, requested, send_id, sent, settled, told,
};
use crate::time::Timestamp;

const LATER: Outcome = Outcome::Retrying { not_before: at(9_000), code: 613 };

/// The history's latest opening of any sort, as moment and number of the record.
#[track_caller]
fn check_opening(history: &[Event], expected: Option<(Timestamp, u128)>) {
    let expected = expected.map(|(at, n)| Fact { at, record: record(n) });
    assert_eq!(fold(history).last_opening(&Opening::ALL), expected);
}

/// Where send 1 stands after the history.
#[track_caller]
fn check_status(history: &[Event], expected: &Status) {
    assert_eq!(&fold(history).send(&send_id(1)).unwrap().status, expected);
}

/// Send 1, claimed once at one second, and what comes then.
fn claimed_and(rest: &[Event]) -> Vec<Event> {
    let mut history = vec![requested(1, at(0)), accepted(1, at(0)), dispatched(1, at(1_000), 1)];
    history.extend_from_slice(rest);
    history
}

fn sent_as(named: &str, moment: Timestamp) -> Status {
    Status::Sent { mid: mid(named), at: moment }
}

#[test]
fn a_late_webhook_opens_from_the_time_it_states() {
    check_opening(&[told(1, at(0), at(DAY_MS), message())], Some((at(0), 1)));
}

#[test]
fn an_older_fact_that_comes_later_takes_nothing_back() {
    check_opening(&[heard(at(5_000), message()), heard(at(1_000), postback())], Some((at(5_000), 1)));
}

#[test]
fn of_two_actions_at_one_moment_the_one_recorded_first_counts() {
    check_opening(&[heard(at(0), postback()), heard(at(0), message())], Some((at(0), 1)));
}

#[test]
fn each_opening_action_is_kept_apart() {
    let kinds = [
        (Opening::Message, message()),
        (Opening::Postback, postback()),
        (Opening::Link, referral("SHORTLINK")),
        (Opening::Reaction, reaction(ReactionAction::React)),
        (Opening::OptIn, opt_in()),
        (Opening::Lead, lead(LeadEnd::Complete)),
    ];
    let history: Vec<_> = kinds.iter().zip(1..).map(|((_, kind), n)| heard(at(n), kind.clone())).collect();
    let state = fold(&history);
    for (opening, n) in kinds.iter().map(|(opening, _)| *opening).zip(1..) {
        let fact = Fact { at: at(n), record: record(n.try_into().unwrap()) };
        assert_eq!(state.last_opening(&[opening]), Some(fact), "{opening:?}");
        assert_eq!(kinds[usize::try_from(n).unwrap() - 1].0, opening);
    }
    assert_eq!(state.last_opening(&[]), None);
}

#[test]
fn what_a_person_does_not_do_on_purpose_opens_nothing() {
    for kind in idle_kinds().into_iter().chain([referral("shortlink"), referral("")]) {
        check_opening(&[heard(at(0), kind)], None);
    }
}

#[test]
fn a_message_that_the_platform_cannot_show_opens_as_any_other() {
    let unsupported = InboundKind::Message(Message { is_unsupported: true, ..Message::default() });
    let state = fold(&[heard(at(0), unsupported)]);
    assert_eq!(state.last_opening(&[Opening::Message]), Some(Fact { at: at(0), record: record(1) }));
}

#[test]
fn a_message_taken_back_or_changed_stays_the_act_that_it_was() {
    let unsent = InboundKind::Unsent(Unsent { mid: mid("m"), of: Side::Person });
    let edit = InboundKind::Edit(Edit { mid: mid("m"), text: "no".to_owned(), n_edits: None });
    check_opening(&[heard(at(0), message()), heard(at(1), unsent), heard(at(2), edit)], Some((at(0), 1)));
}

#[test]
fn the_summary_of_an_ads_conversation_is_no_message_of_the_person() {
    let summary = |metadata: &str| {
        let hop_context = Some(HopContext { app: None, metadata: Some(metadata.to_owned()) });
        fold(&[heard(at(0), InboundKind::Message(Message { hop_context, ..Message::default() }))])
    };
    let fact = Some(Fact { at: at(0), record: record(1) });
    let complete = summary("messenger_lead_gen_complete");
    assert_eq!((complete.last_opening(&[Opening::Lead]), complete.last_opening(&[Opening::Message])), (fact, None));
    let on_the_way = summary("something else");
    assert_eq!(on_the_way.last_opening(&[Opening::Message]), fact);
    // The result may come without its answers.
    let bare = Referral { source: "ADS".to_owned(), kind: "LEAD_COMPLETE".to_owned(), ..Referral::default() };
    let state = fold(&[heard(at(0), InboundKind::Referral(bare))]);
    assert_eq!(state.last_opening(&[Opening::Lead]), fact);
}

#[test]
fn a_fact_ahead_of_its_receipt_counts_from_its_first_receipt() {
    let ahead = |received_ms| told(1, at(60_000), at(received_ms), message());
    check_opening(&[ahead(0)], Some((at(0), 1)));
    check_opening(&[ahead(0), ahead(1_000)], Some((at(0), 1)));
    // By then its stated time could be believed.
    check_opening(&[ahead(0), ahead(DAY_MS)], Some((at(0), 1)));
    // Five seconds are what clocks may differ by.
    check_opening(&[ahead(55_000)], Some((at(60_000), 1)));
    check_opening(&[ahead(54_999)], Some((at(54_999), 1)));
}

#[test]
fn five_thousand_facts_ahead_of_their_receipt_are_all_known_again_after_a_year() {
    let ahead = |n: u128, received_ms| {
        let stated_ms = 60_000 + i64::try_from(n).unwrap();
        told(n, at(stated_ms), at(received_ms), message())
    };
    let mut history: Vec<_> = (0..5_000).map(|n| ahead(n, 0)).collect();
    let once = fold(&history);
    history.extend((0..5_000).map(|n| ahead(n, 365 * DAY_MS)));
    assert!(fold(&history) == once);
    check_opening(&history, Some((at(0), 1)));
}

#[test]
fn watermarks_never_go_back() {
    let moments = [at(5), at(9), at(2), at(9)];
    let delivered = moments.map(|watermark| heard(at(10), InboundKind::Delivered { watermark, mids: Vec::new() }));
    let read = moments[..1].iter().map(|watermark| heard(at(10), InboundKind::Read { watermark: *watermark }));
    let state = fold(&delivered.into_iter().chain(read).collect::<Vec<_>>());
    assert_eq!((state.delivered_to(), state.read_to()), (Some(at(9)), Some(at(5))));
}

#[test]
fn the_person_is_known_from_the_first_fact_or_send_that_names_one() {
    assert_eq!(fold(&[]).person(), None);
    assert_eq!(fold(&[heard(at(0), message())]).person(), Some(&person()));
    assert_eq!(fold(&[requested(1, at(0))]).person(), Some(&person()));

    let mut nameless = heard(at(0), message());
    let Event::Inbound(inbound) = &mut nameless else { panic!("heard makes inbound facts") };
    inbound.person = None;
    assert_eq!(fold(std::slice::from_ref(&nameless)).person(), None);
    assert_eq!(fold(&[nameless, heard(at(1), message())]).person(), Some(&Psid::parse("24601").unwrap()));
}

#[test]
fn a_body_that_nobody_understood_changes_nothing() {
    let (reason, body) = ("not JSON".to_owned(), b"{".to_vec());
    let quarantined = Event::Quarantined(Quarantined { fact: fact_id(1), received_at: at(0), reason, body });
    assert_eq!(fold(&[quarantined]), Conversation::default());
}

#[test]
fn an_echo_settles_a_send_that_is_under_way_unknown_or_given_up() {
    let unknown = settled(1, at(20_000), 1, Outcome::Unknown);
    let unresolved = settled(1, at(90_000), 1, Outcome::Unresolved);
    for before in [vec![], vec![unknown.clone()], vec![unknown, unresolved]] {
        let mut history = claimed_and(&before);
        history.push(told(9, at(1_500), at(100_000), echo(Some(send_id(1)), "m1")));
        check_status(&history, &sent_as("m1", at(1_500)));
        assert_eq!(fold(&history).send(&send_id(1)).unwrap().content, None);
    }
}

#[test]
fn an_echo_ahead_of_its_receipt_counts_from_its_receipt() {
    let ahead = told(9, at(60_000), at(2_000), echo(Some(send_id(1)), "m1"));
    check_status(&claimed_and(&[ahead]), &sent_as("m1", at(2_000)));
}

#[test]
fn an_echo_beats_a_refusal_and_a_request_to_come_later() {
    for outcome in [
        LATER,
        Outcome::NotSent { not_before: at(2_000) },
        Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message },
    ] {
        let history = claimed_and(&[settled(1, at(1_200), 1, outcome), heard(at(1_500), echo(Some(send_id(1)), "m1"))]);
        check_status(&history, &sent_as("m1", at(1_500)));
    }
}

#[test]
fn an_echo_may_come_before_the_answer_is_recorded() {
    let early = heard(at(1_100), echo(Some(send_id(1)), "m1"));
    for outcome in [sent("m1"), Outcome::Unknown, Outcome::Unresolved, LATER] {
        let history = claimed_and(&[early.clone(), settled(1, at(1_500), 1, outcome)]);
        check_status(&history, &sent_as("m1", at(1_100)));
    }
    let history = claimed_and(&[settled(1, at(1_050), 1, sent("m1")), early]);
    check_status(&history, &sent_as("m1", at(1_050)));
}

#[test]
fn an_echo_that_names_no_send_of_ours_changes_nothing() {
    let history = claimed_and(&[]);
    for send in [None, Some(send_id(2))] {
        let mut more = history.clone();
        more.push(told(9, at(1_500), at(1_500), echo(send, "m1")));
        // All but the person is as before, and that was known.
        assert_eq!(fold(&more), fold(&history));
    }
}

#[test]
fn an_outcome_of_an_older_attempt_changes_nothing_but_sent() {
    let second = [settled(1, at(1_200), 1, LATER), dispatched(1, at(9_000), 2)];
    let history = claimed_and(&second);
    let rejected = Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message };
    let not_sent = Outcome::NotSent { not_before: at(10_000) };
    for outcome in [rejected, LATER, not_sent, Outcome::Unknown, Outcome::Unresolved] {
        let mut more = history.clone();
        more.push(settled(1, at(9_500), 1, outcome));
        assert_eq!(fold(&more), fold(&history));
    }
    let mut more = history;
    more.push(settled(1, at(9_500), 1, sent("m1")));
    check_status(&more, &sent_as("m1", at(9_500)));
}

#[test]
fn sent_stays_sent() {
    let history = claimed_and(&[settled(1, at(1_200), 1, sent("m1"))]);
    let late_steps = [
        settled(1, at(2_000), 1, Outcome::Unknown),
        dispatched(1, at(2_000), 2),
        blocked(1, at(2_000)),
        accepted(1, at(2_000)),
    ];
    for late in late_steps {
        let mut more = history.clone();
        more.push(late);
        assert_eq!(fold(&more), fold(&history));
    }
}

#[test]
fn a_send_that_went_out_as_two_messages_is_known_by_the_earlier_whichever_is_told_first() {
    let earlier = told(8, at(1_100), at(1_200), echo(Some(send_id(1)), "m1"));
    let later = told(9, at(1_300), at(1_400), echo(Some(send_id(1)), "m0"));
    for told in [[earlier.clone(), later.clone()], [later, earlier]] {
        check_status(&claimed_and(&told), &sent_as("m1", at(1_100)));
    }
}

#[test]
fn what_tells_that_a_send_is_out_is_the_surest_of_all_that_does_in_whatever_order() {
    let answer = settled(1, at(1_200), 1, sent("m1"));
    let its_echo = told(8, at(1_100), at(1_300), echo(Some(send_id(1)), "m1"));
    let elsewhere = Witness::Echo(StreamId::Conversation(page(), send_id(1).person()));
    let found = |by| settled(1, at(1_400), 1, Outcome::Found { mid: mid("m1"), at: at(1_100), by });
    for (told, expected) in [
        (vec![], None),
        (vec![answer.clone()], Some(SettledBy::Answer)),
        (vec![its_echo.clone()], Some(SettledBy::Echo)),
        (vec![found(elsewhere)], Some(SettledBy::Echo)),
        (vec![found(Witness::Listing)], Some(SettledBy::Listing)),
        (vec![found(Witness::Listing), its_echo.clone()], Some(SettledBy::Echo)),
        (vec![answer.clone(), its_echo.clone()], Some(SettledBy::Answer)),
        (vec![its_echo, answer], Some(SettledBy::Answer)),
    ] {
        assert_eq!(fold(&claimed_and(&told)).send(&send_id(1)).unwrap().settled_by, expected, "{told:?}");
    }
}

#[test]
fn a_send_that_is_asked_for_again_is_not_begun_anew() {
    let history = claimed_and(&[settled(1, at(1_200), 1, sent("m1")), requested(1, at(2_000)), accepted(1, at(2_000))]);
    check_status(&history, &sent_as("m1", at(1_200)));
}

#[test]
fn a_request_leads_to_its_send() {
    let state = fold(&claimed_and(&[]));
    let (id, send) = state.send_of_request(&crate::testing::request_id(1)).unwrap();
    assert_eq!((id, send.requested_at, send.attempts), (&send_id(1), at(0), 1));
    assert_eq!(state.send_of_request(&crate::testing::request_id(2)), None);
    assert_eq!(state.sends().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [send_id(1)]);
}
