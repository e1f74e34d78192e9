//! Utility messages: an approved template of the Page, filled with as many words as it has places.

use serde_json::{Map, Value};

use super::super::{Request, check};
use crate::errors::GraphError;
use crate::world::World;
use crate::world::page::Template;

const PATH: &str = "message[template]";

/// Checks name, language and parameters.
pub(super) fn check(world: &World, request: &Request<'_>, template: &Value) -> Result<(), GraphError> {
    let asked = check::object(template, PATH)?;
    let name = check::needed_text(asked, "name", 512, PATH)?;
    let language = match check::member(asked, "language") {
        Some(Value::Object(language)) => check::needed_text(language, "code", 16, PATH)?,
        Some(Value::String(code)) => code,
        Some(_) | None => return Err(check::missing("language", PATH)),
    };
    let templates = world.page(&request.page).map(|page| &page.templates);
    let known = templates.into_iter().flat_map(|templates| templates.values());
    let template = known.into_iter().find(|known| known.name == name && known.language == language);
    let template = template.ok_or_else(|| GraphError::param("Message template does not exist in this language"))?;
    if template.status != "APPROVED" {
        return Err(GraphError::param("Message template is not approved"));
    }
    let components = check::list(asked, "components", 0..=10, PATH)?;
    for kind in ["header", "body"] {
        let places = places(template, kind);
        let given = given(components, kind)?;
        fits(template, kind, &places, &given)?;
    }
    Ok(())
}

/// The places of a component's text: numbers or names in double braces.
fn places(template: &Template, kind: &str) -> Vec<String> {
    let components = template.components.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_kind = |component: &&Value| {
        component.get("type").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(kind))
    };
    let text =
        components.iter().find(is_kind).and_then(|component| component.get("text")?.as_str()).unwrap_or_default();
    in_braces(text)
}

/// What stands in double braces.
pub(crate) fn in_braces(text: &str) -> Vec<String> {
    let words = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
    words.map(|(word, _)| word.trim().to_owned()).collect()
}

fn given(components: &[Value], kind: &str) -> Result<Vec<Map<String, Value>>, GraphError> {
    let is_kind = |component: &&Value| {
        component.get("type").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(kind))
    };
    let Some(component) = components.iter().find(is_kind) else { return Ok(Vec::new()) };
    let parameters = component.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let objects = parameters.iter().map(|parameter| check::object(parameter, PATH).cloned());
    let texts = objects.filter(|parameter| {
        parameter.as_ref().map_or(true, |parameter| parameter.get("type").is_none_or(|kind| kind == "text"))
    });
    texts.collect()
}

fn fits(template: &Template, kind: &str, places: &[String], given: &[Map<String, Value>]) -> Result<(), GraphError> {
    if places.len() != given.len() {
        return Err(GraphError::param(format!(
            "Number of parameters of the {kind} does not match the template: {} given, {} expected",
            given.len(),
            places.len()
        )));
    }
    for parameter in given {
        check::needed_text(parameter, "text", 1024, PATH)?;
        if template.is_named {
            let name = check::needed_text(parameter, "parameter_name", 256, PATH)?;
            if !places.iter().any(|place| place == name) {
                return Err(GraphError::param(format!("The template has no parameter {name}")));
            }
        }
    }
    Ok(())
}
