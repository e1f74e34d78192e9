//! Works on rehearsals: one at a time in each process, each in one process at a time.

use super::operation::{Failure, KEPT, Rehearsals, Spec, unreadable};
use super::{Ended, Keep, Progress, Report, packs_at, run};
use domain::rehearsal::Proposed;
use domain::time::Span;
use event_log::LogError;
use sql::rehearsals::{self, Part, Rehearsal, Sample, State, Step};
use sql::{Acquired, Lease, SqlError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long the end of a process waits for a lease to be given back. It ends by itself otherwise.
const RELEASE: Duration = Duration::from_secs(1);

/// Why a rehearsal is worked on here no longer.
enum Over {
    /// It has ended, well or not.
    Ended(State, String),
    /// It was cancelled, the lease was lost, or the process ends: somebody else's word counts now.
    Given,
}

impl Rehearsals {
    /// Works on what is asked for until `stop` is cancelled. The database and the log may be away for any time.
    pub async fn work(self, stop: CancellationToken) {
        let owner = self.deps.ids.uuid_v7(self.deps.clock.now()).to_string();
        while !stop.is_cancelled() {
            if let Err(error) = self.work_on_all(&owner, &stop).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "rehearsals cannot go on; they are tried again"
                );
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.wake.notified() => (),
                () = sleep(self.pace.look) => (),
            }
        }
    }

    /// Looks once, and works on what nobody else does.
    async fn work_on_all(&self, owner: &str, stop: &CancellationToken) -> Result<(), Failure> {
        let before = self.deps.clock.now().plus(Span::from_millis(-KEPT.as_millis()));
        rehearsals::forget(&self.deps.database, before).await?;
        for row in rehearsals::open(&self.deps.database, &self.lineage()).await? {
            if stop.is_cancelled() {
                return Ok(());
            }
            let (name, asked) = (format!("rehearsal/{}", row.id), self.deps.clock.uptime());
            let acquired = self.deps.database.acquire(&name, owner, self.pace.term, asked).await?;
            if let Acquired::Ours(lease) = acquired {
                let worked = self.work_on(&row, lease.clone(), stop).await;
                // What is not given back ends by itself.
                timeout(RELEASE, self.deps.database.release(lease)).await.ok();
                worked?;
            }
        }
        Ok(())
    }

    async fn work_on(&self, row: &Rehearsal, lease: Lease, stop: &CancellationToken) -> Result<(), Failure> {
        let (database, id) = (&self.deps.database, row.id.as_str());
        let step = |from, to, error| Step { from, to, error, now: self.deps.clock.now() };
        let is_ours =
            rehearsals::step(database, id, step([State::Pending, State::Running], State::Running, "")).await?;
        if !is_ours {
            return Ok(());
        }
        tracing::info!(rehearsal = id, "the rehearsal {id} is worked on here");
        let over = match self.go_through(row, lease, stop).await {
            Ok(over) => over,
            // What does not answer now may later. It stays as it is, for whoever takes it up next.
            Err(Failure::Log(LogError::Broken(error)) | Failure::Sql(SqlError::Broken(error))) => {
                Over::Ended(State::Failed, told(&*error))
            }
            Err(error @ (Failure::Log(_) | Failure::Sql(_))) => return Err(error),
        };
        if let Over::Ended(state, error) = over {
            rehearsals::step(database, id, step([State::Running; 2], state, &error)).await?;
            tracing::info!(rehearsal = id, ?state, "the rehearsal {id} has ended");
        }
        Ok(())
    }

    async fn go_through(&self, row: &Rehearsal, lease: Lease, stop: &CancellationToken) -> Result<Over, Failure> {
        let (spec, log) = (Spec::read(row)?, Arc::clone(&self.deps.log));
        let plan = spec.plan()?;
        if plan.end.incarnation != log.identity().incarnation() {
            let words = "the log was restored since this was asked for, so its parts do not fit; ask for another";
            return Ok(Over::Ended(State::Failed, words.to_owned()));
        }
        let proposed = match spec.pack()? {
            Some(pack) => Proposed::Pack(Box::new(pack)),
            None => Proposed::InForce(Box::new(packs_at(&*log, &plan).await?)),
        };
        let done = rehearsals::parts(&self.deps.database, &row.id).await?;
        let parts: Vec<_> = (0..plan.n_parts).filter(|part| done.iter().all(|it| it.number != *part)).collect();
        let progress = Arc::new(Progress::new(plan.n_records(), plan.n_parts));
        progress.judged(self.report(&row.id).await?.tally.totals().0);
        let stop_here = stop.child_token();
        let mut keep = Keeping { rehearsals: self, id: &row.id, lease: &lease };
        let ended = {
            let working = run::<Failure>(
                log,
                (plan, proposed),
                parts,
                (self.pace.threads, Arc::clone(&progress)),
                (&mut keep, &stop_here),
            );
            tokio::pin!(working);
            tokio::select! {
                ended = &mut working => ended,
                // It ends by itself once it was told to.
                () = self.watch(&row.id, lease.clone(), &progress) => {
                    stop_here.cancel();
                    working.await
                }
            }
        };
        match ended {
            Ok(Ended::Done) => {
                self.note(&row.id, &progress).await?;
                Ok(Over::Ended(State::Succeeded, String::new()))
            }
            Ok(Ended::Stopped) | Err(Failure::Sql(SqlError::Superseded { .. })) => Ok(Over::Given),
            Err(error) => Err(error),
        }
    }

    /// Holds the lease and tells how far it is, until the rehearsal was cancelled or the lease is lost.
    async fn watch(&self, id: &str, mut lease: Lease, progress: &Progress) {
        let mut renewed_at = self.deps.clock.uptime();
        loop {
            sleep(self.pace.look.min(self.pace.term / 3)).await;
            // A database that is away for a moment stops nothing; the lease does when it ends.
            if let Ok(false) = self.note(id, progress).await {
                return;
            }
            let now = self.deps.clock.uptime();
            if now.saturating_sub(renewed_at) >= self.pace.term / 3 {
                match self.deps.database.renew(&lease, self.pace.term, now).await {
                    Ok(Acquired::Ours(renewed)) => (lease, renewed_at) = (renewed, now),
                    Ok(Acquired::Taken) => return,
                    Err(_) => (),
                }
            }
            if !lease.is_held(self.deps.clock.uptime()) {
                return;
            }
        }
    }

    async fn note(&self, id: &str, progress: &Progress) -> Result<bool, SqlError> {
        let seen = progress.seen();
        let progress = rehearsals::Progress { passed: seen.records, total: seen.of_records, sends: seen.sends };
        rehearsals::note(&self.deps.database, id, progress, self.deps.clock.now()).await
    }
}

/// Keeps parts in the table, each in one transaction that is the lease holder's alone.
struct Keeping<'a> {
    rehearsals: &'a Rehearsals,
    id: &'a str,
    lease: &'a Lease,
}

impl Keep<Failure> for Keeping<'_> {
    async fn keep(&mut self, number: u16, report: Report) -> Result<(), Failure> {
        let counts = serde_json::to_vec(&report.tally).map_err(unreadable)?;
        let sample = |found: super::Found| {
            let sample = serde_json::to_vec(&found.rejudged)?;
            let (send, stream) = (found.rejudged.send.to_string(), found.stream);
            Ok(Sample { send, stream, position: found.position, sample })
        };
        let samples: Result<Vec<_>, serde_json::Error> = report.samples().map(sample).collect();
        let samples = samples.map_err(unreadable)?;
        let deps = &self.rehearsals.deps;
        let mut transaction = deps.database.begin().await?;
        transaction.hold(self.lease).await?;
        let of = (self.id, deps.log.identity().incarnation());
        rehearsals::keep(&mut transaction, of, &Part { number, counts }, &samples).await?;
        Ok(transaction.commit().await?)
    }
}

/// An error with all that led to it, for whoever asks why.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
