//! What is known of sends that have left the state, as the log tells it: the sender's table of the tests.

use super::{Left, Refusal, Request, all_of};
use crate::conversation::Conversation;
use crate::event::{Event, Recorded, SendingKind};
use crate::testing::record;

/// What the sender's table says of a request, where the state has forgotten sends of this history: the send that it led to
/// before, or that none did.
pub(crate) fn looked_up(history: &[Event], state: &Conversation, asked: &Request) -> Result<Left, Refusal> {
    let mut key = None;
    for event in history {
        let Event::Sending(step) = event else { continue };
        let SendingKind::Requested { request, request_digest, handling, .. } = &step.kind else { continue };
        if *request == asked.request || step.send == asked.send {
            let is_same = *request_digest == asked.request_digest;
            return Err((if is_same { Refusal::Repeated } else { Refusal::RequestIdReused })(step.send.clone()));
        }
        if handling.key.is_some() && handling.key == asked.handling.key {
            key = Some(step.send.clone());
        }
    }
    let recorded = history.iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event });
    let all = all_of(recorded);
    let key = key.filter(|send| all.get(send).is_some_and(|send| !send.status.came_to_nothing()));
    Ok(Left { floor: state.floor(), key })
}
