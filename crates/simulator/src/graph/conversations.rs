//! Conversations and their messages (conversations page): all are listed, the 20 newest can be read.

use serde_json::{Map, Value, json};

use super::expand::{Field, asked, pick};
use super::{Request, paging};
use crate::errors::{GraphError, Refusal};
use crate::moment::graph_time;
use crate::world::World;
use crate::world::deeds::name_of;
use crate::world::facts::READABLE_MESSAGES;
use crate::world::ids::Psid;
use crate::world::limits::Use;
use crate::world::page::Page;
use crate::world::person::{Author, Entry, Person};

/// `GET /{page}/conversations`, newest first.
pub(super) fn list(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    limit(world, request, now_ms)?;
    if request.text("platform")?.is_some_and(|platform| !platform.eq_ignore_ascii_case("messenger")) {
        return Err(GraphError::param("param platform must be one of {MESSENGER}"));
    }
    let fields = asked(request, &["id", "link", "updated_time"])?;
    let user = request.text("user_id")?.map(|user| Psid::of(&user));
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let mut people: Vec<(&Psid, &Person)> = match user {
        Some(psid) => page.people.get_key_value(&psid).into_iter().collect(),
        None => page.people.iter().collect(),
    };
    people.retain(|(_, person)| person.thread.iter().any(|entry| !entry.is_tap()));
    people.sort_by_key(|(psid, person)| (std::cmp::Reverse(updated_ms(person)), **psid));
    let items = people.into_iter().map(|(psid, _)| (id_of(page, *psid), *psid)).collect();
    paging::page(request, items, |psid| show(world, request, page, psid, &fields, now_ms))
}

/// `GET /{conversation}`.
pub(super) fn get(world: &World, request: &Request<'_>, id: &str, now_ms: i64) -> Result<Value, GraphError> {
    let (page, psid) = find(world, request, id)?;
    let fields = asked(request, &["id", "link", "updated_time"])?;
    Ok(show(world, request, page, psid, &fields, now_ms))
}

/// `GET /{conversation}/messages`, newest first.
pub(super) fn messages(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    limit(world, request, now_ms)?;
    let (page, psid) = find(world, request, request.node)?;
    let fields = asked(request, &["id", "created_time"])?;
    let person = page.people.get(&psid).ok_or(Refusal::NoSuchObject)?;
    let items = shown(person).map(|n| (world.ids.mid(&page.id, psid, n), n)).collect();
    paging::page(request, items, |n| show_message(world, request, page, psid, n, &fields, now_ms))
}

/// `GET /{message}`: one of the 20 newest.
pub(super) fn get_message(world: &World, request: &Request<'_>, id: &str, now_ms: i64) -> Result<Value, GraphError> {
    let (psid, n) = world.find_message(&request.page, id).ok_or(Refusal::NoSuchObject)?;
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let person = page.people.get(&psid).ok_or(Refusal::NoSuchObject)?;
    let is_readable = shown(person).take(READABLE_MESSAGES).any(|shown| shown == n);
    if !is_readable || person.entry(n).is_none_or(Entry::is_deleted) {
        return Err(Refusal::MessageGone.into());
    }
    let fields = asked(request, &["id", "created_time"])?;
    Ok(show_message(world, request, page, psid, n, &fields, now_ms))
}

fn limit(world: &mut World, request: &Request<'_>, now_ms: i64) -> Result<(), GraphError> {
    let limit = world.limits.conversations_per_second;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    match page.traffic.conversations.take(limit, now_ms) {
        Use::Under(_) => Ok(()),
        Use::Over(_) => Err(Refusal::RateLimit.into()),
    }
}

fn find<'a>(world: &'a World, request: &Request<'_>, id: &str) -> Result<(&'a Page, Psid), GraphError> {
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let psid = Psid::of(id.strip_prefix("t_").ok_or(Refusal::NoSuchObject)?);
    let known = page.people.get(&psid).filter(|person| !person.thread.is_empty());
    known.map(|_| (page, psid)).ok_or_else(|| Refusal::NoSuchObject.into())
}

fn id_of(page: &Page, psid: Psid) -> String {
    format!("t_{}", page.psid_text(psid))
}

