//! Statuses of calls about Pages.

use super::{RETRY_AFTER, details, reason_name, with_details};
use crate::proto::error::v1::Reason;
use crate::proto::page::v1::{Problem, ProblemKind};
use tonic::{Code, Status};

/// Nothing is known of the Page.
pub fn no_such_page(name: &str) -> Status {
    let details = details(Reason::NoSuchPage, [("page", name.to_owned())]);
    with_details(Code::NotFound, "this Page is not registered; RegisterPage does that", details)
}

/// The Page is registered, with another access token.
pub fn page_exists(name: &str) -> Status {
    let details = details(Reason::PageExists, [("page", name.to_owned())]);
    let message = "this Page is registered with another access token; RotatePageToken changes it";
    with_details(Code::AlreadyExists, message, details)
}

/// The request id was used for another call about this Page.
pub fn page_request_id_reused(name: &str) -> Status {
    let details = details(Reason::RequestIdReused, [("page", name.to_owned())]);
    let message = "this request id was used before for another call about this Page; use a new one";
    with_details(Code::AlreadyExists, message, details)
}

/// The access token cannot be used, for these reasons.
pub fn page_not_ready(name: &str, problems: &[Problem]) -> Status {
    let mut details = details(Reason::PageNotReady, [("page", name.to_owned())]);
    for problem in problems {
        let kind = problem.kind().as_str_name();
        let kind = kind.strip_prefix("PROBLEM_KIND_").unwrap_or(kind);
        details.add_precondition_failure_violation(kind, name, format!("{} {}", problem.what, problem.remedy));
    }
    let first = problems.first().map(|first| format!("{} {}", first.what, first.remedy)).unwrap_or_default();
    with_details(Code::FailedPrecondition, format!("the access token was not taken: {first}"), details)
}

/// The platform could not be asked, so nothing was done.
pub fn platform_silent(problem: &Problem) -> Status {
    let mut details = details(Reason::PlatformSilent, [("kind", reason_of(problem.kind()))]);
    details.set_retry_info(Some(RETRY_AFTER));
    with_details(Code::Unavailable, format!("nothing was done: {} {}", problem.what, problem.remedy), details)
}

fn reason_of(kind: ProblemKind) -> String {
    kind.as_str_name().to_owned()
}

/// Access tokens cannot be kept here.
pub fn no_secrets_key(what: &str) -> Status {
    let details = details(Reason::NoSecretsKey, []);
    with_details(Code::FailedPrecondition, what.to_owned(), details)
}

/// The change stands, but whoever sends for the Page has not said yet that it goes by it.
pub fn pause_not_confirmed(name: &str) -> Status {
    let mut details = details(Reason::PauseNotConfirmed, [("page", name.to_owned())]);
    details.set_retry_info(Some(RETRY_AFTER));
    let message = format!(
        "{}: the change stands in the log, but whoever sends for the Page has not confirmed it yet, so a message may \
         still leave; repeat the call",
        reason_name(Reason::PauseNotConfirmed)
    );
    with_details(Code::Unavailable, message, details)
}
