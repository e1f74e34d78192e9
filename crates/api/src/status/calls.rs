//! Statuses of calls that make the platform do something without a message: uploads, personas, actions, control.

use super::{RETRY_AFTER, details, with_details};
use crate::proto::error::v1::Reason;
use std::time::Duration;
use tonic::{Code, Status};

/// The platform refused a call with this error, which means that, and for which this is to be done.
pub fn platform_refused(code: i64, subcode: i64, means: &str, advice: &str) -> Status {
    let pairs = [("code", code.to_string()), ("subcode", subcode.to_string()), ("advice", advice.to_owned())];
    let means = if means.is_empty() { "It is in no list of errors." } else { means };
    let message = format!("the platform refused it with {code}/{subcode}: {means} {advice}");
    with_details(Code::FailedPrecondition, message.trim_end(), details(Reason::PlatformRefused, pairs))
}

/// The platform gave no answer that tells what became of a call; `what` says what repeating it does.
pub fn platform_unclear(why: &str, what: &str) -> Status {
    let mut details = details(Reason::PlatformSilent, [("kind", why.to_owned())]);
    details.set_retry_info(Some(RETRY_AFTER));
    with_details(Code::Unavailable, format!("the platform did not say what became of it ({why}); {what}"), details)
}

/// The Page does more at a time than it may.
pub fn too_many_actions(page: &str, wait: Duration) -> Status {
    let mut details = details(Reason::TooManyActions, [("page", page.to_owned())]);
    details.set_retry_info(Some(wait));
    let message = "too many actions of this Page at a time, and messages go first; wait, or leave it out";
    with_details(Code::ResourceExhausted, message, details)
}

/// The person wrote no such message, as far as the log knows.
pub fn no_such_message_of_person(mid: &str) -> Status {
    let details = details(Reason::NoSuchMessage, [("mid", mid.to_owned())]);
    let message = "the log knows no message of this person by this id; take the id from ListEvents or WatchInbound";
    with_details(Code::NotFound, message, details)
}

/// Nothing leaves a Page that is paused.
pub fn page_paused(page: &str) -> Status {
    let details = details(Reason::PagePaused, [("page", page.to_owned())]);
    with_details(Code::FailedPrecondition, "this Page is paused; ResumePage lifts that", details)
}

/// No persona has this name.
pub fn no_such_persona(name: &str) -> Status {
    let details = details(Reason::NoSuchPersona, [("persona", name.to_owned())]);
    let message =
        "there is no such persona, or it is deleted; ListPersonas names them all, and CreatePersona makes one";
    with_details(Code::NotFound, message, details)
}

/// The request id was used for another persona of the Page.
pub fn persona_request_id_reused(page: &str) -> Status {
    reused(page, "this request id was used before for another persona of this Page; use a new one")
}

/// The request id was used for another file of the Page.
pub fn attachment_request_id_reused(page: &str) -> Status {
    reused(page, "this request id was used before for another file of this Page; use a new one")
}

fn reused(page: &str, message: &str) -> Status {
    let details = details(Reason::RequestIdReused, [("page", page.to_owned())]);
    with_details(Code::AlreadyExists, message, details)
}
