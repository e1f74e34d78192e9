//! Rights that sends take up: held by one at a time, used at most once, and free again when nothing went out.

use crate::conversation::Conversation;
use crate::decision::{Actor, Intent, Purpose, Route, To};
use crate::event::{CommentVerb, Concern, Content, Event, Outcome, Recorded, RightStep, RightStepKind, SendingKind};
use crate::id::SendId;
use crate::pack::Packs;
use crate::right::Right;
use crate::send::left::looked_up;
use crate::send::{Handling, Request, Send, Status, all_of, claim, request_beside, settle};
use crate::testing::{
    DAY_MS, at, built_in, claim_of, comment_id, commented, echo, facts, fold, heard, message, mid, one_time, person,
    record, repeated, request_id, send_id, sent, token_id, told,
};
use crate::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static PACKS: LazyLock<Packs> = LazyLock::new(|| Packs::of([built_in(1)]).unwrap());

fn once() -> Right {
    Right::OneTime(token_id("t"))
}

fn often() -> Right {
    Right::Repeated(token_id("r"))
}

fn reply() -> Right {
    Right::PrivateReply(comment_id("c"))
}

/// A bot wants to use this right.
fn by(right: &Right) -> Intent {
    let to = match right {
        Right::OneTime(_) | Right::Repeated(_) => To::Right(right.clone()),
        Right::PrivateReply(comment) => To::Comment(comment.clone()),
    };
    Intent { to, topic: Some("shoes".to_owned()), ..Intent::new(Actor::Bot, Purpose::Conversation) }
}

fn asked(n: u128, intent: Intent) -> Request {
    Request {
        send: send_id(n),
        recipient: person(),
        request: request_id(n),
        request_digest: [1; 16],
        intent,
        content: Content::text("yes"),
        handling: Handling::default(),
        turn: None,
    }
}

/// A log, and what follows from it.
struct World {
    log: Vec<Event>,
    state: Conversation,
    now: Timestamp,
}

impl World {
    fn new(given: &[Event]) -> Self {
        let mut world = Self { log: Vec::new(), state: Conversation::default(), now: at(0) };
        world.take(given.to_vec());
        world
    }

    fn with_rights() -> Self {
        Self::new(&[
            heard(at(0), one_time("t", "shoes")),
            heard(at(0), repeated("r", "shoes", None)),
            heard(at(0), commented("c", CommentVerb::Add)),
        ])
    }

    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            let record = record(self.log.len() as u128 + 1);
            self.state.evolve(Recorded { record, event: &event });
            self.log.push(event);
        }
    }

    /// Every send there ever was.
    fn all(&self) -> BTreeMap<SendId, Send> {
        all_of(self.log.iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event }))
    }

    fn ask(&mut self, n: u128, intent: Intent) -> Vec<Event> {
        let command = asked(n, intent);
        let left = looked_up(&self.log, &self.state, &command);
        let answer = left.and_then(|left| request_beside(&facts(&self.state), &PACKS, &command, &left, self.now));
        let events = answer.unwrap_or_default();
        self.take(events.clone());
        events
    }

    fn claim(&mut self, n: u128) -> Vec<Event> {
        let command = claim_of(send_id(n), n);
        let events = claim(&facts(&self.state), &PACKS, &command, self.now).unwrap_or_default();
        self.take(events.clone());
        events
    }

    fn settle(&mut self, n: u128, outcome: Outcome) -> Vec<Event> {
        let attempts = self.state.send(&send_id(n)).map_or(0, |send| send.attempts);
        let events = settle(&self.state, &send_id(n), attempts, outcome, self.now).unwrap_or_default();
        self.take(events.clone());
        events
    }

    fn status(&self, n: u128) -> Option<&Status> {
        self.state.send(&send_id(n)).map(|send| &send.status)
    }
}

fn steps(events: &[Event]) -> Vec<(Right, RightStepKind)> {
    let step = |event: &Event| match event {
        Event::Right(step) => Some((step.right.clone(), step.kind)),
        Event::Inbound(_)
        | Event::Quarantined(_)
        | Event::Erasing(_)
        | Event::Sending(_)
        | Event::Consent(_)
        | Event::Page(_)
        | Event::System(_) => None,
    };
    events.iter().filter_map(step).collect()
}

#[test]
fn a_right_is_reserved_with_the_permission_and_spent_with_the_outcome() {
    for right in [once(), often(), reply()] {
        let mut world = World::with_rights();
        assert_eq!(steps(&world.ask(1, by(&right))), [(right.clone(), RightStepKind::Reserved)]);
        assert_eq!(steps(&world.claim(1)), []);
        assert_eq!(steps(&world.settle(1, sent("m"))), [(right.clone(), RightStepKind::Spent)]);
        world.ask(2, by(&right));
        assert_eq!(world.status(2), Some(&Status::Blocked));
    }
}

#[test]
fn a_second_send_is_blocked_while_the_first_holds_the_right() {
    for right in [once(), often(), reply()] {
        let mut world = World::with_rights();
        world.ask(1, by(&right));
        assert_eq!(steps(&world.ask(2, by(&right))), []);
        assert_eq!(world.status(2), Some(&Status::Blocked));
        assert_eq!(world.state.rights().held_by(&send_id(1)), [right]);
    }
}

