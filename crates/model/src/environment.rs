//! What happens around the workers: time passes, messages arrive, echoes come, callers cancel, the log is brought back.

use crate::book::{Attempt, Wish};
use crate::worker::Worker;
use crate::world::{Fate, Lease, MOST_ATTEMPTS, Senders, World};

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what a move names is read in a counterexample, by its Debug")]
pub(crate) enum Move {
    TimePasses,
    OrphanIsStored,
    Arrives(Attempt),
    EchoComes(Attempt),
    InboxWrites,
    InboxEchoComes,
    IsCancelled(u8),
    IsBackedUp,
    IsRestored,
}

type Moves = Vec<(Move, World)>;

impl Senders {
    /// Everything that can happen around the workers.
    pub(crate) fn around(&mut self, world: &World, to: &mut Moves) {
        if world.tick < self.scenario.ends {
            to.push((Move::TimePasses, World { tick: world.tick + 1, ..world.clone() }));
        }
        if let Some(orphan) = world.orphan {
            let mut next = World { orphan: None, ..world.clone() };
            self.append(&mut next, orphan);
            to.push((Move::OrphanIsStored, next));
        }
        for send in 0..self.n_sends() {
            for attempt in (1..=MOST_ATTEMPTS).map(|attempt| (send, attempt)) {
                self.wire(world, attempt, to);
            }
            self.cancels(world, send, to);
        }
        if self.scenario.has_inbox {
            self.inbox(world, to);
        }
        if self.scenario.is_restored {
            self.restores(world, to);
        }
    }

    fn wire(&mut self, world: &World, attempt: Attempt, to: &mut Moves) {
        let (send, bit) = (usize::from(attempt.0), Fate::bit(attempt));
        let fate = world.fates[send];
        // One that never arrives is a lost one.
        if fate.under_way & bit != 0 {
            let mut next = world.clone();
            next.fates[send].under_way &= !bit;
            next.fates[send].arrived |= bit;
            if self.scenario.looks_up && attempt.1 == 1 {
                next.fates[send].stamped = world.tick;
            }
            to.push((Move::Arrives(attempt), next));
        }
        let told = fate.echoed.iter().filter(|told| **told & bit != 0).count();
        if fate.arrived & bit != 0 && told < usize::from(self.scenario.echoes) {
            let echo = self.book.echo(attempt);
            let mut next = world.clone();
            next.fates[send].echoed[told] |= bit;
            self.append(&mut next, echo);
            to.push((Move::EchoComes(attempt), next));
        }
    }

    /// Somebody writes the same by hand, and sooner or later that is told.
    fn inbox(&mut self, world: &World, to: &mut Moves) {
        if world.inbox.is_none() {
            to.push((Move::InboxWrites, World { inbox: Some(world.tick), ..world.clone() }));
        } else if !world.is_inbox_echoed {
            let echo = self.book.inbox_echo();
            let mut next = World { is_inbox_echoed: true, ..world.clone() };
            self.append(&mut next, echo);
            to.push((Move::InboxEchoComes, next));
        }
    }

    fn cancels(&mut self, world: &World, send: u8, to: &mut Moves) {
        if world.cancels < self.scenario.cancels
            && let Some(cancelled) = self.book.decide(world.log, Wish::Cancel(send), world.tick)
        {
            let mut next = World { cancels: world.cancels + 1, ..world.clone() };
            self.append(&mut next, cancelled);
            to.push((Move::IsCancelled(send), next));
        }
    }

    /// For bringing a log back every process is stopped. What was on the wire stays there, and nobody tells an echo
    /// again that was told before.
    fn restores(&self, world: &World, to: &mut Moves) {
        if world.backup.is_none() {
            to.push((Move::IsBackedUp, World { backup: Some(world.log), ..world.clone() }));
        }
        if let Some(log) = world.backup
            && world.restored.is_none()
            && log != world.log
        {
            let mut next = World { log, restored: Some(world.tick), orphan: None, ..world.clone() };
            next.workers = [Worker::default(); 2];
            next.lease = Lease { holder: None, ..world.lease };
            for fate in &mut next.fates {
                let [told, _] = std::mem::take(&mut fate.echoed);
                fate.arrived &= !told;
            }
            to.push((Move::IsRestored, next));
        }
    }
}