/// Numbers of the messages that the thread shows, newest first.
fn shown(person: &Person) -> impl Iterator<Item = u32> {
    let numbered = person.thread.iter().enumerate().rev();
    numbered.filter(|(_, entry)| !entry.is_tap()).filter_map(|(n, _)| u32::try_from(n).ok())
}

fn updated_ms(person: &Person) -> i64 {
    person.thread.iter().map(|entry| entry.at_ms).max().unwrap_or(0)
}

fn show(world: &World, request: &Request<'_>, page: &Page, psid: Psid, fields: &[Field], now_ms: i64) -> Value {
    let Some(person) = page.people.get(&psid) else { return Value::Null };
    let number = page.psid_text(psid);
    let mut whole = Map::new();
    let mut put = |key: &str, value: Value| drop(whole.insert(key.to_owned(), value));
    put("id", id_of(page, psid).into());
    put("link", format!("/{}/inbox/{number}/", page.id).into());
    put("updated_time", graph_time(updated_ms(person)).into());
    put("message_count", shown(person).count().into());
    put("can_reply", (!person.has_blocked).into());
    put("is_subscribed", true.into());
    put("is_owner", is_owner(world, request, person, now_ms).into());
    put("participants", json!({ "data": [party(page, psid), ours(page)] }));
    let newest = shown(person).next().and_then(|n| person.entry(n));
    put("snippet", newest.and_then(|entry| entry.text.as_deref()).unwrap_or_default().into());
    if let Some(field) = fields.iter().find(|field| field.name == "messages") {
        let default = [Field { name: "created_time".to_owned(), ..Field::default() }];
        let inner = if field.inner.is_empty() { default.as_slice() } else { field.inner.as_slice() };
        let some = shown(person).take(field.limit.unwrap_or(25));
        let data: Vec<Value> = some.map(|n| show_message(world, request, page, psid, n, inner, now_ms)).collect();
        put("messages", json!({ "data": data }));
    }
    pick(whole, fields)
}

/// Whether the asking app owns the thread; without a default app everybody does.
fn is_owner(world: &World, request: &Request<'_>, person: &Person, now_ms: i64) -> bool {
    let owner =
        world.default_app(&request.page).map(|default| person.control(now_ms).map_or(default, |control| control.app));
    owner.is_none_or(|owner| owner == request.app)
}

fn show_message(
    world: &World,
    request: &Request<'_>,
    page: &Page,
    psid: Psid,
    n: u32,
    fields: &[Field],
    now_ms: i64,
) -> Value {
    let Some(person) = page.people.get(&psid) else { return Value::Null };
    let Some(entry) = person.entry(n) else { return Value::Null };
    let mut whole = Map::new();
    let mut put = |key: &str, value: Value| drop(whole.insert(key.to_owned(), value));
    put("id", world.ids.mid(&page.id, psid, n).into());
    put("created_time", graph_time(entry.at_ms).into());
    let is_readable = shown(person).take(READABLE_MESSAGES).any(|readable| readable == n) && !entry.is_deleted();
    if is_readable {
        let (from, to) = match entry.author {
            Author::Person => (party(page, psid), ours(page)),
            Author::Page(_) => (ours(page), party(page, psid)),
        };
        put("from", from);
        put("to", json!({ "data": [to] }));
        put("message", entry.text.as_deref().unwrap_or_default().into());
        let attachments = entry.attachments();
        if !attachments.is_empty() {
            put("attachments", json!({ "data": attachments }));
        }
        let rest = entry.rest.as_deref();
        put("reply_to", rest.and_then(|rest| rest.reply_to.as_ref()).map_or(Value::Null, |mid| json!({ "mid": mid })));
        put("is_owner", is_owner(world, request, person, now_ms).into());
    }
    pick(whole, fields)
}

fn party(page: &Page, psid: Psid) -> Value {
    let id = page.psid_text(psid);
    json!({ "name": name_of(page, psid), "email": format!("{id}@facebook.com"), "id": id })
}

fn ours(page: &Page) -> Value {
    json!({ "name": page.settings.name, "email": format!("{}@facebook.com", page.id), "id": &*page.id })
}
