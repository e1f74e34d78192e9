//! Statuses of calls about messages.

use super::{RETRY_AFTER, details, with_details};
use crate::proto::error::v1::Reason;
use crate::proto::outbound::v1::State;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::pb;

/// What a message was to tell was told before, or is about to be, by the message of this name.
pub fn key_taken(existing: &str) -> Status {
    let details = details(Reason::DedupeKeyTaken, [("message", existing.to_owned())]);
    let message = "another message tells what this dedupe_key names; ask for it with DEDUPE_POLICY_RETURN_EXISTING, or use \
                   another key for another fact";
    with_details(Code::AlreadyExists, message, details)
}

/// The message does not wait any more, so it cannot be taken back.
pub fn not_waiting(name: &str, state: State) -> Status {
    let word = state.as_str_name().strip_prefix("STATE_").unwrap_or_default();
    let details = details(Reason::MessageNotWaiting, [("message", name.to_owned()), ("state", word.to_owned())]);
    let message = format!("the message is {word} and can no longer be cancelled; GetMessage tells what becomes of it");
    with_details(Code::FailedPrecondition, message, details)
}

/// What is known ends at `current`, before `min`.
pub fn revision_not_reached(min: u64, current: u64) -> Status {
    let mut details = details(Reason::RevisionNotReached, [("min", min.to_string()), ("current", current.to_string())]);
    details.set_retry_info(Some(RETRY_AFTER));
    let message =
        format!("revision {min} is not reached, only {current}; repeat the call, and check where {min} is from");
    with_details(Code::Unavailable, message, details)
}

/// The status as part of an answer, with all its details.
pub fn to_rpc(status: &Status) -> pb::Status {
    // Details travel as a whole status of this very form.
    let details = pb::Status::decode(status.details()).map(|carried| carried.details).unwrap_or_default();
    pb::Status { code: status.code().into(), message: status.message().to_owned(), details }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::RpcStatusExt;

    #[test]
    fn a_status_in_an_answer_has_the_details_of_the_call_that_failed() {
        let status = not_waiting("pages/1/conversations/2/messages/3", State::Sent);
        let inner = to_rpc(&status);
        assert_eq!((inner.code, inner.message.as_str()), (i32::from(Code::FailedPrecondition), status.message()));
        let info = inner.get_details_error_info().expect("its reason");
        assert_eq!((info.reason.as_str(), info.metadata["state"].as_str()), ("MESSAGE_NOT_WAITING", "SENT"));
        let late = to_rpc(&revision_not_reached(9, 7));
        assert!(late.get_details_retry_info().is_some());
        assert_eq!(late.get_details_error_info().expect("its reason").metadata["current"], "7");
    }
}
