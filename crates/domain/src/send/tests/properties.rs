//! What holds of every send, whoever does what and when.

use crate::conversation::Conversation;
use crate::decision::{Actor, Purpose};
use crate::event::{Concern, Content, Event, InboundKind, Outcome, Recorded, SendingKind, Witness};
use crate::id::SendId;
use crate::send::left::looked_up;
use crate::send::{
    Guarantee, Handling, LEAVE_WITHIN, Patience, Refusal, Request, Step, cancel, claim, doubt, plan, request_beside,
    settle,
};
use crate::testing::{
    DAY_MS, PACK, PACKS, agent, at, claim_of, echo, facts, judged_by, message, mid, person, postback, record,
    request_id, says, send_id, told,
};
use crate::time::{Span, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const PATIENCE: Patience = Patience {
    answer: Span::from_secs(20),
    margin: Span::from_secs(5),
    echo: Span::from_secs(60),
    look: Some(Span::from_secs(10)),
};

/// Something that somebody does.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Hear(Box<InboundKind>),
    Request {
        send: u128,
        request: u128,
        actor: Actor,
    },
    /// A worker claims; should it get the claim, its message reaches the platform or does not.
    Claim {
        send: u128,
        is_taken: bool,
    },
    /// A worker records how an attempt of its own ended; what it knows is true, or it knows nothing.
    Answer {
        send: u128,
        attempt: u32,
        outcome: Outcome,
    },
    /// Somebody calls an attempt lost, rightly or not.
    Lose {
        send: u128,
        attempt: u32,
        outcome: Outcome,
    },
    /// The echo of a message that the platform took.
    Echo {
        send: u128,
        late_ms: i64,
    },
    /// Somebody does what is planned.
    Plan {
        is_taken: bool,
    },
    /// A caller does not want a send any more.
    Cancel {
        send: u128,
    },
    /// The log is brought back from a backup, without its last events.
    Restore {
        n_lost: usize,
    },
}

fn act() -> impl Strategy<Value = (Act, i64)> {
    let send = || 1..4_u128;
    let opens = prop::sample::select(vec![message(), postback()]);
    let actor = prop::sample::select(vec![Actor::Bot, Actor::Human(agent())]);
    let answer = prop::sample::select(vec![
        Outcome::Sent { mid: mid("m") },
        Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message },
        Outcome::Retrying { not_before: at(0), code: 613 },
        Outcome::NotSent { not_before: at(0) },
    ]);
    let loss = prop::sample::select(vec![Outcome::Unknown, Outcome::Unresolved]);
    let act = prop_oneof![
        2 => opens.prop_map(|kind| Act::Hear(Box::new(kind))),
        3 => (send(), 1..10_u128, actor).prop_map(|(send, request, actor)| Act::Request { send, request, actor }),
        4 => (send(), any::<bool>()).prop_map(|(send, is_taken)| Act::Claim { send, is_taken }),
        5 => (send(), 1..4_u32, answer).prop_map(|(send, attempt, outcome)| Act::Answer { send, attempt, outcome }),
        2 => (send(), 1..4_u32, loss).prop_map(|(send, attempt, outcome)| Act::Lose { send, attempt, outcome }),
        1 => (send(), -10_000..100_000_i64).prop_map(|(send, late_ms)| Act::Echo { send, late_ms }),
        4 => any::<bool>().prop_map(|is_taken| Act::Plan { is_taken }),
        1 => send().prop_map(|send| Act::Cancel { send }),
        1 => (0..6_usize).prop_map(|n_lost| Act::Restore { n_lost }),
    ];
    // Clocks of several machines: now and then a step back.
    let pass = prop_oneof![
        4 => 0..2_000_i64,
        2 => 0..40_000_i64,
        1 => -500..0_i64,
        // To just before the end of a window, where a claim has less than its three seconds.
        2 => DAY_MS - 4_000..DAY_MS + 1_000,
        1 => Just(6 * DAY_MS),
    ];
    (act, pass)
}

/// One conversation, its log, and what its log may not know.
#[derive(Default)]
pub(super) struct World {
    pub(super) log: Vec<Event>,
    pub(super) state: Conversation,
    now: Timestamp,
    /// Each claim, with its attempt, and whether the platform took its message.
    claims: Vec<(SendId, u32, bool)>,
    /// Every send ever asked for: whoever asks again does so under another id, also when the log forgot the first.
    asked: BTreeSet<u128>,
    /// How often the log was brought back without its end.
    n_restored: usize,
    /// The latest time that any clock showed.
    latest: Timestamp,
}

impl World {
    pub(super) fn after(acts: Vec<(Act, i64)>) -> Result<Self, TestCaseError> {
        let mut world = Self { now: at(0), ..Self::default() };
        for (act, pass_ms) in acts {
            world.now = world.now.plus(Span::from_millis(pass_ms));
            world.latest = world.latest.max(world.now);
            world.act(act)?;
        }
        Ok(world)
    }

