//! Whose turn it is.

use super::{Next, Queue, Worked};
use crate::hints::News;
use domain::id::{PageId, PersonKey, SendId, StreamId};
use domain::send::Class;
use domain::time::{Span, Timestamp};
use sql::outbox::Waiting;
use uuid::Uuid;

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn stream(person: u8) -> StreamId {
    StreamId::Conversation(page(), PersonKey::from_bytes([person; 16]))
}

fn page() -> PageId {
    PageId::parse("1001").unwrap()
}

fn row(person: u8, position: u64, class: Class, deadline: i64) -> Waiting {
    Waiting {
        send: SendId::new(page(), PersonKey::from_bytes([person; 16]), Uuid::from_u128(position.into())),
        page: page(),
        class,
        deadline: at(deadline),
        not_before: at(1),
        is_held: false,
        stream: stream(person),
        position,
    }
}

fn handled(row: &Waiting, next: Next) -> Worked {
    Worked { next, handled: Some(row.send.clone()), moved: None, revision: row.position + 2 }
}

#[test]
fn people_go_first_and_in_each_class_those_whose_time_ends_first() {
    let mut queue = Queue::default();
    let rows = [
        row(1, 1, Class::Broadcast, 10),
        row(2, 2, Class::Automation, 500),
        row(3, 3, Class::Automation, 400),
        row(4, 4, Class::Person, 900),
    ];
    rows.iter().for_each(|row| queue.put(row));
    let order: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
    assert_eq!(order, [stream(4), stream(3), stream(2), stream(1)]);
}

#[test]
fn a_conversation_has_one_worker_at_a_time_and_goes_on_behind_its_first() {
    let mut queue = Queue::default();
    let (first, second) = (row(1, 1, Class::Automation, 500), row(1, 2, Class::Automation, 500));
    [&first, &second].into_iter().for_each(|row| queue.put(row));
    assert_eq!((queue.next(), queue.next()), (Some(stream(1)), None));
    queue.worked(&stream(1), &handled(&first, Next::Now), at(10), Span::default());
    assert_eq!(queue.next(), Some(stream(1)));
    queue.worked(&stream(1), &handled(&second, Next::Nothing), at(20), Span::default());
    assert_eq!(queue.next(), None);
    assert!(queue.is_idle());
}

#[test]
fn a_row_that_lags_behind_brings_nothing_back_and_a_new_one_does() {
    let mut queue = Queue::default();
    let first = row(1, 1, Class::Automation, 500);
    queue.put(&first);
    queue.next().unwrap();
    queue.worked(&stream(1), &handled(&first, Next::Nothing), at(20), Span::default());
    queue.put(&first);
    assert_eq!(queue.next(), None);
    // It is tried again at a time that came after the last look.
    queue.put(&Waiting { not_before: at(21), ..first });
    assert_eq!(queue.next(), Some(stream(1)));
    queue.worked(
        &stream(1),
        &Worked { next: Next::Nothing, handled: None, moved: None, revision: 3 },
        at(30),
        Span::default(),
    );
    queue.put(&row(1, 4, Class::Automation, 500));
    assert_eq!(queue.next(), Some(stream(1)));
}

#[test]
fn what_happens_while_a_worker_is_at_it_is_looked_at_afterwards() {
    let mut queue = Queue::default();
    let first = row(1, 1, Class::Automation, 500);
    queue.put(&first);
    queue.next().unwrap();
    queue.look(&stream(1));
    queue.worked(&stream(1), &handled(&first, Next::At(at(9_000))), at(20), Span::default());
    assert_eq!(queue.next(), Some(stream(1)));
}

#[test]
fn news_of_what_was_seen_or_of_ends_alone_are_no_reason_to_look() {
    let mut queue = Queue::default();
    let first = row(1, 1, Class::Automation, 500);
    let news = |position, begins| News { stream: stream(1), position, begins };
    queue.put(&first);
    queue.next().unwrap();
    // The worker's own steps, told while it is at it.
    queue.hear(&news(7, true));
    let worked = Worked { revision: 7, ..handled(&first, Next::Nothing) };
    queue.worked(&stream(1), &worked, at(20), Span::default());
    queue.hear(&news(7, true));
    queue.hear(&news(8, false));
    assert_eq!((queue.next(), queue.is_idle()), (None, true));
    queue.hear(&news(9, true));
    assert_eq!((queue.next(), queue.is_idle()), (Some(stream(1)), false));
    // Where something waits, an end may let it go on.
    queue.worked(&stream(1), &Worked { next: Next::At(at(9_000)), handled: None, ..worked }, at(30), Span::default());
    queue.hear(&news(10, false));
    assert_eq!(queue.next(), Some(stream(1)));
}

