//! A second, plain reader of webhook bodies, which knows the envelope and no kinds; the parser is held against it.

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The arrays of an entry that hold what happened.
const ARRAYS: [&str; 3] = ["messaging", "standby", "changes"];

/// One entry of a body.
pub(super) struct Entry<'a> {
    /// The entry as it was written.
    pub(super) raw: &'a RawValue,
    /// Its id as it was written.
    pub(super) id: Option<&'a RawValue>,
    /// The arrays in it, in the order in which they were written; nothing when the entry can't be read.
    arrays: Option<Vec<(String, &'a RawValue)>>,
}

impl<'a> Entry<'a> {
    /// The entries of a body that the parser could read.
    pub(super) fn all(body: &'a str) -> Vec<Self> {
        let raw: &RawValue = serde_json::from_str(body).expect("the body is JSON");
        let body = members(raw, &["object", "entry"]).expect("the body is an object");
        let (_, entries) = body.into_iter().find(|(key, _)| key == "entry").expect("the body has entries");
        items(entries).expect("the entries are an array").into_iter().map(Self::read).collect()
    }

    fn read(raw: &'a RawValue) -> Self {
        let Some(members) = members(raw, &["id", "time", "messaging", "standby", "changes"]) else {
            return Self { raw, id: None, arrays: None };
        };
        let id = members.iter().find(|(key, _)| key == "id").map(|(_, id)| *id);
        let is_array = |(key, value): &(String, &RawValue)| ARRAYS.contains(&key.as_str()) && value.get() != "null";
        Self { raw, id, arrays: Some(members.into_iter().filter(is_array).collect()) }
    }

    /// How many things the entry says: its events, or one where the events can't be told apart.
    pub(super) fn len(&self) -> usize {
        match self.arrays.as_deref() {
            None | Some([]) => 1,
            Some(arrays) => arrays.iter().map(|(_, array)| items(array).map_or(1, |items| items.len())).sum(),
        }
    }

    /// Entries that together say the same, each with one event; nothing where the events can't be told apart.
    pub(super) fn split(&self) -> Option<Vec<String>> {
        let arrays = self.arrays.as_deref().filter(|arrays| !arrays.is_empty())?;
        let id = self.id.map_or("null", RawValue::get);
        let mut entries = Vec::new();
        for (field, array) in arrays {
            for item in items(array)? {
                entries.push(format!(r#"{{"time":7,"{field}":[{}],"id":{id}}}"#, item.get()));
            }
        }
        Some(entries)
    }
}

/// A body with these entries.
pub(super) fn with_entries(entries: &[String]) -> String {
    format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","))
}

fn items(array: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array.get()).ok()
}

/// The members of an object; nothing when it is none, or has one of the `single` keys twice.
fn members<'a>(raw: &'a RawValue, single: &[&str]) -> Option<Vec<(String, &'a RawValue)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    let members = serde_json::Deserializer::from_str(raw.get()).deserialize_map(Members).ok()?;
    let count = |key: &str| members.iter().filter(|(name, _)| name == key).count();
    single.iter().all(|key| count(key) <= 1).then_some(members)
}
