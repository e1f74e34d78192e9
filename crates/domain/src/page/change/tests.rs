//! Each change happens once, and a call that is repeated changes nothing.

use super::*;
use crate::testing::{at, fold_page};
use crate::time::Span;

fn asked(request: &str, digest: u8) -> Asked {
    Asked { request: RequestId::parse(request).unwrap(), digest: [digest; 16] }
}

fn pause() -> Change {
    Change::Pause { reason: "the shop moves".to_owned() }
}

fn register() -> Change {
    Change::Register { app: AppId::parse("77").unwrap(), name: Some("Harbour Shoes".to_owned()) }
}

/// The history after these changes, each of which must change something.
#[track_caller]
fn after(changes: &[Change]) -> Vec<Event> {
    let mut history = Vec::new();
    for one in changes {
        let events = change(&fold_page(&history), one, None, at(5)).unwrap();
        history.extend(events);
    }
    history
}

#[test]
fn every_change_is_told_once() {
    let dead = Change::FindTokenDead { code: 190, subcode: 463 };
    let forbidden = Change::FindPermissionLost { code: 10, subcode: 0 };
    let lost = Change::FindMissing(vec!["messages".to_owned()]);
    let off = Change::SwitchMessaging { is_on: false };
    let granted = Change::SetCapability { capability: Capability::HumanAgent, is_granted: true };
    for one in [register(), pause(), dead, forbidden, lost, off, granted] {
        let page = fold_page(&after(std::slice::from_ref(&one)));
        assert_eq!(change(&page, &one, None, at(9)), Err(Refusal::Unchanged), "{one:?}");
    }
}

#[test]
fn what_is_so_from_the_beginning_needs_no_telling() {
    let on = Change::SwitchMessaging { is_on: true };
    for one in [Change::Resume, Change::FindTokenWell, Change::FindSendTaken, Change::FindMissing(Vec::new()), on] {
        assert_eq!(change(&Page::default(), &one, None, at(9)), Err(Refusal::Unchanged), "{one:?}");
    }
}

#[test]
fn a_paused_page_keeps_its_first_reason_until_it_is_resumed() {
    let mut history = after(&[pause()]);
    let page = fold_page(&history);
    assert_eq!(page.standing().paused().unwrap().reason, "the shop moves");
    let again = Change::Pause { reason: "another".to_owned() };
    assert_eq!(change(&page, &again, None, at(9)), Err(Refusal::Unchanged));
    history.extend(change(&page, &Change::Resume, None, at(9)).unwrap());
    assert!(!fold_page(&history).is_paused());
}

#[test]
fn another_token_makes_a_dead_one_forgotten() {
    let dead = Change::FindTokenDead { code: 190, subcode: 0 };
    assert!(fold_page(&after(std::slice::from_ref(&dead))).standing().token_dead().is_some());
    for heals in [Change::RotateToken, Change::FindTokenWell, Change::FindSendTaken, register()] {
        assert_eq!(fold_page(&after(&[dead.clone(), heals])).standing().token_dead(), None);
    }
}

#[test]
fn a_lost_permission_is_remembered_until_something_is_sent_or_another_token_comes() {
    let lost = Change::FindPermissionLost { code: 10, subcode: 0 };
    let told = |heals: &[Change]| {
        let history = [std::slice::from_ref(&lost), heals].concat();
        fold_page(&after(&history)).standing().permission_lost().map(|lost| (lost.code, lost.subcode))
    };
    assert_eq!(told(&[]), Some((10, 0)));
    // That a token is taken does not say what it may do.
    let dead = Change::FindTokenDead { code: 190, subcode: 0 };
    assert_eq!(told(&[dead.clone(), Change::FindTokenWell]), Some((10, 0)));
    for heals in [Change::RotateToken, Change::FindSendTaken, register()] {
        assert_eq!(told(&[heals]), None);
    }
    let page = fold_page(&after(&[lost, dead]));
    assert_eq!(change(&page, &Change::FindSendTaken, None, at(9)).unwrap().len(), 2);
}

#[test]
fn registering_connects_the_app_and_keeps_the_first_moment() {
    let history = after(&[register()]);
    let page = fold_page(&history);
    assert_eq!((page.app().unwrap().as_str(), page.standing().name()), ("77", Some("Harbour Shoes")));
    let renamed = Change::Register { app: AppId::parse("77").unwrap(), name: None };
    let events = change(&page, &renamed, None, at(9)).unwrap();
    assert_eq!(events.len(), 1);
    let page = fold_page(&[history, events].concat());
    assert_eq!((page.standing().registered().unwrap().at, page.standing().name()), (at(5), None));
}

#[test]
fn a_request_id_names_one_call_for_thirty_days() {
    let first = asked("r-1", 1);
    let history = change(&Page::default(), &pause(), Some(&first), at(5)).unwrap();
    let page = fold_page(&history);
    assert_eq!(change(&page, &pause(), Some(&first), at(6)), Err(Refusal::Repeated));
    assert_eq!(change(&page, &Change::Resume, Some(&asked("r-1", 2)), at(6)), Err(Refusal::RequestIdReused));
    let late = at(5).plus(Span::from_hours(30 * 24));
    let resumed = change(&page, &Change::Resume, Some(&asked("r-2", 2)), late).unwrap();
    let page = fold_page(&[history, resumed].concat());
    assert!(change(&page, &pause(), Some(&asked("r-1", 3)), late).is_ok());
}
