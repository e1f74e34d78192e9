//! A state that forgets sends, beside one that forgets nothing.

use crate::conversation::Conversation;
use crate::decision::{Actor, Intent, Purpose};
use crate::evaluate::{Facts, judge};
use crate::event::{Concern, Content, Event, Outcome, Recorded, SendingKind};
use crate::id::{BusinessKey, SendId};
use crate::pack::{BUILT_IN, Pack, Packs};
use crate::send::left::looked_up;
use crate::send::{
    Handling, Patience, Refusal, Request, Send, all_of, cancel, claim, one_of, plan, request, request_beside, settle,
};
use crate::testing::{
    DAY_MS, accepted, at, blocked, claim_of, dispatched, echo, facts, fold, heard, message, mid, person, record,
    request_id, requested, requested_by, send_id, sent, settled, told,
};
use crate::time::{Span, Timestamp};
use proptest::prelude::*;
use std::sync::LazyLock;

const HOUR_MS: i64 = 3_600_000;
const PATIENCE: Patience =
    Patience { answer: Span::from_secs(20), margin: Span::from_secs(5), echo: Span::from_secs(60), look: None };
const REJECTED: Outcome = Outcome::Rejected { code: 100, subcode: 33, concern: Concern::Message };

/// A pack that counts messages over the longest span there is.
static PACKS: LazyLock<Packs> = LazyLock::new(|| {
    let cap = "\n[frequency]\nmost = 5\nwithin = \"31d\"\n\n[thread]\n";
    Packs::of([Pack::parse("test", &BUILT_IN[0].1.replace("\n[thread]\n", cap)).unwrap()]).unwrap()
});

/// A send that was asked for and claimed at noon, and what came then.
fn claimed_and(rest: &[Event]) -> Vec<Event> {
    [&[requested(1, at(0)), accepted(1, at(0)), dispatched(1, at(0), 1)], rest].concat()
}

/// Whether send 1 is still there when another is asked for at this moment.
fn is_kept(history: &[Event], now: Timestamp) -> bool {
    let state = fold(&[history, &[requested(2, now)]].concat());
    assert_eq!(state.send_of_request(&request_id(1)).is_some(), state.send(&send_id(1)).is_some());
    assert_eq!(state.floor(), u64::from(state.send(&send_id(1)).is_none()));
    state.send(&send_id(1)).is_some()
}

/// Send 1 ended at one second, and stays for as many days after that.
#[track_caller]
fn check_kept(history: &[Event], days: i64) {
    assert!(is_kept(history, at(1_000 + days * DAY_MS - 1)));
    assert!(!is_kept(history, at(1_000 + days * DAY_MS)));
}

#[test]
fn a_send_of_which_nothing_more_is_to_be_told_stays_for_two_days() {
    check_kept(&claimed_and(&[settled(1, at(1_000), 1, sent("m"))]), 2);
    check_kept(&claimed_and(&[told(9, at(1_000), at(5_000), echo(Some(send_id(1)), "m"))]), 2);
    check_kept(&[requested(1, at(0)), blocked(1, at(1_000))], 2);
    let cancelled = crate::testing::step(1, at(1_000), SendingKind::Cancelled);
    check_kept(&[requested(1, at(0)), accepted(1, at(0)), cancelled], 2);
}

#[test]
fn a_send_that_an_echo_would_make_another_stays_for_31_days() {
    let (unknown, unresolved) =
        (settled(1, at(500), 1, Outcome::Unknown), settled(1, at(1_000), 1, Outcome::Unresolved));
    check_kept(&claimed_and(&[unknown, unresolved]), 31);
    check_kept(&claimed_and(&[settled(1, at(1_000), 1, REJECTED)]), 31);
    let later = Outcome::Retrying { not_before: at(700), code: 613 };
    check_kept(&claimed_and(&[settled(1, at(500), 1, later), blocked(1, at(1_000))]), 31);
}

#[test]
fn a_send_that_has_not_ended_stays() {
    let unknown = settled(1, at(1_000), 1, Outcome::Unknown);
    for rest in [vec![], vec![unknown]] {
        assert!(is_kept(&claimed_and(&rest), at(400 * DAY_MS)));
    }
    assert!(is_kept(&[requested(1, at(0)), accepted(1, at(0))], at(400 * DAY_MS)));
}

#[test]
fn a_send_that_ends_when_its_span_is_over_leaves_at_once() {
    let mut history = claimed_and(&[settled(1, at(1_000), 1, Outcome::Unknown), requested(2, at(10 * DAY_MS))]);
    assert!(fold(&history).send(&send_id(1)).is_some());
    history.push(told(9, at(500), at(11 * DAY_MS), echo(Some(send_id(1)), "m")));
    assert!(fold(&history).send(&send_id(1)).is_none());
    // Its records tell what became of it.
    let send = one(&history, 1).unwrap();
    assert_eq!(send.status.sent(), Some((&mid("m"), at(500))));
}

