//! Checks of JSON that messages, templates and profiles share. `path` names the value in the words of the error.

use serde_json::{Map, Value};

use crate::errors::GraphError;

type Object = Map<String, Value>;

/// The value as an object.
pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, GraphError> {
    value.as_object().ok_or_else(|| GraphError::param(format!("param {path} must be an object")))
}

/// The member, if it is there and not null.
pub(crate) fn member<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// A text of at most so many characters.
pub(crate) fn text<'a>(object: &'a Object, key: &str, most: usize, path: &str) -> Result<Option<&'a str>, GraphError> {
    let Some(value) = member(object, key) else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| GraphError::param(format!("param {path}[{key}] must be a string")))?;
    if text.chars().count() > most {
        return Err(GraphError::param(format!("Length of param {path}[{key}] must be less than or equal to {most}")));
    }
    Ok(Some(text))
}

/// The same, and it must be there.
pub(crate) fn needed_text<'a>(object: &'a Object, key: &str, most: usize, path: &str) -> Result<&'a str, GraphError> {
    text(object, key, most, path)?.filter(|text| !text.is_empty()).ok_or_else(|| missing(key, path))
}

/// A list within these lengths.
pub(crate) fn list<'a>(
    object: &'a Object,
    key: &str,
    lengths: std::ops::RangeInclusive<usize>,
    path: &str,
) -> Result<&'a [Value], GraphError> {
    let list = match member(object, key) {
        None => &[],
        Some(value) => value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| GraphError::param(format!("param {path}[{key}] must be an array")))?,
    };
    if lengths.contains(&list.len()) {
        return Ok(list);
    }
    let (least, most) = (lengths.start(), lengths.end());
    Err(GraphError::param(format!("param {path}[{key}] must have between {least} and {most} elements")))
}

/// One of some words.
pub(crate) fn one_of(object: &Object, key: &str, known: &[&str], path: &str) -> Result<(), GraphError> {
    match text(object, key, usize::MAX, path)? {
        Some(word) if !known.contains(&word) => {
            Err(GraphError::param(format!("param {path}[{key}] must be one of {{{}}}", known.join(", "))))
        }
        Some(_) | None => Ok(()),
    }
}

/// A web address.
pub(crate) fn url(object: &Object, key: &str, path: &str) -> Result<(), GraphError> {
    match text(object, key, usize::MAX, path)? {
        Some(url) if !is_url(url) => Err(GraphError::param(format!("param {path}[{key}] must be a valid URL"))),
        Some(_) | None => Ok(()),
    }
}

/// An encrypted web address.
pub(crate) fn encrypted(object: &Object, key: &str, path: &str) -> Result<(), GraphError> {
    match text(object, key, usize::MAX, path)? {
        Some(url) if !is_url(url) || !url.starts_with("https://") => {
            Err(GraphError::param(format!("param {path}[{key}] must be a valid https URL")))
        }
        Some(_) | None => Ok(()),
    }
}

/// A time of 1 to 7 days.
pub(crate) fn days(object: &Object, key: &str, path: &str) -> Result<(), GraphError> {
    match member(object, key).map(|days| days.as_i64().unwrap_or(0)) {
        Some(days) if !(1..=7).contains(&days) => {
            Err(GraphError::param(format!("param {path}[{key}] must be between 1 and 7")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether it looks like a web address: a scheme, a host, no blanks.
pub(crate) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty()) && !text.contains(char::is_whitespace)
}

/// What is missing.
pub(crate) fn missing(key: &str, path: &str) -> GraphError {
    GraphError::param(format!("param {path}[{key}] is required"))
}