#[test]
fn a_send_that_the_platform_refused_gives_its_right_back() {
    for right in [once(), often(), reply()] {
        let mut world = World::with_rights();
        world.ask(1, by(&right));
        world.claim(1);
        let rejected = Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message };
        assert_eq!(steps(&world.settle(1, rejected)), [(right.clone(), RightStepKind::Released)]);
        world.ask(2, by(&right));
        assert_eq!(world.status(2), Some(&Status::Accepted { not_before: None }));
    }
}

#[test]
fn a_right_that_the_platform_refuses_serves_no_other_send() {
    for right in [once(), often(), reply()] {
        let mut world = World::with_rights();
        world.ask(1, by(&right));
        world.claim(1);
        let rejected = Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Right };
        assert_eq!(steps(&world.settle(1, rejected)), [(right.clone(), RightStepKind::Dropped)]);
        assert_eq!(world.state.rights().held_by(&send_id(1)), []);
        world.ask(2, by(&right));
        assert_eq!(world.status(2), Some(&Status::Blocked));
    }
}

#[test]
fn a_send_that_is_tried_again_or_unknown_keeps_its_right() {
    let later = Outcome::Retrying { not_before: at(0), code: 4 };
    for outcome in [later, Outcome::NotSent { not_before: at(0) }, Outcome::Unknown] {
        let mut world = World::with_rights();
        world.ask(1, by(&once()));
        world.claim(1);
        assert_eq!(steps(&world.settle(1, outcome)), []);
        assert_eq!(world.state.rights().held_by(&send_id(1)), [once()]);
    }
}

#[test]
fn what_may_have_gone_out_for_ever_has_used_its_right() {
    let mut world = World::with_rights();
    world.ask(1, by(&once()));
    world.claim(1);
    world.settle(1, Outcome::Unknown);
    assert_eq!(steps(&world.settle(1, Outcome::Unresolved)), [(once(), RightStepKind::Spent)]);
    world.ask(2, by(&once()));
    assert_eq!(world.status(2), Some(&Status::Blocked));
}

#[test]
fn an_echo_alone_uses_up_the_right() {
    let mut world = World::with_rights();
    world.ask(1, by(&once()));
    world.claim(1);
    world.settle(1, Outcome::Unknown);
    world.take(vec![told(9, at(5), at(5), echo(Some(send_id(1)), "m"))]);
    let token = world.state.rights().one_time(token_id("t")).unwrap();
    assert_eq!((token.used.used(), token.used.held_by()), (Some((&send_id(1), at(5))), None));
}

#[test]
fn a_token_is_given_back_when_the_person_wrote_before_the_claim() {
    let mut world = World::with_rights();
    world.ask(1, by(&once()));
    world.take(vec![heard(at(10), message())]);
    world.now = at(20);
    let events = world.claim(1);
    assert_eq!(steps(&events), [(once(), RightStepKind::Released)]);
    let decision = world.state.send(&send_id(1)).unwrap().decision.clone().unwrap();
    assert_eq!((decision.route(), decision.right), (Some(Route::Response), None));
}

#[test]
fn a_send_that_is_blocked_at_its_claim_gives_its_right_back() {
    let mut world = World::with_rights();
    world.ask(1, by(&reply()));
    world.now = at(7 * DAY_MS);
    assert_eq!(steps(&world.claim(1)), [(reply(), RightStepKind::Released)]);
    assert_eq!(world.status(1), Some(&Status::Blocked));
}

#[test]
fn of_two_reservations_in_the_log_the_first_counts() {
    let step = |n| RightStep { right: once(), send: send_id(n), at: at(1), kind: RightStepKind::Reserved };
    let state =
        fold(&[heard(at(0), one_time("t", "shoes")), Event::Right(Box::new(step(1))), Event::Right(Box::new(step(2)))]);
    assert_eq!(state.rights().one_time(token_id("t")).unwrap().used.held_by(), Some(&send_id(1)));
}

#[test]
fn a_right_is_forgotten_when_no_pack_lets_it_live_and_cannot_be_won_back() {
    let mut world = World::with_rights();
    world.ask(1, by(&once()));
    world.claim(1);
    world.settle(1, sent("m"));
    world.now = at(732 * DAY_MS - 1);
    world.ask(2, by(&once()));
    assert!(world.state.rights().one_time(token_id("t")).is_some());
    world.now = at(732 * DAY_MS);
    world.ask(3, by(&once()));
    assert!(world.state.rights().one_time(token_id("t")).is_none());
    world.take(vec![told(1, at(0), world.now, one_time("t", "shoes"))]);
    world.take(vec![told(2, at(0), world.now, commented("c", CommentVerb::Add))]);
    assert!(world.state.rights().one_time(token_id("t")).is_none());
    assert!(world.state.rights().reply(&comment_id("c")).is_none());
}

