//! A thread as its person sees it: what the customer's window shows.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Value, json};

use super::input;
use super::model::{OfThread, Thread, ThreadRow};
use super::people::no_page;
use super::standing::{self, Welcome, WindowRow};
use crate::server::Context;
use crate::world::World;
use crate::world::deeds::{Sentence, choices};
use crate::world::ids::{Psid, text_or_number};
use crate::world::page::Page;
use crate::world::person::{Author, Entry};

/// The messages behind `after`; with `wait_ms` it answers as soon as there is one, and then at the latest.
pub(super) async fn read(
    State(context): State<Context>,
    Path(psid): Path<String>,
    uri: Uri,
) -> Result<Json<Thread>, Sentence> {
    let OfThread { page, after, wait_ms } = input::query(&uri)?;
    let after = after.unwrap_or(0);
    let news = context.platform.until_thread(&page, Psid::of(&psid), after);
    tokio::select! {
        () = news => (),
        () = context.stop.cancelled() => (),
        () = tokio::time::sleep(Duration::from_millis(wait_ms.unwrap_or(0).into())) => (),
    }
    let state = context.platform.state();
    let now_ms = state.clock.now_ms();
    show(&state.world, &page, &psid, after, now_ms).map(Json)
}

fn show(world: &World, id: &str, psid: &str, after: usize, now_ms: i64) -> Result<Thread, Sentence> {
    let page = world.page(id).ok_or_else(|| no_page(id))?;
    let key = Psid::of(psid);
    let person = page.people.get(&key).ok_or_else(|| Sentence("No such person on this Page.".to_owned()))?;
    let more = person.more();
    let rows = person.thread.iter().enumerate().skip(after);
    Ok(Thread {
        now_ms,
        messages: person.thread.len(),
        rows: rows.filter_map(|(n, entry)| Some(row(world, page, key, u32::try_from(n).ok()?, entry))).collect(),
        typing: more.is_some_and(|more| now_ms < more.typing_until_ms),
        seen_ms: more.and_then(|more| more.seen_ms),
        blocked: person.has_blocked,
        owner: person.control(now_ms).map(|control| world.app(control.app).id.clone()),
        menu: more
            .and_then(|more| more.settings.get("persistent_menu"))
            .or_else(|| page.profile.get("persistent_menu"))
            .cloned(),
        typing_until_ms: more.map_or(0, |more| more.typing_until_ms),
        window: WindowRow::of(world, person, now_ms),
        notifications: standing::notifications(page, key),
        welcome: Welcome::of(page, person),
    })
}

fn row(world: &World, page: &Page, psid: Psid, n: u32, entry: &Entry) -> ThreadRow {
    let rest = entry.rest.as_deref();
    let persona = rest.and_then(|rest| page.personas.get(rest.persona.as_deref()?));
    ThreadRow {
        mid: world.ids.mid(&page.id, psid, n),
        at_ms: entry.at_ms,
        from_page: entry.author != Author::Person,
        app: match entry.author {
            Author::Page(app) => Some(world.app(app).id.clone()),
            Author::Person => None,
        },
        text: entry.text.as_deref().map(str::to_owned),
        message: rest.map(|rest| rest.message.clone()).filter(|message| !message.is_null()),
        files: files(page, entry),
        tag: rest.and_then(|rest| rest.tag.clone()),
        private_reply: rest.is_some_and(|rest| rest.is_private_reply),
        persona: persona.map(|persona| json!({ "name": persona.name, "profile_picture_url": persona.picture })),
        choices: choices(entry).into_iter().map(|choice| choice.title).map(Value::from).collect(),
        reaction: rest.and_then(|rest| rest.reaction.clone()),
        page_reaction: rest.and_then(|rest| rest.page_reaction.clone()),
        reply_to: rest.and_then(|rest| rest.reply_to.clone()),
        edits: rest.map_or(0, |rest| rest.n_edits),
        tap: entry.is_tap(),
        deleted: entry.is_deleted(),
    }
}

/// Where the attachments are that a message names by id.
fn files(page: &Page, entry: &Entry) -> Vec<String> {
    let ids = entry
        .attachments()
        .into_iter()
        .filter_map(|attachment| text_or_number(attachment.get("payload")?.as_object()?, "attachment_id"));
    ids.filter_map(|id| page.attachments.get(&id)).map(|attachment| attachment.url.clone()).collect()
}
