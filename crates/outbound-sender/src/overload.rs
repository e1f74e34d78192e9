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
    /// The same in each class: people before programs before broadcasts.
    PeopleFirst,
}

/// How much of their windows is left to the messages, from [`SHORTEST_MS`] on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// As many short ones as long ones, as of people of whom some wrote just now and some long ago: up to the shortest
    /// doubled [`DOUBLINGS`] times, which is 32 s.
    Doubling,
    /// Any length up to this one, in milliseconds, is as likely as any other.
    Uniform(u64),
}

impl Windows {
    /// Each of them that is played.
    pub const ALL: [Self; 5] =
        [Self::Doubling, Self::Uniform(4_000), Self::Uniform(8_000), Self::Uniform(16_000), Self::Uniform(32_000)];

    const fn longest_ms(self) -> u64 {
        match self {
            Self::Doubling => SHORTEST_MS << DOUBLINGS,
            Self::Uniform(longest_ms) => longest_ms,
        }
    }

    fn draw_ms(self, dice: &mut Dice) -> u64 {
        match self {
            Self::Doubling => {
                let least_ms = SHORTEST_MS << dice.below(DOUBLINGS);
                least_ms + dice.below(least_ms)
            }
            Self::Uniform(longest_ms) => SHORTEST_MS + dice.below(longest_ms - SHORTEST_MS),
        }
    }
}

/// Whose messages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classes {
    /// A tenth are people's answers, half are broadcasts.
    Mixed,
    /// All are broadcasts, so that nobody goes before others for being a person.
    One,
}

/// The messages that a Page is asked for. The same seed gives the same ones in any order.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// What they are drawn from.
    pub seed: u64,
    /// How long they can wait.
    pub windows: Windows,
    /// Whose they are.
    pub classes: Classes,
}

/// How many messages left before their end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InTime(BTreeMap<Class, usize>);

impl InTime {
    /// Their share of all that was asked for.
    pub fn share(&self) -> f64 {
        self.0.values().sum::<usize>() as f64 / ASKED as f64
    }

    fn count(&mut self, row: &Waiting) {
        *self.0.entry(row.class).or_default() += 1;
    }
}

/// Plays the messages of a mix in this order.
pub fn in_time(mix: &Mix, order: Order) -> InTime {
    let asked = mix.asked();
    let moments = mix.moments();
    match order {
        Order::Urgency => by_urgency(asked, moments),
        Order::FirstInFirstOut => in_turn(asked, moments, |_| 0),
        Order::PeopleFirst => in_turn(asked, moments, |row| row.class as usize),
    }
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

impl Mix {
    /// The messages, by when they are asked for.
    fn asked(&self) -> VecDeque<Asked> {
        let mut dice = Dice(self.seed);
        let page = PageId::parse("1001").expect("digits are a Page's id");
        let one = |number: u64| {
            let at_ms = number * ASKED_MS / ASKED;
            let class = match (dice.below(10), self.classes) {
                (0, Classes::Mixed) => Class::Person,
                (1..5, Classes::Mixed) => Class::Automation,
                (_, Classes::Mixed | Classes::One) => Class::Broadcast,
            };
            let ends_ms = at_ms + self.windows.draw_ms(&mut dice);
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

    /// When anything is done, until every window is closed.
    fn moments(&self) -> impl Iterator<Item = u64> + use<> {
        let end_ms = ASKED_MS + self.windows.longest_ms();
        (0..=end_ms).step_by(usize::try_from(TICK_MS).unwrap_or(1))
    }
}

/// Lets the messages of each line leave as they were asked for, those of the first line before all others.
fn in_turn(
    mut asked: VecDeque<Asked>,
    moments: impl Iterator<Item = u64>,
    line_of: impl Fn(&Waiting) -> usize,
) -> InTime {
    let (pace, mut made) = (Pace::fresh(), InTime::default());
    let mut lines: [VecDeque<Waiting>; 3] = Default::default();
    for now_ms in moments {
        let now = Duration::from_millis(now_ms);
        while let Some(next) = asked.pop_front_if(|first| first.at_ms <= now_ms) {
            lines[line_of(&next.row)].push_back(next.row);
        }
        for line in &mut lines {
            while let Some(first) = line.front() {
                if moment(now_ms) < first.deadline {
                    let Ok(permit) = pace.permit_at_once(LIMITS, now) else { break };
                    permit.wrote(now);
                    permit.answered(now, now);
                    made.count(first);
                }
                line.pop_front();
            }
        }
    }
    made
}

fn by_urgency(mut asked: VecDeque<Asked>, moments: impl Iterator<Item = u64>) -> InTime {
    let (queue, pace, made) = (Queue::default(), Pace::fresh(), InTime::default());
    let mut desk = Desk { queue, pace, conversations: HashMap::new(), made };
    for now_ms in moments {
        while let Some(next) = asked.pop_front_if(|first| first.at_ms <= now_ms) {
            desk.ask(next.row);
        }
        desk.queue.wake(moment(now_ms));
        if now_ms % SHED_EVERY_MS == 0 {
            desk.shed(now_ms);
        }
        desk.work(now_ms);
    }
    desk.made
}

/// What is left of a desk without log, table, network and clock.
struct Desk {
    queue: Queue,
    pace: Pace,
    /// What waits in each conversation, in the order in which it leaves there.
    conversations: HashMap<StreamId, BTreeMap<(Class, u64), Waiting>>,
    made: InTime,
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
            let Ok(permit) = self.pace.permit_at_once(LIMITS, now) else { return };
            let Some(stream) = self.queue.next() else { return };
            let first = self.conversations.get_mut(&stream).and_then(BTreeMap::pop_first);
            let Some((_, first)) = first else { continue };
            // What is over ends there, and leaves its permit to the next.
            if moment(now_ms) < first.deadline {
                permit.wrote(now);
                permit.answered(now, now);
                self.made.count(&first);
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
mod tests;
