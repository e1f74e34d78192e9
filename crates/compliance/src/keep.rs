//! Keeps the text of every rule pack that this process knows in the log, so that any decision can be made again from the
//! log alone.

use crate::Deps;
use crate::append::Writer;
use domain::event::Event;
use domain::id::StreamId;
use domain::pack::{Change, Packs};
use domain::time::Timestamp;
use event_log::{AppendError, BoxError, JudgedBy, LogError};
use service_kit::Backoff;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A rule pack's text that an operator put beside the configuration. It was read and found to be a pack.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The file that it stands in.
    pub file: String,
    /// The whole text.
    pub text: String,
}

/// Appends what the log lacks of the packs that come with this version and of those proposed. Neither is put into force by
/// that. The log may be away and is waited for until `stop` is cancelled.
///
/// # Errors
/// When the log holds something that cannot be read.
pub async fn keep_packs(deps: Deps, proposed: &[Proposed], stop: &CancellationToken) -> Result<(), LogError> {
    let judged_by = JudgedBy::new(Arc::clone(&deps.log));
    let writer = Writer { log: deps.log, clock: deps.clock, ids: deps.ids };
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match keep(&judged_by, &writer, proposed).await {
            Ok(()) => return Ok(()),
            Err(Failed::Lasting(error)) => return Err(error),
            Err(Failed::Passing(error)) => {
                tracing::warn!(error = %error, "the log does not take the texts of the rule packs yet");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(backoff.next(writer.ids.fraction())) => (),
        }
    }
}

enum Failed {
    Passing(BoxError),
    Lasting(LogError),
}

/// One text a record, each at the revision at which it was found missing: of several replicas one adds it, and the others
/// find it.
async fn keep(judged_by: &JudgedBy, writer: &Writer, proposed: &[Proposed]) -> Result<(), Failed> {
    loop {
        let loaded = match judged_by.loaded_packs().await {
            Ok(loaded) => loaded,
            Err(error @ LogError::Broken(_)) => return Err(Failed::Lasting(error)),
            Err(LogError::Unavailable(error)) => return Err(Failed::Passing(error)),
        };
        let now = writer.clock.now();
        let Some(event) = missing(&loaded.state, proposed, now) else { return Ok(()) };
        match writer.append(StreamId::packs(), vec![event], (now, loaded.revision)).await {
            Ok(appended) => tracing::info!(revision = appended.revision, "kept a rule pack's text in the log"),
            Err(AppendError::Conflict { .. }) => (),
            Err(error) => return Err(Failed::Passing(error.into())),
        }
    }
}

/// The first text that the log lacks. One that was no pack would have ended the start.
fn missing(packs: &Packs, proposed: &[Proposed], now: Timestamp) -> Option<Event> {
    let load = |Proposed { file, text }: &Proposed| {
        let load = Change::Load { file: file.clone(), text: text.clone() };
        packs.decide(&load, now).ok()?.into_iter().next()
    };
    packs.keep_known(now).into_iter().next().or_else(|| proposed.iter().find_map(load))
}
