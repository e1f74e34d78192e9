//! What people do: they write, tap, open links, react, read, comment and block, and webhooks follow.

mod deed;
mod notices;
pub(crate) mod threads;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use deed::Deed;

use super::ids::Psid;
use super::page::Page;
use super::person::{Control, Entry};
use super::{Effect, World, facts};
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;

/// What a person's deed left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// The message's id, if the deed leaves a message.
    pub mid: Option<String>,
    /// The event's time, in ms since 1970.
    pub timestamp: i64,
    /// The id of the comment or post, or the notification token, if the deed leaves one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Why a command of the admin API is not carried out, for people.
#[derive(Debug)]
pub(crate) struct Sentence(pub(crate) String);

/// Who does it, and when: by the event's time, and by the clock.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) page: Arc<str>,
    pub(crate) psid: Psid,
    pub(crate) at_ms: i64,
    pub(crate) now_ms: i64,
}

impl World {
    /// A person does something. The person is made if new, but only by what would bring a person to a Page.
    pub(crate) fn act(
        &mut self,
        page: &str,
        psid: &str,
        deed: Deed,
        at_ms: i64,
        now_ms: i64,
    ) -> Result<Happened, Sentence> {
        let page = self.page_mut(page).ok_or_else(|| Sentence(format!("Page {page} is not registered here.")))?;
        if psid.is_empty() {
            return Err(Sentence("A PSID cannot be empty.".to_owned()));
        }
        let (page, key) = (Arc::clone(&page.id), Psid::of(psid));
        let is_known = self.person(&page, key).is_some();
        let needs_thread = matches!(
            deed,
            Deed::Read {}
                | Deed::Edit { .. }
                | Deed::Unsend { .. }
                | Deed::React { .. }
                | Deed::Unreact { .. }
                | Deed::Tap { .. }
                | Deed::Accept { .. }
                | Deed::StopNotifications { .. }
                | Deed::ResumeNotifications { .. }
                | Deed::Feedback { .. }
                | Deed::Unblock {}
        );
        if needs_thread && !is_known {
            return Err(Sentence("No such person on this Page.".to_owned()));
        }
        if let Some(page) = self.page_mut(&page) {
            page.person_or_new(psid);
        }
        self.perform(Scene { page, psid: key, at_ms, now_ms }, deed)
    }

