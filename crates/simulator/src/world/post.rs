//! A message of the Page takes place: it stands in the thread, is echoed, arrives, is read, and the person's script goes on.

use std::sync::Arc;

use serde_json::{Value, json};

use super::app::AppIx;
use super::deeds::Scene;
use super::ids::{Psid, app_number};
use super::limits::Window;
use super::person::{Author, Rest};
use super::{EchoTiming, Effect, World, facts};
use crate::faults::{FaultKind, Hit};
use crate::recorder::SendRow;
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;

/// A message that may be posted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outgoing {
    pub(crate) text: Option<String>,
    pub(crate) metadata: Option<String>,
    /// The `message` as it came.
    pub(crate) message: Value,
    pub(crate) messaging_type: &'static str,
    pub(crate) tag: Option<String>,
    pub(crate) persona: Option<String>,
    pub(crate) reply_to: Option<String>,
    /// `id`, `user_ref`, `comment_id`, `post_id`, `one_time_notif_token` or `notification_messages_token`.
    pub(crate) form: &'static str,
}

/// Which echo the response must wait for.
pub(crate) type EchoFirst = bool;

impl World {
    /// Posts it and answers its mid, and whether the response must wait for the echo.
    pub(crate) fn post(
        &mut self,
        page: &Arc<str>,
        app: AppIx,
        psid: Psid,
        out: Outgoing,
        hit: Option<Hit>,
        now_ms: i64,
    ) -> (String, EchoFirst) {
        let scene = Scene { page: Arc::clone(page), psid, at_ms: now_ms, now_ms };
        let is_text_alone =
            out.message.as_object().is_some_and(|message| message.keys().all(|key| key == "text" || key == "metadata"));
        let is_private_reply = matches!(out.form, "comment_id" | "post_id");
        let is_plain =
            is_text_alone && out.persona.is_none() && out.tag.is_none() && out.reply_to.is_none() && !is_private_reply;
        let rest = (!is_plain).then(|| {
            Box::new(Rest {
                message: out.message.clone(),
                persona: out.persona.clone(),
                tag: out.tag.clone(),
                reply_to: out.reply_to.clone(),
                is_private_reply,
                ..Rest::default()
            })
        });
        let n = self.person(page, psid).map_or(0, super::person::Person::next_message);
        let mid = self.add_entry(&scene, Author::Page(app), out.text.clone(), rest);
        self.note_traffic(&scene, &out);
        let row = self.send_row(&scene, app, &mid, &out, hit);
        self.effects.push(Effect::Sent(Box::new(row)));
        let is_first = self.announce(&scene, app, &mid, &out, hit);
        self.follow_script(page, psid, n, now_ms);
        (mid, is_first)
    }

    fn note_traffic(&mut self, scene: &Scene, out: &Outgoing) {
        let Some(page) = self.pages.get_mut(&scene.page) else { return };
        page.day(scene.at_ms).n_sent += 1;
        let Some(person) = page.people.get_mut(&scene.psid) else { return };
        if self.limits.per_thread_per_minute.is_some() {
            let window = person.more_mut().received.get_or_insert_with(|| Window::new(facts::MINUTE));
            window.take(Some(u32::MAX), scene.now_ms);
        }
        if out.tag.is_some() && self.limits.tagged_per_person_per_day.is_some() {
            let window = person.more_mut().tagged.get_or_insert_with(|| Window::new(facts::DAY));
            window.take(Some(u32::MAX), scene.now_ms);
        }
        if let Some(more) = person.more().is_some().then(|| person.more_mut()) {
            more.typing_until_ms = 0;
        }
    }

