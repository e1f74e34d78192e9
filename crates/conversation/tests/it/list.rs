//! A conversation's history in pages.

use crate::sandbox::{ASHA, BILAL, NOON, PAGE, Sandbox, after, with, wrong_fields};
use crate::story::{tapped, unknown, wrote};
use api::convert::timestamp;
use api::proto::conversation::v1::{ConversationEvent, Direction, ListEventsRequest};
use futures_util::future::join_all;
use tonic::Code;

fn first_page(size: i32) -> ListEventsRequest {
    ListEventsRequest { parent: with(PAGE, ASHA), page_size: size, page_token: String::new() }
}

fn texts(events: &[ConversationEvent]) -> Vec<&str> {
    events.iter().map(|event| event.text.as_str()).collect()
}

impl Sandbox {
    /// Numbered messages of Asha's, from this number on.
    async fn hears_numbers(&self, numbers: std::ops::Range<i64>) {
        for number in numbers {
            self.writes(PAGE, ASHA, &number.to_string(), after(number)).await;
        }
    }

    async fn whole(&self, size: i32) -> Vec<ConversationEvent> {
        let mut request = first_page(size);
        let mut events = Vec::new();
        loop {
            let page = self.list(request.clone()).await.unwrap();
            assert!(page.events.len() <= usize::try_from(size).unwrap());
            events.extend(page.events);
            if page.next_page_token.is_empty() {
                return events;
            }
            request.page_token = page.next_page_token;
        }
    }
}

#[tokio::test]
async fn a_history_tells_who_said_what_and_which_message_of_ours_it_concerns() {
    let sandbox = Sandbox::start().await;
    let asked = sandbox.writes(PAGE, ASHA, "is it there", NOON).await;
    let message = sandbox.answers("yes", after(10)).await;
    sandbox.echoes(&message, "yes", after(11)).await;
    sandbox.delivered(PAGE, ASHA, tapped("More"), after(12), after(12)).await;
    sandbox.delivered(PAGE, ASHA, unknown("{\"new\":1}"), after(13), after(13)).await;
    sandbox.writes(PAGE, BILAL, "somebody else", after(14)).await;
    let events = sandbox.list(first_page(0)).await.unwrap().events;
    let shown: Vec<_> = events
        .iter()
        .map(|event| (event.kind.as_str(), event.direction(), event.text.as_str(), event.mid.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("message", Direction::FromPerson, "is it there", "m_is_it_there"),
            ("requested", Direction::OwnMessage, "yes", ""),
            ("accepted", Direction::OwnMessage, "", ""),
            ("dispatched", Direction::OwnMessage, "", ""),
            ("sent", Direction::OwnMessage, "", "m_yes"),
            ("echo", Direction::FromPage, "yes", "m_yes"),
            ("postback", Direction::FromPerson, "More", ""),
            ("unrecognized", Direction::FromPerson, "", ""),
        ]
    );
    assert!(events[1..6].iter().all(|event| event.message == message));
    assert_eq!((events[0].message.as_str(), events[7].raw_json.as_str()), ("", "{\"new\":1}"));
    assert_eq!((&events[0].record, events[0].time), (&asked.to_string(), Some(timestamp(NOON))));
    assert!(events.is_sorted_by_key(|event| event.revision));
    sandbox.stop().await;
}

#[tokio::test]
async fn pages_of_any_size_are_the_whole_history_once() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_numbers(0..3).await;
    // The two events of one record fall into different pages.
    sandbox.answers("yes", after(10)).await;
    sandbox.hears_numbers(11..13).await;
    let whole = sandbox.list(first_page(0)).await.unwrap();
    assert_eq!((whole.events.len(), whole.next_page_token.as_str()), (9, ""));
    for size in [1, 2, 4, 5, 8, 9, 10] {
        assert_eq!(sandbox.whole(size).await, whole.events, "pages of {size}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn the_pages_that_were_begun_stay_the_same_while_more_is_appended() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_numbers(0..5).await;
    let first = sandbox.list(first_page(2)).await.unwrap();
    sandbox.hears_numbers(5..8).await;
    let second_page = ListEventsRequest { page_token: first.next_page_token.clone(), ..first_page(2) };
    let second = sandbox.list(second_page.clone()).await.unwrap();
    assert_eq!(texts(&second.events), ["2", "3"]);
    // The same token gives the same page.
    assert_eq!(sandbox.list(second_page).await.unwrap(), second);
    let third = ListEventsRequest { page_token: second.next_page_token, ..first_page(2) };
    let third = sandbox.list(third).await.unwrap();
    assert_eq!((texts(&third.events), third.next_page_token.as_str()), (vec!["4"], ""));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_fact_that_was_delivered_again_is_told_once() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_numbers(0..2).await;
    // Five minutes later, which is longer than the log remembers.
    sandbox.delivered(PAGE, ASHA, wrote("0"), after(0), after(300_000)).await;
    sandbox.writes(PAGE, ASHA, "2", after(300_001)).await;
    assert_eq!(sandbox.records().await.len(), 4);
    for size in [1, 3, 50] {
        assert_eq!(texts(&sandbox.whole(size).await), ["0", "1", "2"]);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_has_fifty_events_unless_told_otherwise() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_numbers(0..51).await;
    let page = sandbox.list(first_page(0)).await.unwrap();
    assert_eq!((page.events.len(), page.next_page_token.is_empty()), (50, false));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_has_a_thousand_events_at_most() {
    let sandbox = Sandbox::start().await;
    // All at once, so that they share the log's syncs.
    let words: Vec<_> = (0..1_001).map(|number| number.to_string()).collect();
    join_all((0..).zip(&words).map(|(ms, word)| sandbox.writes(PAGE, ASHA, word, after(ms)))).await;
    // More than that is as much as there may be, not an error.
    let page = sandbox.list(first_page(i32::MAX)).await.unwrap();
    assert_eq!((page.events.len(), page.next_page_token.is_empty()), (1_000, false));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_history_of_nothing_is_empty() {
    let sandbox = Sandbox::start().await;
    let page = sandbox.list(first_page(0)).await.unwrap();
    assert_eq!((page.events, page.next_page_token.as_str()), (Vec::new(), ""));
    sandbox.stop().await;
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let sandbox = Sandbox::start().await;
    let (parent, page_token) = ("pages/1001".to_owned(), "tomorrow".to_owned());
    let status = sandbox.list(ListEventsRequest { parent, page_size: -1, page_token }).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(wrong_fields(&status), ["parent", "page_size", "page_token"]);
    for token in ["1", "1.", ".1", "1.x", "-1.1"] {
        let request = ListEventsRequest { page_token: token.to_owned(), ..first_page(0) };
        assert_eq!(wrong_fields(&sandbox.list(request).await.unwrap_err()), ["page_token"], "{token}");
    }
    sandbox.stop().await;
}
