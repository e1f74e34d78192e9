//! Refusals that time alone lifts, since a limit of the platform is used up.

use super::{details, with_details};
use crate::proto::error::v1::Reason;
use domain::id::PageId;
use domain::time::Timestamp;
use std::time::Duration;
use tonic::{Code, Status};

/// The Page has more to send before its turn comes to this message than it may send until the message's window closes.
/// `wait` is how long that takes; `message` is the name of the message, which has ended.
pub fn send_rate(page: &PageId, turn: Timestamp, wait: Duration, message: &str) -> Status {
    let turn = crate::convert::rfc3339(turn);
    let metadata = [("page", page.to_string()), ("turn", turn.clone()), ("message", message.to_owned())];
    let mut details = details(Reason::SendRate, metadata);
    details.set_retry_info(Some(wait));
    let what = "the messages that the Page sends in a second, all of which are taken until then";
    details.add_quota_failure_violation(format!("pages/{page}"), what);
    let message = format!(
        "so much waits at this Page that its turn would come at {turn}, after the end of the message's window; ask again \
         with another request id when less waits, or let a person of the staff write, who goes before programs"
    );
    with_details(Code::ResourceExhausted, message, details)
}

/// The Page has used up the calls that the platform gives it before its turn comes to this message, whose window ends before
/// more are free. `turn` is when they are, and `wait` how long that takes; `quota` is the limit in words; `message` is the
/// name of the message, which has ended.
pub fn app_quota(page: &PageId, turn: Timestamp, wait: Duration, (quota, message): (&str, &str)) -> Status {
    let turn = crate::convert::rfc3339(turn);
    let metadata = [("page", page.to_string()), ("turn", turn.clone()), ("message", message.to_owned())];
    let mut details = details(Reason::AppQuota, metadata);
    details.set_retry_info(Some(wait));
    details.add_quota_failure_violation(format!("pages/{page}"), quota);
    let message = format!(
        "the Page has used up its part of the calls that the platform gives it in 24 hours, and more are free at {turn}, after \
         the end of the message's window; ask again with another request id then, or let a person of the staff write, for whom \
         calls are kept"
    );
    with_details(Code::ResourceExhausted, message, details)
}

/// The same of a call that is no message: nothing was done.
pub fn no_calls_left(page: &PageId, free: Timestamp, wait: Duration, quota: &str) -> Status {
    let free = crate::convert::rfc3339(free);
    let mut details = details(Reason::AppQuota, [("page", page.to_string()), ("turn", free.clone())]);
    details.set_retry_info(Some(wait));
    details.add_quota_failure_violation(format!("pages/{page}"), quota);
    let message = format!(
        "the Page has used up the calls that the platform gives it in 24 hours, and more are free at {free}; repeat the call then"
    );
    with_details(Code::ResourceExhausted, message, details)
}
