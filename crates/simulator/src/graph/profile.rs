//! The Messenger profile (profile, ice-breakers, menu and commands pages), and a person's own settings.

use serde_json::{Map, Value, json};

use super::{Request, check};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::{MINUTE, PAYLOAD_CHARS};
use crate::world::ids::Psid;
use crate::world::limits::{Use, Window};
use crate::world::page::Page;
use crate::world::person::Person;

const PROPERTIES: [&str; 8] = [
    "get_started",
    "greeting",
    "ice_breakers",
    "persistent_menu",
    "commands",
    "whitelisted_domains",
    "account_linking_url",
    "subject_to_new_eu_privacy_rules",
];

/// `POST /{page}/messenger_profile`: all the properties, or none of them.
pub(super) fn set(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let fields = request.fields()?;
    let page = limited(world, request, now_ms)?;
    let given: Vec<(&str, &Value)> =
        PROPERTIES.iter().filter_map(|name| Some((*name, check::member(fields, name)?))).collect();
    if given.is_empty() {
        return Err(GraphError::param(
            "Requires one of the params: get_started,persistent_menu,whitelisted_domains,greeting,account_linking_url,ice_breakers,commands",
        ));
    }
    for (name, value) in &given {
        check_property(name, value)?;
    }
    let gets = |name: &str| given.iter().any(|(given, _)| *given == name) || page.profile.contains_key(name);
    if gets("persistent_menu") && !gets("get_started") {
        return Err(GraphError::param("You must set a Get Started button if you also wish to use persistent menu"));
    }
    for (name, value) in given {
        page.profile.insert(name.to_owned(), value.clone());
    }
    Ok(json!({ "result": "success" }))
}

/// `GET /{page}/messenger_profile?fields=`.
pub(super) fn get(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let names = named(request)?;
    let page = limited(world, request, now_ms)?;
    let mut shown = Map::new();
    for name in names {
        if name == "subject_to_new_eu_privacy_rules" {
            shown.insert(name, (page.settings.region == "EU").into());
        } else if let Some(value) = page.profile.get(&name) {
            shown.insert(name, value.clone());
        }
    }
    let data = if shown.is_empty() { Vec::new() } else { vec![Value::Object(shown)] };
    Ok(json!({ "data": data }))
}

/// `DELETE /{page}/messenger_profile` with `fields`.
pub(super) fn delete(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let names = named(request)?;
    let page = limited(world, request, now_ms)?;
    let goes = |name: &str| names.iter().any(|gone| gone == name);
    if goes("get_started") && !goes("persistent_menu") && page.profile.contains_key("persistent_menu") {
        return Err(GraphError::param("You must delete the persistent menu before the Get Started button"));
    }
    for name in names {
        page.profile.remove(&name);
    }
    Ok(json!({ "result": "success" }))
}

/// `POST /{page}/custom_user_settings`: a menu for one person.
pub(super) fn set_own(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let menu = request
        .value("persistent_menu")?
        .ok_or_else(|| GraphError::param("The parameter persistent_menu is required"))?;
    check_property("persistent_menu", menu)?;
    let psid = request.needed_text("psid")?;
    let person = limited_own(world, request, &psid, now_ms)?;
    person.more_mut().settings.insert("persistent_menu".to_owned(), menu.clone());
    Ok(json!({ "result": "success" }))
}

/// `GET /{page}/custom_user_settings?psid=`.
pub(super) fn get_own(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let psid = request.needed_text("psid")?;
    limited_own(world, request, &psid, now_ms)?;
    let page = world.page(&request.page).ok_or(Refusal::NoSuchObject)?;
    let person = page.people.get(&Psid::of(&psid)).ok_or(Refusal::NoMatchingUser)?;
    let mut shown = Map::new();
    if let Some(menu) = person.more().and_then(|more| more.settings.get("persistent_menu")) {
        shown.insert("user_level_persistent_menu".to_owned(), menu.clone());
    }
    if let Some(menu) = page.profile.get("persistent_menu") {
        shown.insert("page_level_persistent_menu".to_owned(), menu.clone());
    }
    Ok(json!({ "data": [shown] }))
}

/// `DELETE /{page}/custom_user_settings?psid=&params=`.
pub(super) fn delete_own(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    let psid = request.needed_text("psid")?;
    let params = request.words("params")?;
    if params.is_empty() {
        return Err(GraphError::param("The parameter params is required"));
    }
    let person = limited_own(world, request, &psid, now_ms)?;
    params.iter().for_each(|name| drop(person.more_mut().settings.remove(name)));
    Ok(json!({ "result": "success" }))
}

/// The Page, if it has not asked too often.
fn limited<'a>(world: &'a mut World, request: &Request<'_>, now_ms: i64) -> Result<&'a mut Page, GraphError> {
    let limit = world.limits.profile_calls_per_ten_minutes;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    match page.traffic.profile.take(limit, now_ms) {
        Use::Under(_) => Ok(page),
        Use::Over(_) => Err(Refusal::RateLimit.into()),
    }
}

