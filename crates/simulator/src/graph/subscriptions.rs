//! Who hears of what: a Page's subscribed apps, and an app's callback.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Manner, Request, Verify, check};
use crate::config::WebhookTarget;
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::FIELDS;

/// `POST /{page}/subscribed_apps`: the token's app hears of exactly these fields.
pub(super) fn subscribe(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let fields = known(request.words("subscribed_fields")?, "subscribed_fields")?;
    if fields.is_empty() {
        return Err(GraphError::param("The parameter subscribed_fields is required."));
    }
    let app = request.app;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    page.subscriptions.insert(app, fields);
    Ok(json!({ "success": true }))
}

/// `GET /{page}/subscribed_apps`.
pub(super) fn subscribed(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let row = |(app, fields): (&crate::world::app::AppIx, &BTreeSet<String>)| {
        let app = world.app(*app);
        let link = format!("https://www.facebook.com/games/?app_id={}", app.id);
        json!({ "id": app.id, "name": app.name, "link": link, "category": "Business", "subscribed_fields": fields })
    };
    Ok(json!({ "data": page.subscriptions.iter().map(row).collect::<Vec<_>>() }))
}

/// `DELETE /{page}/subscribed_apps`: the token's app hears of nothing.
pub(super) fn unsubscribe(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let app = request.app;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    page.subscriptions.remove(&app);
    Ok(json!({ "success": true }))
}

/// `POST /{app}/subscriptions`: a callback, which must pass the handshake before it is used.
pub(super) fn set_callback(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    if request.needed_text("object")? != "page" {
        return Err(GraphError::param("param object must be one of {page}"));
    }
    let url = request.needed_text("callback_url")?;
    let verify_token = request.needed_text("verify_token")?;
    if !check::is_url(&url) {
        return Err(GraphError::param("param callback_url must be a valid URL"));
    }
    let fields = known(request.words("fields")?, "fields")?;
    let challenge = world.next_challenge();
    world.app_mut(request.app).fields = (!fields.is_empty()).then_some(fields);
    let target = WebhookTarget { url, verify_token };
    request.manner = Manner::Handshake(request.app, Box::new(Verify { target, challenge }));
    Ok(json!({ "success": true }))
}

/// `GET /{app}/subscriptions`.
pub(super) fn callbacks(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    let app = world.app(request.app);
    let row = app.callback.as_ref().map(|target| {
        let fields =
            app.fields.as_ref().map_or_else(|| FIELDS.to_vec(), |fields| fields.iter().map(String::as_str).collect());
        let fields: Vec<Value> = fields.into_iter().map(|name| json!({ "name": name, "version": "v25.0" })).collect();
        json!({ "object": "page", "callback_url": target.url, "active": true, "fields": fields })
    });
    Ok(json!({ "data": row.into_iter().collect::<Vec<_>>() }))
}

/// `DELETE /{app}/subscriptions`: webhooks go nowhere.
pub(super) fn drop_callback(world: &mut World, request: &mut Request<'_>, _now_ms: i64) -> Result<Value, GraphError> {
    world.app_mut(request.app).callback = None;
    Ok(json!({ "success": true }))
}

fn known(fields: Vec<String>, name: &str) -> Result<BTreeSet<String>, GraphError> {
    for (place, field) in fields.iter().enumerate() {
        if !FIELDS.contains(&field.as_str()) {
            let all = FIELDS.join(", ");
            return Err(GraphError::param(format!(
                "Param {name}[{place}] must be one of {{{all}}} - got \"{field}\"."
            )));
        }
    }
    Ok(fields.into_iter().collect())
}
