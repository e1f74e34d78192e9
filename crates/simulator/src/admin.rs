//! The admin API: what tests and demos command, and what they read back. Errors are 400 with a sentence.

pub(crate) mod client;
mod handlers;
mod input;
pub(crate) mod model;
mod subscribe;

use axum::Router;
use axum::routing::{get, post};

use crate::server::Context;

/// Every route under `/admin`.
pub(crate) fn router() -> Router<Context> {
    Router::new()
        .route("/admin/pages", post(handlers::add_page))
        .route("/admin/people", post(handlers::add_person).get(handlers::people))
        .route("/admin/people/{psid}/write", post(handlers::write))
        .route("/admin/people/{psid}/postback", post(handlers::postback))
        .route("/admin/people/{psid}/open_link", post(handlers::open_link))
        .route("/admin/people/{psid}/read", post(handlers::read))
        .route("/admin/clock", get(handlers::clock))
        .route("/admin/clock/advance", post(handlers::advance_clock))
        .route("/admin/faults", post(handlers::inject).delete(handlers::clear_faults))
        .route("/admin/echo", post(handlers::set_echo))
        .route("/admin/subscribe", post(subscribe::subscribe))
        .route("/admin/webhooks/duplicate", post(handlers::duplicate))
        .route("/admin/recorder/sends", get(handlers::sends))
        .route("/admin/recorder/calls", get(handlers::calls))
        .route("/admin/recorder/webhooks", get(handlers::webhooks))
        .route("/admin/recorder/clear", post(handlers::clear_recorder))
        .route("/admin/idle", get(handlers::idle))
}
