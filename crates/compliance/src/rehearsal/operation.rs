//! Rehearsals that run beside everything else: asked for by one call, looked at by others, worked on by whichever replica
//! holds the lease, and taken up again after its end.

use super::{Plan, Report, Scope, Threads};
use crate::rehearsal::report::Found;
use domain::id::PageId;
use domain::pack::Pack;
use domain::rehearsal::{Proposed, Range, Rejudged, Tally};
use domain::time::{Span, Timestamp};
use event_log::{Checkpoint, EventLog, LogError};
use serde::{Deserialize, Serialize};
use service_kit::{Clock, Ids};
use sql::rehearsals::{self, Asked, Rehearsal, State, Step};
use sql::{Database, SqlError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// For how long a rehearsal that has ended is kept.
pub const KEPT: Span = Span::from_hours(30 * 24);

/// What rehearsals work with.
#[derive(Clone)]
pub struct Deps {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Where they are kept.
    pub database: Database,
    /// Whether that is a database that outlives the process.
    pub is_durable: bool,
    /// The time, and what leases are measured by.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: Ids,
}

/// How a rehearsal is worked on.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a lease holds without being renewed, after which another replica goes on.
    pub term: Duration,
    /// How often it is looked for something to do, and whether what is done was cancelled.
    pub look: Duration,
    /// On how many threads.
    pub threads: Threads,
    /// The least number of parts, which is how finely one can be taken up again.
    pub parts: usize,
}

impl Default for Pace {
    fn default() -> Self {
        let (threads, parts) = (Threads::all(), Threads::all().0.get());
        Self { term: Duration::from_secs(9), look: Duration::from_secs(1), threads, parts }
    }
}

/// Rehearsals of one log. Clones share their work.
#[derive(Clone)]
pub struct Rehearsals {
    pub(super) deps: Deps,
    pub(super) pace: Pace,
    pub(super) wake: Arc<Notify>,
}

/// Why a rehearsal could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The log did not do its part.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The database did not do its part.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What is asked for, as it is kept. It must be readable for as long as it is kept, also by a later version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// The proposed pack's text; none: the packs in force.
    pub(crate) pack: Option<String>,
    pub(crate) page: Option<PageId>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    /// The plan's end, as a checkpoint's text.
    end: String,
    parts: u16,
}

impl Spec {
    pub(super) fn new(pack: Option<String>, plan: &Plan) -> Self {
        let Plan { scope: Scope { range: Range { from, to }, page }, end, n_parts } = plan.clone();
        Self { pack, page, from, to, end: end.to_string(), parts: n_parts }
    }

    pub(crate) fn read(row: &Rehearsal) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&row.spec).map_err(unreadable)?)
    }

    pub(super) fn plan(&self) -> Result<Plan, Failure> {
        let scope = Scope { range: Range { from: self.from, to: self.to }, page: self.page.clone() };
        let end = Checkpoint::parse(&self.end).map_err(unreadable)?;
        Ok(Plan { scope, end, n_parts: self.parts })
    }

    /// The pack, with what it was called when it was asked for.
    pub(crate) fn pack(&self) -> Result<Option<Pack>, Failure> {
        let read = |text: &String| Pack::read_back("the proposed pack", text);
        Ok(self.pack.as_ref().map(read).transpose().map_err(unreadable)?)
    }
}

/// A row holds what nobody writes.
pub(super) fn unreadable(error: impl Into<sql::BoxError>) -> SqlError {
    SqlError::Broken(error.into())
}

/// What is to be rehearsed, as a caller asks for it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which judgements.
    pub scope: Scope,
    /// By what.
    pub proposed: Proposed,
    /// The caller's name for the call.
    pub request: String,
    /// A digest of everything that was asked for.
    pub request_digest: [u8; 32],
}

impl Rehearsals {
    /// Rehearsals of this log.
    pub fn new(deps: Deps) -> Self {
        Self { deps, pace: Pace::default(), wake: Arc::default() }
    }

