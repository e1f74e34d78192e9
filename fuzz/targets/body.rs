//! A second, plain reader of webhook bodies, which knows the envelope and no kinds; the parser is held against it.

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The arrays of an entry that hold what happened; the platform misspells one of them.
const ARRAYS: [&str; 4] = ["messaging", "messaging:", "standby", "changes"];

/// The keys that make an entry unreadable when they come twice.
const SINGLE: [&str; 6] = ["id", "time", ARRAYS[0], ARRAYS[1], ARRAYS[2], ARRAYS[3]];

/// One entry of a body.
pub(super) struct Entry<'a> {
    /// The entry as it was written.
    pub(super) raw: &'a RawValue,
    /// Its id as it was written.
    pub(super) id: Option<&'a RawValue>,
    /// The arrays in it, in the order in which they were written; nothing when the entry can't be read.
    arrays: Option<Vec<(String, &'a RawValue)>>,
}

/// One event of an entry.
pub(super) struct Piece<'a> {
    /// The array it came from.
    pub(super) field: &'a str,
    /// The event as it was written.
    pub(super) raw: &'a RawValue,
    /// The page's id as it was written.
    id: &'a str,
}

impl Piece<'_> {
    /// An entry that holds this event alone.
    pub(super) fn entry(&self) -> String {
        let Self { field, raw, id } = self;
        format!(r#"{{"time":7,"{field}":[{raw}],"id":{id}}}"#)
    }
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
        let Some(members) = members(raw, &SINGLE) else {
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

    /// The events one by one; nothing where they can't be told apart.
    pub(super) fn split(&self) -> Option<Vec<Piece<'_>>> {
        let arrays = self.arrays.as_deref().filter(|arrays| !arrays.is_empty())?;
        let id = self.id.map_or("null", RawValue::get);
        let mut pieces = Vec::new();
        for (field, array) in arrays {
            pieces.extend(items(array)?.into_iter().map(|raw| Piece { field, raw, id }));
        }
        Some(pieces)
    }
}

/// Whether an object has a member `field` with this text.
pub(super) fn names_field(raw: &str, field: &str) -> bool {
    let Ok(raw) = serde_json::from_str::<&RawValue>(raw) else { return false };
    let is_field = |(key, value): &(String, &RawValue)| {
        key == "field" && serde_json::from_str::<String>(value.get()).is_ok_and(|value| value == field)
    };
    members(raw, &[]).is_some_and(|members| members.iter().any(is_field))
}

/// A body with this entry.
pub(super) fn with_entry(entry: &str) -> String {
    format!(r#"{{"object":"page","entry":[{entry}]}}"#)
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
