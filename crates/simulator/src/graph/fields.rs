//! Reading a call's values: absent and null are the same, numbers and booleans may come as text, and what is wrong is
//! named.

use serde_json::{Map, Value};

use super::Request;
use crate::errors::{GraphError, Refusal};

type Fields = Map<String, Value>;

impl<'a> Request<'a> {
    /// The values, if the body could be read.
    pub(crate) fn fields(&self) -> Result<&'a Fields, Refusal> {
        self.call.fields.as_ref().map_err(|refusal| *refusal)
    }

    /// A value that is there.
    pub(crate) fn value(&self, key: &str) -> Result<Option<&'a Value>, Refusal> {
        Ok(present(self.fields()?, key))
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, GraphError> {
        text(self.fields()?, key)
    }

    /// A text that must be there, and not be empty.
    pub(crate) fn needed_text(&self, key: &str) -> Result<String, GraphError> {
        let value = self.text(key)?.filter(|text| !text.is_empty());
        value.ok_or_else(|| GraphError::param(format!("The parameter {key} is required")))
    }

    /// A list of texts: JSON, or words with commas between them.
    pub(crate) fn words(&self, key: &str) -> Result<Vec<String>, GraphError> {
        let words = match self.value(key)? {
            None => Vec::new(),
            Some(Value::String(text)) => text.split(',').map(|word| word.trim().to_owned()).collect(),
            Some(Value::Array(items)) => {
                let item = |item: &Value| match item {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
                };
                let items: Option<Vec<_>> = items.iter().map(item).collect();
                items.ok_or_else(|| GraphError::param(format!("param {key} must be an array of strings")))?
            }
            Some(_) => return Err(GraphError::param(format!("param {key} must be an array"))),
        };
        Ok(words.into_iter().filter(|word| !word.is_empty()).collect())
    }

    /// The value of a query parameter that is a whole number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, GraphError> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number.map(Some).ok_or_else(|| GraphError::param(format!("param {key} must be an integer")))
    }
}

/// A value that is there and not null.
pub(crate) fn present<'a>(fields: &'a Fields, key: &str) -> Option<&'a Value> {
    fields.get(key).filter(|value| !value.is_null())
}

/// A text, also from a bare number.
pub(crate) fn text(fields: &Fields, key: &str) -> Result<Option<String>, GraphError> {
    match present(fields, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(GraphError::param(format!("param {key} must be a string"))),
    }
}
