//! Any bytes as an answer of the Send API: the status, a line break, and the body.

use messenger::client::{Ambiguity, ErrorClass, SendAnswer, judge};
use serde_json::Value;

/// Whatever the platform answers, a message that may have gone out is never called refused, and one that is called
/// accepted was named.
pub fn send_api_answer(data: &[u8]) {
    let Some((status, body)) = split(data) else { return };
    let answer = judge(status, body);
    assert_eq!(judge(status, body), answer, "the same answer means the same");
    // Another reader, which knows less: of a key that comes twice it sees the last one only.
    let seen: Option<Value> = serde_json::from_slice(body).ok();
    let seen = |key: &str| seen.as_ref().and_then(|body| body.get(key)).filter(|value| !value.is_null());
    match answer {
        SendAnswer::Accepted { mid, .. } => {
            assert!((200..300).contains(&status));
            if let Some(Value::String(id)) = seen("message_id") {
                assert_eq!(id, mid.as_str());
            }
            assert_eq!(seen("error"), None, "an error is no success");
        }
        SendAnswer::Refused(error) => {
            assert_eq!(error.status, status);
            assert_ne!(error.class(), ErrorClass::Ambiguous, "a doubt is no refusal");
            // Who throttles may answer in any form.
            let named = seen("message_id").filter(|_| status != 429);
            assert_eq!(named, None, "a message that was named may be out");
            let is_shown = |id: &String| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(error.fbtrace_id.as_ref().is_none_or(is_shown), "a trace id can be logged");
        }
        SendAnswer::NotSent(_) => panic!("an answer came, so something was sent"),
        SendAnswer::Ambiguous(why) => {
            assert_eq!(why == Ambiguity::ServerError, status >= 500);
            assert!(!matches!(why, Ambiguity::TimedOut | Ambiguity::ConnectionLost), "an answer came");
        }
    }
}

fn split(data: &[u8]) -> Option<(u16, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let status = std::str::from_utf8(&data[..end]).ok()?.parse().ok()?;
    Some((status, &data[end + 1..]))
}
