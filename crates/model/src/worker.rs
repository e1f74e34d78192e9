//! What a worker does, one step at a time, as `dispatch.rs` and `holder.rs` of the sender have it. Between any two steps
//! everything else can happen.

use crate::book::{Attempt, How, Shown, TICK_MS, Wish, Written, at};
use crate::scenario::Guard;
use crate::world::{Fate, Lease, MOST_ATTEMPTS, Senders, World};

/// How long a lease lasts, and how long a new holder waits after one that was not given back.
const TERM: u8 = 2;

/// One of the processes that send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    /// The tick in which its lease ends, as far as it knows.
    pub(crate) lease: Option<u8>,
    /// The tick before which it does nothing, since another may not be done.
    pub(crate) rests_until: u8,
    pub(crate) phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    #[default]
    Idle,
    /// About to load the conversation and to decide.
    Wants(Wish),
    /// Waiting for the log to say that it took a record.
    Appending { wish: Wish, record: Written, is_stored: bool, is_late: bool },
    /// About to look whether its claim and its lease hold.
    Claimed { attempt: Attempt, leave_by_ms: i64 },
    /// They held in that tick; about to write.
    Looked { attempt: Attempt, tick: u8 },
    /// Waiting for the platform's answer.
    Waits(Attempt),
}

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what a move names is read in a counterexample, by its Debug")]
pub(crate) enum Move {
    TakesLease,
    RenewsLease,
    GivesLeaseBack,
    Plans,
    IsShown(Shown),
    Decides,
    IsStored,
    HearsFromLog,
    GoesOnUnheard,
    LooksAtClockAndLease,
    FindsNoConnection,
    Writes,
    HearsSent,
    HearsRefused,
    HearsRejected,
    HearsNothing,
    IsKilled,
}

type Moves = Vec<(Move, World)>;

impl Senders {
    /// Every step that a worker can take.
    pub(crate) fn worker(&mut self, world: &World, number: u8, to: &mut Moves) {
        self.lease(world, number, to);
        match world.workers[usize::from(number)].phase {
            Phase::Idle => self.plans(world, number, to),
            Phase::Wants(wish) => self.decides(world, number, wish, to),
            Phase::Appending { wish, record, is_stored, is_late } => {
                self.appends(world, number, (wish, record), (is_stored, is_late), to);
            }
            Phase::Claimed { attempt, leave_by_ms } => self.looks(world, number, attempt, leave_by_ms, to),
            Phase::Looked { attempt, tick } => self.writes_out(world, number, attempt, tick, to),
            Phase::Waits(attempt) => self.hears(world, number, attempt, to),
        }
        if world.kills < self.scenario.kills && world.workers[usize::from(number)] != Worker::default() {
            let mut next = world.clone();
            next.kills += 1;
            if let Phase::Appending { record, is_stored: false, is_late: false, .. } =
                world.workers[usize::from(number)].phase
            {
                next.orphan = Some(record);
            }
            next.workers[usize::from(number)] = Worker::default();
            to.push((Move::IsKilled, next));
        }
    }

    /// The lease is kept beside the work, by the same process.
    fn lease(&self, world: &World, number: u8, to: &mut Moves) {
        let worker = world.workers[usize::from(number)];
        let holds = world.lease.holder == Some(number) && worker.lease.is_some();
        let mut lease = |what, lease: Lease, known, rests_until| {
            let mut next = world.clone();
            next.lease = lease;
            next.workers[usize::from(number)] = Worker { lease: known, rests_until, ..worker };
            to.push((what, next));
        };
        let until = world.tick + TERM;
        if world.lease.until <= world.tick && worker.phase == Phase::Idle {
            let rests = if world.lease.holder.is_some() { until } else { 0 };
            lease(Move::TakesLease, Lease { holder: Some(number), until }, Some(until), rests);
        }
        if holds && world.lease.until > world.tick && world.lease.until < until {
            lease(Move::RenewsLease, Lease { holder: Some(number), until }, Some(until), worker.rests_until);
        }
        if holds && worker.phase == Phase::Idle {
            lease(Move::GivesLeaseBack, Lease::default(), None, 0);
        }
    }

    /// Also a worker whose lease has ended meanwhile: it learns of that late.
    fn plans(&mut self, world: &World, number: u8, to: &mut Moves) {
        let worker = world.workers[usize::from(number)];
        let Some(lease) = worker.lease.filter(|_| worker.rests_until <= world.tick) else { return };
        let doubts = world.restored.map(Wish::Doubt);
        let doubts = doubts.filter(|wish| self.book.decide(world.log, *wish, world.tick).is_some());
        let Some(wish) = doubts.or_else(|| self.book.plan(world.log, world.tick)) else { return };
        if matches!(wish, Wish::Claim { .. }) && lease <= world.tick && !self.lacks(Guard::Lease) {
            return;
        }
        if let Wish::Claim { send, .. } = wish
            && self.book.send(world.log, send).attempts >= MOST_ATTEMPTS.into()
        {
            return;
        }
        if let Wish::LookUp(attempt, _) = wish {
            return asks(world, number, attempt, to);
        }
        to.push((Move::Plans, with(world, number, Phase::Wants(wish))));
    }

