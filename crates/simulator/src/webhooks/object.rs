//! JSON objects whose members keep the order in which they are put: Meta's order, which a map would not keep.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// An ordered object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object(Vec<(Cow<'static, str>, Part)>);

/// A member's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Value(Value),
    Object(Object),
}

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The object with one member more.
    pub(crate) fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Part>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// The same, if there is a value.
    pub(crate) fn maybe(self, key: &'static str, value: Option<impl Into<Part>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Puts the other's members behind this one's.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The object without a member of the inner object of that name.
    pub(crate) fn without(mut self, outer: &str, inner: &str) -> Self {
        for (key, part) in &mut self.0 {
            if let Part::Object(object) = part
                && key == outer
            {
                object.0.retain(|(key, _)| key != inner);
            }
        }
        self
    }
}

impl<T: Into<Value>> From<T> for Part {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl From<Object> for Part {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, part) in &self.0 {
            map.serialize_entry(key, part)?;
        }
        map.end()
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}
