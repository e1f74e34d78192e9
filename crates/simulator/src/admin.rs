//! The admin API: what tests and demos command, and what they read back. Errors are 400 with a sentence. While the clock
//! stands still a command answers when everything due is delivered.

pub(crate) mod client;
mod clock;
mod input;
pub(crate) mod model;
mod people;
mod recording;
mod settings;
pub(crate) mod standing;
mod subscribe;
mod thread;
mod watch;

use axum::Router;
use axum::routing::{get, post};

use crate::server::Context;

/// Every route under `/admin`.
pub(crate) fn router() -> Router<Context> {
    Router::new()
        .route("/admin/apps", post(settings::add_app).get(settings::apps))
        .route("/admin/pages", post(settings::add_page).get(settings::pages))
        .route("/admin/pages/{page}", get(settings::page))
        .route("/admin/pages/{page}/settings", post(settings::set_page))
        .route("/admin/pages/{page}/inbox", post(people::reply_by_hand))
        .route("/admin/pages/{page}/policy", post(settings::enforce))
        .route("/admin/people", post(people::add).get(people::list))
        .route("/admin/people/{psid}/thread", get(thread::read))
        .route("/admin/people/{psid}/{deed}", post(people::act))
        .route("/admin/populations", post(people::populate))
        .route("/admin/clock", get(clock::read))
        .route("/admin/clock/advance", post(clock::advance))
        .route("/admin/clock/set", post(clock::set))
        .route("/admin/clock/stop", post(clock::stop))
        .route("/admin/clock/run", post(clock::run))
        .route("/admin/limits", get(settings::limits).post(settings::set_limits))
        .route("/admin/faults", post(settings::inject).get(settings::faults).delete(settings::clear_faults))
        .route("/admin/faults/kinds", get(watch::fault_kinds))
        .route("/admin/echo", post(settings::set_echo))
        .route("/admin/errors", get(settings::catalogue))
        .route("/admin/subscribe", post(subscribe::subscribe))
        .route("/admin/webhooks/duplicate", post(settings::duplicate))
        .route("/admin/recorder/sends", get(recording::sends))
        .route("/admin/recorder/sends/count", get(recording::count_sends))
        .route("/admin/recorder/calls", get(recording::calls))
        .route("/admin/recorder/webhooks", get(recording::webhooks))
        .route("/admin/recorder/alerts", get(recording::alerts))
        .route("/admin/recorder/lines", get(recording::lines))
        .route("/admin/recorder/clear", post(recording::clear))
        .route("/admin/traffic", get(watch::traffic))
        .route("/admin/changes", get(watch::changes))
        .route("/admin/idle", get(clock::idle))
}
