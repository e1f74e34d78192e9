//! The property that webhooks may come again, late, in any order and in other batches.

use crate::conversation::{Conversation, Opening};
use crate::decision::Actor;
use crate::event::{
    CommentVerb, Concern, Event, InboundKind, LeadEnd, NotificationChange, Outcome, ReactionAction, Recorded,
};
use crate::id::RecordId;
use crate::testing::{
    DAY_MS, accepted, at, blocked, commented, dispatched, echo, idle_kinds, lead, mid, one_time, opt_in, passed_to,
    postback, reaction, record, referral, repeated, requested_by, send_id, sent, settled, told,
};
use proptest::prelude::*;

/// A year and more: longer than any log of facts seen would reach.
const LONG_SPAN_MS: i64 = 400 * DAY_MS;

/// Something the platform tells, once or often.
#[derive(Clone, Debug)]
struct Told {
    kind: InboundKind,
    stated_ms: i64,
    /// From the stated time to the first receipt; below -5 s the stated time is not believed.
    delay_ms: i64,
    /// Our own step that it cannot come before: an echo follows its claim.
    after: Option<usize>,
}

/// One delivery of a fact.
#[derive(Clone, Debug)]
struct Delivery {
    event: Event,
    record: RecordId,
    after: Option<usize>,
    fact: usize,
    /// Deliveries of such a fact are kept in the order of their receipt.
    is_ahead: bool,
}

#[derive(Clone, Debug)]
struct Story {
    own: Vec<Event>,
    told: Vec<Told>,
}

impl Story {
    fn delivery(&self, fact: usize, later_ms: i64) -> Delivery {
        let told_once = &self.told[fact];
        let received_ms = told_once.stated_ms + told_once.delay_ms + later_ms;
        let event = told(fact as u128, at(told_once.stated_ms), at(received_ms), told_once.kind.clone());
        // As in a UUID of version 7: the time first, then something that tells records of one moment apart.
        let made_ms = u128::try_from(at(received_ms).as_millis()).unwrap();
        let record = record(made_ms << 64 | (fact as u128) << 1 | u128::from(later_ms > 0));
        Delivery { event, record, after: told_once.after, fact, is_ahead: told_once.delay_ms < -5_000 }
    }

    fn first_deliveries(&self) -> Vec<Delivery> {
        (0..self.told.len()).map(|fact| self.delivery(fact, 0)).collect()
    }

    /// Folds our own steps, in their order, with these deliveries among them at the places that `places` gives.
    fn fold(&self, mut deliveries: Vec<Delivery>, places: &[u16]) -> Conversation {
        // By receipt, so that what must keep that order can be pushed behind what came before it.
        deliveries.sort_by_key(|delivery| delivery.record);
        let width = usize::from(u16::MAX) / (self.own.len() + 1) + 1;
        let mut latest = vec![0; self.told.len()];
        let mut placed = Vec::new();
        for (n, delivery) in deliveries.iter().enumerate() {
            // Stretched by a step that shares no factor with it, so that a few places scatter many deliveries.
            let mut place = usize::from(places[n % places.len()].wrapping_add((n as u16).wrapping_mul(40_503)));
            if let Some(step) = delivery.after {
                place = place.max((step + 1) * width + 1);
            }
            if delivery.is_ahead {
                place = place.max(latest[delivery.fact]);
                latest[delivery.fact] = place;
            }
            placed.push((place, delivery.record, &delivery.event));
        }
        for (n, event) in self.own.iter().enumerate() {
            placed.push(((n + 1) * width, record(n as u128), event));
        }
        placed.sort_by_key(|(place, ..)| *place);
        Conversation::fold(placed.into_iter().map(|(_, record, event)| Recorded { record, event }))
    }
}

fn delay_ms() -> impl Strategy<Value = i64> {
    // Mostly a little late, sometimes days; now and then ahead, at both sides of what is believed.
    prop_oneof![4 => -5_000..60_000_i64, 1 => 0..30 * DAY_MS, 2 => -90_000..-5_000_i64]
}