    /// The same at another pace.
    #[must_use]
    pub fn at_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    pub(super) fn lineage(&self) -> String {
        self.deps.log.identity().lineage()
    }

    /// Plans a rehearsal and notes it, to be taken up by whoever can. Answers the one that is there when the same request
    /// was made before.
    ///
    /// # Errors
    /// When the log or the database does not answer: it may be noted, so repeat it.
    pub async fn begin(&self, wanted: &Wanted) -> Result<Rehearsal, Failure> {
        let plan = Plan::new(&*self.deps.log, wanted.scope.clone(), self.pace.parts).await?;
        let now = self.deps.clock.now();
        let pack = match &wanted.proposed {
            Proposed::Pack(pack) => Some(pack.text().to_owned()),
            Proposed::InForce(_) => None,
        };
        let spec = serde_json::to_vec(&Spec::new(pack, &plan)).map_err(unreadable)?;
        let (id, log) = (self.deps.ids.uuid_v7(now).to_string(), self.lineage());
        let (request, request_digest) = (wanted.request.as_str(), &wanted.request_digest[..]);
        let asked = Asked { id: &id, log: &log, request, request_digest, spec: &spec, total: plan.n_records(), now };
        let begun = rehearsals::create(&self.deps.database, asked).await?;
        self.wake.notify_one();
        Ok(begun)
    }

    /// One rehearsal.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn get(&self, id: &str) -> Result<Option<Rehearsal>, Failure> {
        Ok(rehearsals::get(&self.deps.database, &self.lineage(), id).await?)
    }

    /// Rehearsals, the latest first, behind this one; the empty id is before all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, behind: &str, limit: usize) -> Result<Vec<Rehearsal>, Failure> {
        Ok(rehearsals::list(&self.deps.database, &self.lineage(), behind, limit).await?)
    }

    /// Ends a rehearsal that has not ended. Whoever works on it stops within seconds.
    ///
    /// # Errors
    /// When the database does not answer: repeat it.
    pub async fn cancel(&self, id: &str) -> Result<Option<Rehearsal>, Failure> {
        self.step(id, [State::Pending, State::Running], State::Cancelled).await
    }

    /// Has a rehearsal taken up again that was cancelled or has failed.
    ///
    /// # Errors
    /// When the database does not answer: repeat it.
    pub async fn resume(&self, id: &str) -> Result<Option<Rehearsal>, Failure> {
        let resumed = self.step(id, [State::Cancelled, State::Failed], State::Pending).await;
        self.wake.notify_one();
        resumed
    }

    async fn step(&self, id: &str, from: [State; 2], to: State) -> Result<Option<Rehearsal>, Failure> {
        // A rehearsal of another log is none of ours.
        if self.get(id).await?.is_none() {
            return Ok(None);
        }
        let step = Step { from, to, error: "", now: self.deps.clock.now() };
        rehearsals::step(&self.deps.database, id, step).await?;
        self.get(id).await
    }

    /// What came of the parts that are done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report(&self, id: &str) -> Result<Report, Failure> {
        let mut tally = Tally::default();
        for part in rehearsals::parts(&self.deps.database, id).await? {
            tally.add(serde_json::from_slice(&part.counts).map_err(unreadable)?);
        }
        let found = |sample: rehearsals::Sample| {
            let rejudged: Rejudged = serde_json::from_slice(&sample.sample)?;
            Ok(Found { rejudged, stream: sample.stream, position: sample.position })
        };
        let samples = rehearsals::samples(&self.deps.database, id).await?;
        let samples: Result<Vec<_>, serde_json::Error> = samples.into_iter().map(found).collect();
        Ok(Report::of(tally, samples.map_err(unreadable)?))
    }

    /// When a rehearsal is forgotten.
    pub(crate) fn expires(row: &Rehearsal) -> Option<Timestamp> {
        row.ended_at.map(|ended| ended.plus(KEPT))
    }

    /// Whether rehearsals outlive the process.
    pub(crate) const fn are_durable(&self) -> bool {
        self.deps.is_durable
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Rehearsals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rehearsals").finish_non_exhaustive()
    }
}
