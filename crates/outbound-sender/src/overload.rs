//! A Page that is asked for ten times what it may send, played through with the real queue and the real pace, and without
//! log, table, network or clock: what share of the messages makes its window.

use crate::pace::{Limits, Pace};
use crate::queue::{Next, Queue, Worked};
use domain::id::{PageId, PersonKey, SendId, StreamId};
use domain::send::Class;
use domain::time::{Span, Timestamp};
use sql::outbox::Waiting;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;
use uuid::Uuid;

/// The limits of a Page as every rule pack has them.
const LIMITS: Limits = Limits { all: 40, media: 10, private_replies: 750 };
/// How long ten times as much is asked for.
const ASKED_MS: u64 = 5_000;
/// How many messages that makes.
const ASKED: u64 = 10 * 40 * ASKED_MS / 1_000;
/// Everybody gets two of them, more or less.
const PEOPLE: u64 = ASKED / 2;
/// The shortest window that is left to a message, whatever its class, and how often that is doubled for the longest.
const SHORTEST_MS: u64 = 250;
const DOUBLINGS: u64 = 7;
/// By then every window is closed.
const END_MS: u64 = ASKED_MS + (SHORTEST_MS << DOUBLINGS);
/// How finely time is played, and how often it is looked for what comes too late.
const TICK_MS: u64 = 5;
const SHED_EVERY_MS: u64 = 250;

/// In which order the messages of a Page leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The sender's own: people before programs before broadcasts, in each the earliest end first, and what cannot make its
    /// end given up at once.
    Urgency,
    /// As they were asked for. What is over when its turn comes takes no place.
    FirstInFirstOut,
}

/// How much of their windows is left to the messages, from [`SHORTEST_MS`] to that doubled [`DOUBLINGS`] times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// As many short ones as long ones, as of people of whom some wrote just now and some long ago.
    Doubling,
    /// Any length is as likely as any other. Were the longest at most 16 s, first in, first out would make up to a
    /// twenty-fifth more on some seeds: people's messages, and those before an urgent one in its conversation, leave before
    /// others that cannot wait as long.
    Uniform,
}

impl Windows {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Doubling, Self::Uniform];
}

/// What share of the messages leaves before its end. The same seed gives the same messages in either order.
pub fn share_in_time(seed: u64, windows: Windows, order: Order) -> f64 {
    let asked = asked(seed, windows);
    let n_asked = asked.len();
    let n_made = match order {
        Order::Urgency => by_urgency(asked),
        Order::FirstInFirstOut => first_in_first_out(asked),
    };
    n_made as f64 / n_asked as f64
}

/// A message that is asked for.
struct Asked {
    at_ms: u64,
    row: Waiting,
}

/// `SplitMix64`: a few lines, the same numbers on every machine, and good enough to draw messages.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }
}

const fn moment(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms.cast_signed())
}

/// The messages, by when they are asked for: a tenth are people's answers, half are broadcasts.
fn asked(seed: u64, windows: Windows) -> VecDeque<Asked> {
    let mut dice = Dice(seed);
    let page = PageId::parse("1001").expect("digits are a Page's id");
    let one = |number: u64| {
        let at_ms = number * ASKED_MS / ASKED;
        let class = match dice.below(10) {
            0 => Class::Person,
            1..5 => Class::Automation,
            _ => Class::Broadcast,
        };
        let window_ms = match windows {
            Windows::Doubling => {
                let least_ms = SHORTEST_MS << dice.below(DOUBLINGS);
                least_ms + dice.below(least_ms)
            }
            Windows::Uniform => SHORTEST_MS + dice.below((SHORTEST_MS << DOUBLINGS) - SHORTEST_MS),
        };
        let ends_ms = at_ms + window_ms;
        let person = PersonKey::from_bytes(u128::from(dice.below(PEOPLE)).to_be_bytes());
        let row = Waiting {
            send: SendId::new(page.clone(), person, Uuid::from_u128(number.into())),
            page: page.clone(),
            class,
            deadline: moment(ends_ms),
            not_before: moment(at_ms),
            is_held: false,
            stream: StreamId::Conversation(page.clone(), person),
            position: number + 1,
        };
        Asked { at_ms, row }
    };
    (0..ASKED).map(one).collect()
}

fn moments() -> impl Iterator<Item = u64> {
    (0..=END_MS).step_by(usize::try_from(TICK_MS).unwrap_or(1))
}

