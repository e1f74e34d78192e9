//! Utility templates (utility-messages page): made, judged in a moment, listed, deleted; and the library.

use serde_json::{Value, json};

use super::send::utility::in_braces;
use super::{Request, check, paging};
use crate::errors::{GraphError, Refusal};
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;
use crate::world::page::Template;
use crate::world::{Effect, World};

/// A few of the library's templates: name, topic, use case, body.
const LIBRARY: [(&str, &str, &str, &str); 3] = [
    (
        "order_shipped",
        "ORDER_MANAGEMENT",
        "SHIPMENT_CONFIRMATION",
        "Your order {{1}} is on its way and arrives on {{2}}.",
    ),
    (
        "appointment_reminder",
        "EVENT_REMINDER",
        "APPOINTMENT_REMINDER",
        "We remind you of your appointment on {{1}} at our place.",
    ),
    (
        "payment_received",
        "PAYMENTS",
        "PAYMENT_CONFIRMATION",
        "We have received your payment for invoice {{1}}, thank you.",
    ),
];

/// Words that make a message an advertisement here; Meta's own judgement is not published.
const ADVERTISING: [&str; 6] = ["sale", "discount", "% off", "special offer", "buy now", "promo"];

/// `POST /{page}/message_templates`.
pub(super) fn create(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let fields = request.fields()?;
    let name = check::needed_text(fields, "name", 512, "template")?.to_owned();
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        return Err(GraphError::param("param name must hold lower-case letters, digits and underscores only"));
    }
    let language = check::needed_text(fields, "language", 16, "template")?.to_owned();
    check::one_of(fields, "category", &["UTILITY"], "template")?;
    check::one_of(fields, "parameter_format", &["NAMED", "POSITIONAL", "named", "positional"], "template")?;
    let is_named = request.text("parameter_format")?.is_some_and(|format| format.eq_ignore_ascii_case("named"));
    let components = match request.text("library_template_name")? {
        Some(wanted) => {
            let known = LIBRARY.into_iter().find(|(name, ..)| *name == wanted);
            let (.., body) = known.ok_or_else(|| GraphError::param("The library has no template of this name"))?;
            json!([{ "type": "BODY", "text": body }])
        }
        None => Value::Array(check::list(fields, "components", 1..=10, "template")?.to_vec()),
    };
    let body = body_of(&components)?;
    let verdict = judge(&body, is_named);
    let ids = world.ids;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    if page.templates.values().any(|known| known.name == name && known.language == language) {
        return Err(GraphError::param("A template of this name exists in this language"));
    }
    let n = page.count_thing();
    let id = ids.thing("template", &request.page, n);
    let status = if verdict.is_none() { "APPROVED" } else { "REJECTED" };
    let category = "UTILITY".to_owned();
    let template = Template { id: id.clone(), name, language, components, is_named, status, category };
    let value = Object::new()
        .with("event", status)
        .with("message_template_id", id.as_str())
        .with("message_template_name", template.name.as_str())
        .with("message_template_language", template.language.as_str())
        .maybe("reason", verdict);
    let event = Event::change(page, None, ("template", "message_template_status_update"), now_ms, value);
    page.templates.insert(id.clone(), template);
    world.effects.push(Effect::Tell(event));
    let mut answer = json!({ "id": id, "status": status, "category": "UTILITY" });
    if let Some(reason) = verdict {
        answer["rejection_reason"] = reason.into();
    }
    Ok(answer)
}

/// `GET /{page}/message_templates?name=`.
pub(super) fn list(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let name = request.text("name")?;
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let wanted = page.templates.iter().filter(|(_, template)| name.as_ref().is_none_or(|name| *name == template.name));
    let items = wanted.map(|(id, template)| (id.clone(), template)).collect();
    paging::page(request, items, |template: &Template| {
        json!({
            "id": template.id, "name": template.name, "language": template.language, "status": template.status,
            "category": template.category, "components": template.components,
            "parameter_format": if template.is_named { "NAMED" } else { "POSITIONAL" },
        })
    })
}

/// `DELETE /{page}/message_templates?name=`.
pub(super) fn delete(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let name = request.needed_text("name")?;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let n_before = page.templates.len();
    page.templates.retain(|_, template| template.name != name);
    if page.templates.len() == n_before { Err(Refusal::NoSuchObject.into()) } else { Ok(json!({ "success": true })) }
}

/// `GET /message_template_library`.
pub(super) fn library(request: &Request<'_>) -> Result<Value, GraphError> {
    let wanted = request.text("name_or_content")?.unwrap_or_default();
    let fits = |(name, _, _, body): &(&str, &str, &str, &str)| name.contains(&wanted) || body.contains(&wanted);
    let row = |(name, topic, usecase, body): (&str, &str, &str, &str)| {
        json!({ "name": name, "language": "en_US", "category": "UTILITY", "topic": topic, "usecase": usecase,
            "industry": [], "body": body, "body_params": in_braces(body), "buttons": [] })
    };
    Ok(json!({ "data": LIBRARY.into_iter().filter(fits).map(row).collect::<Vec<_>>() }))
}

fn body_of(components: &Value) -> Result<String, GraphError> {
    let components = components.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut body = None;
    for component in components {
        let component = check::object(component, "components")?;
        check::one_of(component, "type", &["HEADER", "BODY", "BUTTONS", "header", "body", "buttons"], "components")?;
        let kind = check::needed_text(component, "type", 16, "components")?;
        if kind.eq_ignore_ascii_case("body") {
            body = Some(check::needed_text(component, "text", 1024, "components")?.to_owned());
        }
    }
    body.ok_or_else(|| GraphError::param("param components needs a BODY"))
}

/// Why a template is rejected, by the reasons of the page.
fn judge(body: &str, is_named: bool) -> Option<&'static str> {
    let places = in_braces(body);
    let trimmed = body.trim().trim_end_matches(['.', '!', '?']);
    let is_in_order = is_named || places.iter().zip(1..).all(|(place, n)| *place == n.to_string());
    let is_clean = places
        .iter()
        .all(|place| !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") || !is_in_order || !is_clean {
        return Some("INCORRECT_PARAMS");
    }
    let n_words = body.split_whitespace().filter(|word| !word.contains("{{")).count();
    if n_words < places.len() * 2 {
        return Some("PARAMS_TO_WORD_RATIO_EXCEED_LIMIT");
    }
    let lower = body.to_lowercase();
    ADVERTISING.iter().any(|word| lower.contains(word)).then_some("TAG_SHOULD_BE_MARKETING")
}