#[test]
fn ten_thousand_sends_over_days_leave_a_state_of_those_of_the_last_two() {
    let minutes = 15;
    let mut state = Conversation::default();
    let mut most = 0;
    for n in 0..10_000 {
        let now = at(n * minutes * 60_000);
        let send = u128::try_from(n).unwrap();
        let events = [
            requested_by(send, now, Actor::Automation),
            accepted(send, now),
            dispatched(send, now, 1),
            settled(send, now, 1, sent(&format!("m-{n}"))),
        ];
        events.iter().for_each(|event| state.evolve(Recorded { record: record(send), event }));
        most = most.max(state.sends().count());
        assert_eq!(state.requests.len(), state.sends.len());
    }
    let a_day = usize::try_from(24 * 60 / minutes).unwrap();
    assert!(most <= 2 * a_day + 5, "{most} sends at a time");
    assert!(state.counted().count() <= 31 * a_day + 5);
    assert_eq!(state.n_requested, 10_000);
}

#[test]
fn a_late_echo_moves_the_use_of_a_right_whose_send_has_left() {
    use crate::testing::{one_time, token_id};
    let right = crate::right::Right::OneTime(token_id("t"));
    let mut accept = accepted(1, at(0));
    let Event::Sending(step) = &mut accept else { panic!("a judgement is a step of a send") };
    let SendingKind::Accepted { decision } = &mut step.kind else { panic!("it was made as one") };
    decision.right = Some(right);
    let given = heard(at(0), one_time("t", "shoes"));
    let mut history = vec![given, requested(1, at(0)), accept];
    // The claim is judged like that too.
    let mut claimed = dispatched(1, at(0), 1);
    if let Event::Sending(step) = &mut claimed
        && let SendingKind::Dispatched { decision, .. } = &mut step.kind
    {
        decision.right = Some(crate::right::Right::OneTime(token_id("t")));
    }
    history.extend([claimed, settled(1, at(2_000), 1, sent("m")), requested(2, at(10 * DAY_MS))]);
    assert!(fold(&history).send(&send_id(1)).is_none());
    let used = |history: &[Event]| fold(history).rights().one_time(token_id("t")).unwrap().used.used().unwrap().1;
    assert_eq!(used(&history), at(2_000));
    history.push(told(9, at(500), at(11 * DAY_MS), echo(Some(send_id(1)), "m")));
    assert_eq!(used(&history), at(500));
}

fn one(history: &[Event], n: u128) -> Option<Send> {
    one_of(recorded(history), &send_id(n))
}

fn recorded(history: &[Event]) -> impl Iterator<Item = Recorded<'_>> {
    history.iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event })
}

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Act {
    Hear,
    /// Under a new request id, or that of an earlier one; and to tell something new or old, or nothing by name.
    Ask {
        again: Option<u8>,
        key: Option<u8>,
        actor: Actor,
        body: u8,
    },
    /// A worker claims the first that waits.
    Claim,
    /// An attempt of a send that is under way or unknown ends so.
    Settle(Outcome),
    Cancel,
    /// The echo of an earlier send.
    Echo(u8),
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let actor = prop::sample::select(vec![Actor::Bot, Actor::Automation, Actor::Broadcast]);
    let outcome = prop::sample::select(vec![
        sent("m"),
        sent("m"),
        REJECTED,
        Outcome::NotSent { not_before: at(0) },
        Outcome::Unknown,
        Outcome::Unresolved,
    ]);
    let pass =
        prop_oneof![1..HOUR_MS, Just(HOUR_MS), 1..3 * DAY_MS, Just(2 * DAY_MS), Just(31 * DAY_MS), 1..40 * DAY_MS,];
    prop_oneof![
        2 => Just(Act::Hear),
        6 => (prop::option::weighted(0.3, any::<u8>()), prop::option::of(0..4_u8), actor, 0..2_u8)
            .prop_map(|(again, key, actor, body)| Act::Ask { again, key, actor, body }),
        4 => Just(Act::Claim),
        4 => outcome.prop_map(Act::Settle),
        1 => Just(Act::Cancel),
        2 => any::<u8>().prop_map(Act::Echo),
        4 => pass.prop_map(Act::Pass),
    ]
}

/// One log, folded twice.
struct World {
    log: Vec<Event>,
    bounded: Conversation,
    whole: Conversation,
    now: Timestamp,
    n_asked: u8,
}

impl World {
    fn new() -> Self {
        let mut whole = Conversation::default();
        whole.past.keeps_all = true;
        Self { log: Vec::new(), bounded: Conversation::default(), whole, now: at(0), n_asked: 0 }
    }

