//! What a call to the Send API came to.

use super::errors::{ErrorClass, Wait};
use crate::json::{self, Detail, Id, Integer, Moment, Object};
use domain::id::{AttachmentId, Mid, Psid};
use domain::time::Span;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What may have happened to a message.
#[derive(Clone, Debug, PartialEq)]
pub enum SendAnswer {
    /// The platform took it.
    Accepted {
        /// The message's id.
        mid: Mid,
        /// The person, if the platform says.
        recipient: Option<Psid>,
        /// The id under which it kept the message's file, if it was asked to.
        attachment: Option<AttachmentId>,
    },
    /// The platform said no, and sent nothing.
    Refused(ApiError),
    /// Nothing of the call left this machine. It may be made again.
    NotSent(NotSent),
    /// The person may have the message or not. Only its echo can tell.
    Ambiguous(Ambiguity),
}

/// Why nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotSent {
    /// The platform's name could not be resolved.
    NameUnknown,
    /// No connection was made: refused, unreachable, too slow, or not trusted.
    NoConnection,
    /// The call can't be written down, for instance because the token has a character that no header may have.
    BadRequest,
}

/// Why it is not known whether the message went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ambiguity {
    /// No answer came in time, or not all of it.
    TimedOut,
    /// The connection ended before the answer was there.
    ConnectionLost,
    /// The platform failed inside; the status is 500 or above.
    ServerError,
    /// The answer is none that the Send API gives.
    Unreadable,
    /// The platform took the call and did not name the message.
    NoMessageId,
    /// The platform reported an error with which messages are known to have gone out: 1/1357046.
    DoubtfulError,
}

impl NotSent {
    /// The reason's name, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NameUnknown => "name_unknown",
            Self::NoConnection => "no_connection",
            Self::BadRequest => "bad_request",
        }
    }
}

impl Ambiguity {
    /// The reason's name, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::ConnectionLost => "connection_lost",
            Self::ServerError => "server_error",
            Self::Unreadable => "unreadable",
            Self::NoMessageId => "no_message_id",
            Self::DoubtfulError => "doubtful_error",
        }
    }
}

/// An error of the Graph API. Its message for people is left out: it may quote what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status it came with, which may be 200.
    pub status: u16,
    /// The error code, 0 when there is none.
    pub code: i64,
    /// The subcode, 0 when there is none.
    pub subcode: i64,
    /// Whether the platform itself calls it transient.
    pub transient: bool,
    /// What Meta's support asks for.
    pub fbtrace_id: Option<String>,
    /// How long to wait, where the answer says it, in its body or its headers.
    pub wait: Option<Wait>,
}

/// Judges an answer by its status and its whole body. Whatever leaves a doubt is ambiguous.
pub fn judge(status: u16, body: &[u8]) -> SendAnswer {
    if status >= 500 {
        return SendAnswer::Ambiguous(Ambiguity::ServerError);
    }
    let answer = serde_json::from_slice::<&RawValue>(body).ok().and_then(json::object::<Answer>);
    let is_success = (200..300).contains(&status);
    match answer {
        // Failure and success in one: a message that is named may be out, so this must not be repeated as refused.
        Some(Answer { message_id: Some(_), error, .. }) if error.is_some() || !is_success => {
            SendAnswer::Ambiguous(Ambiguity::Unreadable)
        }
        Some(Answer { error: Some(Object(error)), .. }) => refusal(error.at(status)),
        // Throttling may be done by a machine in front that knows no error codes.
        _ if status == 429 => SendAnswer::Refused(ApiError { status, ..ApiError::default() }),
        Some(Answer { error: None, message_id, recipient_id, attachment_id }) if is_success => {
            let Some(mid) = message_id.and_then(|mid| Mid::parse(&mid.0).ok()) else {
                return SendAnswer::Ambiguous(Ambiguity::NoMessageId);
            };
            SendAnswer::Accepted {
                mid,
                recipient: recipient_id.and_then(|psid| Psid::parse(&psid.0).ok()),
                attachment: attachment_id.0.and_then(|raw| AttachmentId::parse(&json::text(&raw)?).ok()),
            }
        }
        Some(_) | None => SendAnswer::Ambiguous(Ambiguity::Unreadable),
    }
}

/// The error of an answer to any other call, if it is one.
pub(super) fn error_of(status: u16, body: &[u8]) -> Option<ApiError> {
    #[derive(Deserialize)]
    struct Failed {
        error: Object<WireError>,
    }
    let failed = serde_json::from_slice::<&RawValue>(body).ok().and_then(json::object::<Failed>);
    let throttled = (status == 429).then(|| ApiError { status, ..ApiError::default() });
    failed.map(|Failed { error: Object(error) }| error.at(status)).or(throttled)
}

fn refusal(error: ApiError) -> SendAnswer {
    match error.class() {
        ErrorClass::Ambiguous => SendAnswer::Ambiguous(Ambiguity::DoubtfulError),
        ErrorClass::Rate(_)
        | ErrorClass::Transient
        | ErrorClass::Message
        | ErrorClass::Attachment
        | ErrorClass::Token
        | ErrorClass::Person
        | ErrorClass::Thread
        | ErrorClass::Feature
        | ErrorClass::Page(_) => SendAnswer::Refused(error),
    }
}

