//! One state of everything there is, and what must hold in it.

use crate::book::{Attempt, Book, Now, Written};
use crate::environment;
use crate::explore::Model;
use crate::scenario::{Guard, Scenario};
use crate::worker::{self, Phase, Worker};
use domain::send::{Guarantee, Status};

/// How often a send is claimed at most. Beyond it nothing is looked at: time would have to pass for every one of them.
pub(crate) const MOST_ATTEMPTS: u8 = 3;

/// What can happen next. Workers are alike, so that it does not matter which is called the first.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what an action names is read in a counterexample, by its Debug")]
pub(crate) enum Action {
    /// A worker takes its next step, or another thing happens to it.
    Worker(u8, worker::Move),
    /// Something happens around them.
    Around(environment::Move),
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) tick: u8,
    /// The conversation as it stands in the log.
    pub(crate) log: Now,
    pub(crate) lease: Lease,
    pub(crate) workers: [Worker; 2],
    pub(crate) fates: [Fate; 2],
    /// A record of a killed process that is still on its way to the log.
    pub(crate) orphan: Option<Written>,
    /// The log as it was backed up.
    pub(crate) backup: Option<Now>,
    /// The tick in which it was brought back.
    pub(crate) restored: Option<u8>,
    pub(crate) kills: u8,
    pub(crate) refusals: u8,
    pub(crate) cancels: u8,
    /// The tick in which somebody wrote the same in the inbox, and whether the echo of that was told.
    pub(crate) inbox: Option<u8>,
    pub(crate) is_inbox_echoed: bool,
    /// What must not be, and happened.
    pub(crate) broken: Option<&'static str>,
}

/// The row of the lease in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Lease {
    /// Who has it, or had it and did not give it back.
    pub(crate) holder: Option<u8>,
    /// The tick from which on anybody may take it.
    pub(crate) until: u8,
}

/// What became of a send outside of the log: one bit for each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Fate {
    /// Bytes left, and the platform did not say that it refuses them.
    pub(crate) out: u8,
    /// Those of them that are on their way and may still arrive.
    pub(crate) under_way: u8,
    /// Those that arrived.
    pub(crate) arrived: u8,
    /// Those whose echo was told, and was told twice.
    pub(crate) echoed: [u8; 2],
    /// The tick in which the first attempt arrived, where the platform is asked for that.
    pub(crate) stamped: u8,
}

impl Fate {
    pub(crate) const fn bit(attempt: Attempt) -> u8 {
        1 << attempt.1
    }
}

/// The model: two workers who share a Page.
pub(crate) struct Senders {
    pub(crate) scenario: Scenario,
    pub(crate) book: Book,
    start: Now,
}

