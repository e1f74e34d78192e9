//! Deeds in the thread: writing, tapping, opening links, reacting, editing.

use serde_json::{Map, Value, json};

use super::{Choice, Happened, Scene, Sentence, choices};
use crate::webhooks::event::Event;
use crate::webhooks::object::Object;
use crate::world::app::AppIx;
use crate::world::person::{Author, Entry, Rest};
use crate::world::{Effect, World, facts};

/// The parts of a person's message.
#[derive(Default)]
pub(super) struct Written {
    pub(super) text: Option<String>,
    pub(super) attachments: Vec<Value>,
    pub(super) quick_reply: Option<String>,
    pub(super) reply_to: Option<String>,
    /// The ad that led here.
    pub(super) referral: Option<Value>,
}

impl World {
    /// The person writes. The first message after an ad names the ad, and may open longer.
    pub(super) fn write(&mut self, scene: &Scene, written: Written) -> Result<Happened, Sentence> {
        let Written { text, attachments, quick_reply, reply_to, referral } = written;
        if text.is_none() && attachments.is_empty() {
            return Err(Sentence("A message has text or attachments.".to_owned()));
        }
        let is_foreign = |mid: &String| self.find_message(&scene.page, mid).is_none_or(|(psid, _)| psid != scene.psid);
        if reply_to.as_ref().is_some_and(is_foreign) {
            return Err(Sentence("The quoted message is none of this thread.".to_owned()));
        }
        let ad = self.person_mut(&scene.page, scene.psid).and_then(|person| person.more()?.ad.clone());
        let referral = referral.or(ad);
        self.open(scene, "message");
        let is_ours = |author: Option<Author>| author.is_some_and(|author| author != Author::Person);
        let quoted = reply_to.as_ref().and_then(|mid| self.find_message(&scene.page, mid));
        let is_self_reply = quoted.is_some_and(|(psid, n)| {
            let author = self.person(&scene.page, psid).and_then(|person| person.entry(n)).map(|entry| entry.author);
            !is_ours(author)
        });
        let is_plain = attachments.is_empty() && quick_reply.is_none() && reply_to.is_none();
        let rest = (!is_plain).then(|| {
            let message = json!({ "attachments": attachments });
            Box::new(Rest { message, reply_to: reply_to.clone(), ..Rest::default() })
        });
        let mid = self.add_entry(scene, Author::Person, text.clone(), rest);
        let mut prior = None;
        if let Some(person) = self.person_mut(&scene.page, scene.psid) {
            person.last_message_ms = person.last_message_ms.max(Some(scene.at_ms));
            if referral.is_some() {
                person.last_ad_message_ms = person.last_ad_message_ms.max(Some(scene.at_ms));
            }
            if person.more().is_some() {
                person.more_mut().ad = None;
                prior = person.more_mut().prior.take();
            }
        }
        let message = Object::new()
            .with("mid", mid.as_str())
            .maybe("text", text)
            .maybe("quick_reply", quick_reply.map(|payload| Object::new().with("payload", payload)))
            .maybe("attachments", (!attachments.is_empty()).then_some(attachments))
            .maybe("reply_to", reply_to.map(|mid| json!({ "mid": mid, "is_self_reply": is_self_reply })))
            .maybe("referral", referral);
        let prior = prior.map(|user_ref| json!({ "source": "checkbox_plugin", "identifier": user_ref }));
        let what = Object::new().with("message", message).maybe("prior_message", prior);
        self.tell(scene, "message", "messages", Some(&mid), what);
        Ok(scene.happened(Some(mid)))
    }

    /// A tapped button: the payload comes back, to the app that sent it if one did.
    pub(super) fn tap_button(
        &mut self,
        scene: &Scene,
        title: String,
        payload: String,
        reference: Option<String>,
        sent_by: Option<AppIx>,
    ) -> Happened {
        self.open(scene, "postback");
        let rest = Rest { is_tap: true, ..Rest::default() };
        let mid = self.add_entry(scene, Author::Person, Some(title.clone()), Some(Box::new(rest)));
        let postback = Object::new()
            .with("mid", mid.as_str())
            .with("title", title)
            .with("payload", payload)
            .maybe("referral", reference.map(short_link));
        let Some(page) = self.page(&scene.page) else { return scene.happened(Some(mid)) };
        let what = Object::new().with("postback", postback);
        let event = Event::of_thread(page, scene.psid, "postback", "messaging_postbacks", scene.at_ms, what);
        let event = event.about(mid.clone());
        let event = match sent_by {
            Some(app) => event.only_to(app),
            None => event,
        };
        self.effects.push(Effect::Tell(event));
        scene.happened(Some(mid))
    }

