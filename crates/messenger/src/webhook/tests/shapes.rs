//! One body a shape that the platform documents or is known to send, and what each comes to.

mod changes;
mod messages;
mod people;

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// When the events say that they happened.
const STATED: i64 = 1_767_225_599_000;
/// When the entries say that they were sent.
const ENTRY: i64 = 1_767_225_600_123;

/// A fact without what is the same in all of them.
#[derive(Debug, PartialEq)]
struct Expected {
    place: Place,
    stated_ms: i64,
    standby: bool,
    kind: InboundKind,
}

impl Expected {
    fn at(self, stated_ms: i64) -> Self {
        Self { stated_ms, ..self }
    }

    fn aside(self) -> Self {
        Self { standby: true, ..self }
    }
}

type Shape = (&'static str, Vec<Expected>);

fn of(place: Place, kind: InboundKind) -> Expected {
    Expected { place, stated_ms: STATED, standby: false, kind }
}

fn of_person(kind: InboundKind) -> Expected {
    of(person("2002"), kind)
}

fn of_reference(kind: InboundKind) -> Expected {
    of(Place::UserRef(OptinRef::parse("u-1").unwrap()), kind)
}

fn of_page(kind: InboundKind) -> Expected {
    of(Place::Page, kind)
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn all() -> BTreeMap<&'static str, Vec<Expected>> {
    let shapes = [messages::shapes(), people::shapes(), changes::shapes()].into_iter().flatten();
    let mut all = BTreeMap::new();
    for (name, expected) in shapes {
        assert!(all.insert(name, expected).is_none(), "{name} stands twice in the table");
    }
    all
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/shapes")
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_shape_is_typed() {
    for (name, expected) in all() {
        let batch = batch(&text_of(name));
        assert_eq!(batch.unplaced, 0, "{name}");
        let found: Vec<_> = batch.facts.into_iter().map(expectable).collect();
        assert_eq!(found, expected, "{name}");
    }
}

fn expectable(placed: Placed) -> Expected {
    let Placed { place, fact } = placed;
    assert_eq!((fact.page.as_str(), fact.received_at), ("1001", NOW));
    assert_eq!(fact.person.is_some(), matches!(place, Place::Person(_)));
    Expected { place, stated_ms: fact.stated_at.as_millis(), standby: fact.standby, kind: fact.kind }
}

#[test]
fn every_file_is_in_the_table() {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.map(|file| file.trim_end_matches(".json").to_owned()).collect();
    let known: BTreeSet<_> = all().into_keys().map(str::to_owned).chain(["instagram".to_owned()]).collect();
    assert_eq!(files, known);
}

#[test]
fn instagram_is_not_mistaken_for_messenger() {
    assert_eq!(parse(text_of("instagram").as_bytes(), NOW), Err(Unreadable::NotPage));
}

#[test]
fn every_fact_of_the_shapes_has_an_id_of_its_own() {
    let mut ids: BTreeMap<FactId, InboundKind> = BTreeMap::new();
    for name in all().into_keys() {
        for Placed { fact, .. } in batch(&text_of(name)).facts {
            if let Some(other) = ids.insert(fact.fact, fact.kind.clone()) {
                // Told in another form, it is the same fact.
                assert_eq!(fact.kind, other, "{name}");
            }
        }
    }
}

/// One line a shape: its name and the ids of its facts.
const IDS: &str = include_str!("../../../tests/fact_ids.txt");

#[test]
fn an_id_once_given_never_changes() {
    let line = |name: &str| {
        let ids = batch(&text_of(name)).facts.into_iter().map(|placed| placed.fact.fact.to_string());
        [name.to_owned()].into_iter().chain(ids).collect::<Vec<_>>().join(" ")
    };
    let found: Vec<_> = all().into_keys().map(line).collect();
    let known: Vec<_> = IDS.lines().collect();
    assert_eq!(found, known, "a new shape has a line of its own:\n{}", found.join("\n"));
}

#[test]
fn no_token_is_in_the_debug_text_of_a_fact() {
    for name in all().into_keys() {
        let debug = format!("{:?}", batch(&text_of(name)));
        assert!(!debug.contains("secret-"), "{name}: {debug}");
    }
}

#[test]
fn a_later_version_types_what_an_older_one_kept() {
    for name in all().into_keys() {
        let direct = batch(&text_of(name)).facts;
        let known = |placed: &&Placed| placed.fact.kind.as_str() != "unrecognized";
        let direct: Vec<_> = direct.iter().filter(known).cloned().collect();
        let kept = kept_by_the_first_version(&text_of(name));
        let retyped: Vec<_> = kept.iter().flat_map(|(kept, inbound)| retype(kept, inbound)).collect();
        assert_eq!(retyped, direct, "{name}");
    }
}

#[test]
fn what_is_still_unknown_stays_as_it_is() {
    for raw in ["", "{", "5", "null", r#"{"brand_new":1}"#, r#"{"field":"calls","value":{}}"#] {
        for field in ["messaging", "standby", "entry", "changes", "calls", "feed"] {
            let kept = Unrecognized { field: field.to_owned(), raw: raw.to_owned() };
            assert_eq!(retype(&kept, &holding(&kept, ENTRY)), [], "{field} {raw}");
        }
    }
}

/// The whole body as a version would have kept it that knew no kind at all.
fn kept_by_the_first_version(body: &str) -> Vec<(Unrecognized, Inbound)> {
    let mut kept = Vec::new();
    let body: wire::Body<'_> = serde_json::from_str(body).unwrap();
    for raw in items(body.entry.unwrap()).unwrap() {
        let entry: BTreeMap<&str, &RawValue> = serde_json::from_str(raw.get()).unwrap();
        let arrays = ["standby", "messaging", "changes"].map(|field| (field, entry.get(field)));
        let mut is_known = false;
        for (field, array) in arrays {
            for item in array.and_then(|array| items(array)).unwrap_or_default() {
                let (field, stated_ms) = match field {
                    "changes" => (change::field(item), ENTRY),
                    field => (field.to_owned(), stated_ms(item)),
                };
                let unrecognized = Unrecognized { field, raw: item.get().to_owned() };
                kept.push((unrecognized.clone(), holding(&unrecognized, stated_ms)));
            }
            is_known |= array.is_some();
        }
        if !is_known {
            let unrecognized = super::kept("entry", raw);
            kept.push((unrecognized.clone(), holding(&unrecognized, ENTRY)));
        }
    }
    kept
}

/// The time that an event states, or else its entry's.
fn stated_ms(item: &RawValue) -> i64 {
    let ends: wire::Ends<'_> = serde_json::from_str(item.get()).unwrap();
    ends.timestamp.and_then(json::moment).map_or(ENTRY, Timestamp::as_millis)
}

fn holding(kept: &Unrecognized, stated_ms: i64) -> Inbound {
    Inbound {
        fact: FactId::of(&[b"unrecognized", b"1001", kept.field.as_bytes(), kept.raw.as_bytes()]),
        page: PageId::parse("1001").unwrap(),
        person: None,
        stated_at: Timestamp::from_millis(stated_ms),
        received_at: NOW,
        standby: kept.field == "standby",
        kind: InboundKind::Unrecognized(kept.clone()),
    }
}
