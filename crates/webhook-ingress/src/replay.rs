//! Reading the quarantine again: a body that an older version did not understand may state facts to this one.

use crate::accept::Acceptor;
use crate::known::{Known, Word};
use domain::event::{Event, Quarantined};
use domain::id::Kind;
use domain::time::{Span, Timestamp};
use event_log::{AppendError, Checkpoint, Filter, Followed, LogError, Pages};
use messenger::webhook::{self, Placed};

/// How long a body may be kept. An older one is not read any more.
pub const KEPT_FOR: Span = Span::from_hours(30 * 24);

/// What is read again, and what is done with what it states.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// Only what came at this moment or later.
    pub since: Option<Timestamp>,
    /// What is done with facts that the log does not hold.
    pub facts: NewFacts,
}

/// What is done with facts that the log does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewFacts {
    /// They are counted.
    Count,
    /// They are counted and appended.
    Append,
}

/// What became of the bodies in quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Bodies that came too long ago, or before the moment asked for.
    pub n_passed_over: usize,
    /// Bodies that this version does not understand either.
    pub n_unreadable: usize,
    /// Bodies that it does.
    pub n_read: usize,
    /// Facts that the log did not hold.
    pub n_new: usize,
    /// Facts that it held already.
    pub n_known: usize,
    /// Facts of erased people, from before they were: what is erased stays erased.
    pub n_erased: usize,
    /// Parts of bodies that belong to no Page.
    pub n_unplaced: usize,
}

/// A replay that ended early. What it had done counts, and it can be begun again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[from] LogError),
    /// The log did not take a fact.
    #[error("a fact was not appended")]
    Append(#[from] AppendError),
}

impl Acceptor {
    /// Reads every body that is in quarantine now. Facts keep the moment at which their body came. Run again it appends
    /// nothing: facts that are in the log, by whatever way, are known by their ids.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn replay(&self, replay: Replay) -> Result<Replayed, ReplayError> {
        let filter = Filter { kinds: vec![Kind::Quarantine], pages: Pages::All, partitions: Vec::new() };
        let mut follower = self.log().follow(filter, Checkpoint::beginning()).await?;
        let oldest = self.now().plus(Span::from_millis(-KEPT_FOR.as_millis()));
        let from = replay.since.map_or(oldest, |since| since.max(oldest));
        let mut known = Known::new(self.log());
        let mut replayed = Replayed::default();
        loop {
            match follower.next().await? {
                Followed::CaughtUp(_) => return Ok(replayed),
                Followed::Checkpoint(_) => (),
                Followed::Record(stored) => {
                    for body in stored.record.events.iter().filter_map(quarantined) {
                        if body.received_at < from {
                            replayed.n_passed_over += 1;
                        } else {
                            self.replay_one(body, replay.facts, &mut known, &mut replayed).await?;
                        }
                    }
                }
            }
        }
    }

    async fn replay_one(
        &self,
        body: &Quarantined,
        new_facts: NewFacts,
        known: &mut Known,
        replayed: &mut Replayed,
    ) -> Result<(), ReplayError> {
        let Ok(batch) = webhook::parse(&body.body, body.received_at) else {
            replayed.n_unreadable += 1;
            return Ok(());
        };
        replayed.n_read += 1;
        replayed.n_unplaced += batch.unplaced;
        let mut fresh: Vec<Placed> = Vec::new();
        for placed in batch.facts {
            match known.learn(self.stream(&placed), &placed.fact).await? {
                Word::New => {
                    replayed.n_new += 1;
                    fresh.push(placed);
                }
                Word::Known => replayed.n_known += 1,
                Word::Erased => replayed.n_erased += 1,
            }
        }
        if new_facts == NewFacts::Append {
            self.append_all(fresh, self.now()).await?;
        }
        Ok(())
    }
}

fn quarantined(event: &Event) -> Option<&Quarantined> {
    match event {
        Event::Quarantined(body) => Some(body),
        Event::Inbound(_)
        | Event::Sending(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}
