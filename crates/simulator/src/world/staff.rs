//! What is done on the Page's side beside the API: Meta's steps against it, and the staff's answers in the inbox.

use std::sync::Arc;

use serde_json::json;

use super::deeds::{Happened, Sentence};
use super::ids::{Psid, app_number};
use super::person::Control;
use super::post::Outgoing;
use super::{Effect, World, facts};
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;

impl World {
    /// A warning, a block or its end: the Page's apps are told, and a blocked Page can't send.
    pub(crate) fn enforce(
        &mut self,
        page: &str,
        action: &str,
        reason: Option<String>,
        now_ms: i64,
    ) -> Result<(), Sentence> {
        let Some(page) = self.pages.get_mut(page) else { return Ok(()) };
        match action {
            "warning" => (),
            "block" => page.settings.policy_blocked = true,
            "unblock" => page.settings.policy_blocked = false,
            _ => return Err(Sentence("The action is warning, block or unblock.".to_owned())),
        }
        let what = Object::new().with("action", action).maybe("reason", reason);
        let what = Object::new().with("policy_enforcement", what);
        let event = Event::of_page(page, "policy_enforcement", "messaging_policy_enforcement", now_ms, what);
        self.effects.push(Effect::Tell(event));
        Ok(())
    }

    /// The staff answers by hand. Where threads have owners the inbox takes this one, and the app that had it is told.
    pub(crate) fn reply_by_hand(
        &mut self,
        page: &Arc<str>,
        psid: Psid,
        text: String,
        now_ms: i64,
    ) -> Result<Happened, Sentence> {
        let person = self.person(page, psid).ok_or_else(|| Sentence("No such person on this Page.".to_owned()))?;
        if !person.has_begun() {
            return Err(Sentence("The person has not written yet.".to_owned()));
        }
        let inbox = self.inbox();
        let out = Outgoing {
            message: json!({ "text": text }),
            text: Some(text),
            messaging_type: "RESPONSE",
            form: "id",
            ..Outgoing::default()
        };
        let (mid, _) = self.post(page, inbox, psid, out, None, now_ms);
        if let Some(default) = self.default_app(page) {
            let before = self.person(page, psid).and_then(|person| person.control(now_ms));
            let before = before.map_or(default, |control| control.app);
            // Who has a thread keeps it by what the person does, not by own messages.
            if before != inbox {
                let until_ms = now_ms.saturating_add(facts::CONTROL_MS);
                if let Some(person) = self.person_mut(page, psid) {
                    person.more_mut().control = Some(Control { app: inbox, until_ms });
                }
                let id = |app| app_number(&self.app(app).id);
                let what = Object::new()
                    .with("previous_owner_app_id", id(before))
                    .with("new_owner_app_id", id(inbox))
                    .with("metadata", "");
                let what = Object::new().with("take_thread_control", what);
                let Some(known) = self.page(page) else { return Ok(Happened::default()) };
                let event = Event::of_thread(known, psid, "handover", "messaging_handovers", now_ms, what);
                self.effects.push(Effect::Tell(event.only_to(before)));
            }
        }
        Ok(Happened { mid: Some(mid), timestamp: now_ms, id: None })
    }
}
