//! Ends at once what cannot make its time any more, so that those behind it make theirs.

use super::Desk;
use crate::Parts;
use crate::append::ChangeError;
use crate::dispatch::facts;
use crate::queue::{Late, Next, Worked};
use domain::id::{SendId, StreamId};
use domain::send::{Chance, Refusal, chance, shed};
use domain::time::{Span, Timestamp};
use event_log::LogError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked for such sends. Looking costs a walk over all that waits.
const LOOK: Duration = Duration::from_millis(250);
/// How long a conversation rests when the log did not take it.
const REST: Span = Span::from_secs(1);

impl Desk {
    /// Hands those that are late to workers, as far as there are any.
    pub(super) fn shed_late(&mut self) {
        let Some(limits) = self.limits().filter(|_| self.parts.config.is_shaped && self.follow.has_begun()) else {
            return;
        };
        if self.queue.n_waiting() == 0 || Instant::now() < self.shed_at {
            return;
        }
        self.shed_at = Instant::now() + LOOK;
        let (now, uptime) = (self.parts.clock.now(), self.parts.clock.uptime());
        let turn = |n_ahead| now.plus(span(self.pace.turn(n_ahead, limits, uptime).saturating_sub(uptime)));
        for late in self.queue.late(turn) {
            let Ok(place) = Arc::clone(&self.parts.places).try_acquire_owned() else { return };
            if !self.queue.take(&late.stream) {
                continue;
            }
            let (parts, working) = (Arc::clone(&self.parts), self.follow.begin());
            self.workers.spawn(async move {
                let worked = parts.shed(&late).await;
                drop((place, working));
                (late.stream, worked)
            });
        }
    }
}

/// A span of the uptime as one of the clock.
pub(crate) fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

impl Parts {
    /// Ends one send, or finds out until when it may leave after all. Its conversation is looked at as ever then.
    async fn shed(&self, late: &Late) -> Worked {
        let worked = Worked { next: Next::Now, handled: None, moved: None, revision: 0 };
        match self.try_shed(late).await {
            Ok(revision) => {
                tracing::debug!(send = %late.send, "a send ends, since its turn would come too late");
                self.outcomes.add(1, &[("outcome", "late")]);
                Worked { handled: Some(late.send.clone()), revision, ..worked }
            }
            Err(ChangeError::Refused(Refusal::Settled)) => match self.end_of(&late.stream, &late.send, late.turn).await
            {
                Ok(end) => Worked { moved: Some((late.send.clone(), end)), ..worked },
                Err(error) => self.not_shed(&error, worked),
            },
            // Somebody else has it, or it has ended: whoever looks at the conversation sees which.
            Err(ChangeError::Refused(_)) => Worked { handled: Some(late.send.clone()), ..worked },
            Err(error) => self.not_shed(&error, worked),
        }
    }

    fn not_shed(&self, error: &(dyn std::error::Error + 'static), worked: Worked) -> Worked {
        tracing::warn!(error, "a send that comes too late could not be ended; it is tried again");
        Worked { next: Next::At(self.clock.now().plus(REST)), ..worked }
    }

    async fn try_shed(&self, late: &Late) -> Result<u64, ChangeError> {
        let Late { stream, send, turn } = late;
        let page = self.judged_by.page_lately(send.page()).await.map_err(ChangeError::Read)?.state;
        let packs = self.judged_by.packs_lately().await.map_err(ChangeError::Read)?;
        let home = self.home(stream).await.map_err(ChangeError::Read)?;
        let decide =
            |state: &_, now| shed(&facts(send.page(), &page, state, home.as_deref()), &packs, send, *turn, now);
        Ok(self.change(stream, || self.clock.now(), decide).await?.revision)
    }

    /// The end of a send that makes its turn.
    async fn end_of(&self, stream: &StreamId, send: &SendId, turn: Timestamp) -> Result<Timestamp, LogError> {
        let page = self.judged_by.page_lately(send.page()).await?.state;
        let packs = self.judged_by.packs_lately().await?;
        let home = self.home(stream).await?;
        let state = self.conversations.load(stream).await?.state;
        let facts = facts(send.page(), &page, &state, home.as_deref());
        let chance = state.send(send).map(|known| chance(&facts, &packs, (send, known), turn));
        Ok(match chance {
            Some(Chance::Until(Some(end))) => end,
            Some(Chance::Until(None)) | None => crate::table::NEVER,
            // The window has closed between the two looks: the next finds it late.
            Some(Chance::Late) => turn,
        })
    }
}
