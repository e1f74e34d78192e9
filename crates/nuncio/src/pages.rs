//! Composition of what is kept of Pages: their registry, the service that fills it, and who looks after them.

use crate::app::Deps;
use crate::settings::Settings;
use anyhow::Context;
use conversation::{PagesDeps, PagesService, watch_pages};
use messenger::client::SendClient;
use secrecy::ExposeSecret;
use service_kit::{Health, Shutdown};
use sql::pages::Registry;

/// The name under which readiness tells of Pages with which something is wrong. It does not turn red by that: the others
/// work, and no restart would help.
const NOTE: &str = "pages";

/// A client of the platform, which proves its calls where the app's secret is known.
pub(crate) fn client(settings: &Settings) -> anyhow::Result<SendClient> {
    let secret = Some(settings.meta.secrets.current.clone()).filter(|secret| !secret.expose_secret().is_empty());
    let client = SendClient::new(&settings.meta.graph_url, secret, settings.sender.answer_timeout);
    Ok(client.context("meta.graph_url does not work")?.with_version(settings.meta.graph_version.clone()))
}

/// Fails when a sealed token cannot be opened: better at the start than by a send.
pub(crate) async fn check(settings: &Settings, deps: &Deps) -> anyhow::Result<Registry> {
    let database = deps.database.clone().expect("the role needs tables, so they were opened");
    let registry = Registry::new(database, settings.keys.clone());
    registry.check().await.context("the registered Pages cannot speak")?;
    Ok(registry)
}

/// Starts looking after Pages, and answers the service.
pub(crate) async fn start(
    settings: &Settings,
    deps: &Deps,
    health: &Health,
    shutdown: &Shutdown,
) -> anyhow::Result<PagesService> {
    let registry = check(settings, deps).await?;
    let Deps { log, database, clock, ids, metrics, .. } = deps.clone();
    let service = PagesService::new(PagesDeps {
        log,
        database: database.expect("the role needs tables, so they were opened"),
        registry,
        configured: settings.pages.clone().into_iter().collect(),
        app: settings.meta.known_app.clone(),
        client: client(settings)?,
        clock,
        ids,
        metrics,
        check_every: settings.meta.page_check_interval,
    });
    let (watched, stop, health) = (service.clone(), shutdown.stop(), health.clone());
    shutdown.spawn("pages", async move {
        watch_pages(watched, stop, |overview| health.note(NOTE, overview.trouble())).await;
        Ok(())
    });
    Ok(service)
}
