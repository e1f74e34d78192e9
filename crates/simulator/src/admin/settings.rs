//! Apps, Pages, limits and faults by command.

use axum::Json;
use axum::extract::{Path, State};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::clock::settle;
use super::input::Input;
use super::model::{AppRow, Done, Duplicate, EchoSetting, Enforce, NewApp, NewPage, PageRow};
use super::people::no_page;
use crate::errors::Refusal;
use crate::faults::{Fault, FaultKind};
use crate::server::Context;
use crate::world::World;
use crate::world::app::AppIx;
use crate::world::deeds::Sentence;
use crate::world::limits::Limits;
use crate::world::page::{Page, PageSettings};

const DONE: Json<Done> = Json(Done { success: true });

type Answer<T> = Result<Json<T>, Sentence>;

/// Adds an app, or changes one that is known.
pub(super) async fn add_app(State(context): State<Context>, Input(new): Input<NewApp>) -> Answer<Done> {
    context.platform.change(|world, _| {
        let ix = match world.app_ix(&new.id) {
            Some(known) if new.secret.is_empty() => known,
            _ if new.id.is_empty() || new.secret.is_empty() => {
                return Err(Sentence("A new app needs an id and a secret.".to_owned()));
            }
            _ => world.add_app(&new.id, SecretString::from(new.secret)),
        };
        let app = world.app_mut(ix);
        app.require_proof = new.require_proof.unwrap_or(app.require_proof);
        app.is_live = new.live.unwrap_or(app.is_live);
        app.name = new.name.unwrap_or_else(|| app.name.clone());
        Ok(())
    })?;
    Ok(DONE)
}

pub(super) async fn apps(State(context): State<Context>) -> Json<Vec<AppRow>> {
    let state = context.platform.state();
    let row = |(_, app): (AppIx, &crate::world::app::App)| AppRow {
        id: app.id.clone(),
        name: app.name.clone(),
        live: app.is_live,
        require_proof: app.require_proof,
        callback: app.callback.as_ref().map(|target| target.url.clone()),
    };
    Json(state.world.apps().map(row).collect())
}

/// Adds a Page, or an app's access token for one that is known.
pub(super) async fn add_page(State(context): State<Context>, Input(new): Input<NewPage>) -> Answer<Done> {
    if new.id.is_empty() || new.id == "me" || new.access_token.is_empty() {
        return Err(Sentence("A Page needs an id, which is not `me`, and an access token.".to_owned()));
    }
    context.platform.change(|world, _| {
        let app = match &new.app {
            Some(id) => world.app_ix(id).ok_or_else(|| no_app(id))?,
            None => AppIx::default(),
        };
        world.add_page(&new.id, &new.access_token, app);
        Ok(())
    })?;
    Ok(DONE)
}

pub(super) async fn pages(State(context): State<Context>) -> Json<Vec<PageRow>> {
    let state = context.platform.state();
    Json(state.world.pages.values().map(|page| row(&state.world, page)).collect())
}

pub(super) async fn page(State(context): State<Context>, Path(id): Path<String>) -> Answer<PageRow> {
    let state = context.platform.state();
    let page = state.world.page(&id).ok_or_else(|| no_page(&id))?;
    Ok(Json(row(&state.world, page)))
}

fn row(world: &World, page: &Page) -> PageRow {
    let subscribed = page.subscriptions.iter();
    PageRow {
        id: page.id.to_string(),
        settings: page.settings.clone(),
        people: page.people.len(),
        engaged: page.n_engaged,
        subscriptions: subscribed
            .map(|(app, fields)| (world.app(*app).id.clone(), fields.iter().cloned().collect()))
            .collect(),
        posts: page.posts.keys().cloned().collect(),
    }
}

/// Changes the settings that the body names, and no other.
pub(super) async fn set_page(
    State(context): State<Context>,
    Path(id): Path<String>,
    Input(changes): Input<Map<String, Value>>,
) -> Answer<PageSettings> {
    let settings = context.platform.change(|world, _| {
        let page = world.page_mut(&id).ok_or_else(|| no_page(&id))?;
        let mut settings = json!(page.settings);
        for (key, value) in changes {
            settings[key] = value;
        }
        let settings: PageSettings =
            serde_json::from_value(settings).map_err(|error| Sentence(format!("No such settings: {error}.")))?;
        if let Some(app) = &settings.default_app
            && world.app_ix(app).is_none()
        {
            return Err(no_app(app));
        }
        let page = world.page_mut(&id).ok_or_else(|| no_page(&id))?;
        page.settings = settings.clone();
        Ok(settings)
    })?;
    Ok(Json(settings))
}

/// A warning, a block or its end: the Page's apps are told, and a blocked Page can't send.
pub(super) async fn enforce(
    State(context): State<Context>,
    Path(id): Path<String>,
    Input(enforce): Input<Enforce>,
) -> Answer<Done> {
    let Enforce { action, reason } = enforce;
    context.platform.change(|world, now_ms| {
        world.page(&id).ok_or_else(|| no_page(&id))?;
        world.enforce(&id, &action, reason, now_ms)
    })?;
    settle(&context).await;
    Ok(DONE)
}

pub(super) async fn limits(State(context): State<Context>) -> Json<Limits> {
    Json(context.platform.state().world.limits.clone())
}

/// Sets all limits; what is left out is no limit.
pub(super) async fn set_limits(State(context): State<Context>, Input(limits): Input<Limits>) -> Json<Limits> {
    context.platform.change(|world, _| world.limits = limits.clone());
    Json(limits)
}

pub(super) async fn inject(State(context): State<Context>, Input(fault): Input<Fault>) -> Answer<Done> {
    if fault.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
        return Err(Sentence("A rate lies between 0 and 1.".to_owned()));
    }
    if let Some(name) = fault.error.as_deref().filter(|name| Refusal::named(name).is_none()) {
        return Err(Sentence(format!("{name} is no error of the catalogue.")));
    }
    context.platform.change(|world, _| world.faults.add(fault));
    Ok(DONE)
}

pub(super) async fn faults(State(context): State<Context>) -> Json<Vec<Fault>> {
    Json(context.platform.state().world.faults.armed().to_vec())
}

pub(super) async fn clear_faults(State(context): State<Context>) -> Json<Done> {
    context.platform.change(|world, _| world.faults.clear());
    DONE
}

pub(super) async fn set_echo(State(context): State<Context>, Input(setting): Input<EchoSetting>) -> Json<Done> {
    context.platform.change(|world, _| {
        world.echo_timing = setting.timing;
        if let Some(delay_ms) = setting.delay_ms {
            world.echo_delay_ms = delay_ms.into();
        }
    });
    DONE
}

pub(super) async fn duplicate(State(context): State<Context>, Input(duplicate): Input<Duplicate>) -> Json<Done> {
    context.platform.change(|world, _| world.faults.add(Fault::next(FaultKind::WebhookDuplicated, duplicate.times)));
    DONE
}

/// Every error there is.
pub(super) async fn catalogue() -> Json<Vec<Value>> {
    let row = |refusal: &Refusal| {
        let shape = refusal.shape();
        json!({
            "name": format!("{refusal:?}"), "http_status": shape.status, "code": shape.code, "subcode": shape.subcode,
            "type": shape.kind, "message": shape.says,
        })
    };
    Json(Refusal::ALL.iter().map(row).collect())
}

fn no_app(id: &str) -> Sentence {
    Sentence(format!("App {id} is not registered here."))
}
