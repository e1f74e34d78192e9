//! The person's own conversation, where a send lives in another stream: read from the log, as far as it was then.

use super::plan::Plan;
use domain::conversation::Conversation;
use domain::id::{SendId, StreamId};
use domain::time::Timestamp;
use event_log::{EventLog, LogError, Stored};

/// The conversation of the person that a send in this stream speaks to, as it was when a record of this moment was
/// appended; none when the send lives in it, or nothing is known of the person yet. Between two streams the log knows no
/// order but their clocks'.
pub(super) async fn home(
    log: &dyn EventLog,
    plan: &Plan,
    stream: &StreamId,
    (state, send): (&Conversation, &SendId),
    moment: Timestamp,
) -> Result<Option<Conversation>, LogError> {
    let (StreamId::Comment(page, ..) | StreamId::Optin(page, _)) = stream else { return Ok(None) };
    let Some(known) = state.send(send) else { return Ok(None) };
    let person = log.identity().person_key(page, &known.recipient);
    let records = log.read(&StreamId::Conversation(page.clone(), person), 0).await?;
    let was_there =
        |stored: &&Stored| stored.record.recorded_at <= moment && !plan.is_behind(stored.shard, stored.position);
    let history: Vec<_> = records.iter().filter(was_there).collect();
    let is_known = !history.is_empty();
    Ok(is_known.then(|| Conversation::fold(history.into_iter().flat_map(Stored::events))))
}
