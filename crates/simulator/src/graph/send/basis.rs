//! On what ground a message is sent: its messaging type and tag.

use super::super::Request;
use super::content::{Content, Kind};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::TAGS;

/// The ground of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Basis {
    pub(super) messaging_type: &'static str,
    /// Only beside `MESSAGE_TAG`: a tag beside another type opens nothing.
    pub(super) tag: Option<String>,
}

/// Reads type and tag. A tag that has ended is refused whatever stands beside it.
pub(super) fn read(world: &World, request: &Request<'_>, content: &Content, now_ms: i64) -> Result<Basis, GraphError> {
    let tag = match request.value("tag")? {
        None => None,
        Some(value) => {
            let named = value.as_str().unwrap_or_default();
            let known = TAGS.into_iter().find(|tag| *tag == named);
            Some(known.ok_or_else(|| GraphError::param(format!("Param tag must be one of {{{}}}", TAGS.join(", "))))?)
        }
    };
    let pack = world.rules.at(now_ms);
    if tag.is_some_and(|tag| pack.is_retired(tag, now_ms)) {
        return Err(Refusal::TagRetired.into());
    }
    let messaging_type = match request.value("messaging_type")?.map(|value| value.as_str().unwrap_or_default()) {
        None if content.kind == Kind::Utility => "UTILITY",
        // Old clients send a tag alone.
        None if tag.is_some() => "MESSAGE_TAG",
        None | Some("RESPONSE") => "RESPONSE",
        Some("UPDATE") => "UPDATE",
        Some("MESSAGE_TAG") => "MESSAGE_TAG",
        Some("UTILITY") => "UTILITY",
        Some(_) => {
            return Err(GraphError::param(
                "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}",
            ));
        }
    };
    match (messaging_type, tag) {
        ("MESSAGE_TAG", None) => Err(GraphError::param("Param tag must be given with messaging_type MESSAGE_TAG")),
        ("UTILITY", _) if content.kind != Kind::Utility => {
            Err(GraphError::param("messaging_type UTILITY needs message[template]"))
        }
        ("MESSAGE_TAG", Some(tag)) => Ok(Basis { messaging_type, tag: Some(tag.to_owned()) }),
        (_, _) => Ok(Basis { messaging_type, tag: None }),
    }
}
