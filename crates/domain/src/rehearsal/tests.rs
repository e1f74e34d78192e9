//! Rehearsals: what another pack makes of a past, and the April of 2026.

use super::{Around, Judgement, MOST_SAMPLES, Outcome, Proposed, Range, Rehearsal, Rejudged, Samples, Tally};
use crate::decision::{Actor, Intent, Purpose, Reference, Route, Tag, Verdict};
use crate::evaluate::{Facts, evaluate, verdict};
use crate::event::{Content, Event, Recorded, SendingKind};
use crate::pack::{BUILT_IN, Pack, Packs, Rule};
use crate::page::Page;
use crate::send::left::looked_up;
use crate::send::{Handling, Request, claim, request, request_beside};
use crate::testing::{
    DAY_MS, actors, agent, at, built_in, claim_of, fold, heard, message, page, person, record, request_id, send_id,
};
use crate::time::{Span, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn packs() -> Packs {
    Packs::of([built_in(0)]).unwrap()
}

/// The history of a conversation in which a person writes and somebody asks for sends, judged as it happened.
struct Past {
    packs: Packs,
    log: Vec<Event>,
}

impl Past {
    fn hears(&mut self, now: Timestamp) {
        self.log.push(heard(now, message()));
    }

    /// Asks for a send, and claims it if it is allowed. Answers its verdict.
    fn asks(&mut self, n: u128, intent: &Intent, now: Timestamp) -> Verdict {
        let (page_id, page) = (page(), Page::default());
        let command = Request {
            send: send_id(n),
            recipient: person(),
            request: request_id(n),
            request_digest: [1; 16],
            intent: intent.clone(),
            content: Content::text("yes"),
            handling: Handling::default(),
            turn: None,
        };
        let state = fold(&self.log);
        let (facts, left) = (Facts::new(&page_id, &page, &state), looked_up(&self.log, &state, &command).unwrap());
        self.log.extend(request_beside(&facts, &self.packs, &command, &left, now).unwrap());
        let state = fold(&self.log);
        let verdict = state.send(&send_id(n)).unwrap().decision.as_ref().unwrap().verdict;
        if verdict != Verdict::Blocked {
            let command = claim_of(send_id(n), n);
            self.log.extend(claim(&Facts::new(&page_id, &page, &state), &self.packs, &command, now).unwrap());
        }
        verdict
    }

    /// Every send as it is judged once more, by id.
    fn rehearse(&self, proposed: &Proposed) -> Vec<Rejudged> {
        self.rehearse_within(proposed, Range::default())
    }

    fn rehearse_within(&self, proposed: &Proposed, range: Range) -> Vec<Rejudged> {
        let (mut rehearsal, page) = (Rehearsal::default(), Page::default());
        let mut found = Vec::new();
        for (event, n) in self.log.iter().zip(1..) {
            if let Some(judgement) = Judgement::of(event).filter(|it| range.contains(it.decision.at)) {
                rehearsal.rejudge(judgement, proposed, Around { page: &page, home: None });
            }
            found.extend(rehearsal.evolve(Recorded { record: record(n), event }));
        }
        found.extend(rehearsal.finish());
        found.sort_by(|one, other| one.send.cmp(&other.send));
        found
    }

    /// The same, judged by hand: for the latest decision on each send, everything before it is folded anew.
    fn by_brute_force(&self, proposed: &Pack, range: Range) -> (u64, u64, u64) {
        let mut latest = BTreeMap::new();
        for (n, event) in self.log.iter().enumerate() {
            let Event::Sending(step) = event else { continue };
            let decision = match &step.kind {
                SendingKind::Accepted { decision }
                | SendingKind::Blocked { decision }
                | SendingKind::Deferred { decision, .. }
                | SendingKind::Dispatched { decision, .. } => decision,
                SendingKind::Requested { .. }
                | SendingKind::Cancelled
                | SendingKind::Expired { .. }
                | SendingKind::Settled { .. }
                | SendingKind::Doubted => continue,
            };
            if range.from.is_none_or(|from| decision.at >= from) && range.to.is_none_or(|to| decision.at < to) {
                latest.insert(step.send.clone(), (n, decision));
            }
        }
        let (mut to_block, mut to_allow) = (0, 0);
        for (send, (n, decision)) in &latest {
            let state = fold(&self.log[..*n]);
            let (page_id, page) = (page(), Page::default());
            let facts = Facts::new(&page_id, &page, &state).of_send(send);
            let again = evaluate(proposed, &facts, &state.send(send).unwrap().intent, decision.at);
            to_block += u64::from(decision.route().is_some() && again.route().is_none());
            to_allow += u64::from(decision.route().is_none() && again.route().is_some());
        }
        (latest.len() as u64, to_block, to_allow)
    }
}

fn by(pack: Pack) -> Proposed {
    Proposed::Pack(Box::new(pack))
}

fn pack_with(from: &str, to: &str) -> Pack {
    let text = BUILT_IN[0].1.replace(from, to);
    assert_ne!(text, BUILT_IN[0].1);
    Pack::parse("proposed", &text).unwrap()
}

fn bot() -> Intent {
    Intent::new(Actor::Bot, Purpose::Conversation)
}

#[test]
fn the_same_pack_changes_nothing() {
    let mut past = Past { packs: packs(), log: Vec::new() };
    past.hears(at(0));
    past.asks(1, &bot(), at(1));
    past.asks(2, &bot(), at(DAY_MS));
    let outcomes: Vec<_> = past.rehearse(&by(built_in(0))).into_iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Same; 2]);
}

