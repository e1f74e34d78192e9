//! Going through all parts, several at a time.

use super::pages::PagePasts;
use super::part::Shared;
use super::plan::Plan;
use super::progress::Progress;
use super::report::Report;
use domain::id::StreamId;
use domain::pack::Packs;
use domain::rehearsal::Proposed;
use event_log::{EventLog, LogError};
use std::num::NonZero;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many parts are gone through at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads(pub NonZero<usize>);

impl Threads {
    /// As many as the machine has cores.
    pub fn all() -> Self {
        Self(std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN))
    }
}

/// How a rehearsal ended, without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every part is done.
    Done,
    /// It was stopped before that; the parts that were told of are done.
    Stopped,
}

/// Takes in parts as they are done.
pub trait Keep<E> {
    /// Takes in one, and keeps it where it has to be kept before the next.
    fn keep(&mut self, part: u16, report: Report) -> impl Future<Output = Result<(), E>> + Send;
}

/// Keeps nothing but the sum.
impl<E> Keep<E> for Report {
    async fn keep(&mut self, _: u16, report: Report) -> Result<(), E> {
        self.add(report);
        Ok(())
    }
}

/// Goes through these parts, on so many threads of the runtime's own for work that blocks, until they are done or `stop`
/// is cancelled. What came of a part is told once, in any order.
///
/// # Errors
/// When the log does not answer or holds something that cannot be read, or a part could not be kept.
pub async fn run<E: From<LogError>>(
    log: Arc<dyn EventLog>,
    (plan, proposed): (Plan, Proposed),
    parts: impl IntoIterator<Item = u16>,
    (threads, progress): (Threads, Arc<Progress>),
    (keep, stop): (&mut impl Keep<E>, &CancellationToken),
) -> Result<Ended, E> {
    // Ends the threads also when this future is dropped or fails.
    let stop = stop.child_token();
    let _stops = stop.clone().drop_guard();
    let parts: Vec<u16> = parts.into_iter().collect();
    (0..plan.n_parts).filter(|part| !parts.contains(part)).for_each(|done| progress.done(done));
    let shared = Arc::new(Shared { log, plan, proposed, pages: PagePasts::default(), progress, stop });
    for together in parts.chunks(threads.0.get()) {
        if go_through(&shared, together, keep).await? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
    }
    Ok(Ended::Done)
}

/// Goes through some parts side by side, each on a thread: the log is read once for all of them.
async fn go_through<E: From<LogError>>(
    shared: &Arc<Shared>,
    parts: &[u16],
    keep: &mut impl Keep<E>,
) -> Result<Ended, E> {
    let followers = shared.follow(parts).await?;
    let mut working = JoinSet::new();
    for (part, follower) in parts.iter().copied().zip(followers) {
        let (shared, runtime) = (Arc::clone(shared), Handle::current());
        working.spawn_blocking(move || Ok((part, shared.go_through(&runtime, part, follower)?)));
    }
    let mut ended = Ended::Done;
    while let Some(found) = working.join_next().await {
        let found: Result<_, LogError> = found.map_err(|panic| LogError::Broken(panic.into()))?;
        match found? {
            (part, Some(report)) => keep.keep(part, report).await?,
            (_, None) => ended = Ended::Stopped,
        }
    }
    Ok(ended)
}

/// The packs as they were known where the plan ends: the same for whoever takes it up again.
///
/// # Errors
/// When the log does not answer.
pub async fn packs_at(log: &dyn EventLog, plan: &Plan) -> Result<Packs, LogError> {
    let mut packs = Packs::built_in();
    let records = log.read(&StreamId::packs(), 0).await?;
    let known = records.iter().filter(|stored| !plan.is_behind(stored.shard, stored.position));
    known.flat_map(|stored| &stored.record.events).for_each(|event| packs.evolve(event));
    Ok(packs)
}
