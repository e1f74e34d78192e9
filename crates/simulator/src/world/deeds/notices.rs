//! Deeds beside the thread: comments and posts, consent to be notified, boxes on sites, accounts.

use serde_json::json;

use super::{Happened, Scene, Sentence, name_of};
use crate::webhooks::event::{Event, Sender};
use crate::webhooks::object::Object;
use crate::world::page::{NotificationToken, Page, Post, TokenKind, UserRef};
use crate::world::person::Author;
use crate::world::{Effect, World, facts};

impl World {
    /// Comments on a post; the right to one private reply comes with it.
    pub(super) fn comment(&mut self, scene: &Scene, text: &str, post_id: Option<String>) -> Happened {
        let n = self.count(scene);
        let post_id = post_id.unwrap_or_else(|| format!("{}_{}", scene.page, self.ids.thing("post", &scene.page, 0)));
        let number = post_id.rsplit('_').next().unwrap_or_default();
        let kind = format!("comment {}", scene_key(self, scene));
        let comment_id = format!("{number}_{}", self.ids.thing(&kind, &scene.page, n));
        let value = |from: Object| {
            Object::new()
                .with("item", "comment")
                .with("verb", "add")
                .with("comment_id", comment_id.as_str())
                .with("post_id", post_id.as_str())
                .with("parent_id", post_id.as_str())
                .with("from", from)
                .with("created_time", scene.at_ms / 1000)
                .with("message", text)
        };
        self.put_up(scene, &comment_id, Some(&post_id), value)
    }

    /// Posts to the Page.
    pub(super) fn visit(&mut self, scene: &Scene, text: &str) -> Happened {
        let n = self.count(scene);
        let kind = format!("visit {}", scene_key(self, scene));
        let post_id = format!("{}_{}", scene.page, self.ids.thing(&kind, &scene.page, n));
        let value = |from: Object| {
            Object::new()
                .with("item", "post")
                .with("verb", "add")
                .with("post_id", post_id.as_str())
                .with("from", from)
                .with("created_time", scene.at_ms / 1000)
                .with("message", text)
        };
        self.put_up(scene, &post_id, None, value)
    }

    /// Takes a comment or post away: it can't be answered any more.
    pub(super) fn remove(&mut self, scene: &Scene, id: &str) -> Result<Happened, Sentence> {
        let nothing = || Sentence("The person has no such comment or post here.".to_owned());
        let page = self.page_mut(&scene.page).ok_or_else(nothing)?;
        let gone = page.posts.get(id).filter(|post| post.author == scene.psid).ok_or_else(nothing)?;
        let (is_comment, post_id) = (gone.is_comment, gone.post_id.clone());
        page.posts.remove(id);
        let from = Object::new().with("id", page.psid_text(scene.psid)).with("name", name_of(page, scene.psid));
        let value = Object::new()
            .with("item", if is_comment { "comment" } else { "post" })
            .with("verb", "remove")
            .maybe("comment_id", is_comment.then_some(id))
            .with("post_id", post_id)
            .with("from", from)
            .with("created_time", scene.at_ms / 1000);
        let kind = if is_comment { "comment" } else { "post" };
        let event = Event::change(page, Some(scene.psid), (kind, "feed"), scene.at_ms, value);
        self.effects.push(Effect::Tell(event));
        Ok(scene.happened(None))
    }

    fn put_up(
        &mut self,
        scene: &Scene,
        id: &str,
        commented: Option<&str>,
        value: impl FnOnce(Object) -> Object,
    ) -> Happened {
        if let Some(page) = self.pages.get_mut(&scene.page) {
            // The platform gives a comment's time in whole seconds, and counts from there.
            let at_ms = scene.at_ms - scene.at_ms.rem_euclid(facts::SECOND);
            let is_comment = commented.is_some();
            let post_id = commented.unwrap_or(id).to_owned();
            let post = Post { author: scene.psid, at_ms, is_comment, post_id, is_answered: false };
            page.posts.insert(id.to_owned(), post);
            let from = Object::new().with("id", page.psid_text(scene.psid)).with("name", name_of(page, scene.psid));
            let kind = if is_comment { "comment" } else { "post" };
            let event = Event::change(page, Some(scene.psid), (kind, "feed"), scene.at_ms, value(from));
            self.effects.push(Effect::Tell(event));
        }
        Happened { id: Some(id.to_owned()), ..scene.happened(None) }
    }

    /// Accepts a request that stands in the thread: a token for the Page.
    pub(super) fn accept(&mut self, scene: &Scene, title: Option<&str>) -> Result<Happened, Sentence> {
        let Some(person) = self.person(&scene.page, scene.psid) else { return Err(no_request()) };
        let asked = person.thread.iter().rev().filter(|entry| entry.author != Author::Person).find_map(|entry| {
            let payload = entry.rest.as_ref()?.message.get("attachment")?.get("payload")?;
            let kind = match payload.get("template_type")?.as_str()? {
                "one_time_notif_req" => TokenKind::OneTime,
                "notification_messages" => TokenKind::Recurring,
                _ => return None,
            };
            let text = |key: &str| payload.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            let default = if kind == TokenKind::Recurring { "Updates and promotions" } else { "" };
            let shown = Some(text("title")).filter(|title| !title.is_empty()).unwrap_or_else(|| default.to_owned());
            title.is_none_or(|title| title == shown).then(|| (kind, shown, text("payload")))
        });
        let (kind, title, payload) = asked.ok_or_else(no_request)?;
        let n = self.count(scene);
        let token = self.ids.token("token", &scene.page, scene.psid, n);
        let life_ms = match kind {
            TokenKind::OneTime => facts::ONE_TIME_TOKEN_LIFE_MS,
            TokenKind::Recurring => facts::NOTIFICATION_TOKEN_LIFE_MS,
        };
        let right = NotificationToken {
            psid: scene.psid,
            kind,
            title,
            payload,
            made_ms: scene.at_ms,
            expires_ms: scene.at_ms.saturating_add(life_ms),
            is_stopped: false,
            is_used: false,
            last_ms: None,
            n_followers: 0,
        };
        let what = opt_in(&token, &right, None);
        if let Some(page) = self.page_mut(&scene.page) {
            page.tokens.insert(token.clone(), right);
        }
        self.tell(scene, "optin", "messaging_optins", None, what);
        Ok(Happened { id: Some(token), ..scene.happened(None) })
    }

