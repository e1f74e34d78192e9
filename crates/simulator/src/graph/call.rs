//! A call as it arrived, whatever the form of its body: JSON, a form whose values may be JSON, or parts with files.

use serde_json::{Map, Value};

use crate::errors::Refusal;
use crate::world::app::Credentials;

mod multipart;

/// The named values of a call.
pub(crate) type Fields = Map<String, Value>;

/// A call of the Graph API.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path's words, without the version.
    pub(crate) path: Vec<String>,
    /// The version's major number, if one was named.
    pub(crate) version: Option<u32>,
    pub(crate) credentials: Credentials,
    /// The values of query and body, if the body could be read.
    pub(crate) fields: Result<Fields, Refusal>,
    pub(crate) files: Vec<File>,
}

/// How it was called. `method=delete` among the values wins over the request's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// An uploaded file. Only its size is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) filename: String,
    pub(crate) mime: String,
    pub(crate) n_bytes: usize,
}

/// A request's parts, as HTTP has them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl Method {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "GET" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl Call {
    /// Puts the parts together. The body's values win over the query's; the token is looked for in the header, then there.
    pub(crate) fn parse(raw: Raw<'_>) -> Self {
        let mut words: Vec<String> =
            raw.path.split('/').filter(|word| !word.is_empty()).map(|word| decode(word, false)).collect();
        let version = words.first().and_then(|word| version(word));
        if version.is_some() {
            words.remove(0);
        }
        let (body, files) = read_body(raw);
        let mut fields = from_form(raw.query);
        let unreadable = match body {
            Ok(body) => {
                fields.extend(body);
                None
            }
            Err(refusal) => Some(refusal),
        };
        let mut take = |key: &str| fields.remove(key).and_then(|value| value.as_str().map(str::to_owned));
        let token = take("access_token");
        let proof = take("appsecret_proof");
        let method = take("method").and_then(|method| Method::parse(&method));
        let token = raw.authorization.and_then(bearer).or(token);
        Self {
            method: method.or_else(|| Method::parse(raw.method)).unwrap_or(Method::Get),
            path: words,
            version,
            credentials: Credentials { token, proof },
            fields: unreadable.map_or(Ok(fields), Err),
            files,
        }
    }
}

fn read_body(raw: Raw<'_>) -> (Result<Fields, Refusal>, Vec<File>) {
    let kind = raw.content_type.to_ascii_lowercase();
    if raw.body.is_empty() {
        return (Ok(Fields::new()), Vec::new());
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return (Ok(from_form(&String::from_utf8_lossy(raw.body))), Vec::new());
    }
    if kind.starts_with("multipart/form-data") {
        return match multipart::read(raw.content_type, raw.body) {
            Some((pairs, files)) => {
                (Ok(pairs.into_iter().map(|(key, value)| (key, from_text(value))).collect()), files)
            }
            None => (Err(Refusal::UnreadableBody), Vec::new()),
        };
    }
    (serde_json::from_slice(raw.body).map_err(|_| Refusal::UnreadableBody), Vec::new())
}

/// The values of a query or a form.
pub(crate) fn from_form(text: &str) -> Fields {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let read = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key, true), from_text(decode(value, true)))
    };
    pairs.map(read).collect()
}

/// Only objects and arrays are JSON here: a bare `RESPONSE` is text, and so is a token made of digits.
fn from_text(text: String) -> Value {
    if !text.trim_start().starts_with(['{', '[']) {
        return Value::String(text);
    }
    match serde_json::from_str(&text) {
        Ok(nested @ (Value::Object(_) | Value::Array(_))) => nested,
        Ok(_) | Err(_) => Value::String(text),
    }
}

/// Undoes percent-encoding; what is none stays as it is.
fn decode(text: &str, is_form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(*high).unwrap_or(0) * 16 + digit(*low).unwrap_or(0));
                rest = after;
            }
            (b'+', _) if is_form => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn bearer(value: &str) -> Option<String> {
    let (scheme, token) = value.split_once(' ')?;
    let is_known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    is_known.then(|| token.trim().to_owned())
}

fn version(word: &str) -> Option<u32> {
    let (major, minor) = word.strip_prefix('v')?.split_once('.')?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| major.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(path: &str, query: &str, content_type: &str, body: &str) -> Call {
        Call::parse(Raw { method: "POST", path, query, content_type, authorization: None, body: body.as_bytes() })
    }

    #[test]
    fn query_form_and_json_say_the_same() {
        let expected = json!({"recipient": {"id": "2 0"}, "messaging_type": "RESPONSE"});
        let json = call("/v25.0/me/messages", "", "application/json; charset=utf-8", &expected.to_string());
        let form = "recipient=%7B%22id%22%3A%222+0%22%7D&messaging_type=RESPONSE";
        for call in [
            json,
            call("/me/messages", "", "application/x-www-form-urlencoded", form),
            call("/me/messages", form, "", ""),
        ] {
            assert_eq!(Value::Object(call.fields.unwrap()), expected);
            assert_eq!(call.path, ["me", "messages"]);
        }
    }

    #[test]
    fn broken_encoding_is_kept_as_it_is() {
        for (text, decoded) in
            [("%", "%"), ("%2", "%2"), ("%zz", "%zz"), ("%41%", "A%"), ("%ff", "\u{fffd}"), ("a+b", "a b")]
        {
            assert_eq!(decode(text, true), decoded);
        }
    }

    #[test]
    fn a_method_among_the_values_wins() {
        assert_eq!(call("/1/label", "method=delete", "", "").method, Method::Delete);
    }
}
