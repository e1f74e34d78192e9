//! Packs that are loaded, activated, pinned and changed for single Pages, as the log tells of it.

use super::{at, days};
use crate::decision::{Capability, PackRef};
use crate::event::Event;
use crate::id::PageId;
use crate::pack::{BUILT_IN, Change, Pack, Packs, Refused};
use crate::time::Timestamp;

pub(super) const NOON: &str = "2026-10-01T12:00:00Z";

pub(super) fn page(id: &str) -> PageId {
    PageId::parse(id).unwrap()
}

/// The newest pack with another name and another standard window.
pub(super) fn own_text(from: &str, standard: &str) -> String {
    let text = BUILT_IN[4].1.replace("name = \"messenger-2026-09\"", "name = \"own\"");
    let text = text.replace("in_force_from = \"2026-09-28T00:00:00Z\"", &format!("in_force_from = \"{from}\""));
    text.replace("standard = \"24h\"", &format!("standard = \"{standard}\""))
}

pub(super) fn reference(text: &str) -> PackRef {
    Pack::parse("test", text).unwrap().reference().clone()
}

/// The packs after changes that are made one after the other, and the events of all of them.
#[track_caller]
fn changed(changes: &[Change]) -> (Packs, Vec<Event>) {
    let (mut packs, mut log) = (Packs::built_in(), Vec::new());
    for change in changes {
        let events = packs.decide(change, at(NOON)).unwrap();
        events.iter().for_each(|event| packs.evolve(event));
        log.extend(events);
    }
    (packs, log)
}

#[test]
fn a_loaded_pack_applies_once_it_is_activated_and_its_instant_has_come() {
    let text = own_text("2026-11-01T00:00:00Z", "23h");
    let load = Change::Load { file: "own.toml".to_owned(), text: text.clone() };
    let name = |packs: &Packs, now: &str| packs.in_force(at(now)).reference().name.clone();
    let (packs, _) = changed(std::slice::from_ref(&load));
    assert_eq!(name(&packs, "2026-12-01T00:00:00Z"), "messenger-2026-09");
    let (packs, _) = changed(&[load.clone(), Change::Activate(reference(&text))]);
    assert_eq!(name(&packs, "2026-10-31T23:59:59.999Z"), "messenger-2026-09");
    assert_eq!(name(&packs, "2026-11-01T00:00:00Z"), "own");
    let (packs, _) = changed(&[load, Change::Activate(reference(&text)), Change::Retire(reference(&text))]);
    assert_eq!(name(&packs, "2026-12-01T00:00:00Z"), "messenger-2026-09");
}

#[test]
fn a_page_that_is_pinned_is_judged_by_its_pack_whatever_the_time() {
    let first = reference(BUILT_IN[0].1);
    let (packs, _) = changed(&[Change::Pin(page("1"), Some(first.clone()))]);
    let name = |page: &PageId| packs.in_force_for(page, at(NOON)).reference().name.clone();
    assert_eq!((name(&page("1")), name(&page("2"))), ("messenger-2020".to_owned(), "messenger-2026-09".to_owned()));
    assert_eq!(packs.next_change(&page("1"), at("2020-01-01T00:00:00Z")), None);
    assert_eq!(packs.next_change(&page("2"), at("2020-01-01T00:00:00Z")), Some(at("2024-05-09T00:00:00Z")));
    assert_eq!(packs.next_change(&page("2"), at(NOON)), None);
    let (packs, _) = changed(&[Change::Pin(page("1"), Some(first)), Change::Pin(page("1"), None)]);
    assert_eq!(packs.in_force_for(&page("1"), at(NOON)).reference().name, "messenger-2026-09");
}

