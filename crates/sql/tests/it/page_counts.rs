//! What ended is counted by Page and minute, and forgotten after a day and an hour.

use crate::sandbox::{Sandbox, at, on_both};
use domain::id::PageId;
use domain::time::Span;
use sql::page_counts::{self, Counted};

on_both!(
    sends_and_blocks_are_summed_over_the_minutes_of_a_span,
    minutes_long_past_are_forgotten_and_those_of_other_pages_stay,
);

const MINUTE: i64 = 60_000;
const DAY: Span = Span::from_hours(24);

fn page(id: &str) -> PageId {
    PageId::parse(id).unwrap()
}

async fn count(sandbox: &Sandbox, id: &str, minute: i64, blocks: u64) {
    sandbox
        .store(async |it| page_counts::count(it, &page(id), at(minute * MINUTE), Counted { sends: 1, blocks }).await)
        .await
        .unwrap();
}

async fn within(sandbox: &Sandbox, id: &str, span: Span, minute: i64) -> (u64, u64) {
    let counted = page_counts::within(&sandbox.database, &page(id), span, at(minute * MINUTE)).await.unwrap();
    let Counted { sends, blocks } = counted;
    (sends, blocks)
}

async fn sends_and_blocks_are_summed_over_the_minutes_of_a_span(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert_eq!(within(&sandbox, "1", DAY, 100).await, (0, 0));
    for (minute, blocks) in [(10, 0), (10, 1), (11, 0), (70, 1), (71, 0)] {
        count(&sandbox, "1", minute, blocks).await;
    }
    count(&sandbox, "2", 70, 1).await;
    assert_eq!(within(&sandbox, "1", DAY, 71).await, (5, 2));
    assert_eq!(within(&sandbox, "1", DAY, 70).await, (4, 2));
    // Of the last hour: the minute an hour ago is not within it any more.
    assert_eq!(within(&sandbox, "1", Span::from_hours(1), 70).await, (2, 1));
    assert_eq!(page_counts::pages(&sandbox.database).await.unwrap(), [page("1"), page("2")]);
}

async fn minutes_long_past_are_forgotten_and_those_of_other_pages_stay(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    for id in ["1", "2"] {
        count(&sandbox, id, 0, 0).await;
    }
    count(&sandbox, "1", 25 * 60, 0).await;
    assert_eq!(within(&sandbox, "1", Span::from_hours(100), 25 * 60).await, (2, 0));
    count(&sandbox, "1", 25 * 60 + 1, 0).await;
    assert_eq!(within(&sandbox, "1", Span::from_hours(100), 25 * 60 + 1).await, (2, 0));
    assert_eq!(within(&sandbox, "2", Span::from_hours(100), 25 * 60 + 1).await, (1, 0));
}
