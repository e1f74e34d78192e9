//! What a `message` object may hold.

use serde_json::{Map, Value};

use super::Refusal;
use super::limits::{METADATA_CHARS, QUICK_REPLIES, TEXT_CHARS};

const ATTACHMENT_TYPES: [&str; 5] = ["audio", "file", "image", "template", "video"];

/// The parts of a message that come back in its echo.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) attachments: Vec<Value>,
}

/// Reads a `message` and checks its limits (Send API reference).
pub(crate) fn parse(message: &Value) -> Result<Content, Refusal> {
    let Value::Object(message) = message else {
        return Err(Refusal::Parameter("(#100) param message must be an object"));
    };
    let text = string(message, "text", "(#100) param message[text] must be a string")?;
    let metadata = string(message, "metadata", "(#100) param message[metadata] must be a string")?;
    let attachments = attachments(message)?;
    if text.as_deref().unwrap_or_default().is_empty() && attachments.is_empty() {
        return Err(Refusal::Parameter("(#100) param message must hold text or an attachment"));
    }
    if text.as_deref().is_some_and(|text| text.chars().count() > TEXT_CHARS) {
        return Err(Refusal::Parameter("(#100) Length of param message[text] must be at most 2000 characters"));
    }
    if metadata.as_deref().is_some_and(|metadata| metadata.chars().count() > METADATA_CHARS) {
        return Err(Refusal::Parameter("(#100) Length of param message[metadata] must be at most 1000 characters"));
    }
    match message.get("quick_replies") {
        None | Some(Value::Null) => (),
        Some(Value::Array(replies)) if replies.len() <= QUICK_REPLIES => (),
        Some(_) => return Err(Refusal::Parameter("(#100) param message[quick_replies] must be at most 13 objects")),
    }
    Ok(Content { text, metadata, attachments })
}

fn attachments(message: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    let several = match message.get("attachments") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(several)) => several.clone(),
        Some(_) => return Err(Refusal::Parameter("(#100) param message[attachments] must be an array")),
    };
    let one = message.get("attachment").filter(|one| !one.is_null()).cloned();
    let all: Vec<Value> = one.into_iter().chain(several).collect();
    let is_known = |attachment: &Value| {
        let kind = attachment.get("type").and_then(Value::as_str);
        kind.is_some_and(|kind| ATTACHMENT_TYPES.contains(&kind))
    };
    if all.iter().all(is_known) {
        Ok(all)
    } else {
        Err(Refusal::Parameter("(#100) param message[attachment][type] is not a known type"))
    }
}

fn string(object: &Map<String, Value>, key: &str, complaint: &'static str) -> Result<Option<String>, Refusal> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::Parameter(complaint)),
    }
}