/// The person, if there were not too many calls about them.
fn limited_own<'a>(
    world: &'a mut World,
    request: &Request<'_>,
    psid: &str,
    now_ms: i64,
) -> Result<&'a mut Person, GraphError> {
    let limit = world.limits.menu_calls_per_person_per_ten_minutes;
    let person = world.person_mut(&request.page, Psid::of(psid)).ok_or(Refusal::NoMatchingUser)?;
    let window = person.more_mut().settled.get_or_insert_with(|| Window::new(10 * MINUTE));
    match window.take(limit, now_ms) {
        Use::Under(_) => Ok(person),
        Use::Over(_) => Err(Refusal::RateLimit.into()),
    }
}

fn named(request: &Request<'_>) -> Result<Vec<String>, GraphError> {
    let names = request.words("fields")?;
    if names.is_empty() {
        return Err(GraphError::param("The parameter fields is required"));
    }
    match names.iter().find(|name| !PROPERTIES.contains(&name.as_str())) {
        Some(unknown) => {
            let all = PROPERTIES.join(", ");
            Err(GraphError::param(format!("param fields must be one of {{{all}}} - got \"{unknown}\".")))
        }
        None => Ok(names),
    }
}

fn check_property(name: &str, value: &Value) -> Result<(), GraphError> {
    let wrapped = Map::from_iter([(name.to_owned(), value.clone())]);
    match name {
        "get_started" => check::needed_text(check::object(value, name)?, "payload", PAYLOAD_CHARS, name).map(|_| ()),
        "greeting" => each(&wrapped, name, 1..=100, |greeting, path| {
            check::needed_text(greeting, "locale", 16, path)?;
            check::needed_text(greeting, "text", 160, path).map(|_| ())
        }),
        "ice_breakers" => ice_breakers(&wrapped),
        "persistent_menu" => {
            has_default(value, name)?;
            each(&wrapped, name, 1..=100, |menu, path| {
                for (place, item) in check::list(menu, "call_to_actions", 0..=20, path)?.iter().enumerate() {
                    menu_item(item, &format!("{path}[call_to_actions][{place}]"))?;
                }
                Ok(())
            })
        }
        "commands" => each(&wrapped, name, 1..=100, |commands, path| {
            for command in check::list(commands, "commands", 1..=100, path)? {
                let command = check::object(command, path)?;
                let word = check::needed_text(command, "name", 32, path)?;
                if word.starts_with('/') {
                    return Err(GraphError::param(format!("param {path}[name] must not begin with /")));
                }
                check::needed_text(command, "description", 64, path)?;
            }
            Ok(())
        }),
        "whitelisted_domains" => {
            let domains = check::list(&wrapped, name, 1..=50, name)?;
            let are_urls = domains.iter().all(|domain| domain.as_str().is_some_and(check::is_url));
            if are_urls { Ok(()) } else { Err(GraphError::param("param whitelisted_domains must hold valid URLs")) }
        }
        "account_linking_url" => {
            let is_good = value.as_str().is_some_and(|url| url.starts_with("https://") && check::is_url(url));
            if is_good { Ok(()) } else { Err(GraphError::param("param account_linking_url must be an https URL")) }
        }
        _ => Err(GraphError::param(format!("param {name} is read-only"))),
    }
}

/// At most four questions, in the old form or by locale.
fn ice_breakers(wrapped: &Map<String, Value>) -> Result<(), GraphError> {
    const NAME: &str = "ice_breakers";
    let items = check::list(wrapped, NAME, 1..=100, NAME)?;
    let question = |question: &Value| {
        let question = check::object(question, NAME)?;
        check::needed_text(question, "question", 80, NAME)?;
        check::needed_text(question, "payload", PAYLOAD_CHARS, NAME).map(|_| ())
    };
    if items.iter().any(|item| item.get("call_to_actions").is_some()) {
        has_default(&Value::Array(items.to_vec()), NAME)?;
        for item in items {
            check::list(check::object(item, NAME)?, "call_to_actions", 1..=4, NAME)?.iter().try_for_each(question)?;
        }
        return Ok(());
    }
    check::list(wrapped, NAME, 1..=4, NAME)?.iter().try_for_each(question)
}

fn menu_item(item: &Value, path: &str) -> Result<(), GraphError> {
    let item = check::object(item, path)?;
    check::needed_text(item, "title", 30, path)?;
    check::one_of(item, "type", &["web_url", "postback"], path)?;
    match check::needed_text(item, "type", usize::MAX, path)? {
        "web_url" => {
            check::needed_text(item, "url", usize::MAX, path)?;
            check::url(item, "url", path)
        }
        _ => check::needed_text(item, "payload", PAYLOAD_CHARS, path).map(|_| ()),
    }
}

fn has_default(value: &Value, name: &str) -> Result<(), GraphError> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let has = items.iter().any(|item| item.get("locale").is_some_and(|locale| locale == "default"));
    if has { Ok(()) } else { Err(GraphError::param(format!("param {name} needs the locale \"default\""))) }
}

fn each(
    wrapped: &Map<String, Value>,
    name: &str,
    lengths: std::ops::RangeInclusive<usize>,
    check_one: impl Fn(&Map<String, Value>, &str) -> Result<(), GraphError>,
) -> Result<(), GraphError> {
    for (place, item) in check::list(wrapped, name, lengths, name)?.iter().enumerate() {
        let path = format!("{name}[{place}]");
        check_one(check::object(item, &path)?, &path)?;
    }
    Ok(())
}
