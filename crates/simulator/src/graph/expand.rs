//! Which fields an answer holds: `fields=id,messages.limit(5){message,from}`.

use serde_json::{Map, Value};

use super::Request;
use crate::errors::GraphError;

/// A field, with what it holds itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) limit: Option<usize>,
    pub(super) inner: Vec<Field>,
}

/// How deep fields may stand in fields.
const DEPTH: usize = 4;

/// The fields that the call asks for, else these.
pub(super) fn asked(request: &Request<'_>, default: &[&str]) -> Result<Vec<Field>, GraphError> {
    match request.text("fields")?.filter(|fields| !fields.is_empty()) {
        Some(fields) => parse(&fields),
        None => Ok(default.iter().map(|name| Field { name: (*name).to_owned(), ..Field::default() }).collect()),
    }
}

/// Only what was asked for; an id is always there.
pub(super) fn pick(mut whole: Map<String, Value>, fields: &[Field]) -> Value {
    whole.retain(|name, value| !value.is_null() && (name == "id" || fields.iter().any(|field| field.name == *name)));
    Value::Object(whole)
}

fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let mut rest = text;
    let fields = list(&mut rest, 0)?;
    if rest.is_empty() { Ok(fields) } else { Err(wrong()) }
}

fn list(rest: &mut &str, depth: usize) -> Result<Vec<Field>, GraphError> {
    if depth >= DEPTH {
        return Err(wrong());
    }
    let mut fields = Vec::new();
    loop {
        *rest = rest.trim_start();
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return Err(wrong());
        }
        let mut field = Field { name: name.to_owned(), ..Field::default() };
        *rest = after.trim_start();
        while let Some(after) = rest.strip_prefix('.') {
            let (modifier, after) = after.split_once(')').ok_or_else(wrong)?;
            let (name, value) = modifier.split_once('(').ok_or_else(wrong)?;
            if name == "limit" {
                field.limit = Some(value.parse().map_err(|_| wrong())?);
            }
            *rest = after;
        }
        if let Some(after) = rest.strip_prefix('{') {
            *rest = after;
            field.inner = list(rest, depth + 1)?;
            *rest = rest.strip_prefix('}').ok_or_else(wrong)?.trim_start();
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(fields),
        }
    }
}

fn wrong() -> GraphError {
    GraphError::from(crate::errors::Refusal::UnknownPath).saying("Syntax error in the parameter fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_fields() {
        let fields = parse("id, messages.limit(5){message,from{id}},link").unwrap();
        assert_eq!(fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["id", "messages", "link"]);
        assert_eq!((fields[1].limit, fields[1].inner[1].inner[0].name.as_str()), (Some(5), "id"));
        for bad in ["", ",", "a{", "a{}", "a}", "a.limit(x)", "a.limit(", "a{b{c{d{e}}}}", "a b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
