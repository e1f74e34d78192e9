//! Rehearsals: what another pack makes of a past, and the April of 2026.

use super::{Outcome, Rehearsal, Rejudged, Tally};
use crate::decision::{Actor, Intent, Purpose, Reference, Route, Tag, Verdict};
use crate::evaluate::{Facts, evaluate};
use crate::event::{Content, Event, Recorded, SendingKind};
use crate::pack::{BUILT_IN, Pack, Packs, Rule};
use crate::page::Page;
use crate::send::{Handling, Request, claim, request};
use crate::testing::{
    DAY_MS, actors, agent, at, built_in, claim_of, fold, heard, message, page, person, record, request_id, send_id,
};
use crate::time::{Span, Timestamp};
use proptest::prelude::*;

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
        self.log.extend(request(&Facts::new(&page_id, &page, &state), &self.packs, &command, now).unwrap());
        let state = fold(&self.log);
        let verdict = state.send(&send_id(n)).unwrap().decision.as_ref().unwrap().verdict;
        if verdict != Verdict::Blocked {
            let command = claim_of(send_id(n), n);
            self.log.extend(claim(&Facts::new(&page_id, &page, &state), &self.packs, &command, now).unwrap());
        }
        verdict
    }

    fn rehearse(&self, proposed: &Pack) -> Vec<Rejudged> {
        let mut rehearsal = Rehearsal::new(proposed, page());
        let recorded = self.log.iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event });
        recorded.filter_map(|recorded| rehearsal.step(recorded, &Page::default())).collect()
    }

    /// The same, judged by hand: for each decision, everything before it is folded anew.
    fn by_brute_force(&self, proposed: &Pack) -> (u64, u64, u64) {
        let (mut all, mut to_block, mut to_allow) = (0, 0, 0);
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
            let state = fold(&self.log[..n]);
            let (page_id, page) = (page(), Page::default());
            let facts = Facts::new(&page_id, &page, &state).of_send(&step.send);
            let again = evaluate(proposed, &facts, &state.send(&step.send).unwrap().intent, decision.at);
            all += 1;
            to_block += u64::from(decision.route().is_some() && again.route().is_none());
            to_allow += u64::from(decision.route().is_none() && again.route().is_some());
        }
        (all, to_block, to_allow)
    }
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
    let outcomes: Vec<_> = past.rehearse(&built_in(0)).into_iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Same; 3]);
}

#[test]
fn a_shorter_window_blocks_what_went_out_and_a_longer_one_allows_what_did_not() {
    let mut past = Past { packs: packs(), log: Vec::new() };
    past.hears(at(0));
    let campaign = Intent { broadcast: Some("b-1".to_owned()), ..Intent::new(Actor::Broadcast, Purpose::Promotion) };
    past.asks(1, &campaign, at(DAY_MS / 2));
    past.asks(2, &bot(), at(DAY_MS + 5));
    let shorter = past.rehearse(&pack_with("standard = \"24h\"", "standard = \"12h\""));
    let outcomes: Vec<_> = shorter.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::ToBlock(Rule::WindowClosed), Outcome::ToBlock(Rule::WindowClosed), Outcome::Same]);
    let longer = past.rehearse(&pack_with("standard = \"24h\"", "standard = \"25h\""));
    let outcomes: Vec<_> = longer.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Same, Outcome::Same, Outcome::ToAllow(Rule::WindowClosed)]);

    let mut tally = Tally::default();
    shorter.iter().for_each(|one| tally.count(one));
    let mut both = Tally::default();
    longer.iter().for_each(|one| both.count(one));
    both.add(tally.clone());
    assert_eq!((tally.totals(), both.totals()), ((3, 2, 0), (6, 2, 1)));
    let blocked = Outcome::ToBlock(Rule::WindowClosed);
    let row = tally.all().find(|(.., outcome, _)| *outcome == blocked).unwrap();
    assert_eq!(row, (&page(), Purpose::Promotion, Some("b-1"), blocked, 2));
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
        past.rehearse(&pack).iter().for_each(|one| tally.count(one));
        tally.totals()
    };
    assert_eq!((totals(built_in(2)), totals(built_in(3))), ((6, 0, 2), (6, 2, 0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_rehearsal_counts_what_brute_force_counts(
        acts in prop::collection::vec((any::<bool>(), 0..DAY_MS, prop::sample::select(actors().to_vec()), any::<bool>()), 1..24),
        hours in 1..60_u32,
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
        let mut tally = Tally::default();
        past.rehearse(&proposed).iter().for_each(|one| tally.count(one));
        prop_assert_eq!(tally.totals(), past.by_brute_force(&proposed));
    }
}
