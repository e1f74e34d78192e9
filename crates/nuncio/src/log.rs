//! Opens the event log, and keeps an eye on it.

use crate::settings::{Backend, LogSettings};
use anyhow::Context;
use event_log::EventLog;
use event_log::jetstream::{JetStreamLog, OpenError};
use event_log::sqlite::SqliteLog;
use service_kit::{Backoff, ByteSize, CheckHandle};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the log is asked whether it works.
const EVERY: Duration = Duration::from_secs(1);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the log for reading and writing. NATS may come up later than we do: it is waited for, and readiness says so.
/// With `body_limit` webhooks come in here, and the log must be able to hold a whole one.
pub(crate) async fn open(
    settings: &LogSettings,
    body_limit: Option<ByteSize>,
    health: &CheckHandle,
    stop: &CancellationToken,
) -> anyhow::Result<Arc<dyn EventLog>> {
    if settings.backend == Backend::Sqlite {
        return Ok(Arc::new(SqliteLog::open(&settings.path, settings.sqlite.clone())?));
    }
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match JetStreamLog::open(settings.nats.clone()).await {
            Ok(log) => {
                check_room(log.max_payload(), body_limit)?;
                return Ok(Arc::new(log));
            }
            Err(error @ (OpenError::Connect(_) | OpenError::Unavailable(_))) => {
                health.failing(format!("cannot reach NATS at log.nats_url: {error}"));
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot open the event log yet; trying again");
                tokio::select! {
                    () = stop.cancelled() => anyhow::bail!("stopped before the event log could be opened"),
                    () = tokio::time::sleep(backoff.next(1.0)) => (),
                }
            }
            Err(error) => return Err(refused(error)),
        }
    }
}

fn refused(error: OpenError) -> anyhow::Error {
    let advice = match &error {
        OpenError::NotDurable(_) => {
            "cannot open the event log on NATS: set the servers and the configuration right, or, for a trial, \
             log.nats_durability=relaxed, which takes an acknowledgement for whatever it is worth"
        }
        OpenError::Connect(_)
        | OpenError::Unavailable(_)
        | OpenError::Credentials { .. }
        | OpenError::Config(_)
        | OpenError::Limits(_)
        | OpenError::Mismatch { .. }
        | OpenError::Create { .. }
        | OpenError::Missing { .. }
        | OpenError::LostIdentity { .. }
        | OpenError::Identity { .. } => "cannot open the event log on NATS",
    };
    anyhow::Error::new(error).context(advice)
}

/// A body that nobody understands is kept whole, in one message, with what is written beside it: so the server must take
/// twice the limit.
fn check_room(max_payload: usize, body_limit: Option<ByteSize>) -> anyhow::Result<()> {
    let needed = body_limit.map_or(0, |limit| limit.as_usize().saturating_mul(2));
    anyhow::ensure!(
        max_payload >= needed,
        "the NATS server takes messages of at most {max_payload} bytes, and webhook.body_limit needs {needed}: set \
         max_payload to that in the server's configuration, or lower webhook.body_limit"
    );
    Ok(())
}

/// Opens the log beside a process that writes to it.
pub(crate) async fn open_to_read(settings: &LogSettings) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(match settings.backend {
        Backend::Sqlite => {
            Arc::new(SqliteLog::open_to_read(&settings.path).context("log.path names the log to look into")?)
        }
        Backend::Nats => {
            let opened = JetStreamLog::open_existing(settings.nats.clone()).await;
            Arc::new(opened.context("log.nats_url and log.nats_name name the log to look into")?)
        }
    })
}

/// Opens a log that is there for adding to it. Nothing is waited for: whoever typed the command is there to see it fail.
pub(crate) async fn open_to_write(settings: &LogSettings) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(match settings.backend {
        Backend::Sqlite => {
            let path = &settings.path;
            anyhow::ensure!(path.exists(), "there is no log at {} (log.path)", path.display());
            Arc::new(SqliteLog::open(path, settings.sqlite.clone())?)
        }
        Backend::Nats => {
            // Else it would be made.
            JetStreamLog::open_existing(settings.nats.clone()).await.map_err(refused)?;
            Arc::new(JetStreamLog::open(settings.nats.clone()).await.map_err(refused)?)
        }
    })
}

/// Asks the log once a second whether it works, and tells readiness and those who would otherwise wait for time-outs.
pub(crate) async fn watch(
    log: Arc<dyn EventLog>,
    health: CheckHandle,
    is_ready: watch::Sender<bool>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let answer = tokio::time::timeout(PATIENCE, log.check()).await;
        let outcome = match answer {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the event log did not answer within {} s", PATIENCE.as_secs())),
        };
        let works = outcome.is_ok();
        // Before readiness: whoever sees it green may write at once.
        let has_changed = is_ready.send_if_modified(|known| std::mem::replace(known, works) != works);
        match outcome {
            Ok(()) => health.ok(),
            Err(why) => health.failing(why),
        }
        if has_changed {
            tracing::warn!(works, "the event log {}", if works { "works again" } else { "does not answer" });
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => (),
        }
    }
}
