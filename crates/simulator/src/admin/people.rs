//! People by command: added, listed, made to act, and made by the thousand.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value};

use super::clock::settle;
use super::input::{self, Input};
use super::model::{AddedPerson, Made, NewPerson, OfPage, PersonRow, Population, StaffReply};
use crate::server::Context;
use crate::world::deeds::{Deed, Happened, Sentence};
use crate::world::facts;
use crate::world::ids::Psid;
use crate::world::person::Person;

/// More would fill the memory of a small machine.
const MOST_PEOPLE: u32 = 1_000_000;
/// A longer list is asked for in parts.
const LONGEST_LIST: usize = 100_000;

type Answer<T> = Result<Json<T>, Sentence>;

pub(super) async fn add(State(context): State<Context>, Input(new): Input<NewPerson>) -> Answer<AddedPerson> {
    let added = context.platform.change(|world, now_ms| {
        let ids = world.ids;
        let page = world.page_mut(&new.page).ok_or_else(|| no_page(&new.page))?;
        let id = page.id.clone();
        let psid = new.psid.unwrap_or_else(|| {
            page.n_people_made += 1;
            ids.psid(&id, page.n_people_made)
        });
        if psid.is_empty() {
            return Err(Sentence("A PSID cannot be empty.".to_owned()));
        }
        let (_, person) = page.person_or_new(&psid);
        person.name = new.name.map(String::into_boxed_str);
        person.reads = new.reads;
        person.has_role = new.role;
        person.is_phone_only = new.phone_only;
        person.script = new.script.map(std::sync::Arc::new);
        if let Some(ms) = new.flow_ms {
            person.more_mut().flow_until_ms = now_ms.saturating_add(ms.into());
        }
        Ok(psid)
    });
    added.map(|psid| Json(AddedPerson { psid }))
}

pub(super) async fn list(State(context): State<Context>, uri: Uri) -> Answer<Vec<PersonRow>> {
    let OfPage { page, after, limit } = input::query(&uri)?;
    let state = context.platform.state();
    let page = state.world.page(&page).ok_or_else(|| no_page(&page))?;
    let first = after.map(|after| Psid::of(&after));
    let people = page.people.iter().filter(|(psid, _)| first.is_none_or(|first| **psid > first));
    let row = |(psid, person): (&Psid, &Person)| PersonRow {
        psid: page.psid_text(*psid),
        name: person.name.as_deref().map(str::to_owned),
        reads: person.reads,
        blocked: person.has_blocked,
        last_opening_ms: person.last_opening_ms,
        last_message_ms: person.last_message_ms,
        messages: person.thread.len(),
    };
    Ok(Json(people.map(row).take(limit.unwrap_or(LONGEST_LIST)).collect()))
}

/// `POST /admin/people/{psid}/{deed}`: page, the deed's own members, and for past events `at_ms` or `ago_ms`.
pub(super) async fn act(
    State(context): State<Context>,
    Path((psid, deed)): Path<(String, String)>,
    Input(mut members): Input<Map<String, Value>>,
) -> Answer<Happened> {
    let page = members.remove("page").and_then(|page| page.as_str().map(str::to_owned));
    let page = page.ok_or_else(|| Sentence("Say which page.".to_owned()))?;
    let number = |value: Option<Value>| match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_i64().ok_or_else(|| Sentence("at_ms and ago_ms are whole numbers.".to_owned()));
            number.map(Some)
        }
    };
    let (at_ms, ago_ms) = (number(members.remove("at_ms"))?, number(members.remove("ago_ms"))?);
    if at_ms.is_some() && ago_ms.is_some() {
        return Err(Sentence("Give at_ms or ago_ms, not both.".to_owned()));
    }
    members.insert("do".to_owned(), deed.into());
    let deed: Deed = serde_json::from_value(Value::Object(members))
        .map_err(|error| Sentence(format!("The body is not what this deed takes: {error}.")))?;
    let when = |now_ms: i64| at_ms.unwrap_or_else(|| now_ms.saturating_sub(ago_ms.unwrap_or(0)));
    let happened = context.platform.act(&page, &psid, deed, when)?;
    settle(&context).await;
    Ok(Json(happened))
}

/// Many people who share a script. Those who have written did so `wrote_ago_ms` ago, silently.
pub(super) async fn populate(State(context): State<Context>, Input(population): Input<Population>) -> Answer<Made> {
    let Population { page, count, first_psid, script, wrote_ago_ms } = population;
    if count > MOST_PEOPLE {
        return Err(Sentence(format!("A population has at most {MOST_PEOPLE} people.")));
    }
    let script = std::sync::Arc::new(script);
    let made = context.platform.change(|world, now_ms| {
        let ids = world.ids;
        let page = world.page_mut(&page).ok_or_else(|| no_page(&page))?;
        let id = page.id.clone();
        let (mut first, mut last) = (None, None);
        for n in 0..count {
            let psid = match first_psid {
                Some(first) => first.saturating_add(n.into()).to_string(),
                None => {
                    page.n_people_made += 1;
                    ids.psid(&id, page.n_people_made)
                }
            };
            let (_, person) = page.person_or_new(&psid);
            person.script = Some(std::sync::Arc::clone(&script));
            if let Some(ago_ms) = wrote_ago_ms {
                let at_ms = now_ms.saturating_sub(ago_ms.into());
                let is_new = !person.has_begun();
                person.last_opening_ms = person.last_opening_ms.max(Some(at_ms));
                person.last_message_ms = person.last_message_ms.max(Some(at_ms));
                if is_new {
                    page.n_engaged += 1;
                    page.days.entry(at_ms.div_euclid(facts::DAY)).or_default().n_new += 1;
                }
            }
            first.get_or_insert_with(|| psid.clone());
            last = Some(psid);
        }
        Ok(Made { count, first_psid: first, last_psid: last })
    });
    made.map(Json)
}

/// The Page's staff answers in the inbox: the apps hear the echo, and where threads have owners the inbox takes the thread.
pub(super) async fn reply_by_hand(
    State(context): State<Context>,
    Path(page): Path<String>,
    Input(reply): Input<StaffReply>,
) -> Answer<Happened> {
    let happened = context.platform.change(|world, now_ms| {
        let id = world.page(&page).ok_or_else(|| no_page(&page))?.id.clone();
        world.reply_by_hand(&id, Psid::of(&reply.psid), reply.text, now_ms)
    })?;
    settle(&context).await;
    Ok(Json(happened))
}

pub(super) fn no_page(page: &str) -> Sentence {
    Sentence(format!("Page {page} is not registered here."))
}
