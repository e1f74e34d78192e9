//! Query and body as one kind of thing: named values, whether they came as JSON or as a form whose values are JSON.

use axum::body::Bytes;
use axum::extract::{Form, FromRequest, Query, Request};
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::world::Refusal;

/// The named values of a call.
pub(crate) type Fields = Map<String, Value>;

type Pairs = Vec<(String, String)>;

/// The values of the query.
pub(crate) fn query(uri: &Uri) -> Fields {
    Query::<Pairs>::try_from_uri(uri).map(|Query(pairs)| from_pairs(pairs)).unwrap_or_default()
}

/// The values of the body. An empty body has none.
pub(crate) async fn read(request: Request) -> Result<Fields, Refusal> {
    if is_form(&request) {
        let Form(pairs) = Form::<Pairs>::from_request(request, &()).await.map_err(|_| Refusal::UnreadableBody)?;
        return Ok(from_pairs(pairs));
    }
    let bytes = Bytes::from_request(request, &()).await.map_err(|_| Refusal::UnreadableBody)?;
    if bytes.is_empty() {
        return Ok(Fields::new());
    }
    serde_json::from_slice(&bytes).map_err(|_| Refusal::UnreadableBody)
}

fn is_form(request: &Request) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
}

fn from_pairs(pairs: Pairs) -> Fields {
    pairs.into_iter().map(|(key, value)| (key, from_text(value))).collect()
}

/// Only objects and arrays are JSON here: a bare `RESPONSE` is text, and so is a token made of digits.
fn from_text(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(nested @ (Value::Object(_) | Value::Array(_))) => nested,
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => Value::String(text),
    }
}
