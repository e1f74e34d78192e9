//! After a log was brought back from a backup: what waits in it may have gone out in what was lost, so it is not sent.

use crate::Parts;
use crate::append::ChangeError;
use domain::event::{Event, SystemKind};
use domain::id::StreamId;
use domain::send::doubt;
use domain::time::Timestamp;
use event_log::{LogError, Stored};

impl Parts {
    /// When the log was last brought back; none if it never was. Every role is stopped for that.
    pub(crate) async fn restored_at(&self) -> Result<Option<Timestamp>, LogError> {
        let history = self.log.read(&StreamId::log(), 0).await?;
        let restored_at = history.iter().flat_map(Stored::events).filter_map(|recorded| restored(recorded.event)).max();
        if let Some(at) = restored_at {
            tracing::info!(at_ms = at.as_millis(), "the log was restored: what waits from before is not sent any more");
        }
        Ok(restored_at)
    }

    /// Calls every send of a conversation unknown that may have gone out in what the log lost.
    pub(crate) async fn doubt(&self, stream: &StreamId, restored_at: Timestamp) -> Result<(), ChangeError> {
        loop {
            let decide = |state: &_, now| doubt(state, restored_at, now);
            match self.change(stream, || self.clock.now(), decide).await {
                // Nothing may be sent there before this is told, however busy the conversation is.
                Err(ChangeError::Contended) => (),
                Ok(changed) => {
                    tracing::warn!(
                        sends = changed.events.len(),
                        "sends from before the log was restored are unknown now"
                    );
                    return Ok(());
                }
                Err(ChangeError::Refused(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn restored(event: &Event) -> Option<Timestamp> {
    match event {
        Event::System(system) => match &system.kind {
            SystemKind::LogRestored { .. } => Some(system.at),
            SystemKind::PackLoaded { .. }
            | SystemKind::PackActivated { .. }
            | SystemKind::PackRetired { .. }
            | SystemKind::PackPinned { .. }
            | SystemKind::PackOverridden { .. }
            | SystemKind::PacksRequested { .. } => None,
        },
        Event::Inbound(_)
        | Event::Quarantined(_)
        | Event::Sending(_)
        | Event::Erasing(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}