impl Senders {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let (book, start) = Book::of(&scenario);
        Self { scenario, book, start }
    }

    pub(crate) fn lacks(&self, guard: Guard) -> bool {
        self.scenario.without == Some(guard)
    }

    pub(crate) fn n_sends(&self) -> u8 {
        u8::try_from(self.scenario.sends.len()).expect("one or two")
    }

    /// A record comes into the log. Whoever decided on what was there before is too late from then on.
    pub(crate) fn append(&mut self, world: &mut World, written: Written) {
        let before = world.log;
        world.log = self.book.evolve(before, written);
        self.compare(world, before);
        if self.lacks(Guard::ExpectedRevision) {
            return;
        }
        world.orphan = None;
        for worker in &mut world.workers {
            if let Phase::Appending { is_stored: false, is_late, .. } = &mut worker.phase {
                *is_late = true;
            }
        }
    }

    /// What a record may not do to a send.
    fn compare(&self, world: &mut World, before: Now) {
        for send in 0..self.n_sends() {
            let (was, is) = (self.book.send(before, send), self.book.send(world.log, send));
            if was.status == is.status {
                continue;
            }
            let fate = world.fates[usize::from(send)];
            let is_tried_again = is.status.is_waiting() || matches!(is.status, Status::Dispatched { .. });
            let is_once = is.handling.guarantee == Guarantee::AtMostOnce;
            if is_once && matches!(was.status, Status::Unknown { .. }) && is_tried_again {
                world.broken = Some("a send of unknown outcome is tried again");
            }
            let attempt = (send, u8::try_from(is.attempts).expect("there are few"));
            let is_taken_back = matches!(was.status, Status::Dispatched { .. }) && is.status.is_waiting();
            if is_taken_back && fate.out & Fate::bit(attempt) != 0 {
                world.broken = Some("the log says that an attempt came to nothing, and it may be out");
            }
            if is.status.came_to_nothing() && fate.out != 0 {
                world.broken = Some("the log says that a send came to nothing, and it may be out");
            }
        }
    }

    /// What must not be when the bytes of an attempt leave. `is_at_once`: no tick passed since the last look.
    pub(crate) fn writes(&self, world: &mut World, worker: u8, attempt: Attempt, is_at_once: bool) {
        let send = attempt.0;
        let asked = self.scenario.sends[usize::from(send)];
        let most = match asked.guarantee {
            Guarantee::AtMostOnce => 1,
            Guarantee::AtLeastOnce => 2,
        };
        world.fates[usize::from(send)].out |= Fate::bit(attempt);
        world.fates[usize::from(send)].under_way |= Fate::bit(attempt);
        if world.fates[usize::from(send)].out.count_ones() > most {
            world.broken = Some("a send is written to the wire too often");
        }
        let by_token = world.fates.iter().zip(&self.scenario.sends).filter(|(_, asked)| asked.by_token);
        if by_token.map(|(fate, _)| fate.out.count_ones()).sum::<u32>() > 1 {
            world.broken = Some("a right is used twice");
        }
        if !is_at_once {
            return;
        }
        let known = self.book.send(world.log, send);
        let is_ours = u32::from(attempt.1) == known.attempts && matches!(known.status, Status::Dispatched { .. });
        if !is_ours && !matches!(known.status, Status::Sent { .. }) {
            world.broken = Some("a send is written under a claim that does not hold any more");
        }
        if world.lease.holder != Some(worker) || world.lease.until <= world.tick {
            world.broken = Some("a send is written under a lease that has ended");
        }
        if asked.expires.is_some_and(|end| end <= world.tick) {
            world.broken = Some("a send is written after its end");
        }
    }
}

impl Model for Senders {
    type State = World;
    type Action = Action;

    fn start(&mut self) -> World {
        World {
            tick: 0,
            log: self.start,
            lease: Lease::default(),
            workers: [Worker::default(); 2],
            fates: [Fate::default(); 2],
            orphan: None,
            backup: None,
            restored: None,
            kills: 0,
            refusals: 0,
            cancels: 0,
            inbox: None,
            is_inbox_echoed: false,
            broken: None,
        }
    }

    fn steps(&mut self, state: &World, to: &mut Vec<(Action, World)>) {
        let is_alone = self.scenario.is_alone;
        let mut moves = Vec::new();
        for number in 0..if is_alone { 1 } else { 2 } {
            self.worker(state, number, &mut moves);
            to.extend(moves.drain(..).map(|(what, world)| (Action::Worker(number, what), sorted(world, is_alone))));
        }
        let mut moves = Vec::new();
        self.around(state, &mut moves);
        to.extend(moves.into_iter().map(|(what, world)| (Action::Around(what), sorted(world, is_alone))));
    }

    fn broken(&self, state: &World) -> Option<&'static str> {
        if state.broken.is_some() {
            return state.broken;
        }
        let is_mistaken = |send| self.book.is_mistaken(state.log, send, state.is_inbox_echoed);
        if (0..self.n_sends()).any(is_mistaken) {
            return Some("a send is called sent by a message that is another's");
        }
        (0..self.n_sends()).find_map(|send| {
            let is_echoed = state.fates[usize::from(send)].echoed[0] != 0;
            let is_sent = self.book.send(state.log, send).status.sent().is_some();
            (is_echoed && !is_sent).then_some("an echo came, and its send is not called sent")
        })
    }

    fn is_done(&self, state: &World) -> bool {
        (0..self.n_sends()).all(|send| self.book.send(state.log, send).status.is_final())
    }

    fn must_get_done(&self, state: &World) -> bool {
        state.tick <= self.scenario.open_until
    }
}

/// The same world with its workers in order, since it changes nothing which is called the first; nor does it since when a
/// lease is over, or a rest.
fn sorted(mut world: World, is_alone: bool) -> World {
    let ended = |until: u8| if until <= world.tick { 0 } else { until };
    world.lease.until = ended(world.lease.until);
    for worker in &mut world.workers {
        worker.lease = worker.lease.map(ended);
        worker.rests_until = ended(worker.rests_until);
    }
    if world.workers[0] > world.workers[1] && !is_alone {
        world.workers.swap(0, 1);
        world.lease.holder = world.lease.holder.map(|holder| 1 - holder);
    }
    world
}
