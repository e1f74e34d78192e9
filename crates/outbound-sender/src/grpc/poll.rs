//! Watching messages without a stream: one answer at a time.

use super::list::size;
use crate::Parts;
use crate::watch::Watching;
use api::convert::take_wait;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::watch_messages_response::Kind as Told;
use api::status::Violations;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::Status;

const DEFAULT_SIZE: usize = 50;
const MOST: usize = 1_000;
/// The longest wait: shorter than what proxies commonly let a call last.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long is read in what there is, before what was found in it is answered.
const READS_FOR: Duration = Duration::from_secs(5);

/// The next steps from a checkpoint on. A stop ends the wait.
pub(super) async fn poll(
    parts: Arc<Parts>,
    asked: &pb::PollMessagesRequest,
    stop: &CancellationToken,
) -> Result<pb::PollMessagesResponse, Status> {
    let begun = Instant::now();
    let mut violations = Violations::default();
    let wait = take_wait(asked.wait.as_ref(), "wait", &mut violations);
    let size = size(asked.page_size, DEFAULT_SIZE, MOST, &mut violations);
    let wanted = parts.wanted(&asked.parent, &asked.checkpoint, &mut violations);
    let (Some(wait), Some(size), Some(wanted)) = (wait, size, wanted) else { return Err(violations.into_status()) };
    let wait = wait.min(LONGEST_WAIT);
    let mut watching = Watching::open(parts, wanted).await?;
    let mut answer = pb::PollMessagesResponse::default();
    let mut until = begun + wait.max(READS_FOR);
    loop {
        let is_full = answer.steps.len() >= size || (answer.caught_up && !answer.steps.is_empty());
        if is_full && !watching.has_more_of_this_record() {
            break;
        }
        let next = tokio::select! {
            biased;
            // What the checkpoint has passed is told in any case.
            () = stop.cancelled(), if !watching.has_more_of_this_record() => break,
            next = timeout_at(until, watching.next()) => next,
        };
        match next {
            Err(_) => break,
            Ok(Err(status)) => return Err(status),
            Ok(Ok(Told::Step(step))) => answer.steps.push(step),
            Ok(Ok(Told::Reset(reset))) => answer.reset = Some(reset),
            Ok(Ok(Told::Checkpoint(_))) => (),
            Ok(Ok(Told::CaughtUp(_))) => {
                answer.caught_up = true;
                until = begun + wait;
            }
        }
    }
    answer.checkpoint = watching.reached();
    Ok(answer)
}
