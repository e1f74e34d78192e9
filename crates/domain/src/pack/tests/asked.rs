//! Calls that ask for changes of the packs: several changes at once, and each call once.

use super::at;
use super::registry::{NOON, own_text, page, reference};
use crate::event::{Event, System};
use crate::id::RequestId;
use crate::pack::{Asked, BUILT_IN, Change, Packs, Refused};

fn asked(id: &str, digest: u8) -> Asked {
    Asked { id: RequestId::parse(id).unwrap(), digest: [digest; 16] }
}

fn names(events: &[Event]) -> Vec<&'static str> {
    let name = |event: &Event| if let Event::System(System { kind, .. }) = event { kind.as_str() } else { "" };
    events.iter().map(name).collect()
}

fn activate_own() -> Vec<Change> {
    let text = own_text("2026-11-01T00:00:00Z", "23h");
    let pack = reference(&text);
    vec![Change::Load { file: "own.toml".to_owned(), text }, Change::Activate(pack)]
}

#[test]
fn a_text_is_loaded_and_activated_in_one_record_and_the_call_is_remembered() {
    let mut packs = Packs::built_in();
    let call = asked("call-1", 1);
    let events = packs.ask(&activate_own(), Some(&call), at(NOON)).unwrap();
    assert_eq!(names(&events), ["pack_loaded", "pack_activated", "packs_requested"]);
    events.iter().for_each(|event| packs.evolve(event));
    assert_eq!(packs.in_force(at("2026-11-01T00:00:00Z")).reference().name, "own");
    assert_eq!(packs.ask(&activate_own(), Some(&call), at(NOON)), Err(Refused::Repeated));
    assert_eq!(packs.ask(&[], Some(&asked("call-1", 2)), at(NOON)), Err(Refused::RequestIdReused));
    assert_eq!(packs.ask(&activate_own(), None, at(NOON)), Ok(Vec::new()));
}

#[test]
fn a_call_that_found_all_as_it_wants_is_remembered_and_undoes_nothing_later() {
    let mut packs = Packs::built_in();
    let (first, call) = (reference(BUILT_IN[0].1), asked("call-1", 1));
    let activate = [Change::Activate(first.clone())];
    let events = packs.ask(&activate, Some(&call), at(NOON)).unwrap();
    assert_eq!(names(&events), ["packs_requested"]);
    events.iter().for_each(|event| packs.evolve(event));
    let retired = packs.ask(&[Change::Retire(first)], None, at(NOON)).unwrap();
    retired.iter().for_each(|event| packs.evolve(event));
    assert_eq!(packs.ask(&activate, Some(&call), at(NOON)), Err(Refused::Repeated));
}

#[test]
fn of_several_changes_all_are_made_or_none() {
    let packs = Packs::built_in();
    let mut changes = activate_own();
    let unknown = crate::decision::PackRef { name: "other".to_owned(), digest: [1; 32] };
    changes.push(Change::Pin(page("1"), Some(unknown)));
    assert_eq!(packs.ask(&changes, None, at(NOON)), Err(Refused::Unknown("other".to_owned())));
}
