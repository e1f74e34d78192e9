//! Several calls in one: `batch=[{method, relative_url, body}]`, done in order, each with an answer of its own.

use serde_json::{Map, Value, json};

use super::call::{Call, Method, Raw};
use super::{Manner, Note, Reply, Usage, handle};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::BATCH;

/// Runs a batch, or refuses it whole.
pub(super) fn run(world: &mut World, call: &Call, now_ms: i64) -> Reply {
    match items(call) {
        Ok(items) => {
            let mut notes = Vec::new();
            let mut usage = Usage::default();
            let mut answers = Vec::new();
            for item in &items {
                let reply = match read(call, item) {
                    Some(call) => handle(world, &call, now_ms),
                    None => refuse(world, Refusal::Parameter.into()),
                };
                usage.app_percent = usage.app_percent.max(reply.usage.app_percent);
                notes.extend(reply.notes);
                let is_withheld = matches!(reply.manner, Manner::Close | Manner::Hang);
                // What was not answered in time is null.
                answers.push(if is_withheld { Value::Null } else { answer(reply.status, &reply.body) });
            }
            Reply { status: 200, body: answers.into(), usage, manner: Manner::Now, notes }
        }
        Err(error) => refuse(world, error),
    }
}

fn refuse(world: &mut World, error: GraphError) -> Reply {
    let n = world.count_record(None, None);
    let shape = error.refusal.shape();
    let note = Note {
        n,
        method: "POST",
        endpoint: "batch".to_owned(),
        http_status: Some(shape.status),
        code: Some(shape.code),
        subcode: shape.subcode,
        ..Note::default()
    };
    let body = error.body(world.ids.trace("", None, n));
    Reply { status: shape.status, body, usage: Usage::default(), manner: Manner::Now, notes: vec![note] }
}

fn items(call: &Call) -> Result<Vec<Map<String, Value>>, GraphError> {
    let fields = call.fields.as_ref().map_err(|refusal| *refusal)?;
    let Some(batch) = fields.get("batch") else { return Err(Refusal::UnknownPath.into()) };
    let items = batch.as_array().ok_or_else(|| GraphError::param("param batch must be an array."))?;
    if items.len() > BATCH {
        return Err(Refusal::BatchTooLarge.into());
    }
    let objects = items.iter().map(|item| item.as_object().cloned()).collect::<Option<Vec<_>>>();
    objects.ok_or_else(|| GraphError::param("param batch must be an array of objects."))
}

/// A call of the batch: token and proof are the batch's own unless it names others.
fn read(outer: &Call, item: &Map<String, Value>) -> Option<Call> {
    let url = item.get("relative_url")?.as_str()?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let method = item.get("method").and_then(Value::as_str).unwrap_or("GET");
    Method::parse(method)?;
    let (content_type, body) = match item.get("body") {
        None | Some(Value::Null) => ("", String::new()),
        Some(Value::String(form)) if form.trim_start().starts_with('{') => ("application/json", form.clone()),
        Some(Value::String(form)) => ("application/x-www-form-urlencoded", form.clone()),
        Some(nested) => ("application/json", nested.to_string()),
    };
    let raw = Raw { method, path, query, content_type, authorization: None, body: body.as_bytes() };
    let mut call = Call::parse(raw);
    if call.path.is_empty() {
        // A batch in a batch.
        return None;
    }
    if call.credentials.token.is_none() {
        call.credentials = outer.credentials.clone();
    }
    Some(call)
}

fn answer(status: u16, body: &Value) -> Value {
    let headers = json!([{ "name": "Content-Type", "value": "application/json; charset=UTF-8" }]);
    json!({ "code": status, "headers": headers, "body": body.to_string() })
}