    /// Stops or resumes recurring notifications.
    pub(super) fn switch_notifications(
        &mut self,
        scene: &Scene,
        title: Option<&str>,
        is_stopped: bool,
    ) -> Result<Happened, Sentence> {
        let Some(page) = self.page_mut(&scene.page) else { return Err(no_request()) };
        let wanted = |token: &&mut NotificationToken| {
            token.psid == scene.psid
                && token.kind == TokenKind::Recurring
                && title.is_none_or(|title| title == token.title)
        };
        let status = if is_stopped { "STOP NOTIFICATIONS" } else { "RESUME NOTIFICATIONS" };
        let mut told = Vec::new();
        for (id, token) in &mut page.tokens {
            if let Some(token) = Some(token).filter(wanted) {
                token.is_stopped = is_stopped;
                told.push(opt_in(id, token, Some(status)));
            }
        }
        if told.is_empty() {
            return Err(Sentence("This person has no notifications like that.".to_owned()));
        }
        for what in told {
            self.tell(scene, "optin", "messaging_optins", None, what);
        }
        Ok(scene.happened(None))
    }

    /// Ticks a box: the Page hears of the reference, and of the person only once they write.
    pub(super) fn tick(&mut self, scene: &Scene, user_ref: String, reference: Option<String>) -> Happened {
        if let Some(person) = self.person_mut(&scene.page, scene.psid) {
            person.more_mut().prior = Some(user_ref.clone());
        }
        if let Some(page) = self.pages.get_mut(&scene.page) {
            page.user_refs.insert(user_ref.clone(), UserRef { at_ms: scene.at_ms, psid: scene.psid, n_sent: 0 });
            let what = Object::new().maybe("ref", reference).with("user_ref", user_ref);
            let what = Object::new().with("optin", what);
            let kind = ("optin", "messaging_optins");
            let event = Event::with_sender(page, scene.psid, Sender::Nobody(None), kind, scene.at_ms, what);
            self.effects.push(Effect::Tell(event));
        }
        scene.happened(None)
    }

    /// Links or unlinks an account. Linking begins with a token for the business's log-in page.
    pub(super) fn link(&mut self, scene: &Scene, code: Option<String>) -> Happened {
        let n = self.count(scene);
        let token = self.ids.token("linking", &scene.page, scene.psid, n);
        if let Some(person) = self.person_mut(&scene.page, scene.psid) {
            let more = person.more_mut();
            more.is_linked = code.is_some();
            more.linking = code.is_some().then(|| (token.clone(), scene.now_ms));
        }
        let status = if code.is_some() { "linked" } else { "unlinked" };
        let id = code.is_some().then_some(token);
        let linking = Object::new().with("status", status).maybe("authorization_code", code);
        let what = Object::new().with("account_linking", linking);
        self.tell(scene, "account_linking", "messaging_account_linking", None, what);
        Happened { id, ..scene.happened(None) }
    }

    pub(super) fn feedback(&mut self, scene: &Scene, mid: String, says: &str) -> Result<Happened, Sentence> {
        self.own_message(scene, &mid)?;
        let what = Object::new().with("response_feedback", json!({ "feedback": says, "mid": mid }));
        self.tell(scene, "response_feedback", "response_feedback", Some(&mid), what);
        Ok(scene.happened(None))
    }

    fn count(&mut self, scene: &Scene) -> u32 {
        self.person_mut(&scene.page, scene.psid).map_or(0, super::super::person::Person::count_record)
    }
}

fn scene_key(world: &World, scene: &Scene) -> String {
    world.page(&scene.page).map(|page: &Page| page.psid_text(scene.psid)).unwrap_or_default()
}

fn no_request() -> Sentence {
    Sentence("No request like that stands in this thread.".to_owned())
}

fn opt_in(id: &str, token: &NotificationToken, status: Option<&str>) -> Object {
    let what = match token.kind {
        TokenKind::OneTime => Object::new()
            .with("type", "one_time_notif_req")
            .with("payload", token.payload.as_str())
            .with("one_time_notif_token", id),
        TokenKind::Recurring => Object::new()
            .with("type", "notification_messages")
            .with("payload", token.payload.as_str())
            .with("title", token.title.as_str())
            .with("notification_messages_token", id)
            .with("notification_messages_timezone", "UTC")
            .with("token_expiry_timestamp", token.expires_ms)
            .with("user_token_status", "NOT_REFRESHED")
            .maybe("notification_messages_status", status),
    };
    Object::new().with("optin", what)
}