    /// Taps something in a message of the Page.
    pub(super) fn tap(
        &mut self,
        scene: &Scene,
        mid: Option<String>,
        title: Option<&str>,
        button: Option<usize>,
    ) -> Result<Happened, Sentence> {
        let person = self.person(&scene.page, scene.psid);
        let thread = person.map(|person| person.thread.as_slice()).unwrap_or_default();
        let place = match &mid {
            Some(mid) => {
                let (_, n) = self.own_message(scene, mid)?;
                usize::try_from(n).unwrap_or(usize::MAX)
            }
            None => thread
                .iter()
                .rposition(|entry| entry.author != Author::Person && !choices(entry).is_empty())
                .ok_or_else(|| Sentence("No message of this thread has anything to tap.".to_owned()))?,
        };
        let nothing = || Sentence("This message has nothing like that to tap.".to_owned());
        let entry = thread.get(place).ok_or_else(nothing)?;
        let Author::Page(app) = entry.author else { return Err(nothing()) };
        let all = choices(entry);
        let wanted = match (title, button) {
            (Some(title), _) => all.into_iter().find(|choice| choice.title == title),
            (None, button) => all.into_iter().nth(button.unwrap_or(0)),
        };
        let Choice { title, payload, is_quick_reply } = wanted.ok_or_else(nothing)?;
        if is_quick_reply {
            // Phone and email replies have neither: the value stands in both places.
            let text = if title.is_empty() { payload.clone() } else { title };
            self.write(scene, Written { text: Some(text), quick_reply: Some(payload), ..Written::default() })
        } else {
            Ok(self.tap_button(scene, title, payload, None, Some(app)))
        }
    }

    /// Taps Get Started, whose payload the profile may set.
    pub(super) fn get_started(&mut self, scene: &Scene, reference: Option<String>) -> Happened {
        let set = self.page(&scene.page).and_then(|page| page.profile.get("get_started"));
        let payload = set.and_then(|set| set.get("payload")).and_then(Value::as_str).unwrap_or("GET_STARTED");
        let payload = payload.to_owned();
        self.tap_button(scene, "Get Started".to_owned(), payload, reference, None)
    }

    pub(super) fn open_link(&mut self, scene: &Scene, reference: String) -> Happened {
        if !self.person(&scene.page, scene.psid).is_some_and(super::super::person::Person::has_begun) {
            return self.get_started(scene, Some(reference));
        }
        self.open(scene, "link");
        let what = Object::new().with("referral", short_link(reference));
        self.tell_thread(scene, "referral", "messaging_referrals", what)
    }

    /// The click tells of itself only in a thread that exists; the message that follows names the ad.
    pub(super) fn click_ad(
        &mut self,
        scene: &Scene,
        ad_id: &str,
        reference: Option<String>,
        title: Option<String>,
        text: Option<String>,
    ) -> Result<Happened, Sentence> {
        let mut referral = Map::from_iter([
            ("source".to_owned(), json!("ADS")),
            ("type".to_owned(), json!("OPEN_THREAD")),
            ("ad_id".to_owned(), json!(ad_id)),
        ]);
        if let Some(reference) = reference {
            referral.insert("ref".to_owned(), reference.into());
        }
        if let Some(title) = title {
            let post_id = format!("{}_{ad_id}", scene.page);
            referral.insert("ads_context_data".to_owned(), json!({ "ad_title": title, "post_id": post_id }));
        }
        let referral = Value::Object(referral);
        if let Some(text) = text {
            let written = Written { text: Some(text), referral: Some(referral), ..Written::default() };
            return self.write(scene, written);
        }
        let Some(person) = self.person_mut(&scene.page, scene.psid) else { return Ok(scene.happened(None)) };
        person.more_mut().ad = Some(referral.clone());
        if person.has_begun() {
            let what = Object::new().with("referral", referral);
            self.tell(scene, "referral", "messaging_referrals", None, what);
        }
        Ok(scene.happened(None))
    }

    pub(super) fn finish_lead(
        &mut self,
        scene: &Scene,
        ad_id: &str,
        complete: bool,
        answers: Vec<(String, String)>,
    ) -> Happened {
        if complete {
            self.open(scene, "lead");
        }
        let kind = if complete { "LEAD_COMPLETE" } else { "LEAD_INCOMPLETE" };
        let data: Vec<Value> =
            answers.into_iter().map(|(question, answer)| json!({ "question": question, "answer": answer })).collect();
        let what = Object::new()
            .with("referral", json!({ "source": "ADS", "type": kind, "ad_id": ad_id }))
            .with("lead", json!({ "data": data }));
        self.tell_thread(scene, "referral", "messaging_referrals", what)
    }