    fn append(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.log.push(event);
            let n = self.log.len() as u128;
            let recorded = Recorded { record: record(n), event: &self.log[self.log.len() - 1] };
            self.bounded.evolve(recorded);
            self.whole.evolve(recorded);
        }
    }

    /// What both states answer, which must be the same.
    fn both(&mut self, decide: impl Fn(&Facts<'_>) -> Result<Vec<Event>, Refusal>) -> Result<(), TestCaseError> {
        let answer = decide(&facts(&self.bounded));
        prop_assert_eq!(&answer, &decide(&facts(&self.whole)));
        self.append(answer.unwrap_or_default());
        Ok(())
    }

    fn ask(&mut self, again: Option<u8>, key: Option<u8>, actor: Actor, body: u8) -> Result<(), TestCaseError> {
        let name = again.map_or(self.n_asked, |again| again % (self.n_asked + 1));
        let key = key.map(|key| BusinessKey::parse(&format!("order-{key}")).unwrap());
        let command = Request {
            send: send_id(self.log.len() as u128),
            recipient: person(),
            request: request_id(name.into()),
            request_digest: [body; 16],
            intent: Intent::new(actor, Purpose::Conversation),
            content: Content::text("yes"),
            handling: Handling { key, ..Handling::default() },
            turn: None,
        };
        self.n_asked = self.n_asked.saturating_add(1);
        let expected = request(&facts(&self.whole), &PACKS, &command, self.now);
        let answer = match request(&facts(&self.bounded), &PACKS, &command, self.now) {
            Err(Refusal::Forgotten { floor }) => {
                prop_assert_eq!(floor, self.bounded.floor());
                looked_up(&self.log, &self.bounded, &command)
                    .and_then(|left| request_beside(&facts(&self.bounded), &PACKS, &command, &left, self.now))
            }
            answer => answer,
        };
        prop_assert_eq!(&answer, &expected);
        self.append(answer.unwrap_or_default());
        Ok(())
    }

    /// A send of the whole state, as the log counts them.
    fn first(&self, wanted: impl Fn(&Send) -> bool) -> Option<SendId> {
        self.whole.sends().find(|(_, send)| wanted(send)).map(|(id, _)| id.clone())
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        let now = self.now;
        match act {
            Act::Hear => self.append([heard(now, message())]),
            Act::Ask { again, key, actor, body } => self.ask(again, key, actor, body)?,
            Act::Claim => {
                if let Some(id) = self.first(|send| send.status.is_waiting()) {
                    let command = claim_of(id, self.log.len() as u128);
                    self.both(|facts| claim(facts, &PACKS, &command, now))?;
                }
            }
            Act::Settle(outcome) => {
                let is_open = |send: &Send| send.attempts > 0 && !send.status.is_final() && !send.status.is_waiting();
                if let Some(id) = self.first(is_open) {
                    let attempt = self.whole.send(&id).unwrap().attempts;
                    self.both(|facts| settle(facts.conversation, &id, attempt, outcome.clone(), now))?;
                }
            }
            Act::Cancel => {
                if let Some(id) = self.first(|send| send.status.is_waiting()) {
                    self.both(|facts| cancel(facts.conversation, &id, now))?;
                }
            }
            Act::Echo(which) => self.echo(which),
            Act::Pass(ms) => self.now = now.plus(Span::from_millis(ms)),
        }
        Ok(())
    }

    /// The echo of a send that was claimed; not of one that came to nothing and has left: it would be later than any.
    fn echo(&mut self, which: u8) {
        let claimed: Vec<_> = self.whole.sends().filter(|(_, send)| send.attempts > 0).collect();
        let Some((id, send)) = claimed.get(usize::from(which) % claimed.len().max(1)) else { return };
        if self.bounded.send(id).is_none() && send.status.came_to_nothing() {
            return;
        }
        let claimed_at = self.log.iter().rev().find_map(|event| {
            let Event::Sending(step) = event else { return None };
            (step.send == **id && step.kind.as_str() == "dispatched").then_some(step.at)
        });
        let event = told(which.into(), claimed_at.unwrap(), self.now, echo(Some((*id).clone()), "m"));
        self.append([event]);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        // What both know, they know alike; what has left has ended.
        for (id, send) in self.whole.sends() {
            match self.bounded.send(id) {
                Some(known) => prop_assert_eq!(known, send),
                None => prop_assert!(send.status.is_final() && send.order < self.bounded.floor()),
            }
        }
        prop_assert_eq!(self.bounded.rights(), self.whole.rights());
        prop_assert_eq!(self.bounded.reach(), self.whole.reach());
        let steps = [&self.bounded, &self.whole].map(|state| plan(&facts(state), &PACKS, self.now, PATIENCE));
        prop_assert_eq!(&steps[0], &steps[1]);
        let intent = Intent::new(Actor::Automation, Purpose::Conversation);
        let decisions = [&self.bounded, &self.whole].map(|state| judge(&PACKS, &facts(state), &intent, self.now));
        prop_assert_eq!(&decisions[0], &decisions[1]);
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_state_that_forgets_answers_as_one_that_forgets_nothing(acts in prop::collection::vec(act(), 0..80)) {
        let mut world = World::new();
        for act in acts {
            world.act(act)?;
            world.check()?;
        }
        // Each send's own records tell what became of it.
        let alone = all_of(recorded(&world.log));
        prop_assert_eq!(alone.len(), world.whole.sends().count());
        for (id, send) in world.whole.sends() {
            let of_log = one_of(recorded(&world.log), id).unwrap();
            prop_assert_eq!(&alone[id], send);
            prop_assert_eq!(&Send { order: send.order, ..of_log }, send);
        }
    }
}