fn first_in_first_out(mut asked: VecDeque<Asked>) -> usize {
    let (pace, mut n_made) = (Pace::fresh(), 0);
    for now_ms in moments() {
        let now = Duration::from_millis(now_ms);
        while asked.front().is_some_and(|first| first.at_ms <= now_ms) {
            if asked.front().is_some_and(|first| first.row.deadline <= moment(now_ms)) {
                asked.pop_front();
                continue;
            }
            let Ok(permit) = pace.permit(LIMITS, now) else { break };
            asked.pop_front();
            permit.wrote(now);
            permit.answered(now, now);
            n_made += 1;
        }
    }
    n_made
}

fn by_urgency(mut asked: VecDeque<Asked>) -> usize {
    let mut desk = Desk { queue: Queue::default(), pace: Pace::fresh(), conversations: HashMap::new(), n_made: 0 };
    for now_ms in moments() {
        while let Some(next) = asked.pop_front_if(|first| first.at_ms <= now_ms) {
            desk.ask(next.row);
        }
        desk.queue.wake(moment(now_ms));
        if now_ms % SHED_EVERY_MS == 0 {
            desk.shed(now_ms);
        }
        desk.work(now_ms);
    }
    desk.n_made
}

/// What is left of a desk without log, table, network and clock.
struct Desk {
    queue: Queue,
    pace: Pace,
    /// What waits in each conversation, in the order in which it leaves there.
    conversations: HashMap<StreamId, BTreeMap<(Class, u64), Waiting>>,
    n_made: usize,
}

impl Desk {
    fn ask(&mut self, row: Waiting) {
        self.queue.put(&row);
        let conversation = self.conversations.entry(row.stream.clone()).or_default();
        conversation.insert((row.class, row.position), row);
    }

    fn shed(&mut self, now_ms: u64) {
        let now = Duration::from_millis(now_ms);
        let turn = |n_ahead| {
            let turn = self.pace.turn(n_ahead, LIMITS, now);
            moment(u64::try_from(turn.as_millis()).unwrap_or(u64::MAX))
        };
        for late in self.queue.late(turn) {
            if self.queue.take(&late.stream) {
                if let Some(waiting) = self.conversations.get_mut(&late.stream) {
                    waiting.retain(|_, row| row.send != late.send);
                }
                self.worked(&late.stream, late.send, now_ms);
            }
        }
    }

    fn work(&mut self, now_ms: u64) {
        let now = Duration::from_millis(now_ms);
        while self.queue.n_waiting() > 0 {
            let Ok(permit) = self.pace.permit(LIMITS, now) else { return };
            let Some(stream) = self.queue.next() else { return };
            let first = self.conversations.get_mut(&stream).and_then(BTreeMap::pop_first);
            let Some((_, first)) = first else { continue };
            // What is over ends there, and leaves its permit to the next.
            if moment(now_ms) < first.deadline {
                permit.wrote(now);
                permit.answered(now, now);
                self.n_made += 1;
            }
            self.worked(&stream, first.send, now_ms);
        }
    }

    fn worked(&mut self, stream: &StreamId, send: SendId, now_ms: u64) {
        let is_over = self.conversations.get(stream).is_none_or(BTreeMap::is_empty);
        let next = if is_over { Next::Nothing } else { Next::Now };
        // Every message that is asked for later has a higher position.
        let worked = Worked { next, handled: Some(send), moved: None, revision: 0 };
        self.queue.worked(stream, &worked, moment(now_ms), Span::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_ten_times_the_rate_more_make_their_window_than_first_in_first_out_on_every_seed() {
        for windows in Windows::ALL {
            let (mut all, mut all_in_turn) = (0.0, 0.0);
            for seed in 0..20 {
                let share = |order| share_in_time(seed, windows, order);
                let (made, in_turn) = (share(Order::Urgency), share(Order::FirstInFirstOut));
                assert!(made >= in_turn, "{windows:?}, seed {seed}: {made} and {in_turn}");
                all += made;
                all_in_turn += in_turn;
            }
            assert!(all > all_in_turn, "{windows:?}: {all} and {all_in_turn}");
            // Neither stands still: what a Page may send in the time is used up.
            assert!(all_in_turn / 20.0 > 0.2, "{windows:?}: {all_in_turn}");
        }
    }

    #[test]
    fn the_same_seed_plays_the_same() {
        let share = || share_in_time(7, Windows::Doubling, Order::Urgency);
        assert_eq!(share(), share());
    }
}