    /// The record of the event at this place.
    fn recorded(log: &[Event], n: usize) -> Recorded<'_> {
        Recorded { record: record(n as u128), event: &log[n] }
    }

    fn append(&mut self, event: Event) {
        self.log.push(event);
        self.state.evolve(Self::recorded(&self.log, self.log.len() - 1));
    }

    /// Appends what a command answered; whether there was anything.
    fn take(&mut self, answer: Result<Vec<Event>, Refusal>) -> bool {
        let events = answer.unwrap_or_default();
        let is_news = !events.is_empty();
        events.into_iter().for_each(|event| self.append(event));
        is_news
    }

    fn claim(&mut self, send: &SendId, is_taken: bool) -> bool {
        let command = claim_of(send.clone(), self.log.len() as u128);
        let is_news = self.take(claim(&facts(&self.state), &PACKS, &command, self.now));
        if let Some(attempt) = self.log.last().filter(|_| is_news).and_then(attempt) {
            self.claims.push((send.clone(), attempt, is_taken));
        }
        is_news
    }

    fn settle(&mut self, send: &SendId, attempt: u32, outcome: Outcome) -> bool {
        self.take(settle(&self.state, send, attempt, outcome, self.now))
    }

    fn restore(&mut self, n_lost: usize) {
        self.n_restored += 1;
        self.log.truncate(self.log.len().saturating_sub(n_lost));
        // A request and its judgement are one record.
        let is_requested = |event: &Event| matches!(event, Event::Sending(step) if step.kind.as_str() == "requested");
        self.log.pop_if(|last| is_requested(last));
        self.state = Conversation::fold((0..self.log.len()).map(|n| Self::recorded(&self.log, n)));
        self.take(doubt(&self.state, self.latest, self.now));
    }

    fn request(&mut self, send: u128, name: u128, actor: Actor) {
        if self.state.send(&send_id(send)).is_none() && !self.asked.insert(send) {
            return;
        }
        let command = Request {
            send: send_id(send),
            recipient: person(),
            request: request_id(name),
            request_digest: [1; 16],
            intent: says(actor, Purpose::Conversation),
            content: Content::text("yes"),
            handling: self.handling(send),
            turn: None,
        };
        let left = looked_up(&self.log, &self.state, &command);
        self.take(left.and_then(|left| request_beside(&facts(&self.state), &PACKS, &command, &left, self.now)));
    }

    /// Send 2 is held while it is forbidden, and the person may have send 3 twice.
    fn handling(&self, send: u128) -> Handling {
        Handling {
            expires_at: (send == 2).then(|| self.now.plus(Span::from_millis(3 * DAY_MS))),
            guarantee: if send == 3 { Guarantee::AtLeastOnce } else { Guarantee::AtMostOnce },
            is_held: send == 2,
            ..Handling::default()
        }
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        match act {
            Act::Hear(kind) => self.append(told(self.log.len() as u128, self.now, self.now, *kind)),
            Act::Request { send, request, actor } => self.request(send, request, actor),
            Act::Claim { send, is_taken } => drop(self.claim(&send_id(send), is_taken)),
            Act::Answer { send, attempt, outcome } => {
                let is_taken = matches!(outcome, Outcome::Sent { .. });
                if self.claims.contains(&(send_id(send), attempt, is_taken)) {
                    self.settle(&send_id(send), attempt, outcome);
                }
            }
            Act::Lose { send, attempt, outcome } => drop(self.settle(&send_id(send), attempt, outcome)),
            Act::Echo { send, late_ms } => {
                let stated_at = self.now.plus(Span::from_millis(-late_ms));
                if self.n_taken(&send_id(send)) > 0 {
                    self.append(told(send, stated_at, self.now, echo(Some(send_id(send)), "m")));
                }
            }
            Act::Plan { is_taken } => match plan(&facts(&self.state), &PACKS, self.now, PATIENCE) {
                Step::Dispatch(send) => prop_assert!(self.claim(&send, is_taken), "what is planned can be claimed"),
                Step::Settle(send, attempt, outcome) => {
                    prop_assert!(self.settle(&send, attempt, outcome), "what is planned is news");
                }
                Step::LookUp { send, attempt, since, until } => {
                    prop_assert!(until.is_some_and(|until| self.now < until), "waits for the past");
                    let is_listed = is_taken && self.n_taken(&send) > 0;
                    let found = Outcome::Found { mid: mid("m"), at: since, by: Witness::Listing };
                    let outcome = if is_listed { found } else { Outcome::NotFound { since } };
                    prop_assert!(self.settle(&send, attempt, outcome), "what is planned is news");
                }
                Step::WaitUntil(then) => prop_assert!(self.now < then, "waits for the past"),
                Step::Idle => (),
            },
            Act::Cancel { send } => drop(self.take(cancel(&self.state, &send_id(send), self.now))),
            Act::Restore { n_lost } => self.restore(n_lost),
        }
        Ok(())
    }

    /// How many of the send's messages the platform took.
    fn n_taken(&self, send: &SendId) -> usize {
        self.claims.iter().filter(|(of, _, is_taken)| of == send && *is_taken).count()
    }
}