/// Something that a worker, a caller, the person or the platform does.
#[derive(Clone, Debug)]
enum Act {
    Ask { right: Right, actor: Actor },
    Claim(u128),
    Settle(u128, Outcome),
    Echo(u128),
    Wrote,
    Pause(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let right = prop::sample::select(vec![once(), once(), often(), reply()]);
    let actor = prop::sample::select(vec![Actor::Bot, Actor::Automation, Actor::Broadcast]);
    let outcome = prop_oneof![
        3 => Just(sent("m")),
        2 => Just(Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message }),
        1 => Just(Outcome::Retrying { not_before: at(0), code: 4 }),
        1 => Just(Outcome::NotSent { not_before: at(0) }),
        2 => Just(Outcome::Unknown),
        1 => Just(Outcome::Unresolved),
    ];
    prop_oneof![
        4 => (right, actor).prop_map(|(right, actor)| Act::Ask { right, actor }),
        4 => (1..8_u128).prop_map(Act::Claim),
        4 => (1..8_u128, outcome).prop_map(|(n, outcome)| Act::Settle(n, outcome)),
        1 => (1..8_u128).prop_map(Act::Echo),
        1 => Just(Act::Wrote),
        2 => prop::sample::select(vec![1, DAY_MS, 3 * DAY_MS, 30 * DAY_MS]).prop_map(Act::Pause),
    ]
}

fn world_after(acts: Vec<Act>) -> World {
    let mut world = World::with_rights();
    let mut n_asked = 0;
    for act in acts {
        match act {
            Act::Ask { right, actor } => {
                n_asked += 1;
                world.ask(n_asked, Intent { actor, ..by(&right) });
            }
            Act::Claim(n) => drop(world.claim(n)),
            // Workers tell the truth: what the platform refused did not go out.
            Act::Settle(n, outcome) => {
                if !matches!(world.status(n), Some(Status::Rejected { .. })) {
                    world.settle(n, outcome);
                }
            }
            // An echo comes of what may be out, and not of what the platform refused.
            Act::Echo(n) => {
                if matches!(
                    world.status(n),
                    Some(Status::Dispatched { .. } | Status::Unknown { .. } | Status::Unresolved)
                ) {
                    let event = told(1_000 + n, world.now, world.now, echo(Some(send_id(n)), "m"));
                    world.take(vec![event]);
                }
            }
            Act::Wrote => world.take(vec![heard(world.now, message())]),
            Act::Pause(ms) => world.now = world.now.plus(crate::time::Span::from_millis(ms)),
        }
    }
    world
}

proptest! {
    #[test]
    fn invariant_06_a_token_and_a_private_reply_are_used_at_most_once_whatever_races(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let world = world_after(acts);
        for right in [once(), reply()] {
            let all = world.all();
            let may_be_out = all.values().filter(|send| {
                let uses = send.decision.as_ref().is_some_and(|decision| decision.right.as_ref() == Some(&right));
                let is_dispatched = matches!(send.status, Status::Dispatched { .. } | Status::Unknown { .. });
                uses && (is_dispatched || matches!(send.status, Status::Sent { .. } | Status::Unresolved))
            });
            prop_assert!(may_be_out.count() <= 1);
        }
    }

    #[test]
    fn invariant_06_messages_by_one_recurring_token_are_a_pause_apart(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let world = world_after(acts);
        let all = world.all();
        let mut claimed: Vec<_> = world.log.iter().filter_map(|event| {
            let Event::Sending(step) = event else { return None };
            let SendingKind::Dispatched { decision, .. } = &step.kind else { return None };
            let is_out = matches!(all.get(&step.send)?.status, Status::Sent { .. });
            (is_out && decision.right == Some(often())).then_some((step.send.clone(), step.at))
        }).collect();
        claimed.dedup_by_key(|(send, _)| send.clone());
        for pair in claimed.windows(2) {
            let is_apart = pair[1].1.since(pair[0].1).as_millis() >= DAY_MS;
            prop_assert!(pair[0].0 == pair[1].0 || is_apart, "{pair:?}");
        }
    }

    #[test]
    fn invariant_04_every_claim_names_a_permission_and_ends_with_it(acts in prop::collection::vec(act(), 1..60)) {
        let world = world_after(acts);
        for event in &world.log {
            let Event::Sending(step) = event else { continue };
            if let SendingKind::Dispatched { decision, leave_by, .. } = &step.kind {
                prop_assert!(decision.route().is_some() && decision.at == step.at);
                prop_assert!(decision.holds_until.is_none_or(|end| *leave_by <= end));
            }
        }
    }

    #[test]
    fn invariant_05_no_sequence_of_commands_gives_a_program_the_staffs_way(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let world = world_after(acts);
        for (_, send) in world.state.sends() {
            prop_assert_ne!(send.decision.as_ref().and_then(|decision| decision.route()), Some(Route::HumanAgent));
        }
    }
}

#[test]
fn the_mid_of_a_used_right_is_known() {
    let mut world = World::with_rights();
    world.ask(1, by(&reply()));
    world.claim(1);
    world.settle(1, sent("m"));
    assert_eq!(world.status(1).and_then(Status::sent).map(|(named, _)| named), Some(&mid("m")));
}