    fn send_row(&mut self, scene: &Scene, app: AppIx, mid: &str, out: &Outgoing, hit: Option<Hit>) -> SendRow {
        let n = self.count_record(Some(&scene.page), Some(scene.psid));
        let psid = self.page(&scene.page).map(|page| page.psid_text(scene.psid)).unwrap_or_default();
        let is_text_alone = out.message.get("attachment").is_none()
            && out.message.get("attachments").is_none()
            && out.message.get("quick_replies").is_none()
            && out.message.get("template").is_none()
            && out.message.get("sticker_id").is_none();
        SendRow {
            seq: 0,
            n,
            page: scene.page.to_string(),
            psid,
            app: self.app(app).id.clone(),
            mid: mid.to_owned(),
            text: out.text.clone(),
            metadata: out.metadata.clone(),
            message: (!is_text_alone).then(|| out.message.clone()),
            messaging_type: out.messaging_type.to_owned(),
            tag: out.tag.clone(),
            persona: out.persona.clone(),
            recipient: out.form.to_owned(),
            at_ms: scene.at_ms,
            fault: hit.map(|hit| hit.kind),
        }
    }

    /// Echo, delivery and read, unless nobody hears of this form; answers whether the response waits for the echo.
    fn announce(&mut self, scene: &Scene, app: AppIx, mid: &str, out: &Outgoing, hit: Option<Hit>) -> EchoFirst {
        if out.form == "user_ref" {
            return false;
        }
        let fault = hit.map(|hit| hit.kind);
        let timing = match fault {
            Some(FaultKind::EchoNever) => EchoTiming::Never,
            Some(FaultKind::EchoBefore) => EchoTiming::BeforeResponse,
            Some(_) | None => self.echo_timing,
        };
        let delay_ms = match timing {
            EchoTiming::BeforeResponse => 0,
            EchoTiming::AfterResponse | EchoTiming::Never => self.echo_delay_ms,
        };
        let late = hit.filter(|hit| hit.kind == FaultKind::EchoLate);
        let late_ms = late.map_or(0, |hit| hit.delay_ms(60_000));
        let echo = self.echo(app, mid, out);
        let Some(page) = self.pages.get(&scene.page) else { return false };
        let event = |kind, field, what| Event::of_thread(page, scene.psid, kind, field, scene.at_ms, what);
        let mut told = Vec::new();
        if timing != EchoTiming::Never {
            let echo = event("echo", "message_echoes", Object::new().with("message", echo));
            told.push(echo.about(mid.to_owned()).after(delay_ms + late_ms).apart(late_ms > 0));
        }
        let person = page.people.get(&scene.psid);
        if person.is_some_and(|person| !person.has_blocked) {
            let delivered = Object::new().with("mids", json!([mid])).with("watermark", scene.at_ms);
            let delivered = event("delivery", "message_deliveries", Object::new().with("delivery", delivered));
            told.push(delivered.about(mid.to_owned()).after(delay_ms));
        }
        if person.is_some_and(|person| person.reads) {
            let read = Object::new().with("read", Object::new().with("watermark", scene.at_ms));
            told.push(event("read", "message_reads", read).after(delay_ms));
        }
        self.effects.extend(told.into_iter().map(Effect::Tell));
        timing == EchoTiming::BeforeResponse
    }

    fn echo(&self, app: AppIx, mid: &str, out: &Outgoing) -> Object {
        let several = out.message.get("attachments").and_then(Value::as_array);
        let all: Vec<Value> =
            out.message.get("attachment").into_iter().chain(several.into_iter().flatten()).map(shown).collect();
        Object::new()
            .with("mid", mid)
            .maybe("text", out.text.clone())
            .maybe("attachments", (!all.is_empty()).then_some(all))
            .maybe("sticker_id", out.message.get("sticker_id").cloned())
            .maybe("reply_to", out.reply_to.as_ref().map(|mid| json!({ "mid": mid })))
            .with("is_echo", true)
            .with("app_id", app_number(&self.app(app).id))
            .maybe("metadata", out.metadata.clone())
    }
}

/// An attachment as its echo shows it: its id is a number there.
fn shown(attachment: &Value) -> Value {
    let mut attachment = attachment.clone();
    if let Some(id) = attachment.pointer_mut("/payload/attachment_id")
        && let Some(number) = id.as_str().and_then(|id| id.parse::<u64>().ok())
    {
        *id = number.into();
    }
    attachment
}