#[test]
fn a_shorter_window_blocks_what_went_out_and_a_longer_one_allows_what_did_not() {
    let mut past = Past { packs: packs(), log: Vec::new() };
    past.hears(at(0));
    let campaign = Intent { broadcast: Some("b-1".to_owned()), ..Intent::new(Actor::Broadcast, Purpose::Promotion) };
    past.asks(1, &campaign, at(DAY_MS / 2));
    past.asks(2, &bot(), at(DAY_MS + 5));
    let shorter = past.rehearse(&by(pack_with("standard = \"24h\"", "standard = \"12h\"")));
    let outcomes: Vec<_> = shorter.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::ToBlock(Rule::WindowClosed), Outcome::Same]);
    let longer = past.rehearse(&by(pack_with("standard = \"24h\"", "standard = \"25h\"")));
    let outcomes: Vec<_> = longer.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Same, Outcome::ToAllow(Rule::WindowClosed)]);

    let mut tally = Tally::default();
    shorter.iter().for_each(|one| tally.count(one));
    let mut both = Tally::default();
    longer.iter().for_each(|one| both.count(one));
    both.add(tally.clone());
    assert_eq!((tally.totals(), both.totals()), ((2, 1, 0), (4, 1, 1)));
    let blocked = Outcome::ToBlock(Rule::WindowClosed);
    let row = tally.all().find(|(.., outcome, _)| *outcome == blocked).unwrap();
    assert_eq!(row, (&page(), Purpose::Promotion, Some("b-1"), blocked, 1));
}

#[test]
fn a_send_is_counted_once_by_its_latest_judgement_in_the_range() {
    let mut past = Past { packs: packs(), log: Vec::new() };
    past.hears(at(0));
    past.asks(1, &bot(), at(DAY_MS / 2 - 1));
    // Claimed later than it was asked for, on the other side of a window of half a day.
    let state = fold(&past.log);
    let (page_id, page) = (page(), Page::default());
    let command = claim_of(send_id(2), 2);
    let asked = Request {
        send: send_id(2),
        recipient: person(),
        request: request_id(2),
        request_digest: [1; 16],
        intent: bot(),
        content: Content::text("yes"),
        handling: Handling::default(),
        turn: None,
    };
    past.log.extend(request(&Facts::new(&page_id, &page, &state), &past.packs, &asked, at(DAY_MS / 2 - 1)).unwrap());
    let state = fold(&past.log);
    past.log.extend(claim(&Facts::new(&page_id, &page, &state), &past.packs, &command, at(DAY_MS / 2)).unwrap());
    let shorter = by(pack_with("standard = \"24h\"", "standard = \"12h\""));
    let outcomes = |from, to| {
        let found = past.rehearse_within(&shorter, Range { from, to });
        found.into_iter().map(|one| (one.send, one.at, one.outcome)).collect::<Vec<_>>()
    };
    let (early, late) = (at(DAY_MS / 2 - 1), at(DAY_MS / 2));
    let blocked = Outcome::ToBlock(Rule::WindowClosed);
    assert_eq!(outcomes(None, None), [(send_id(1), early, Outcome::Same), (send_id(2), late, blocked)]);
    assert_eq!(outcomes(None, Some(late)), [(send_id(1), early, Outcome::Same), (send_id(2), early, Outcome::Same)]);
    assert_eq!(outcomes(Some(late), None), [(send_id(2), late, blocked)]);
}