#[derive(Deserialize)]
struct Answer {
    message_id: Option<Id>,
    recipient_id: Option<Id>,
    #[serde(default)]
    attachment_id: Detail<Box<RawValue>>,
    error: Option<Object<WireError>>,
}

#[derive(Deserialize)]
struct WireError {
    code: Option<Box<RawValue>>,
    error_subcode: Option<Box<RawValue>>,
    is_transient: Option<Box<RawValue>>,
    fbtrace_id: Option<Box<RawValue>>,
    #[serde(default)]
    error_data: Detail<WireData>,
}

/// What is said beside an error, of which only times are of use.
#[derive(Deserialize)]
struct WireData {
    #[serde(default)]
    remaining_seconds: Detail<Integer>,
    #[serde(default)]
    next_eligible_time: Detail<Moment>,
}

impl WireData {
    fn wait(self) -> Option<Wait> {
        let at = self.next_eligible_time.0.map(|moment| Wait::Until(moment.0));
        let seconds = self.remaining_seconds.0.filter(|seconds| seconds.0 > 0);
        seconds.map(|seconds| Wait::For(Span::from_secs(seconds.0))).or(at)
    }
}

impl WireError {
    fn at(self, status: u16) -> ApiError {
        let number = |raw: Option<Box<RawValue>>| raw.and_then(|raw| json::number(&raw)).unwrap_or_default();
        ApiError {
            status,
            code: number(self.code),
            subcode: number(self.error_subcode),
            transient: self.is_transient.is_some_and(|flag| flag.get() == "true"),
            fbtrace_id: self.fbtrace_id.and_then(|id| json::text(&id)).filter(|id| is_trace_id(id)),
            wait: self.error_data.0.and_then(WireData::wait),
        }
    }
}

/// Whether a text may go to the logs as a trace id.
fn is_trace_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::errors::Scope;
    use domain::time::Timestamp;

    #[test]
    fn an_error_is_refused_with_its_codes_and_without_its_words() {
        let body = br#"{"error":{"message":"(#10) to 24601: hello","type":"OAuthException","code":"10",
            "error_subcode":2018278,"is_transient":false,"fbtrace_id":"AbC"}}"#;
        for status in [200, 400, 403] {
            let fbtrace_id = Some("AbC".to_owned());
            let error = ApiError { status, code: 10, subcode: 2_018_278, transient: false, fbtrace_id, wait: None };
            assert_eq!(judge(status, body), SendAnswer::Refused(error));
        }
    }

    #[test]
    fn whatever_leaves_a_doubt_is_ambiguous() {
        for (status, body, expected) in [
            (500, r#"{"error":{"code":2}}"#, Ambiguity::ServerError),
            (503, "", Ambiguity::ServerError),
            (200, r#"{"error":{"code":1,"error_subcode":1357046}}"#, Ambiguity::DoubtfulError),
            (400, r#"{"error":{"code":1,"error_subcode":1357046}}"#, Ambiguity::DoubtfulError),
            (200, "", Ambiguity::Unreadable),
            (200, "<html>", Ambiguity::Unreadable),
            (200, "[\"m_1\"]", Ambiguity::Unreadable),
            (200, r#"{"error":"no"}"#, Ambiguity::Unreadable),
            (404, "not here", Ambiguity::Unreadable),
            (400, "{}", Ambiguity::Unreadable),
            (302, r#"{"message_id":"m_1"}"#, Ambiguity::Unreadable),
            (429, r#"{"message_id":"m_1"}"#, Ambiguity::Unreadable),
            (200, "{}", Ambiguity::NoMessageId),
            (200, r#"{"recipient_id":"2002"}"#, Ambiguity::NoMessageId),
            (200, r#"{"message_id":"with space"}"#, Ambiguity::NoMessageId),
        ] {
            assert_eq!(judge(status, body.as_bytes()), SendAnswer::Ambiguous(expected), "{status} {body}");
        }
    }

    #[test]
    fn an_error_beside_a_message_that_is_named_is_no_refusal() {
        for (status, code) in [(200, 2), (200, 10), (400, 613), (429, 4)] {
            let body = format!(r#"{{"message_id":"m_1","error":{{"code":{code}}}}}"#);
            assert_eq!(judge(status, body.as_bytes()), SendAnswer::Ambiguous(Ambiguity::Unreadable), "{status} {body}");
        }
    }

    #[test]
    fn an_error_says_how_long_to_wait() {
        for (data, expected) in [
            (r#"{"remaining_seconds":90}"#, Some(Wait::For(Span::from_secs(90)))),
            (r#"{"next_eligible_time":1767225600123}"#, Some(Wait::Until(Timestamp::from_millis(1_767_225_600_123)))),
            (r#"{"remaining_seconds":-1}"#, None),
            (r#""soon""#, None),
        ] {
            let body = format!(r#"{{"error":{{"code":4,"error_data":{data}}}}}"#);
            let SendAnswer::Refused(error) = judge(400, body.as_bytes()) else { panic!("{body}") };
            assert_eq!(error.wait, expected, "{data}");
        }
    }

    #[test]
    fn throttling_needs_no_readable_body() {
        let error = ApiError { status: 429, ..ApiError::default() };
        assert_eq!(error.class(), ErrorClass::Rate(Scope::App));
        assert_eq!(judge(429, b"slow down"), SendAnswer::Refused(error));
    }
}
