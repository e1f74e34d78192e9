//! One part, gone through on one thread.

use super::home::home;
use super::pages::{PagePasts, PagesAt};
use super::plan::Plan;
use super::progress::Progress;
use super::report::Report;
use domain::id::{Kind, StreamId};
use domain::rehearsal::{Around, Judgement, Proposed, Rehearsal};
use event_log::{Checkpoint, EventLog, Followed, Follower, LogError, Position, Stored};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// After how many records it is told how far the part has come.
const TOLD_EVERY: u32 = 512;

/// What all parts work with.
pub(super) struct Shared {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) plan: Plan,
    pub(super) proposed: Proposed,
    pub(super) pages: PagePasts,
    pub(super) progress: Arc<Progress>,
    pub(super) stop: CancellationToken,
}

impl Shared {
    /// Followers of these parts, in their order.
    pub(super) async fn follow(&self, parts: &[u16]) -> Result<Vec<Follower>, LogError> {
        let partitions = parts.iter().map(|part| self.plan.partitions(&*self.log, *part)).collect();
        let followers = self.log.follow_parts(self.plan.filter(), partitions, Checkpoint::beginning()).await?;
        Ok(followers.into_iter().map(Follower::for_judging).collect())
    }

    /// Goes through one part. Nothing when it was stopped. It blocks its thread.
    pub(super) fn go_through(
        &self,
        runtime: &Handle,
        part: u16,
        mut follower: Follower,
    ) -> Result<Option<Report>, LogError> {
        let mut work = Work { shared: self, runtime, pages: PagesAt::default(), part: Part::default() };
        let (mut passed, mut n_told) = (self.plan.end.clone(), 0);
        passed.positions.fill(0);
        loop {
            // Asking takes a lock, so it is not done for every record.
            if n_told == 0 && self.stop.is_cancelled() {
                return Ok(None);
            }
            let Some(next) = self.next(runtime, &mut follower)? else { return Ok(None) };
            match next {
                Followed::Record(stored) if self.plan.is_behind(stored.shard, stored.position) => {
                    // One shard is told in its order, so nothing more of it is wanted.
                    passed.advance(stored.shard, stored.position);
                }
                Followed::Record(stored) => {
                    passed.advance(stored.shard, stored.position);
                    work.take(&stored)?;
                    n_told += 1;
                    if n_told < TOLD_EVERY {
                        continue;
                    }
                    n_told = 0;
                }
                Followed::CaughtUp(_) => break,
                Followed::Checkpoint(checkpoint) => passed = checkpoint,
            }
            self.progress.pass(part, passed.positions.iter().sum());
            let is_over = passed.positions.iter().zip(&self.plan.end.positions).all(|(at, end)| at >= end);
            if is_over {
                break;
            }
        }
        self.progress.done(part);
        Ok(Some(work.part.finish(&self.progress)))
    }

    /// What comes next; nothing when it was stopped meanwhile.
    fn next(&self, runtime: &Handle, follower: &mut Follower) -> Result<Option<Followed>, LogError> {
        if let Some(next) = follower.try_next()? {
            return Ok(Some(next));
        }
        runtime.block_on(async {
            tokio::select! {
                () = self.stop.cancelled() => Ok(None),
                next = follower.next() => next.map(Some),
            }
        })
    }
}

/// What is known in a part so far.
#[derive(Default)]
struct Part {
    streams: HashMap<StreamId, Stream>,
    report: Report,
}

#[derive(Default)]
struct Stream {
    rehearsal: Rehearsal,
    /// Where its latest record stands.
    position: Position,
}

impl Part {
    /// Counts what has not ended too.
    fn finish(mut self, progress: &Progress) -> Report {
        for (name, Stream { rehearsal, position }) in self.streams {
            for rejudged in rehearsal.finish() {
                self.report.take(&rejudged, &name, position);
                progress.judged(1);
            }
        }
        self.report
    }
}

struct Work<'a> {
    shared: &'a Shared,
    runtime: &'a Handle,
    pages: PagesAt,
    part: Part,
}

impl Work<'_> {
    /// Takes in one record.
    fn take(&mut self, stored: &Stored) -> Result<(), LogError> {
        let Part { streams, report } = &mut self.part;
        let stream = match streams.get_mut(&stored.record.stream) {
            Some(stream) => stream,
            None => streams.entry(stored.record.stream.clone()).or_default(),
        };
        stream.position = stored.position;
        let Shared { plan, proposed, progress, log, .. } = self.shared;
        for recorded in stored.events() {
            let judgement = Judgement::of(recorded.event);
            if let Some(judgement) = judgement.filter(|it| plan.scope.range.contains(it.decision.at)) {
                let (name, moment) = (&stored.record.stream, stored.record.recorded_at);
                let state = (stream.rehearsal.state(), judgement.send);
                // The usual case needs no reading, and no waiting.
                let home = match name.kind() {
                    Kind::Conversation => None,
                    Kind::Comment | Kind::Optin | Kind::Page | Kind::Quarantine | Kind::System => {
                        self.runtime.block_on(home(&**log, plan, name, state, moment))?
                    }
                };
                let page = judgement.send.page();
                if !self.pages.knows(page) {
                    let past = self.runtime.block_on(self.shared.pages.get(&**log, plan, page))?;
                    self.pages.learn(page, past);
                }
                let page = self.pages.at(page, judgement.page_revision, moment);
                stream.rehearsal.rejudge(judgement, proposed, Around { page, home: home.as_ref() });
            }
            if let Some(ended) = stream.rehearsal.evolve(recorded) {
                report.take(&ended, &stored.record.stream, stored.position);
                progress.judged(1);
            }
        }
        Ok(())
    }
}