    /// Reacts, or takes the reaction back. Only a reaction opens.
    pub(super) fn react(&mut self, scene: &Scene, mid: String, reaction: Option<String>) -> Result<Happened, Sentence> {
        let (psid, n) = self.own_message(scene, &mid)?;
        if reaction.is_some() {
            self.open(scene, "reaction");
        }
        let entry = self.person_mut(&scene.page, psid).and_then(|person| person.entry_mut(n));
        let shown = reaction.as_deref().map(emoji);
        if let Some(entry) = entry {
            entry.rest_mut().reaction = shown.map(|(_, emoji)| emoji.to_owned());
        }
        let action = if reaction.is_some() { "react" } else { "unreact" };
        let what = Object::new()
            .maybe("reaction", shown.map(|(name, _)| name))
            .maybe("emoji", shown.map(|(_, emoji)| emoji))
            .with("action", action)
            .with("mid", mid.as_str());
        self.tell(scene, "reaction", "message_reactions", Some(&mid), Object::new().with("reaction", what));
        Ok(scene.happened(None))
    }

    pub(super) fn edit(&mut self, scene: &Scene, mid: String, text: String) -> Result<Happened, Sentence> {
        let entry = self.written_entry(scene, &mid)?;
        entry.text = Some(text.as_str().into());
        let rest = entry.rest_mut();
        if rest.n_edits >= facts::MOST_EDITS {
            return Err(Sentence("A message can be edited five times.".to_owned()));
        }
        rest.n_edits += 1;
        let edit = Object::new().with("mid", mid.as_str()).with("text", text).with("num_edit", rest.n_edits);
        self.tell(scene, "edit", "message_edits", Some(&mid), Object::new().with("message_edit", edit));
        Ok(scene.happened(Some(mid)))
    }

    pub(super) fn unsend(&mut self, scene: &Scene, mid: String) -> Result<Happened, Sentence> {
        let entry = self.written_entry(scene, &mid)?;
        entry.text = None;
        entry.rest_mut().is_deleted = true;
        let gone = Object::new().with("mid", mid.as_str()).with("is_deleted", true);
        self.tell(scene, "unsend", "messages", Some(&mid), Object::new().with("message", gone));
        Ok(scene.happened(Some(mid)))
    }

    /// The person's own message of that id, which still stands.
    fn written_entry(&mut self, scene: &Scene, mid: &str) -> Result<&mut Entry, Sentence> {
        let (psid, n) = self.own_message(scene, mid)?;
        let entry = self.person_mut(&scene.page, psid).and_then(|person| person.entry_mut(n));
        let own = entry.filter(|entry| entry.author == Author::Person && !entry.is_tap() && !entry.is_deleted());
        own.ok_or_else(|| Sentence("The person did not write this message, or took it back.".to_owned()))
    }

    /// A message of this thread, from either side.
    pub(super) fn own_message(&self, scene: &Scene, mid: &str) -> Result<(crate::world::ids::Psid, u32), Sentence> {
        let found = self.find_message(&scene.page, mid).filter(|(psid, _)| *psid == scene.psid);
        found.ok_or_else(|| Sentence("No such message in this thread.".to_owned()))
    }

    /// Puts a message into the thread and answers its id.
    pub(crate) fn add_entry(
        &mut self,
        scene: &Scene,
        author: Author,
        text: Option<String>,
        rest: Option<Box<Rest>>,
    ) -> String {
        let ids = self.ids;
        let Some(person) = self.person_mut(&scene.page, scene.psid) else { return String::new() };
        let n = person.next_message();
        person.thread.push(Entry { at_ms: scene.at_ms, author, text: text.map(String::into_boxed_str), rest });
        ids.mid(&scene.page, scene.psid, n)
    }
}

fn short_link(reference: String) -> Object {
    Object::new().with("ref", reference).with("source", "SHORTLINK").with("type", "OPEN_THREAD")
}

/// A reaction's name and emoji, from either.
pub(crate) fn emoji(reaction: &str) -> (&str, &str) {
    const KNOWN: [(&str, &str); 7] = [
        ("smile", "\u{1f606}"),
        ("angry", "\u{1f620}"),
        ("sad", "\u{1f622}"),
        ("wow", "\u{1f62e}"),
        ("love", "\u{2764}\u{fe0f}"),
        ("like", "\u{1f44d}"),
        ("dislike", "\u{1f44e}"),
    ];
    let known = KNOWN.into_iter().find(|(name, emoji)| *name == reaction || *emoji == reaction);
    known.unwrap_or(("other", reaction))
}