    /// The same for a person who is known.
    pub(crate) fn perform(&mut self, scene: Scene, deed: Deed) -> Result<Happened, Sentence> {
        let has_blocked = self.person(&scene.page, scene.psid).is_some_and(|person| person.has_blocked);
        let is_silent = matches!(deed, Deed::Read {} | Deed::Block {} | Deed::Unblock {} | Deed::Report {});
        if has_blocked && !is_silent {
            return Err(Sentence("This person has blocked the Page.".to_owned()));
        }
        if deed.reference().is_some_and(|reference| reference.chars().count() > facts::REF_CHARS) {
            return Err(Sentence(format!("A ref has at most {} characters.", facts::REF_CHARS)));
        }
        match deed {
            Deed::Write { text, attachments, sticker_id, quick_reply, reply_to } => {
                let attachments = [attachments, sticker(sticker_id, scene.now_ms)].concat();
                self.write(&scene, threads::Written { text, attachments, quick_reply, reply_to, referral: None })
            }
            Deed::Postback { title, payload, reference } => {
                Ok(self.tap_button(&scene, title, payload, reference, None))
            }
            Deed::Tap { mid, title, button } => self.tap(&scene, mid, title.as_deref(), button),
            Deed::GetStarted { reference } => Ok(self.get_started(&scene, reference)),
            Deed::OpenLink { reference } => Ok(self.open_link(&scene, reference)),
            Deed::ClickAd { ad_id, reference, ad_title, text } => {
                self.click_ad(&scene, &ad_id, reference, ad_title, text)
            }
            Deed::FinishLead { ad_id, complete, answers } => Ok(self.finish_lead(&scene, &ad_id, complete, answers)),
            Deed::React { mid, reaction } => self.react(&scene, mid, Some(reaction)),
            Deed::Unreact { mid } => self.react(&scene, mid, None),
            Deed::Edit { mid, text } => self.edit(&scene, mid, text),
            Deed::Unsend { mid } => self.unsend(&scene, mid),
            Deed::Read {} => {
                let read = Object::new().with("read", Object::new().with("watermark", scene.at_ms));
                Ok(self.tell_thread(&scene, "read", "message_reads", read))
            }
            Deed::Comment { text, post_id } => Ok(self.comment(&scene, &text, post_id)),
            Deed::Post { text } => Ok(self.visit(&scene, &text)),
            Deed::Remove { id } => self.remove(&scene, &id),
            Deed::Accept { title } => self.accept(&scene, title.as_deref()),
            Deed::StopNotifications { title } => self.switch_notifications(&scene, title.as_deref(), true),
            Deed::ResumeNotifications { title } => self.switch_notifications(&scene, title.as_deref(), false),
            Deed::OptIn { reference } => {
                self.open(&scene, "opt_in");
                let what = Object::new().with("optin", Object::new().with("ref", reference));
                Ok(self.tell_thread(&scene, "optin", "messaging_optins", what))
            }
            Deed::Checkbox { user_ref, reference } => Ok(self.tick(&scene, user_ref, reference)),
            Deed::LinkAccount { authorization_code } => Ok(self.link(&scene, Some(authorization_code))),
            Deed::UnlinkAccount {} => Ok(self.link(&scene, None)),
            Deed::Feedback { mid, good } => {
                self.feedback(&scene, mid, if good { "Good response" } else { "Bad response" })
            }
            Deed::Block {} => {
                self.note_day(&scene, |day| day.n_blocked += 1);
                Ok(self.set_blocked(&scene, true))
            }
            Deed::Unblock {} => Ok(self.set_blocked(&scene, false)),
            Deed::Report {} => {
                self.note_day(&scene, |day| day.n_reported += 1);
                Ok(scene.happened(None))
            }
            Deed::Raw { field, event } => self.raw(&scene, &field, event),
        }
    }

    /// Notes that the person did something, and opens what that opens; `action` is the rule pack's name for it.
    pub(super) fn open(&mut self, scene: &Scene, action: &str) {
        let opens = self.rules.at(scene.now_ms).is_opened_by(action);
        let default_app = self.default_app(&scene.page);
        let Some(page) = self.pages.get_mut(&scene.page) else { return };
        let Some(person) = page.people.get_mut(&scene.psid) else { return };
        let is_new = opens && !person.has_begun();
        if opens {
            // A fact that arrives late never moves a window back.
            person.last_opening_ms = person.last_opening_ms.max(Some(scene.at_ms));
        }
        if let Some(app) = default_app {
            let until_ms = scene.at_ms.saturating_add(facts::CONTROL_MS);
            let control = person.control(scene.now_ms).unwrap_or(Control { app, until_ms });
            let until_ms = control.until_ms.max(until_ms);
            person.more_mut().control = Some(Control { until_ms, ..control });
        }
        if is_new {
            page.n_engaged += 1;
            page.day(scene.at_ms).n_new += 1;
        }
    }

    /// Tells of something in the thread that leaves no message.
    fn tell_thread(&mut self, scene: &Scene, kind: &'static str, field: &'static str, what: Object) -> Happened {
        self.tell(scene, kind, field, None, what);
        scene.happened(None)
    }

    fn tell(&mut self, scene: &Scene, kind: &'static str, field: &'static str, mid: Option<&str>, what: Object) {
        let Some(page) = self.page(&scene.page) else { return };
        let event = Event::of_thread(page, scene.psid, kind, field, scene.at_ms, what);
        self.effects.push(Effect::Tell(event.about(mid.map(str::to_owned))));
    }

    fn note_day(&mut self, scene: &Scene, note: impl FnOnce(&mut super::page::DayCounts)) {
        if let Some(page) = self.page_mut(&scene.page) {
            note(page.day(scene.at_ms));
        }
    }

    fn set_blocked(&mut self, scene: &Scene, has_blocked: bool) -> Happened {
        if let Some(person) = self.person_mut(&scene.page, scene.psid) {
            person.has_blocked = has_blocked;
        }
        scene.happened(None)
    }

