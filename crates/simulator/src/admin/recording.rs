//! What was recorded, by filter or whole.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::input;
use super::model::{Counted, Done};
use crate::recorder::{AlertRow, CallRow, Filter, SendRow, WebhookRow};
use crate::server::Context;
use crate::world::deeds::Sentence;

type Answer<T> = Result<Json<T>, Sentence>;

pub(super) async fn sends(State(context): State<Context>, uri: Uri) -> Answer<Vec<SendRow>> {
    let filter: Filter = input::query(&uri)?;
    Ok(Json(context.platform.state().recorder.sends(&filter)))
}

/// How often: with Page and person it is quick however long the recording is.
pub(super) async fn count_sends(State(context): State<Context>, uri: Uri) -> Answer<Counted> {
    let filter: Filter = input::query(&uri)?;
    Ok(Json(Counted { count: context.platform.state().recorder.count_sends(&filter) }))
}

pub(super) async fn calls(State(context): State<Context>, uri: Uri) -> Answer<Vec<CallRow>> {
    let filter: Filter = input::query(&uri)?;
    Ok(Json(context.platform.state().recorder.calls(&filter)))
}

pub(super) async fn webhooks(State(context): State<Context>, uri: Uri) -> Answer<Vec<WebhookRow>> {
    let filter: Filter = input::query(&uri)?;
    Ok(Json(context.platform.state().recorder.webhooks(&filter)))
}

pub(super) async fn alerts(State(context): State<Context>) -> Json<Vec<AlertRow>> {
    Json(context.platform.state().recorder.alerts().to_vec())
}

/// The whole recording, or what the filter wants of it, as JSON lines.
pub(super) async fn lines(State(context): State<Context>, uri: Uri) -> Result<Response, Sentence> {
    let filter: Filter = input::query(&uri)?;
    let lines = context.platform.state().recorder.lines(&filter);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

pub(super) async fn clear(State(context): State<Context>) -> Json<Done> {
    context.platform.clear_recording();
    Json(Done { success: true })
}