#[test]
fn a_page_has_numbers_and_flags_of_its_own_in_every_pack() {
    let own = "[windows.opened_by]\nad_message = \"3d\"\n[routes.recurring_exception]\non_by_default = true\n";
    let (packs, _) = changed(&[Change::Override(page("1"), Some(own.to_owned()))]);
    let pack = packs.in_force_for(&page("1"), at(NOON));
    assert_eq!(pack.windows().opened_by[&crate::conversation::Opening::AdMessage], days(3));
    assert!(pack.route(Capability::RecurringException).unwrap().on_by_default);
    let base = packs.in_force(at(NOON));
    assert_eq!(pack.reference(), base.reference());
    assert!(pack.overrides().is_some() && base.overrides().is_none());
    let (packs, _) = changed(&[Change::Override(page("1"), Some(own.to_owned())), Change::Override(page("1"), None)]);
    assert_eq!(packs.in_force_for(&page("1"), at(NOON)), packs.in_force(at(NOON)));
}

#[test]
fn a_pages_own_values_are_checked_as_a_packs_are() {
    let packs = Packs::built_in();
    let own = "name = \"x\"\n[windows]\nstandard = \"long\"\nstandart = \"1h\"\n";
    let refused = packs.decide(&Change::Override(page("1"), Some(own.to_owned())), at(NOON)).unwrap_err().to_string();
    for problem in
        ["own:3: windows.standard is \"long\"", "own:4: windows.standart is no key", "own:1: name is the same"]
    {
        assert!(refused.contains(problem), "{problem} in: {refused}");
    }
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let packs = Packs::built_in();
    let refused = |change| packs.decide(&change, at(NOON)).unwrap_err();
    let unknown = PackRef { name: "own".to_owned(), digest: [1; 32] };
    assert_eq!(refused(Change::Activate(unknown.clone())), Refused::Unknown("own".to_owned()));
    assert_eq!(refused(Change::Pin(page("1"), Some(unknown))), Refused::Unknown("own".to_owned()));
    assert_eq!(refused(Change::Activate(reference(BUILT_IN[0].1))), Refused::Unchanged);
    assert_eq!(refused(Change::Pin(page("1"), None)), Refused::Unchanged);
    let bad = Change::Load { file: "own.toml".to_owned(), text: "name = 1".to_owned() };
    assert!(matches!(refused(bad), Refused::Text(_)));
    let alone = Packs::of([Pack::parse("test", BUILT_IN[0].1).unwrap()]).unwrap();
    let last = alone.decide(&Change::Retire(reference(BUILT_IN[0].1)), at(NOON));
    assert_eq!(last, Err(Refused::Last("messenger-2020".to_owned())));
}

#[test]
fn the_log_alone_tells_the_text_of_every_pack_that_it_names() {
    let text = own_text("2026-11-01T00:00:00Z", "23h");
    let changes = [
        Change::Load { file: "own.toml".to_owned(), text: text.clone() },
        Change::Activate(reference(&text)),
        Change::Pin(page("1"), Some(reference(BUILT_IN[0].1))),
    ];
    let (packs, log) = changed(&changes);
    // A later version that ships nothing of it: only what the log says.
    let other = Pack::parse("test", BUILT_IN[4].1).unwrap();
    let mut later = Packs::of([other]).unwrap();
    log.iter().for_each(|event| later.evolve(event));
    for (id, now) in [("1", NOON), ("2", "2026-12-01T00:00:00Z")] {
        let expected = packs.in_force_for(&page(id), at(now));
        assert_eq!(later.in_force_for(&page(id), at(now)), expected);
    }
    let kept = Packs::built_in().keep_known(at(NOON));
    assert_eq!(kept.len(), BUILT_IN.len());
    let mut packs = Packs::built_in();
    kept.iter().for_each(|event| packs.evolve(event));
    assert_eq!(packs.keep_known(Timestamp::default()), []);
}

#[test]
fn a_text_that_cannot_be_read_changes_nothing_else() {
    let mut packs = Packs::built_in();
    let text = BUILT_IN[0].1.replace("[windows]", "[doors]");
    let kind = crate::event::SystemKind::PackLoaded { text };
    packs.evolve(&Event::System(crate::event::System { at: at(NOON), kind }));
    assert_eq!((packs.unreadable().len(), packs.all().count()), (1, BUILT_IN.len()));
}
