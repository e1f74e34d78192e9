//! The Send API: `POST /{page}/messages`. Who is meant, what is said, on what ground; then the message takes place.

mod actions;
mod basis;
mod buttons;
pub(super) mod content;
mod gates;
mod recipient;
mod template;
pub(super) mod utility;

use serde_json::{Value, json};

use super::check;
use super::fields::present;
use super::{Manner, Request};
use crate::errors::{GraphError, Refusal};
use crate::faults::{Hit, Target, What};
use crate::world::World;
use crate::world::facts;
use crate::world::ids::Psid;
use crate::world::page::{Attachment, TokenKind};
use crate::world::post::Outgoing;
use content::Content;
use recipient::{Recipient, Way};

/// Judges a send, lets it take place, and answers its ids.
pub(crate) fn post(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let recipient = recipient::find(world, request, now_ms)?;
    request.note.psid = Some(recipient.psid);
    let fields = request.fields()?;
    check::one_of(fields, "notification_type", &["REGULAR", "SILENT_PUSH", "NO_PUSH"], "message")?;
    match (present(fields, "message"), present(fields, "sender_action")) {
        (Some(_), Some(_)) => Err(Refusal::MessageAndAction.into()),
        (None, None) => Err(GraphError::param("Either message or sender_action is required")),
        (None, Some(action)) => {
            request.note.action = action.as_str().map(str::to_ascii_lowercase);
            gates::check_page(world, request, now_ms)?;
            gates::check_person(world, request, &recipient)?;
            super::meet(world, request, "sender_action", |world, request| {
                actions::act(world, request, &recipient, action, now_ms)
            })
        }
        (Some(message), None) => {
            let content = content::read(world, request, message, now_ms)?;
            let basis = basis::read(world, request, &content, now_ms)?;
            let reply_to = reply_to(world, request, &recipient)?;
            let persona = persona(world, request)?;
            let control = thread_control(world, request)?;
            gates::check_page(world, request, now_ms)?;
            gates::check_person(world, request, &recipient)?;
            gates::check_control(world, request, &recipient, now_ms)?;
            gates::check_right(world, request, &recipient, &basis, &content, now_ms)?;
            gates::check_rates(world, request, &recipient, &basis, &content, now_ms)?;
            let out = Outgoing {
                text: content.text.clone(),
                metadata: content.metadata.clone(),
                message: message.clone(),
                messaging_type: basis.messaging_type,
                tag: basis.tag.clone(),
                persona,
                reply_to,
                form: recipient.way.name(),
            };
            take_place(world, request, &recipient, out, &content, control, now_ms)
        }
    }
}

fn take_place(
    world: &mut World,
    request: &mut Request<'_>,
    recipient: &Recipient,
    out: Outgoing,
    content: &Content,
    control: Option<Handover>,
    now_ms: i64,
) -> Result<Value, GraphError> {
    let hit = hit(world, request, recipient.psid);
    request.note.fault = hit.map(|hit| hit.kind);
    let (instead, after) = hit.map_or((None, Manner::Now), Hit::manner);
    if let Some(manner) = instead {
        request.manner = manner;
        return Ok(Value::Null);
    }
    if let Some(error) = hit.and_then(Hit::stops_with) {
        request.manner = after;
        return Err(error);
    }
    spend(world, request, recipient, content, now_ms);
    let page = request.page.clone();
    let (mid, is_echo_first) = world.post(&page, request.app, recipient.psid, out, hit, now_ms);
    request.note.mid = Some(mid.clone());
    if let Some(handover) = control {
        hand_over(world, request, recipient.psid, handover, now_ms)?;
    }
    request.manner = if is_echo_first && after == Manner::Now { Manner::AfterEcho } else { after };
    if let Some(refusal) = hit.and_then(Hit::answers_with) {
        return Err(refusal.into());
    }
    let mut answer = json!({ "message_id": mid });
    if !matches!(recipient.way, Way::UserRef(_) | Way::Phone(_)) {
        let page = world.page(&page);
        answer["recipient_id"] = page.map(|page| page.psid_text(recipient.psid)).unwrap_or_default().into();
    }
    if let Some(id) = &content.saved {
        answer["attachment_id"] = id.as_str().into();
    }
    Ok(answer)
}

fn hit(world: &mut World, request: &Request<'_>, psid: Psid) -> Option<Hit> {
    let n = world.person(&request.page, psid).map_or(0, |person| person.n_records);
    let text = world.page(&request.page).map(|page| page.psid_text(psid)).unwrap_or_default();
    let target = Target { page: &request.page, psid: Some((psid, &text)), n, what: What::Message };
    world.faults.take(world.ids, &target)
}