#[test]
fn over_the_cut_of_april_2026_each_send_is_judged_by_the_pack_of_its_moment() {
    let cut = Timestamp::from_millis(1_777_248_000_000);
    let ms = |off| cut.plus(Span::from_millis(off));
    let mut past = Past { packs: Packs::built_in(), log: Vec::new() };
    past.hears(ms(-3 * DAY_MS));
    let update = Intent {
        reference: Some(Reference::Order("42".to_owned())),
        ..Intent::new(Actor::Automation, Purpose::PostPurchase)
    };
    let tag = Verdict::Allowed(Route::Tag(Tag::PostPurchaseUpdate));
    assert_eq!(past.asks(1, &update, ms(-1)), tag);
    assert_eq!(past.asks(2, &update, cut), Verdict::Blocked);
    assert_eq!(past.asks(3, &update, ms(1)), Verdict::Blocked);
    let staff = Intent::new(Actor::Human(agent()), Purpose::Conversation);
    assert_eq!(past.asks(4, &staff, ms(1)), Verdict::Allowed(Route::HumanAgent));
    let state = fold(&past.log);
    let decision = |n| state.send(&send_id(n)).unwrap().decision.as_ref().unwrap();
    assert_eq!((decision(1).pack.name.as_str(), decision(2).pack.name.as_str()), ("messenger-2025", "messenger-2026"));
    // It was known before the cut when the permission would end, so nothing leaves by it afterwards.
    assert_eq!(decision(1).holds_until, Some(cut));
    let leave_by = past.log.iter().find_map(|event| {
        let Event::Sending(step) = event else { return None };
        let SendingKind::Dispatched { leave_by, .. } = &step.kind else { return None };
        (step.send == send_id(1)).then_some(*leave_by)
    });
    assert_eq!(leave_by, Some(cut));
    // Replayed by the pack before the cut, the blocked ones pass; by the one after it, none do.
    let totals = |pack| {
        let mut tally = Tally::default();
        past.rehearse(&by(pack)).iter().for_each(|one| tally.count(one));
        tally.totals()
    };
    assert_eq!((totals(built_in(2)), totals(built_in(3))), ((4, 0, 2), (4, 1, 0)));
    // And by the packs as they are in force, each at its own time, nothing flips.
    let in_force = Proposed::InForce(Box::new(Packs::built_in()));
    assert!(past.rehearse(&in_force).iter().all(|one| one.outcome == Outcome::Same));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_rehearsal_counts_what_brute_force_counts(
        acts in prop::collection::vec((any::<bool>(), 0..DAY_MS, prop::sample::select(actors().to_vec()), any::<bool>()), 1..24),
        hours in 1..60_u32, from in prop::option::of(0..3 * DAY_MS), to in prop::option::of(3 * DAY_MS..9 * DAY_MS),
    ) {
        let mut past = Past { packs: packs(), log: Vec::new() };
        let mut now = at(0);
        for (n, (hears, pause, actor, sells)) in (1..).zip(acts) {
            now = now.plus(Span::from_millis(pause));
            if hears {
                past.hears(now);
            } else {
                let purpose = if sells { Purpose::Promotion } else { Purpose::Conversation };
                past.asks(n, &Intent::new(actor, purpose), now);
            }
        }
        let proposed = Pack::parse("proposed", &BUILT_IN[0].1.replace("\"24h\"\n# From", &format!("\"{hours}h\"\n# From"))).unwrap();
        let range = Range { from: from.map(at), to: to.map(at) };
        let mut tally = Tally::default();
        past.rehearse_within(&by(proposed.clone()), range).iter().for_each(|one| tally.count(one));
        prop_assert_eq!(tally.totals(), past.by_brute_force(&proposed, range));
    }

    #[test]
    fn a_verdict_is_what_the_decision_says(
        pause in 0..3 * DAY_MS, actor in prop::sample::select(actors().to_vec()), purpose in prop::sample::select(&Purpose::ALL[..]),
    ) {
        let state = fold(&[heard(at(0), message())]);
        let (page_id, page) = (page(), Page::default());
        let facts = Facts::new(&page_id, &page, &state);
        for (pack, _) in Packs::built_in().all() {
            let intent = Intent::new(actor.clone(), purpose);
            let decision = evaluate(pack, &facts, &intent, at(pause));
            let reason = if decision.route().is_none() { decision.reason() } else { None };
            prop_assert_eq!(verdict(pack, &facts, &intent, at(pause)), (decision.verdict, reason));
        }
    }

    #[test]
    fn samples_and_counts_are_the_same_however_the_past_is_divided(
        sends in prop::collection::btree_map(0..200_u128, (0..50_i64, 0..3_u8), 0..60), cut in 0..60_usize,
    ) {
        let rejudged: Vec<_> = sends.into_iter().map(|(n, (ms, outcome))| Rejudged {
            send: send_id(n),
            purpose: Purpose::Conversation,
            broadcast: None,
            at: at(ms),
            outcome: [Outcome::Same, Outcome::ToBlock(Rule::WindowClosed), Outcome::ToAllow(Rule::WindowClosed)][usize::from(outcome)],
        }).collect();
        let of = |part: &[Rejudged]| {
            let (mut tally, mut samples) = (Tally::default(), Samples::default());
            part.iter().for_each(|one| { tally.count(one); samples.see(one); });
            (tally, samples)
        };
        let (tally, samples) = of(&rejudged);
        let (one, other) = rejudged.split_at(cut.min(rejudged.len()));
        let ((mut tally_of_both, first), (rest, second)) = (of(other), of(one));
        tally_of_both.add(rest);
        let mut both = Samples::default();
        first.all().chain(second.all()).for_each(|one| { let _is_kept = both.see(&one); });
        prop_assert_eq!(&tally_of_both, &tally);
        prop_assert_eq!(&both, &samples);
        prop_assert!(samples.all().count() <= 2 * MOST_SAMPLES);
    }
}
