//! Custom labels (identity/custom-labels page). They need the Page's contact terms.

use serde_json::{Value, json};

use super::{Request, paging};
use crate::errors::{GraphError, Refusal};
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;
use crate::world::ids::Psid;
use crate::world::page::Page;
use crate::world::{Effect, World};

/// `POST /{page}/custom_labels`. Versions before 12 call the name `name`.
pub(super) fn create(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let name = match request.text("page_label_name")? {
        Some(name) => name,
        None if request.call.version.is_some_and(|version| version < 12) => request.needed_text("name")?,
        None => request.needed_text("page_label_name")?,
    };
    let ids = world.ids;
    let page = terms(world, request)?;
    if page.labels.values().any(|known| *known == name) {
        return Err(GraphError::param("A label with this name already exists"));
    }
    let n = page.count_thing();
    let id = ids.thing("label", &page.id, n);
    page.labels.insert(id.clone(), name);
    Ok(json!({ "id": id }))
}

/// `GET /{page}/custom_labels`, or `GET /{psid}/custom_labels`.
pub(super) fn list(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let node = request.node.to_owned();
    let page = terms(world, request)?;
    let is_page = node == "me" || node == *page.id;
    let items: Vec<_> = if is_page {
        page.labels.iter().collect()
    } else {
        let person = page.people.get(&Psid::of(&node)).ok_or(Refusal::NoSuchObject)?;
        let own = person.more().map(|more| &more.labels);
        page.labels.iter().filter(|(id, _)| own.is_some_and(|own| own.contains(*id))).collect()
    };
    let items = items.into_iter().map(|(id, name)| (id.clone(), (id, name))).collect();
    paging::page(request, items, |(id, name)| show(id, name))
}

/// `POST /{label}/label?user=`.
pub(super) fn assign(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    change(world, request, true, now_ms)
}

/// `DELETE /{label}/label?user=`.
pub(super) fn remove(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    change(world, request, false, now_ms)
}

fn change(world: &mut World, request: &mut Request<'_>, is_set: bool, now_ms: i64) -> Result<Value, GraphError> {
    let user = request.needed_text("user")?;
    let label = request.node.to_owned();
    let page = terms(world, request)?;
    let name = page.labels.get(&label).ok_or(Refusal::NoSuchObject)?.clone();
    let psid = Psid::of(&user);
    request.note.psid = Some(psid);
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let person = page.people.get_mut(&psid).ok_or(Refusal::NoMatchingUser)?;
    let labels = &mut person.more_mut().labels;
    let is_changed = if is_set { labels.insert(label.clone()) } else { labels.remove(&label) };
    if is_changed {
        let value = Object::new()
            .with("user", json!({ "id": user }))
            .with("action", if is_set { "add" } else { "remove" })
            .with("label", Object::new().with("id", label).with("page_label_name", name));
        let event = Event::change(page, Some(psid), ("label", "inbox_labels"), now_ms, value);
        world.effects.push(Effect::Tell(event));
    }
    Ok(json!({ "success": true }))
}

/// The label of that id, if the Page has one.
pub(super) fn get(page: &Page, id: &str) -> Option<Value> {
    page.labels.get(id).map(|name| show(id, name))
}

/// Deletes it, from every person too.
pub(super) fn delete(page: &mut Page, id: &str) -> bool {
    if page.labels.remove(id).is_none() {
        return false;
    }
    for person in page.people.values_mut().filter(|person| person.more().is_some()) {
        person.more_mut().labels.remove(id);
    }
    true
}

fn terms<'a>(world: &'a mut World, request: &Request<'_>) -> Result<&'a mut Page, GraphError> {
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    if page.settings.contact_terms { Ok(page) } else { Err(Refusal::ContactTerms.into()) }
}

fn show(id: &str, name: &str) -> Value {
    json!({ "id": id, "page_label_name": name })
}
