//! What everybody does who reads, decides and appends at the revision that was read.

use crate::port::{AppendError, Appended, EventLog, Expected};
use crate::record::Record;
use std::time::Duration;

/// How often a decision is made again because somebody else wrote first. Whoever loses more often than that has met a
/// crowd, and its caller should hear so.
pub const MOST_TRIES: usize = 8;

/// How long the first and the longest waits are for a log that does not answer.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Appends, and asks again with the very same record for as long as no answer comes: only so is it known whether the
/// record is there.
///
/// # Errors
/// [`AppendError::Conflict`] or [`AppendError::Refused`], as [`EventLog::append`] says; never [`AppendError::Unknown`].
pub async fn append_until_answered(
    log: &dyn EventLog,
    record: &Record,
    expected: Expected,
) -> Result<Appended, AppendError> {
    let (mut pause, longest) = PAUSES;
    loop {
        match log.append(record, expected).await {
            Err(AppendError::Unknown(error)) => {
                tracing::warn!(error = %error, "the log did not answer an append; asking again");
                // Spread, so that all who wait do not come back at once.
                tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
                pause = (pause * 2).min(longest);
            }
            answered => return answered,
        }
    }
}