/// Rights are used up, and what the message asks or saves is noted.
fn spend(world: &mut World, request: &Request<'_>, recipient: &Recipient, content: &Content, now_ms: i64) {
    let Some(page) = world.page_mut(&request.page) else { return };
    match &recipient.way {
        Way::Id | Way::Phone(_) => (),
        Way::UserRef(user_ref) => {
            if let Some(known) = page.user_refs.get_mut(user_ref) {
                known.n_sent += 1;
            }
        }
        Way::Comment(id) | Way::Post(id) => {
            if let Some(post) = page.posts.get_mut(id) {
                post.is_answered = true;
            }
        }
        Way::OneTime(token) | Way::Recurring(token) => {
            if let Some(token) = page.tokens.get_mut(token) {
                let (_, span_ms, _) = facts::FOLLOW_UPS;
                let follows = token.last_ms.is_some_and(|last_ms| now_ms < last_ms.saturating_add(span_ms));
                token.is_used = token.kind == TokenKind::OneTime;
                if follows {
                    token.n_followers += 1;
                } else {
                    token.last_ms = Some(now_ms);
                    token.n_followers = 0;
                }
            }
        }
    }
    if let (Some(id), Some((kind, url))) = (&content.saved, &content.to_save) {
        let until_ms = now_ms.saturating_add(facts::ATTACHMENT_LIFE_MS);
        page.attachments.insert(id.clone(), Attachment { kind: kind.clone(), url: url.clone(), until_ms });
    }
    if let (Some(title), Some(person)) = (&content.asks_for, page.people.get_mut(&recipient.psid)) {
        person.more_mut().asked.insert(title.clone(), now_ms);
    }
}

fn reply_to(world: &World, request: &Request<'_>, recipient: &Recipient) -> Result<Option<String>, GraphError> {
    let Some(reply_to) = request.value("reply_to")? else { return Ok(None) };
    let wrong = || GraphError::param("param reply_to[mid] must be a message of this conversation");
    let mid = check::object(reply_to, "reply_to")?.get("mid").and_then(Value::as_str).ok_or_else(wrong)?;
    let (psid, _) = world.find_message(&request.page, mid).ok_or_else(wrong)?;
    if psid == recipient.psid { Ok(Some(mid.to_owned())) } else { Err(wrong()) }
}

fn persona(world: &World, request: &Request<'_>) -> Result<Option<String>, GraphError> {
    let Some(id) = request.text("persona_id")? else { return Ok(None) };
    let persona = world.page(&request.page).and_then(|page| page.personas.get(&id));
    match persona.filter(|persona| !persona.is_deleted) {
        Some(_) => Ok(Some(id)),
        None => Err(GraphError::param("Invalid persona_id")),
    }
}

/// What a send does with the thread's control.
enum Handover {
    Release,
    PassTo(crate::world::app::AppIx),
}

fn thread_control(world: &World, request: &Request<'_>) -> Result<Option<Handover>, GraphError> {
    let Some(value) = request.value("thread_control")? else { return Ok(None) };
    let control = check::object(value, "thread_control")?;
    match check::needed_text(control, "control_type", usize::MAX, "thread_control")? {
        "release" => Ok(Some(Handover::Release)),
        "pass" => {
            let id = crate::world::ids::text_or_number(control, "app_id");
            let app = id.and_then(|id| world.app_ix(&id)).ok_or(Refusal::WrongApp)?;
            Ok(Some(Handover::PassTo(app)))
        }
        _ => Err(GraphError::param("param thread_control[control_type] must be one of {pass, release}")),
    }
}

/// Releasing tells nobody; passing tells the new owner.
fn hand_over(
    world: &mut World,
    request: &Request<'_>,
    psid: Psid,
    handover: Handover,
    now_ms: i64,
) -> Result<(), GraphError> {
    match handover {
        Handover::Release => {
            if let Some(person) = world.person_mut(&request.page, psid) {
                person.more_mut().control = None;
            }
        }
        Handover::PassTo(app) => {
            let before = world.person(&request.page, psid).and_then(|person| person.control(now_ms));
            super::control::pass_to(world, request, psid, before, app, now_ms)?;
        }
    }
    Ok(())
}

/// Whether a text is at most so many characters long.
fn is_within(text: &str, most: usize) -> bool {
    text.len() <= most || text.chars().count() <= most
}
