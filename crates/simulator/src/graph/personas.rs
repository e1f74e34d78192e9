//! Personas (personas page): names and pictures that messages can carry.

use serde_json::{Value, json};

use super::{Request, check, paging};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::PERSONA_NAME_CHARS;
use crate::world::page::{Page, Persona};

/// `POST /{page}/personas`.
pub(super) fn create(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let fields = request.fields()?;
    let name = check::needed_text(fields, "name", PERSONA_NAME_CHARS, "persona")?.to_owned();
    let picture = check::needed_text(fields, "profile_picture_url", usize::MAX, "persona")?.to_owned();
    check::url(fields, "profile_picture_url", "persona")?;
    let ids = world.ids;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let n = page.count_thing();
    let id = ids.thing("persona", &request.page, n);
    page.personas.insert(id.clone(), Persona { name, picture, is_deleted: false });
    Ok(json!({ "id": id }))
}

/// `GET /{page}/personas`.
pub(super) fn list(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let live = page.personas.iter().filter(|(_, persona)| !persona.is_deleted);
    let items = live.map(|(id, persona)| (id.clone(), (id, persona))).collect();
    paging::page(request, items, |(id, persona)| show(id, persona))
}

/// The persona of that id, if the Page has one.
pub(super) fn get(page: &Page, id: &str) -> Option<Value> {
    page.personas.get(id).filter(|persona| !persona.is_deleted).map(|persona| show(id, persona))
}

/// Deletes it: what was sent keeps it.
pub(super) fn delete(page: &mut Page, id: &str) -> bool {
    match page.personas.get_mut(id).filter(|persona| !persona.is_deleted) {
        Some(persona) => {
            persona.is_deleted = true;
            true
        }
        None => false,
    }
}

fn show(id: &str, persona: &Persona) -> Value {
    json!({ "id": id, "name": persona.name, "profile_picture_url": persona.picture })
}