/// Few moments, so that many facts share one.
fn stated_ms() -> impl Strategy<Value = i64> {
    (0..8_i64).prop_map(|n| n * 20_000)
}

fn kind() -> impl Strategy<Value = InboundKind> {
    prop_oneof![
        3 => Just(crate::testing::message()),
        2 => Just(postback()),
        2 => Just(referral("SHORTLINK")),
        1 => Just(referral("ADS")),
        2 => stated_ms().prop_map(|ms| InboundKind::Delivered { watermark: at(ms), mids: vec![mid("m")] }),
        2 => stated_ms().prop_map(|ms| InboundKind::Read { watermark: at(ms) }),
        1 => Just(echo(None, "foreign")),
        1 => Just(echo(Some(send_id(99)), "of-another-conversation")),
        1 => Just(reaction(ReactionAction::React)),
        1 => Just(opt_in()),
        1 => Just(lead(LeadEnd::Complete)),
        3 => prop::sample::select(idle_kinds()),
        3 => prop::sample::select(granting_kinds()),
    ]
}

/// What gives rights or takes them away, and what says who has the thread.
fn granting_kinds() -> Vec<InboundKind> {
    vec![
        crate::testing::ad_message(),
        one_time("t", "shoes"),
        one_time("u", "hats"),
        repeated("r", "shoes", None),
        repeated("r", "hats", None),
        repeated("r", "shoes", Some(NotificationChange::Stop)),
        repeated("r", "shoes", Some(NotificationChange::Resume)),
        commented("c", CommentVerb::Add),
        commented("c", CommentVerb::Remove),
        passed_to("77"),
        passed_to("99"),
    ]
}

fn fact() -> impl Strategy<Value = Told> {
    (kind(), stated_ms(), delay_ms()).prop_map(|(kind, stated_ms, delay_ms)| Told {
        kind,
        stated_ms,
        delay_ms,
        after: None,
    })
}

/// One send's life: when it was asked for, its attempts that did not go out, how the last one ended, and its echoes.
#[derive(Clone, Debug)]
struct Life {
    requested_ms: i64,
    is_blocked: bool,
    failures: Vec<bool>,
    endings: Vec<Outcome>,
    /// The names the platform gave: one, or two when an attempt that it refused went out after all.
    echoes: Vec<(&'static str, i64, i64)>,
}

impl Life {
    fn steps(&self, send: u128) -> Vec<(i64, Event)> {
        let start_ms = self.requested_ms;
        let first = requested_by(send, at(start_ms), Actor::Automation);
        if self.is_blocked {
            return vec![(start_ms, first), (start_ms, blocked(send, at(start_ms)))];
        }
        let mut steps = vec![(start_ms, first), (start_ms, accepted(send, at(start_ms)))];
        let mut now_ms = start_ms;
        let mut attempt = 1;
        for retry in &self.failures {
            let not_before = at(now_ms + 2_000);
            let retrying = Outcome::Retrying { not_before, code: 613 };
            let outcome = if *retry { retrying } else { Outcome::NotSent { not_before } };
            steps.push((now_ms + 500, dispatched(send, at(now_ms + 500), attempt)));
            steps.push((now_ms + 1_000, settled(send, at(now_ms + 1_000), attempt, outcome)));
            now_ms += 2_000;
            attempt += 1;
        }
        steps.push((now_ms + 500, dispatched(send, at(now_ms + 500), attempt)));
        for ending in &self.endings {
            now_ms += 10_000;
            steps.push((now_ms, settled(send, at(now_ms), attempt, ending.clone())));
        }
        steps
    }
}

fn life() -> impl Strategy<Value = Life> {
    let rejected = Outcome::Rejected { code: 100, subcode: 33, concern: Concern::Message };
    let later = Outcome::Retrying { not_before: at(500_000), code: 4 };
    let endings = prop::sample::select(vec![
        vec![],
        vec![sent("m1")],
        vec![rejected],
        vec![later],
        vec![Outcome::Unknown],
        vec![Outcome::Unknown, Outcome::Unresolved],
        vec![Outcome::Unknown, sent("m1")],
    ]);
    let echo = (prop_oneof![4 => Just("m1"), 1 => Just("m0")], stated_ms(), delay_ms());
    let failures = prop::collection::vec(any::<bool>(), 0..3);
    // Mostly close together, sometimes so far apart that those before leave the state.
    let requested_ms = prop_oneof![2 => stated_ms(), 1 => (0..5_i64).prop_map(|n| n * n * 3 * DAY_MS)];
    let parts = (requested_ms, prop::bool::weighted(0.2), failures, endings, prop::collection::vec(echo, 0..3));
    parts.prop_map(|(requested_ms, is_blocked, failures, endings, echoes)| {
        let echoes = if is_blocked { Vec::new() } else { echoes };
        Life { requested_ms, is_blocked, failures, endings, echoes }
    })
}

fn story() -> impl Strategy<Value = Story> {
    (prop::collection::vec(fact(), 0..16), prop::collection::vec(life(), 0..4)).prop_map(|(mut told, lives)| {
        let mut steps = Vec::new();
        for (send, life) in (1..).zip(&lives) {
            steps.extend(life.steps(send).into_iter().map(|(ms, event)| (ms, send, event)));
        }
        steps.sort_by_key(|(ms, ..)| *ms);
        for (send, life) in (1..).zip(&lives) {
            let claimed = steps.iter().rposition(|(_, of, event)| *of == send && is_claim(event));
            told.extend(life.echoes.iter().map(|&(name, stated_ms, delay_ms)| {
                let kind = echo(Some(send_id(send)), name);
                Told { kind, stated_ms, delay_ms, after: claimed }
            }));
        }
        Story { own: steps.into_iter().map(|(.., event)| event).collect(), told }
    })
}

fn is_claim(event: &Event) -> bool {
    matches!(event, Event::Sending(step) if step.kind.as_str() == "dispatched")
}

/// Places in the log for deliveries.
fn places() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 1..40)
}