/// The attempt that the event claims, if it is a claim.
fn attempt(event: &Event) -> Option<u32> {
    let Event::Sending(step) = event else { return None };
    let SendingKind::Dispatched { attempt, .. } = &step.kind else { return None };
    Some(*attempt)
}

pub(super) fn acts() -> impl Strategy<Value = Vec<(Act, i64)>> {
    prop::collection::vec(act(), 0..60)
}

proptest! {
    #[test]
    fn invariant_04_a_claim_carries_an_allow_of_that_very_moment_and_state_that_outlasts_it(acts in acts()) {
        let world = World::after(acts)?;
        let mut before = Conversation::default();
        for (n, event) in world.log.iter().enumerate() {
            if let Event::Sending(step) = event
                && let SendingKind::Dispatched { leave_by, decision, .. } = &step.kind
            {
                let intent = &before.send(&step.send).unwrap().intent;
                prop_assert_eq!(&**decision, &judged_by(&PACK, &before, intent, step.at));
                prop_assert!(decision.route().is_some());
                prop_assert!(decision.holds_until.is_some_and(|end| *leave_by <= end));
                prop_assert!(step.at < *leave_by && *leave_by <= step.at.plus(LEAVE_WITHIN));
            }
            before.evolve(World::recorded(&world.log, n));
        }
    }

    /// Workers tell the truth or nothing here: an attempt that they call not sent did not go out.
    #[test]
    fn invariant_07_an_unknown_outcome_is_never_dispatched_again(acts in acts()) {
        let world = World::after(acts)?;
        let mut before = Conversation::default();
        let mut last_word = BTreeMap::new();
        let (mut is_out, mut was_unknown) = (BTreeSet::new(), BTreeSet::new());
        for (n, event) in world.log.iter().enumerate() {
            match event {
                Event::Sending(step) => {
                    if let SendingKind::Dispatched { attempt, .. } = step.kind {
                        let send = before.send(&step.send).unwrap();
                        prop_assert!(send.status.is_waiting(), "claimed: {:?}", send.status);
                        prop_assert_eq!(attempt, send.attempts + 1);
                        let last_word = last_word[&step.send];
                        prop_assert!(["accepted", "deferred", "retrying", "not_sent", "again"].contains(&last_word), "after {last_word}");
                        prop_assert!(!is_out.contains(&step.send), "claimed after it was known to be out");
                        let may_repeat = send.handling.guarantee == Guarantee::AtLeastOnce;
                        prop_assert!(may_repeat || !was_unknown.contains(&step.send), "claimed after it was unknown");
                    }
                    last_word.insert(step.send.clone(), step.kind.as_str());
                    match step.kind.as_str() {
                        "sent" | "found" => drop(is_out.insert(step.send.clone())),
                        "unknown" | "not_found" => drop(was_unknown.insert(step.send.clone())),
                        _ => (),
                    }
                }
                Event::Inbound(inbound) => {
                    if let InboundKind::Echo(echo) = &inbound.kind {
                        is_out.extend(echo.send.clone());
                    }
                }
                Event::Quarantined(_) | Event::Erasing(_) | Event::System(_) | Event::Right(_) | Event::Consent(_) | Event::Page(_) => (),
            }
            before.evolve(World::recorded(&world.log, n));
        }
        for (id, send) in world.state.sends() {
            // A log that was brought back has forgotten the tries that it lost, and owes one more again.
            let most = if send.handling.guarantee == Guarantee::AtLeastOnce { 2 * (1 + world.n_restored) } else { 1 };
            prop_assert!(world.n_taken(id) <= most, "written {} times", world.n_taken(id));
        }
    }

    #[test]
    fn doing_what_is_planned_when_it_is_due_brings_every_send_to_an_end(acts in acts()) {
        let mut world = World::after(acts)?;
        for _ in 0..100 {
            match plan(&facts(&world.state), &PACKS, world.now, PATIENCE) {
                Step::Idle => break,
                Step::WaitUntil(then) => world.now = then,
                Step::Dispatch(_) | Step::Settle(..) | Step::LookUp { .. } => world.act(Act::Plan { is_taken: true })?,
            }
        }
        for (_, send) in world.state.sends() {
            prop_assert!(send.status.is_final(), "left {:?}", send.status);
        }
    }
}
