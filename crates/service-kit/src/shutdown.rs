//! An orderly stop: readiness red, keep serving a while, stop, wait for the work under way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::health::Health;

/// The exit code of a process that a second signal ended: what a shell reports for Ctrl-C.
const ENDED_BY_SIGNAL: i32 = 130;

/// Stops a process in steps. Clones belong to the same stop.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    health: Health,
    drain_delay: Duration,
    drain_deadline: Duration,
    begun: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
    failure: Mutex<Option<anyhow::Error>>,
}

/// How a stop ended.
#[derive(Debug)]
pub enum Drained {
    /// Every task ended in time.
    Clean,
    /// Some task still ran at the deadline and was left behind.
    DeadlinePassed,
    /// A task failed, which began the stop or happened during it. The first failure.
    Failed(anyhow::Error),
}

impl Shutdown {
    /// A stop that keeps serving for `drain_delay` after readiness turned red, because load balancers learn of it late,
    /// and then waits at most `drain_deadline` for the tasks. The sum must stay below the pod's grace period.
    pub fn new(health: Health, drain_delay: Duration, drain_deadline: Duration) -> Self {
        Self(Arc::new(Shared {
            health,
            drain_delay,
            drain_deadline,
            begun: CancellationToken::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            failure: Mutex::new(None),
        }))
    }

    /// Cancelled when tasks should finish what they have and end.
    pub fn stop(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    /// Where to spawn what the stop must wait for.
    pub fn tasks(&self) -> TaskTracker {
        self.0.tasks.clone()
    }

    /// Spawns a task that the process cannot do without: its error or panic stops the process, and names it.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let handle = self.0.tasks.spawn(task);
        let shutdown = self.clone();
        self.0.tasks.spawn(async move {
            match handle.await {
                Ok(Ok(())) => tracing::debug!(task = name, "{name} ended"),
                Ok(Err(error)) => shutdown.fail(error.context(format!("{name} failed"))),
                // Not the panic's own text: it may hold anything.
                Err(_) => shutdown.fail(anyhow!("{name} panicked")),
            }
        });
    }

    /// Begins the stop as the first signal does.
    pub fn trigger(&self) {
        self.0.begun.cancel();
    }

    /// Begins the stop because something the process cannot do without failed. The first error is the one reported.
    pub fn fail(&self, error: anyhow::Error) {
        tracing::error!("{error:#}: stopping the process");
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.0.begun.cancel();
    }

    /// Waits for SIGTERM, SIGINT, [`Shutdown::trigger`] or [`Shutdown::fail`], then drains. A second signal exits the
    /// process at once with code 130.
    ///
    /// Signals are caught from the first poll on: poll this beside anything slow at the start, or Ctrl-C kills it hard
    /// and, in a container as process 1, does nothing.
    pub async fn wait_for_signal_and_drain(self) -> Drained {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                self.fail(error);
                return self.drain().await;
            }
        };
        let mut heard = Heard::default();
        let mut drain = std::pin::pin!(self.drain());
        loop {
            let name = tokio::select! {
                drained = &mut drain => return drained,
                name = signals.next() => name,
            };
            match heard.one_more() {
                Reaction::Drain => {
                    tracing::info!("received {name}: stopping");
                    self.trigger();
                }
                Reaction::Exit => {
                    tracing::warn!("received {name} again: leaving at once, without finishing");
                    std::process::exit(ENDED_BY_SIGNAL);
                }
            }
        }
    }

    async fn drain(&self) -> Drained {
        let shared = &*self.0;
        shared.begun.cancelled().await;
        let delay = self.delay();
        shared.health.draining();
        tracing::info!("draining: readiness is red, serving for {delay:?} more");
        tokio::time::sleep(delay).await;

        let deadline = shared.drain_deadline;
        shared.stop.cancel();
        shared.tasks.close();
        tracing::info!("stopping: {} tasks have {deadline:?} to finish", shared.tasks.len());
        let ended = tokio::time::timeout(deadline, shared.tasks.wait()).await;
        match ended {
            Ok(()) => tracing::info!("stopped: every task ended"),
            Err(_) => tracing::warn!("stopped: {} tasks still ran after {deadline:?}", shared.tasks.len()),
        }
        match (self.take_failure(), ended) {
            (Some(error), _) => Drained::Failed(error),
            (None, Ok(())) => Drained::Clean,
            (None, Err(_)) => Drained::DeadlinePassed,
        }
    }

    /// A process that failed before it was ever ready gets no traffic, so there is nothing to keep serving for.
    fn delay(&self) -> Duration {
        let has_failed = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if has_failed && !self.0.health.readiness().ready { Duration::ZERO } else { self.0.drain_delay }
    }

    fn take_failure(&self) -> Option<anyhow::Error> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The signals that ask a process to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    /// The name of the next signal.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// How many signals came. A stop begun by a failure counts none, so the first signal after it still finishes work.
#[derive(Default)]
struct Heard(u32);

#[derive(Debug, PartialEq, Eq)]
enum Reaction {
    Drain,
    Exit,
}

impl Heard {
    fn one_more(&mut self) -> Reaction {
        self.0 = self.0.saturating_add(1);
        if self.0 == 1 { Reaction::Drain } else { Reaction::Exit }
    }
}

#[cfg(test)]
mod tests;