    fn raw(&mut self, scene: &Scene, field: &str, event: Value) -> Result<Happened, Sentence> {
        let known = facts::FIELDS.into_iter().find(|known| *known == field);
        let field = known.ok_or_else(|| Sentence(format!("{field} is no subscription field.")))?;
        let Value::Object(members) = event else { return Err(Sentence("An event is an object.".to_owned())) };
        let what = members.into_iter().fold(Object::new(), |object, (key, value)| object.with(key, value));
        Ok(self.tell_thread(scene, "raw", field, what))
    }

    /// The app that owns threads of this Page by default, if one is set and known.
    pub(crate) fn default_app(&self, page: &str) -> Option<super::app::AppIx> {
        self.app_ix(self.page(page)?.settings.default_app.as_deref()?)
    }
}

impl Scene {
    fn happened(&self, mid: Option<String>) -> Happened {
        Happened { mid, timestamp: self.at_ms, id: None }
    }
}

/// A sticker as webhooks show it, which changed twice in 2026.
fn sticker(id: Option<u64>, now_ms: i64) -> Vec<Value> {
    let Some(id) = id else { return Vec::new() };
    let payload = json!({ "url": format!("https://scontent.simulated.example/sticker/{id}.png"), "sticker_id": id });
    let of = |kind: &str| json!({ "type": kind, "payload": payload });
    if now_ms < facts::STICKER_KIND_AT_MS {
        vec![of("image")]
    } else if now_ms < facts::STICKER_ALONE_AT_MS {
        vec![of("image"), of("sticker")]
    } else {
        vec![of("sticker")]
    }
}

/// A thing to tap.
pub(crate) struct Choice {
    pub(crate) title: String,
    pub(crate) payload: String,
    pub(crate) is_quick_reply: bool,
}

/// Everything in a message that sends something back when it is tapped.
pub(crate) fn choices(entry: &Entry) -> Vec<Choice> {
    let text = |value: &Value, key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let Some(rest) = &entry.rest else { return Vec::new() };
    let replies = rest.message.get("quick_replies").and_then(Value::as_array);
    let replies = replies.into_iter().flatten().map(|reply| Choice {
        title: text(reply, "title"),
        payload: text(reply, "payload"),
        is_quick_reply: true,
    });
    let mut found: Vec<Choice> = replies.collect();
    let payload = rest.message.get("attachment").and_then(|attachment| attachment.get("payload"));
    let elements = payload.and_then(|payload| payload.get("elements")).and_then(Value::as_array);
    for holder in payload.into_iter().chain(elements.into_iter().flatten()) {
        let buttons = holder.get("buttons").and_then(Value::as_array).into_iter().flatten();
        found.extend(buttons.filter(|button| button.get("type").is_some_and(|kind| kind == "postback")).map(
            |button| Choice { title: text(button, "title"), payload: text(button, "payload"), is_quick_reply: false },
        ));
    }
    found
}

/// The first of them.
pub(crate) fn first_choice(entry: &Entry) -> Option<Choice> {
    choices(entry).into_iter().next()
}

/// The members of a person's name, made up where none is given.
pub(crate) fn name_of(page: &Page, psid: Psid) -> String {
    const FIRST: [&str; 16] = [
        "Ada", "Bilal", "Chen", "Dana", "Emeka", "Freja", "Goran", "Hana", "Ines", "Joao", "Kofi", "Lena", "Mina",
        "Nils", "Oyu", "Priya",
    ];
    const LAST: [&str; 16] = [
        "Abe", "Berg", "Costa", "Diallo", "Eze", "Fuchs", "Gupta", "Haddad", "Ito", "Jensen", "Khan", "Lopez",
        "Moreau", "Novak", "Okafor", "Park",
    ];
    let given = page.people.get(&psid).and_then(|person| person.name.as_deref());
    given.map_or_else(
        || {
            let sum = page.psid_text(psid).bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31) ^ usize::from(byte));
            format!("{} {}", FIRST[sum % 16], LAST[sum / 16 % 16])
        },
        str::to_owned,
    )
}