    fn decides(&mut self, world: &World, number: u8, wish: Wish, to: &mut Moves) {
        let wish = match wish {
            Wish::Settle((send, _), how) if self.lacks(Guard::Attempt) => {
                let latest = self.book.send(world.log, send).attempts;
                Wish::Settle((send, u8::try_from(latest).expect("there are few")), how)
            }
            Wish::Settle(attempt, How::Unknown) if self.lacks(Guard::Overdue) => {
                Wish::Settle(attempt, How::NotSent(world.tick))
            }
            Wish::Claim { .. } | Wish::Settle(..) | Wish::Doubt(_) | Wish::Cancel(_) | Wish::LookUp(..) => wish,
        };
        let phase = match self.book.decide(world.log, wish, world.tick) {
            Some(record) => Phase::Appending { wish, record, is_stored: false, is_late: false },
            None => Phase::Idle,
        };
        to.push((Move::Decides, with(world, number, phase)));
    }

    fn appends(
        &mut self,
        world: &World,
        number: u8,
        (wish, record): (Wish, Written),
        (is_stored, is_late): (bool, bool),
        to: &mut Moves,
    ) {
        if !is_stored && !is_late {
            // Its own record is not one that came before it.
            let stored = Phase::Appending { wish, record, is_stored: true, is_late: false };
            let mut next = with(world, number, stored);
            self.append(&mut next, record);
            to.push((Move::IsStored, next));
        }
        // An answer that is lost is asked for again with the same record, until it comes.
        if is_stored {
            to.push((Move::HearsFromLog, with(world, number, self.after(record))));
        } else if is_late {
            to.push((Move::HearsFromLog, with(world, number, Phase::Wants(wish))));
        }
        if self.lacks(Guard::Acknowledgement) && !is_stored && matches!(wish, Wish::Claim { .. }) {
            to.push((Move::GoesOnUnheard, with(world, number, self.after(record))));
        }
    }

    /// What a worker does when its record is in the log.
    fn after(&self, record: Written) -> Phase {
        match self.book.claimed(record) {
            Some((attempt, leave_by)) => Phase::Claimed { attempt, leave_by_ms: leave_by.since(at(0)).as_millis() },
            None => Phase::Idle,
        }
    }

    fn looks(&self, world: &World, number: u8, attempt: Attempt, leave_by_ms: i64, to: &mut Moves) {
        let is_over = self.book.send(world.log, attempt.0).status.is_final();
        let is_late = i64::from(world.tick) * TICK_MS >= leave_by_ms && !self.lacks(Guard::LeaveBy);
        let lease = world.workers[usize::from(number)].lease;
        let is_lapsed = lease.is_none_or(|until| until <= world.tick) && !self.lacks(Guard::Lease);
        let phase = if is_over {
            // An echo has settled it between the claim and here; then what it says is gone.
            Phase::Idle
        } else if is_late || is_lapsed {
            Phase::Wants(Wish::Settle(attempt, How::NotSent(world.tick)))
        } else {
            Phase::Looked { attempt, tick: world.tick }
        };
        to.push((Move::LooksAtClockAndLease, with(world, number, phase)));
    }

    fn writes_out(&mut self, world: &World, number: u8, attempt: Attempt, tick: u8, to: &mut Moves) {
        if world.refusals < self.scenario.refusals {
            let not_sent = Phase::Wants(Wish::Settle(attempt, How::NotSent(world.tick)));
            let mut next = with(world, number, not_sent);
            next.refusals += 1;
            to.push((Move::FindsNoConnection, next));
        }
        let mut next = with(world, number, Phase::Waits(attempt));
        self.writes(&mut next, number, attempt, tick == world.tick);
        to.push((Move::Writes, next));
    }

    fn hears(&self, world: &World, number: u8, attempt: Attempt, to: &mut Moves) {
        let fate = world.fates[usize::from(attempt.0)];
        if fate.arrived & Fate::bit(attempt) != 0 {
            to.push((Move::HearsSent, with(world, number, Phase::Wants(Wish::Settle(attempt, How::Sent)))));
        } else if fate.under_way & Fate::bit(attempt) != 0 && world.refusals < self.scenario.refusals {
            for (what, how) in [(Move::HearsRefused, How::Retrying(world.tick)), (Move::HearsRejected, How::Rejected)] {
                let mut next = with(world, number, Phase::Wants(Wish::Settle(attempt, how)));
                let fate = &mut next.fates[usize::from(attempt.0)];
                (fate.out, fate.under_way) = (fate.out & !Fate::bit(attempt), fate.under_way & !Fate::bit(attempt));
                next.refusals += 1;
                to.push((what, next));
            }
        }
        // A lost answer, a time-out, an error after the body has left: its echo will tell.
        let phase = if self.lacks(Guard::Ambiguity) {
            Phase::Wants(Wish::Settle(attempt, How::Retrying(world.tick)))
        } else {
            Phase::Idle
        };
        to.push((Move::HearsNothing, with(world, number, phase)));
    }
}

/// The platform lists what arrived, and any of it may be missing yet.
fn asks(world: &World, number: u8, attempt: Attempt, to: &mut Moves) {
    let [first, second] = [0, 1].map(|send| {
        let fate = world.fates[send];
        (fate.arrived & Fate::bit((0, 1)) != 0).then_some(fate.stamped)
    });
    let there = [first, second, world.inbox];
    for hidden in 0..8_u8 {
        let is_shown = |n: usize| hidden & (1 << n) == 0;
        let is_twice = (0..3).any(|n| !is_shown(n) && there[n].is_none());
        if !is_twice {
            let shown = [0, 1, 2].map(|n| there[n].filter(|_| is_shown(n)));
            to.push((Move::IsShown(shown), with(world, number, Phase::Wants(Wish::LookUp(attempt, shown)))));
        }
    }
}

fn with(world: &World, number: u8, phase: Phase) -> World {
    let mut next = world.clone();
    next.workers[usize::from(number)].phase = phase;
    next
}
