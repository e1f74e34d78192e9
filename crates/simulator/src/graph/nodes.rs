//! Things by their id: the Page, people, messages, conversations, personas, labels, notification tokens.

use serde_json::{Map, Value, json};

use super::expand::{asked, pick};
use super::{Request, conversations, labels, notifications, personas};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::deeds::name_of;
use crate::world::facts::LINKING_TOKEN_MS;
use crate::world::ids::Psid;
use crate::world::page::Page;

/// `GET /{id}`.
pub(super) fn get(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let id = request.node;
    match id {
        "debug_token" => return debug_token(world, request),
        "message_template_library" => return super::templates::library(request),
        _ => (),
    }
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    if id == "me" || *id == *page.id {
        return own_page(request, page, now_ms);
    }
    if let Some(token) = id.strip_prefix("notification_messages_") {
        return notifications::get(world, page, token, now_ms);
    }
    if id.starts_with("m_") || id.starts_with("mid.") {
        return conversations::get_message(world, request, id, now_ms);
    }
    if id.starts_with("t_") {
        return conversations::get(world, request, id, now_ms);
    }
    if let Some(thing) = personas::get(page, id).or_else(|| labels::get(page, id)) {
        return Ok(thing);
    }
    let psid = Psid::of(id);
    if !page.people.contains_key(&psid) {
        return Err(Refusal::NoSuchObject.into());
    }
    request.note.psid = Some(psid);
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    person(request, page, psid)
}

/// `DELETE /{id}`: a persona or a label.
pub(super) fn delete(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    if personas::delete(page, request.node) || labels::delete(page, request.node) {
        return Ok(json!({ "success": true }));
    }
    Err(Refusal::NoSuchObject.into())
}

fn own_page(request: &Request<'_>, page: &Page, now_ms: i64) -> Result<Value, GraphError> {
    let fields = asked(request, &["id", "name"])?;
    let mut whole = Map::new();
    let mut put = |key: &str, value: Value| drop(whole.insert(key.to_owned(), value));
    put("id", (*page.id).into());
    put("name", page.settings.name.as_str().into());
    put("link", format!("https://www.facebook.com/{}", page.id).into());
    put("category", "Business".into());
    let has_owner = page.settings.default_app.is_some();
    put("messaging_feature_status", json!({ "hop_v2": has_owner, "msgr_multi_app": true, "ig_multi_app": false }));
    if fields.iter().any(|field| field.name == "recipient") {
        let token = request.needed_text("account_linking_token")?;
        let linking = |person: &crate::world::person::Person| {
            let (known, made_ms) = person.more()?.linking.as_ref()?;
            (*known == token && now_ms < made_ms.saturating_add(LINKING_TOKEN_MS)).then_some(())
        };
        let holder = page.people.iter().find(|(_, person)| linking(person).is_some());
        let (psid, _) = holder.ok_or(Refusal::LinkingToken)?;
        put("recipient", page.psid_text(*psid).into());
    }
    Ok(pick(whole, &fields))
}

/// A person's profile, for whoever wrote or tapped; before that it is empty.
fn person(request: &Request<'_>, page: &Page, psid: Psid) -> Result<Value, GraphError> {
    let person = page.people.get(&psid).ok_or(Refusal::NoSuchObject)?;
    if person.is_phone_only {
        return Err(Refusal::NoProfile.into());
    }
    if !page.settings.profile_access {
        return Err(Refusal::ProfilePermission.into());
    }
    if !person.has_begun() {
        return Ok(json!({}));
    }
    let fields = asked(request, &["first_name", "last_name", "profile_pic"])?;
    let name = name_of(page, psid);
    let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
    let id = page.psid_text(psid);
    let mut whole = Map::new();
    let mut put = |key: &str, value: Value| drop(whole.insert(key.to_owned(), value));
    put("id", id.as_str().into());
    put("name", name.as_str().into());
    put("first_name", first.into());
    put("last_name", last.into());
    put("profile_pic", format!("https://scontent.simulated.example/profile/{id}.jpg").into());
    put("locale", "en_US".into());
    put("timezone", 0.into());
    put("gender", "female".into());
    Ok(pick(whole, &fields))
}

/// Whose token it is: what a library asks before it begins.
fn debug_token(world: &World, request: &Request<'_>) -> Result<Value, GraphError> {
    let token = request.needed_text("input_token")?;
    let Some((page, app)) = world.tokens.get(&token) else {
        let error = json!({ "code": 190, "message": "Invalid OAuth access token." });
        return Ok(json!({ "data": { "is_valid": false, "error": error, "scopes": [] } }));
    };
    let app = world.app(*app);
    let scopes = ["pages_messaging", "pages_manage_metadata", "pages_show_list", "pages_read_engagement"];
    Ok(json!({ "data": {
        "app_id": app.id, "application": app.name, "type": "PAGE", "is_valid": true, "expires_at": 0,
        "profile_id": &**page, "scopes": scopes
    } }))
}
