//! One handler per command: read it, do it under the platform's lock, answer.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use secrecy::SecretString;

use super::input::{self, Input};
use super::model::{
    AddedPerson, Advance, ClockReading, Done, Duplicate, EchoSetting, Happened, Idle, Inject, NewPage, NewPerson,
    OfPage, OpenLink, Patience, PersonRow, Postback, ReadAll, Write,
};
use crate::platform::Sentence;
use crate::recorder::{CallRow, SendRow, WebhookRow};
use crate::server::Context;

/// A hundred years: longer than any rule, and far from overflowing.
const LONGEST_ADVANCE_MS: u64 = 100 * 366 * 24 * 3_600_000;

const DONE: Json<Done> = Json(Done { success: true });

type Answer<T> = Result<Json<T>, Sentence>;

pub(super) async fn add_page(State(context): State<Context>, Input(new): Input<NewPage>) -> Answer<Done> {
    if new.id.is_empty() || new.id == "me" || new.access_token.is_empty() {
        return Err(Sentence("A Page needs an id, which is not `me`, and an access token.".to_owned()));
    }
    context.platform.state().world.add_page(new.id, SecretString::from(new.access_token));
    Ok(DONE)
}

pub(super) async fn add_person(State(context): State<Context>, Input(new): Input<NewPerson>) -> Answer<AddedPerson> {
    let psid = context.platform.add_person(new)?;
    Ok(Json(AddedPerson { psid }))
}

pub(super) async fn people(State(context): State<Context>, uri: Uri) -> Answer<Vec<PersonRow>> {
    let OfPage { page } = input::query(&uri)?;
    context.platform.people(&page).map(Json)
}

pub(super) async fn write(
    State(context): State<Context>,
    Path(psid): Path<String>,
    Input(write): Input<Write>,
) -> Answer<Happened> {
    context.platform.write(&psid, write).map(Json)
}

pub(super) async fn postback(
    State(context): State<Context>,
    Path(psid): Path<String>,
    Input(postback): Input<Postback>,
) -> Answer<Happened> {
    context.platform.postback(&psid, postback).map(Json)
}

pub(super) async fn open_link(
    State(context): State<Context>,
    Path(psid): Path<String>,
    Input(link): Input<OpenLink>,
) -> Answer<Happened> {
    context.platform.open_link(&psid, link).map(Json)
}

pub(super) async fn read(
    State(context): State<Context>,
    Path(psid): Path<String>,
    Input(read): Input<ReadAll>,
) -> Answer<Happened> {
    context.platform.read(&psid, read).map(Json)
}

pub(super) async fn clock(State(context): State<Context>) -> Json<ClockReading> {
    let clock = &context.platform.clock;
    Json(ClockReading { now_ms: clock.now_ms(), offset_ms: clock.offset_ms() })
}

pub(super) async fn advance_clock(
    State(context): State<Context>,
    Input(advance): Input<Advance>,
) -> Answer<ClockReading> {
    if advance.ms > LONGEST_ADVANCE_MS {
        return Err(Sentence("The clock moves a hundred years at most.".to_owned()));
    }
    context.platform.clock.advance(advance.ms);
    Ok(clock(State(context)).await)
}

pub(super) async fn inject(State(context): State<Context>, Input(inject): Input<Inject>) -> Json<Done> {
    context.platform.state().faults.add(inject.kind, inject.count);
    DONE
}

pub(super) async fn clear_faults(State(context): State<Context>) -> Json<Done> {
    context.platform.state().faults.clear();
    DONE
}

pub(super) async fn set_echo(State(context): State<Context>, Input(setting): Input<EchoSetting>) -> Json<Done> {
    let mut state = context.platform.state();
    state.echo_timing = setting.timing;
    if let Some(delay_ms) = setting.delay_ms {
        state.echo_delay = Duration::from_millis(delay_ms.into());
    }
    DONE
}

pub(super) async fn duplicate(State(context): State<Context>, Input(duplicate): Input<Duplicate>) -> Json<Done> {
    context.platform.queue.duplicate(duplicate.times);
    DONE
}

pub(super) async fn sends(State(context): State<Context>) -> Json<Vec<SendRow>> {
    Json(context.platform.state().recorder.sends.clone())
}

pub(super) async fn calls(State(context): State<Context>) -> Json<Vec<CallRow>> {
    Json(context.platform.state().recorder.calls.clone())
}

pub(super) async fn webhooks(State(context): State<Context>) -> Json<Vec<WebhookRow>> {
    Json(context.platform.queue.rows())
}

pub(super) async fn clear_recorder(State(context): State<Context>) -> Json<Done> {
    context.platform.state().recorder.clear();
    context.platform.queue.clear_rows();
    DONE
}

/// Answers at once, or with `wait_ms` as soon as nothing is pending, and then at the latest.
pub(super) async fn idle(State(context): State<Context>, uri: Uri) -> Answer<Idle> {
    let Patience { wait_ms } = input::query(&uri)?;
    let mut pending = context.platform.queue.pending();
    tokio::select! {
        _ = pending.wait_for(|n_pending| *n_pending == 0) => (),
        () = context.stop.cancelled() => (),
        () = tokio::time::sleep(Duration::from_millis(wait_ms.into())) => (),
    }
    let pending_webhooks = *pending.borrow();
    Ok(Json(Idle { pending_webhooks }))
}