#[test]
fn a_conversation_rests_until_its_time_or_until_something_happens() {
    let mut queue = Queue::default();
    let first = row(1, 1, Class::Automation, 500);
    queue.put(&first);
    let rest = |queue: &mut Queue, now| {
        queue.next().unwrap();
        queue.worked(&stream(1), &handled(&first, Next::At(at(9_000))), at(now), Span::default());
        assert_eq!((queue.next(), queue.next_wake()), (None, Some(at(9_000))));
    };
    rest(&mut queue, 20);
    queue.wake(at(8_999));
    assert_eq!(queue.next(), None);
    queue.look(&stream(1));
    rest(&mut queue, 30);
    queue.wake(at(9_000));
    assert_eq!(queue.next(), Some(stream(1)));
}

#[test]
fn two_messages_in_one_conversation_are_a_pause_apart_and_nobody_else_waits_for_that() {
    let mut queue = Queue::default();
    let (first, second) = (row(1, 1, Class::Automation, 500), row(1, 2, Class::Automation, 500));
    let other = row(2, 3, Class::Automation, 900);
    [&first, &second, &other].into_iter().for_each(|row| queue.put(row));
    queue.next().unwrap();
    queue.worked(&stream(1), &handled(&first, Next::Now), at(10), Span::from_millis(100));
    assert_eq!(queue.next(), Some(stream(2)));
    queue.wake(at(109));
    assert_eq!(queue.next(), None);
    queue.wake(at(110));
    assert_eq!(queue.next(), Some(stream(1)));
}

#[test]
fn what_is_over_is_forgotten_after_a_while() {
    let mut queue = Queue::default();
    let first = row(1, 1, Class::Automation, 500);
    queue.put(&first);
    queue.next().unwrap();
    queue.worked(&stream(1), &handled(&first, Next::Nothing), at(0), Span::default());
    queue.wake(at(59_999));
    assert_eq!(queue.streams.len(), 1);
    queue.wake(at(60_000));
    assert!(queue.streams.is_empty() && queue.alarms.is_empty() && queue.turns.is_empty());
}

/// Which sends are late where one leaves each second, by person and position.
fn late(rows: &[Waiting]) -> Vec<u64> {
    let mut queue = Queue::default();
    rows.iter().for_each(|row| queue.put(row));
    let late = queue.late(|n_ahead| at(i64::try_from(n_ahead).unwrap() * 1_000));
    late.iter().map(|late| rows.iter().find(|row| row.send == late.send).unwrap().position).collect()
}

#[test]
fn what_goes_before_a_send_in_its_conversation_counts_for_its_turn_however_long_it_could_wait() {
    let before = [row(1, 1, Class::Automation, 9_000), row(1, 2, Class::Automation, 8_000)];
    assert_eq!(late(&[before.as_slice(), &[row(1, 3, Class::Automation, 2_001)]].concat()), [] as [u64; 0]);
    assert_eq!(late(&[before.as_slice(), &[row(1, 3, Class::Automation, 2_000)]].concat()), [3]);
    // What is asked for later, and what programs say beside a person, goes behind it.
    let behind = [row(1, 4, Class::Person, 9_000), row(1, 1, Class::Automation, 9_000)];
    assert_eq!(late(&[behind.as_slice(), &[row(1, 3, Class::Person, 1)]].concat()), [] as [u64; 0]);
}

#[test]
fn what_is_late_pulls_nobody_before_others() {
    let own = [row(1, 1, Class::Automation, 9_000), row(1, 2, Class::Automation, 1_000)];
    let other = row(2, 3, Class::Automation, 1_001);
    // Behind the first of its conversation the second is late, and then both places before it are the other's.
    assert_eq!(late(&[own.as_slice(), std::slice::from_ref(&other)].concat()), [2]);
    // One that makes it takes the first with it, and the place of the other.
    let own = [row(1, 1, Class::Automation, 9_000), row(1, 2, Class::Automation, 1_001)];
    assert_eq!(late(&[own.as_slice(), &[Waiting { deadline: at(2_000), ..other }]].concat()), [3]);
}

#[test]
fn sends_of_one_record_are_counted_each() {
    let mut rows = vec![row(1, 1, Class::Automation, 3_000); 3];
    for (row, number) in rows.iter_mut().zip(1_u128..) {
        row.send = SendId::new(page(), PersonKey::from_bytes([1; 16]), Uuid::from_u128(number));
    }
    assert_eq!(late(&[rows.as_slice(), &[row(2, 9, Class::Automation, 3_000)]].concat()), [9]);
    rows.iter_mut().for_each(|row| row.deadline = at(2_001));
    assert_eq!(late(&[rows.as_slice(), &[row(2, 9, Class::Automation, 3_001)]].concat()), [] as [u64; 0]);
}