/// Batches told again: how much later, and which facts they hold.
fn batches() -> impl Strategy<Value = Vec<(i64, u32)>> {
    prop::collection::vec((1..3 * DAY_MS, any::<u32>()), 0..5)
}

proptest! {
    #[test]
    fn invariant_03_redelivery_reordering_and_splitting_change_no_conversation(
        story in story(),
        batches in batches(),
        orders in [places(), places(), places()],
    ) {
        let once = story.fold(story.first_deliveries(), &orders[0]);

        let mut again = story.first_deliveries();
        for (later_ms, members) in batches {
            let members = (0..story.told.len()).filter(|fact| members >> (fact % 32) & 1 == 1);
            again.extend(members.map(|fact| story.delivery(fact, later_ms)));
        }
        prop_assert_eq!(&story.fold(again.clone(), &orders[1]), &once);

        let facts = 0..story.told.len();
        for round in 1..=12 {
            again.extend(facts.clone().map(|fact| story.delivery(fact, round * 3_600_000)));
        }
        again.extend(facts.map(|fact| story.delivery(fact, LONG_SPAN_MS)));
        prop_assert_eq!(&story.fold(again, &orders[2]), &once);
    }

    #[test]
    fn when_a_believed_fact_is_received_changes_nothing_but_its_record(
        mut story in story(),
        order in places(),
        delays_ms in prop::collection::vec(0..30 * DAY_MS, 1..16),
    ) {
        story.told.retain(|told| told.delay_ms >= -5_000);
        let before = story.fold(story.first_deliveries(), &order);
        for (n, told) in story.told.iter_mut().enumerate() {
            told.delay_ms = delays_ms[n % delays_ms.len()];
        }
        let after = story.fold(story.first_deliveries(), &order);
        for opening in Opening::ALL {
            let moment = |state: &Conversation| state.last_opening(&[opening]).map(|fact| fact.at);
            prop_assert_eq!(moment(&after), moment(&before));
        }
        prop_assert_eq!((after.delivered_to(), after.read_to()), (before.delivered_to(), before.read_to()));
        prop_assert!(after.sends().eq(before.sends()));
    }
}
