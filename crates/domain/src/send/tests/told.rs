//! What events say of sends that have not ended.

use super::properties::{PATIENCE, World, acts};
use super::{ENDED, LATER, REJECTED, claimed_and, every_status};
use crate::decision::Actor;
use crate::event::{Erasing, ErasingKind, Event, Outcome};
use crate::id::{PageId, PersonKey, SendId, StreamId};
use crate::send::{Send, Status, Told, Word, told};
use crate::testing::{at, echo, heard, mid, page, requested, send_id, settled};
use crate::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A send that has not ended, as a list kept event by event has it.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    actor: Actor,
    until: Option<Timestamp>,
    not_before: Timestamp,
    /// When it is to be looked at again, though nothing happens.
    due: Option<Timestamp>,
}

fn home() -> StreamId {
    send_id(1).stream()
}

fn list(history: &[Event]) -> BTreeMap<SendId, Entry> {
    let mut list = BTreeMap::new();
    for told in history.iter().filter_map(|event| told(&home(), event, PATIENCE)) {
        match told {
            Told::Erased => list.clear(),
            Told::Stirred | Told::Echoed(..) => (),
            Told::Of(send, Word::Requested { intent, at, handling: _ }) => {
                let entry = Entry { actor: intent.actor.clone(), until: None, not_before: at, due: None };
                assert_eq!(list.insert(send.clone(), entry), None, "asked for twice");
            }
            Told::Of(send, Word::Ended) => drop(list.remove(send)),
            Told::Of(send, word) => {
                let entry = list.get_mut(send).expect("only what waits is spoken of");
                match word {
                    Word::Allowed { until } => entry.until = until,
                    Word::Claimed { until, overdue } => (entry.until, entry.due) = (until, Some(overdue)),
                    Word::Postponed { not_before } => (entry.not_before, entry.due) = (not_before, Some(not_before)),
                    Word::Unknown { look_at } => entry.due = Some(look_at),
                    Word::Held { look_at } => (entry.until, entry.due) = (None, look_at),
                    Word::Requested { .. } | Word::Ended => (),
                }
            }
        }
    }
    list
}

/// When the fold says that a send is to be looked at again, though nothing happens.
fn due(send: &Send) -> Option<Timestamp> {
    match &send.status {
        Status::Accepted { not_before } => *not_before,
        Status::Retrying { not_before, .. } => Some(*not_before),
        Status::Deferred { look_at } => (*look_at).into_iter().chain(send.handling.expires_at).min(),
        Status::Dispatched { leave_by, .. } => Some(PATIENCE.overdue(*leave_by)),
        Status::Unknown { since } => Some(PATIENCE.look_at(*since, send.looked_up_at)),
        Status::Requested
        | Status::Blocked
        | Status::Cancelled
        | Status::Expired { .. }
        | Status::Sent { .. }
        | Status::Rejected { .. }
        | Status::Unresolved => None,
    }
}

proptest! {
    #[test]
    fn a_list_kept_event_by_event_says_what_the_fold_says(acts in acts()) {
        let world = World::after(acts)?;
        let mut list = list(&world.log);
        for (id, send) in world.state.sends().filter(|(_, send)| !send.status.is_final()) {
            let entry = list.remove(id);
            prop_assert!(entry.is_some(), "{:?} is not in the list", send.status);
            let entry = entry.unwrap();
            prop_assert_eq!(&entry.actor, &send.intent.actor);
            prop_assert_eq!(entry.until, send.allowed_until());
            prop_assert_eq!(entry.due, due(send));
            if let Status::Retrying { not_before, .. } = send.status {
                prop_assert_eq!(entry.not_before, not_before);
            }
        }
        prop_assert!(list.is_empty(), "ended, and still in the list: {list:?}");
    }
}

#[test]
fn a_send_is_listed_just_until_it_has_ended() {
    for (name, history) in every_status() {
        let is_over = ENDED.contains(&name);
        assert_eq!(list(&history).is_empty(), is_over, "{name}");
    }
}

#[test]
fn a_send_is_looked_at_again_when_its_time_is_over() {
    let due = |rest: &[Event]| list(&claimed_and(rest))[&send_id(1)].due;
    // 3 s to leave, 20 s for the answer, 5 s besides; 10 s for the echo before it is looked up, and 60 s in all.
    assert_eq!(due(&[]), Some(at(1_000 + 28_000)));
    assert_eq!(due(&[settled(1, at(30_000), 1, Outcome::Unknown)]), Some(at(40_000)));
    let in_vain = settled(1, at(41_000), 1, Outcome::NotFound { since: at(30_000) });
    assert_eq!(due(&[settled(1, at(30_000), 1, Outcome::Unknown), in_vain]), Some(at(90_000)));
    assert_eq!(due(&[settled(1, at(1_500), 1, LATER)]), Some(at(20_000)));
    let list = list(&claimed_and(&[settled(1, at(1_500), 1, REJECTED)]));
    assert_eq!(list, BTreeMap::new());
}

#[test]
fn an_echo_in_another_conversation_ends_nothing_at_home() {
    let event = heard(at(1_500), echo(Some(send_id(1)), "m1"));
    assert_eq!(told(&home(), &event, PATIENCE), Some(Told::Of(&send_id(1), Word::Ended)));
    let elsewhere = StreamId::Conversation(page(), PersonKey::from_bytes([8; 16]));
    assert_eq!(told(&elsewhere, &event, PATIENCE), Some(Told::Echoed(&send_id(1), &mid("m1"), at(1_500))));
    let other_page = SendId::new(PageId::parse("9").unwrap(), PersonKey::from_bytes([8; 16]), Uuid::from_u128(1));
    let event = heard(at(1_500), echo(Some(other_page), "m1"));
    assert_eq!(told(&home(), &event, PATIENCE), None);
}

#[test]
fn what_may_free_a_held_send_is_told_of_and_what_cannot_is_not() {
    use crate::event::InboundKind;
    use crate::testing::{commented, message, one_time, passed_to, postback};
    let added = crate::event::CommentVerb::Add;
    for kind in [message(), postback(), passed_to("77"), one_time("t", "shoes"), commented("c", added)] {
        assert_eq!(told(&home(), &heard(at(1), kind), PATIENCE), Some(Told::Stirred));
    }
    for kind in [InboundKind::Read { watermark: at(0) }, echo(None, "m")] {
        assert_eq!(told(&home(), &heard(at(1), kind), PATIENCE), None);
    }
}

#[test]
fn a_tombstone_ends_every_send_before_it_and_its_receipt_none() {
    let until = at(2_000);
    let step = |kind| Event::Erasing(Erasing { at: until, kind });
    let mut history = claimed_and(&[requested(2, at(1_000)), step(ErasingKind::Begun { until })]);
    assert_eq!(list(&history), BTreeMap::new());
    history.extend([requested(3, at(3_000)), step(ErasingKind::Completed { until, n_removed: 9 })]);
    assert_eq!(list(&history).keys().collect::<Vec<_>>(), [&send_id(3)]);
}
