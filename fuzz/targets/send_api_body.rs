//! Any bytes as a call of the simulator's Graph API: the call's method and path, a line break, its content type, a line
//! break, and the body.

use serde_json::Value;
use simulator::{Config, Deed, Offline};

const PAGE: &str = "1001";
const TOKEN: &str = "token";
const PERSON: &str = "2002";
/// The simulator's clock: 1 January 2026.
const NOW_MS: i64 = 1_767_225_600_000;

/// Whatever a client sends, it is answered as Meta answers: with 200 and JSON, or with an error that has every part. The
/// same calls on another platform from the same seed are answered with the same bytes.
pub fn send_api_body(data: &[u8]) {
    let Some((line, rest)) = split(data) else { return };
    let Some((content_type, body)) = split(rest) else { return };
    let (Ok(line), Ok(content_type)) = (std::str::from_utf8(line), std::str::from_utf8(content_type)) else { return };
    let (method, target) = line.split_once(' ').unwrap_or(("POST", line));
    let target = with_token(target);
    let answers =
        |platform: &mut Offline| [0, 1].map(|later| platform.call(method, &target, content_type, body, NOW_MS + later));
    let (mut first, mut second) = (platform(), platform());
    let answered = answers(&mut first);
    assert_eq!(answers(&mut second), answered, "the same seed and calls give the same answers");
    answered.iter().for_each(|(status, body)| check(*status, body));
    // Whatever came before, the platform goes on.
    let hi = br#"{"recipient":{"id":"2002"},"message":{"text":"hi"}}"#;
    let (status, body) = first.call("GET", &with_token("/me?fields=id"), "", b"", NOW_MS);
    assert!(status == 200 && body["id"] == PAGE, "{status} {body}");
    let (status, body) = first.call("POST", &with_token("/me/messages"), "application/json", hi, NOW_MS + 2);
    assert!(status == 200 || body["error"]["code"].is_number(), "{status} {body}");
}

/// One Page, and one person who has written.
fn platform() -> Offline {
    let config = Config { pages: vec![(PAGE.to_owned(), TOKEN.to_owned())], ..Config::default() };
    let mut platform = Offline::new(&config).expect("the rule packs can be read");
    assert!(platform.act(PAGE, PERSON, Deed::write("hello"), NOW_MS));
    platform
}

fn with_token(target: &str) -> String {
    let mark = if target.contains('?') { '&' } else { '?' };
    format!("{target}{mark}access_token={TOKEN}")
}

fn check(status: u16, body: &Value) {
    // A batch has an answer for each of its calls.
    if let Some(answers) = body.as_array() {
        assert_eq!(status, 200);
        assert!(answers.len() <= 50);
        for answer in answers.iter().filter(|answer| !answer.is_null()) {
            let status = answer["code"].as_u64().and_then(|status| u16::try_from(status).ok());
            let body = answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
            check(status.expect("an answer has a status"), &body.expect("an answer is JSON"));
        }
        return;
    }
    let error = &body["error"];
    assert_eq!(status == 200, error.is_null(), "{status} {body}");
    if !error.is_null() {
        assert!((400..=503).contains(&status), "{status}");
        assert!(error["message"].is_string() && error["type"].is_string() && error["code"].is_u64(), "{body}");
        assert!(error["fbtrace_id"].as_str().is_some_and(|trace| trace.len() == 23), "{body}");
    }
}

fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((&data[..end], &data[end + 1..]))
}
