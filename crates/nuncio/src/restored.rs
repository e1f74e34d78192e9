//! After the log was brought back from a backup: it says so in itself, and begins a new incarnation.

use crate::cli::RestoredOptions;
use crate::output::{self, Format};
use crate::settings::{Backend, LogSettings};
use anyhow::Context;
use api::convert::rfc3339;
use domain::event::{Event, System, SystemKind};
use domain::id::{RecordId, StreamId};
use domain::time::Timestamp;
use event_log::jetstream::JetStreamLog;
use event_log::sqlite::SqliteLog;
use event_log::{AppendError, EventLog, Expected, Record};
use serde_json::json;
use service_kit::{Clock, Ids};

/// How often the record is offered to a log that does not answer.
const TRIES: usize = 5;

/// Appends that the log was restored, and then gives it another incarnation. In this order, so that whoever reads a new
/// incarnation finds the reason for it; stopped in between, it can be run again.
pub(crate) async fn run(settings: LogSettings, options: RestoredOptions) -> anyhow::Result<()> {
    let RestoredOptions { lost_after, output: format } = options;
    let now = Clock::system().now();
    anyhow::ensure!(lost_after <= now, "--lost-after is {}, which is yet to come", rfc3339(lost_after));
    let (previous, incarnation) = match settings.backend {
        Backend::Sqlite => {
            let path = &settings.path;
            anyhow::ensure!(path.exists(), "there is no log at {} (log.path)", path.display());
            let log = SqliteLog::open(path, settings.sqlite.clone())?;
            (record(&log, lost_after, now).await?, log.begin_incarnation().await)
        }
        Backend::Nats => {
            let opened = JetStreamLog::open_existing(settings.nats.clone()).await;
            let log = opened.context("log.nats_url and log.nats_name name the log that was restored")?;
            (record(&log, lost_after, now).await?, log.begin_incarnation().await)
        }
    };
    let incarnation = incarnation.context("the restore is recorded, but has no new incarnation yet: run this again")?;
    match format {
        Format::Json => {
            let shown = json!({ "previous_incarnation": previous, "incarnation": incarnation });
            output::line(&shown.to_string())?;
        }
        Format::Text => output::line(&format!(
            "the log is incarnation {incarnation} from here on (it was {previous}): checkpoints given before are refused.\n\
             Start the roles again. Sends that wait in it from before are called unknown and not sent: each may have gone \
             out after {}.",
            rfc3339(lost_after)
        ))?,
    }
    Ok(())
}

/// Says in the log that it was restored. Answers the incarnation that has ended.
async fn record(log: &dyn EventLog, lost_after: Timestamp, now: Timestamp) -> anyhow::Result<String> {
    let previous_incarnation = log.identity().incarnation().to_owned();
    let kind = SystemKind::LogRestored { lost_after, previous_incarnation: previous_incarnation.clone() };
    let record = Record {
        id: RecordId::new(Ids::random().uuid_v7(now)),
        stream: StreamId::log(),
        recorded_at: now,
        fact: None,
        traceparent: None,
        events: vec![Event::System(System { at: now, kind })],
    };
    for _ in 1..TRIES {
        match log.append(&record, Expected::Any).await {
            Ok(_) => return Ok(previous_incarnation),
            // Only the very same append may be repeated, and must be.
            Err(AppendError::Unknown(_)) => (),
            Err(error) => return Err(error).context("nothing has changed"),
        }
    }
    log.append(&record, Expected::Any).await.context("run this again")?;
    Ok(previous_incarnation)
}
