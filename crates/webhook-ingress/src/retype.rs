//! Typing what an older version kept because it did not know it. Records are never rewritten: what is understood now is
//! appended behind them, with the ids that it would have had at once.

use crate::accept::Acceptor;
use crate::known::{Known, Word};
use crate::replay::{NewFacts, Replay, ReplayError};
use domain::event::{Event, Inbound, InboundKind, Unrecognized};
use event_log::{Checkpoint, Filter, Followed};
use messenger::webhook::{self, Placed};

/// What became of the facts that were kept unrecognized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retyped {
    /// Those that came before the moment asked for.
    pub n_passed_over: usize,
    /// Those that this version does not know either.
    pub n_unknown: usize,
    /// Those that it does.
    pub n_understood: usize,
    /// Facts in these that the log did not hold.
    pub n_new: usize,
    /// Facts in these that it held already.
    pub n_known: usize,
    /// Facts of erased people, from before they were: what is erased stays erased.
    pub n_erased: usize,
}

impl Acceptor {
    /// Reads every fact again that is in the log unrecognized. What it states keeps the moment at which it came. Run again it
    /// appends nothing: facts that are in the log are known by their ids.
    ///
    /// # Errors
    /// When the log does not answer, or holds what cannot be read.
    pub async fn retype(&self, replay: Replay) -> Result<Retyped, ReplayError> {
        let mut follower = self.log().follow(Filter::default(), Checkpoint::beginning()).await?;
        let mut known = Known::new(self.log());
        let mut retyped = Retyped::default();
        loop {
            match follower.next().await? {
                Followed::CaughtUp(_) => return Ok(retyped),
                Followed::Checkpoint(_) => (),
                Followed::Record(stored) => {
                    for (inbound, kept) in stored.record.events.iter().filter_map(unrecognized) {
                        if replay.since.is_some_and(|since| inbound.received_at < since) {
                            retyped.n_passed_over += 1;
                        } else {
                            self.retype_one(inbound, kept, replay.facts, &mut known, &mut retyped).await?;
                        }
                    }
                }
            }
        }
    }

    async fn retype_one(
        &self,
        inbound: &Inbound,
        kept: &Unrecognized,
        new_facts: NewFacts,
        known: &mut Known,
        retyped: &mut Retyped,
    ) -> Result<(), ReplayError> {
        let facts = webhook::retype(kept, inbound);
        if facts.is_empty() {
            retyped.n_unknown += 1;
            return Ok(());
        }
        retyped.n_understood += 1;
        let mut fresh: Vec<Placed> = Vec::new();
        for placed in facts {
            match known.learn(self.stream(&placed), &placed.fact).await? {
                Word::New => {
                    retyped.n_new += 1;
                    fresh.push(placed);
                }
                Word::Known => retyped.n_known += 1,
                Word::Erased => retyped.n_erased += 1,
            }
        }
        if new_facts == NewFacts::Append {
            self.append_all(fresh, self.now()).await?;
        }
        Ok(())
    }
}

fn unrecognized(event: &Event) -> Option<(&Inbound, &Unrecognized)> {
    let Event::Inbound(inbound) = event else { return None };
    let InboundKind::Unrecognized(kept) = &inbound.kind else { return None };
    Some((inbound, kept))
}
