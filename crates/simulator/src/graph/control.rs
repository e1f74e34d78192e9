//! Control of threads (conversation-routing page): pass, take, request, release, extend, and who has it.

use serde_json::{Value, json};

use super::Request;
use crate::errors::{GraphError, Refusal};
use crate::moment::graph_time;
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;
use crate::world::app::AppIx;
use crate::world::facts::{self, CONTROL_MS, INBOX_APP};
use crate::world::ids::{Psid, app_number, text_or_number};
use crate::world::person::Control;
use crate::world::{Effect, World};

/// Where a thread stands.
struct Thread {
    psid: Psid,
    /// Who has control now.
    control: Option<Control>,
    /// The default app, if the Page has one.
    default: Option<AppIx>,
}

impl Thread {
    /// Who may write: whoever has control, else the default app.
    fn owner(&self) -> Option<AppIx> {
        self.control.map(|control| control.app).or(self.default)
    }
}

/// `POST /{page}/pass_thread_control`: only the owner passes; without a default app anybody, while nobody has control.
pub(super) fn pass(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let thread = find(world, request, now_ms)?;
    let target = request.needed_text("target_app_id")?;
    if target == INBOX_APP {
        world.inbox();
    }
    let target = world.app_ix(&target).ok_or(Refusal::WrongApp)?;
    let may = thread.owner().is_none_or(|owner| owner == request.app);
    if !may {
        return Err(Refusal::ThreadControl.into());
    }
    pass_to(world, request, thread.psid, thread.control, target, now_ms)?;
    Ok(json!({ "success": true }))
}

/// Gives control to an app, and tells it.
pub(super) fn pass_to(
    world: &mut World,
    request: &Request<'_>,
    psid: Psid,
    before: Option<Control>,
    target: AppIx,
    now_ms: i64,
) -> Result<(), GraphError> {
    set(world, request, psid, Some(Control { app: target, until_ms: now_ms.saturating_add(CONTROL_MS) }));
    let what = Object::new()
        .with("previous_owner_app_id", id(world, before.map(|control| control.app)))
        .with("new_owner_app_id", id(world, Some(target)))
        .with("metadata", request.text("metadata")?.unwrap_or_default());
    tell(world, request, psid, target, Object::new().with("pass_thread_control", what), now_ms);
    Ok(())
}

/// `POST /{page}/take_thread_control`: the default app's right.
pub(super) fn take(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let thread = find(world, request, now_ms)?;
    if thread.default != Some(request.app) {
        return Err(Refusal::ThreadControl.into());
    }
    let until_ms = now_ms.saturating_add(CONTROL_MS);
    set(world, request, thread.psid, Some(Control { app: request.app, until_ms }));
    if let Some(before) = thread.control.map(|control| control.app).filter(|before| *before != request.app) {
        let what = Object::new()
            .with("previous_owner_app_id", id(world, Some(before)))
            .with("new_owner_app_id", id(world, Some(request.app)))
            .with("metadata", request.text("metadata")?.unwrap_or_default());
        tell(world, request, thread.psid, before, Object::new().with("take_thread_control", what), now_ms);
    }
    Ok(json!({ "success": true }))
}

/// `POST /{page}/request_thread_control`: the owner is told.
pub(super) fn ask(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let thread = find(world, request, now_ms)?;
    if let Some(owner) = thread.owner() {
        let what = Object::new()
            .with("requested_owner_app_id", id(world, Some(request.app)))
            .with("metadata", request.text("metadata")?.unwrap_or_default());
        tell(world, request, thread.psid, owner, Object::new().with("request_thread_control", what), now_ms);
    }
    Ok(json!({ "success": true }))
}

/// `POST /{page}/release_thread_control`: the thread is idle again.
pub(super) fn release(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let thread = find(world, request, now_ms)?;
    owned(&thread, request)?;
    set(world, request, thread.psid, None);
    Ok(json!({ "success": true }))
}

/// `POST /{page}/extend_thread_control` by so many seconds, 7 days at most; 30 in threads from ads.
pub(super) fn extend(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let thread = find(world, request, now_ms)?;
    let control = owned(&thread, request)?;
    let seconds = request.number("duration")?.filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| GraphError::param("param duration must be a positive number of seconds"))?;
    let is_from_ad = world.person(&request.page, thread.psid).is_some_and(|person| person.last_ad_message_ms.is_some());
    let (usual_ms, from_ad_ms) = facts::LONGEST_CONTROL_MS;
    let longest_ms = if is_from_ad { from_ad_ms } else { usual_ms };
    let length_ms = seconds.saturating_mul(facts::SECOND);
    if length_ms > longest_ms {
        return Err(GraphError::param(format!(
            "param duration must be at most {} seconds",
            longest_ms / facts::SECOND
        )));
    }
    let until_ms = control.until_ms.max(now_ms.saturating_add(length_ms));
    set(world, request, thread.psid, Some(Control { until_ms, ..control }));
    Ok(json!({ "success": true }))
}

/// `GET /{page}/thread_owner?recipient=`: owner and default app see who, the others only until when.
pub(super) fn owner(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let thread = find(world, request, now_ms)?;
    let Some(control) = thread.control else { return Ok(json!({ "data": [] })) };
    let mut owner = json!({ "expiration": graph_time(control.until_ms) });
    if control.app == request.app || thread.default == Some(request.app) {
        owner["app_id"] = world.app(control.app).id.as_str().into();
    }
    Ok(json!({ "data": [{ "thread_owner": owner }] }))
}

fn find(world: &World, request: &mut Request<'_>, now_ms: i64) -> Result<Thread, GraphError> {
    let recipient = match request.value("recipient")? {
        Some(Value::Object(recipient)) => text_or_number(recipient, "id"),
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::Array(_)) | None => None,
    };
    let psid = Psid::of(&recipient.ok_or(Refusal::NoMatchingUser)?);
    let person = world.person(&request.page, psid).ok_or(Refusal::NoMatchingUser)?;
    request.note.psid = Some(psid);
    Ok(Thread { psid, control: person.control(now_ms), default: world.default_app(&request.page) })
}

fn owned(thread: &Thread, request: &Request<'_>) -> Result<Control, GraphError> {
    let own = thread.control.filter(|control| control.app == request.app);
    own.ok_or_else(|| Refusal::ThreadControl.into())
}

fn set(world: &mut World, request: &Request<'_>, psid: Psid, control: Option<Control>) {
    if let Some(person) = world.person_mut(&request.page, psid) {
        person.more_mut().control = control;
    }
}

fn id(world: &World, app: Option<AppIx>) -> Value {
    app.map_or(Value::Null, |app| app_number(&world.app(app).id))
}

fn tell(world: &mut World, request: &Request<'_>, psid: Psid, app: AppIx, what: Object, now_ms: i64) {
    let Some(page) = world.page(&request.page) else { return };
    let event = Event::of_thread(page, psid, "handover", "messaging_handovers", now_ms, what);
    world.effects.push(Effect::Tell(event.only_to(app)));
}
